#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_subscribers.sh - 16 clients at once on a tap port: each overflow policy on a socket and in
# shared memory, WebSockets, slow clients, one that never reads, one that is killed; another one
# comes and goes 1,000 times. Clients that keep up get every byte, the others get an exact report
# of the lost bytes, and afterwards the agent uses no more memory than before.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web.sh"
need_root
need_weft
socket=$work/control/eth0.sock capture=$work/capture.pcap port=8088
sub_check=${weft%/weft}/helpers/sub_check
downloads=8 download_bytes=400000
policies=(drop-oldest drop-newest block-with-timeout resize)

peer() { /usr/bin/python3 "$root/tests/integration/sub_peer.py" "$socket" "$@"; }
subscriptions() { agent_stats --format prometheus | sed -n 's/^weft_subscription_taken_events_total{name="\([^"]*\)".*/\1/p'; }
is_subscribed() { subscriptions | grep -qx -- "$1"; }
is_gone() { ! is_subscribed "$1"; }
# runs_used, pages_used: bytes of the rings, tables and slots of subscriptions; bytes of pages.
runs_used() { agent_metric memory_runs_bytes; }
pages_used() { agent_metric memory_pages_bytes; }
send_capture() { in_b python3 "$root/tests/integration/send_pcap.py" eth0 "$capture" 10000; }

# start NAME COMMAND...: run a client in the background; its output is in $work/NAME.out.
declare -A client_pids
start() {
	local pid name=$1
	shift
	background pid "$@" >"$work/$name.out" 2>"$work/$name.err"
	client_pids[$name]=$pid
}
ended_with() { wait "${client_pids[$1]}"; [ $? -eq "$2" ]; }
has_closes() { [ "$(grep -vc total "$work/$1.out")" -ge "$downloads" ]; }
all_have() {
	local name
	for name in "${keepers[@]}" "${slow[@]}"; do has_closes "$name" || return 1; done
}

NO_IPV6=1 make_pair 1 || exit 1
web_start
check 'record a capture' web_record $downloads $download_bytes "$capture" || finish
check 'replay the capture' "$weft" replay "$capture" --quiet --streams "$work/replay"
ip -n "$ns_a" addr flush dev eth0
check 'agent starts' agent_start "$ns_a" eth0 --workers 2 --mode tap --streams "$work/streams" --listen "127.0.0.1:$port" || finish

before=$(runs_used)
check 'clients come and go' peer often 100

# ---- 16 at once ----

keepers=() slow=()
for policy in "${policies[@]}"; do
	keepers+=("keep-$policy" "keep-shm-$policy")
	start "keep-$policy" "$sub_check" "$socket" "keep-$policy" "$policy" 8388608
	start "keep-shm-$policy" "$sub_check" --shm "$socket" "keep-shm-$policy" "$policy" 8388608
done
for policy in drop-oldest drop-newest; do
	slow+=("slow-$policy" "slow-shm-$policy")
	start "slow-$policy" "$sub_check" "$socket" "slow-$policy" "$policy" 131072 "$work/go"
	start "slow-shm-$policy" "$sub_check" --shm "$socket" "slow-shm-$policy" "$policy" 131072 "$work/go"
done
for name in web-1 web-2; do
	start $name ip netns exec "$ns_a" /usr/bin/python3 "$root/tests/integration/http_client.py" socket "$port" \
		--filter 'port 80' --flows "$downloads"
	check "a WebSocket subscribes: $name" wait_until 50 grep -q '"ok": true' "$work/$name.err"
done
start never /usr/bin/python3 "$root/tests/integration/sub_peer.py" "$socket" never
start victim "$weft" subscribe -i eth0 --set "control.dir=$work/control" --shm --name victim --format raw port 80
for name in "${keepers[@]}" "${slow[@]}" never victim; do
	wait_until 100 is_subscribed "$name" || not_ok "$name subscribes"
done
# others: print the number of subscriptions except "endpoints", which the agent itself has. The
# 17th is the agent's output to files.
others() { agent_stats --json | jq '[.subscriptions[] | select(.name != "endpoints")] | length'; }
check '16 clients and an output' test "$(others)" -eq 17
start often /usr/bin/python3 "$root/tests/integration/sub_peer.py" "$socket" often 1000
kill -STOP "${client_pids[victim]}"
check 'the connections of the capture are sent' send_capture
kill -9 "${client_pids[victim]}"
check 'one client connects 1,000 times' ended_with often 0
check 'the client that was killed is gone' wait_until 50 is_gone victim
check 'the client that never reads is still subscribed' is_subscribed never
touch "$work/go"
check 'each client gets the end of each connection' wait_until 100 all_have
check 'the WebSockets have ended' eval 'ended_with web-1 0 && ended_with web-2 0'

# ---- afterwards ----

kill "${client_pids[never]}"
for name in "${keepers[@]}" "${slow[@]}"; do kill "${client_pids[$name]}"; done
only_output() { [ "$(others)" -eq 1 ]; }
check 'no subscription is left' wait_until 50 only_output
# The agent keeps up to 64 empty spans of 64 KiB divided into pages, for later data.
as_before() {
	echo "runs: $(runs_used) bytes; before: $before; pages: $(pages_used)"
	[ "$(runs_used)" -le "$before" ] && [ "$(pages_used)" -le $((64 << 16)) ]
}
check 'the agent uses as much memory as before' eval 'wait_until 100 as_before || as_before'
check 'agent ends' agent_stop
check 'all ledgers close' ledgers_close
check 'the streams of the agent are those of the replay' same_files "$work/replay" "$work/streams"

(cd "$work/streams" && "$sub_check" --sum "$ip_a".80-*) | sort >"$work/want"
check 'the agent has written the streams' test "$(wc -l <"$work/want")" -ge "$downloads"
has_all() { [ -z "$(sort "$work/$1.out" | comm -23 "$work/want" -)" ]; }
has_all_sums() { jq -r '.sha256[]' "$work/$1.out" | sort | cmp - "$work/sums"; }
for name in "${keepers[@]}"; do
	check "$name got every byte" has_all "$name"
done
sha256sum "$work/streams"/* | cut -d' ' -f1 | sort >"$work/sums"
for name in web-1 web-2; do
	check "$name got every byte" has_all_sums "$name"
done
# adds_up NAME: received and lost bytes add up to each stream. Lines: PORT, bytes, sum, bytes in
# gaps, lost bytes.
adds_up() {
	awk 'NR == FNR { want[$1] = $2; next }
		$1 in want { seen++; lost += $5; if ($2 + $5 != want[$1]) wrong++ }
		END { print seen, lost, wrong + 0; exit !(seen == length(want) && lost > 0 && !wrong) }' "$work/want" "$work/$1.out"
}
for name in "${slow[@]}"; do check "$name: received and lost bytes add up to all bytes" adds_up "$name"; done
finish
