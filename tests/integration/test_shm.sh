#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_shm.sh - clients read streams from the memory of a running agent: the bytes are right in both
# modes, clients cannot write to the memory, and a stopped, dead or hostile client does not disturb another.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web.sh"
need_root
need_weft
socket=$work/control/eth0.sock
sub_check=${weft%/weft}/helpers/sub_check
downloads=6 download_bytes=500000 opens=${OPENS:-10000}
group=weft-shm-$$

peer() { /usr/bin/python3 "$root/tests/integration/shm_peer.py" "$socket" "$@"; }
# peer_start NAME ARGS...: run peer ARGS... in the background; its output is in $work/NAME.out.
peer_start() {
	local pid name=$1
	shift
	background pid /usr/bin/python3 "$root/tests/integration/shm_peer.py" "$socket" "$@" >"$work/$name.out" 2>"$work/$name.err"
	client_pids[$name]=$pid
}
subscriptions() { agent_stats --format prometheus | sed -n 's/^weft_subscription_taken_events_total{name="\([^"]*\)".*/\1/p'; }
is_subscribed() { subscriptions | grep -qx -- "$1"; }
is_gone() { ! is_subscribed "$1"; }
of_sub() { agent_stats --format prometheus | sed -n "s/^weft_subscription_$2{name=\"$1\".*} //p"; }
is_more() { [ "$(of_sub "$1" "$2")" -gt 0 ]; }
agent_fds() { find "/proc/$agent_pid/fd" -mindepth 1 | wc -l; }
agent_memory() { agent_stats --json | jq '.metrics | .memory_used_bytes.value - .memory_free_spans_bytes.value - .memory_queues_bytes.value'; }

# client NAME [POLICY [QUEUE_BYTES [FILE]]]: receive in the background; the results are in $work/NAME.out.
declare -A client_pids
client() {
	local pid name=$1
	shift
	background pid "$sub_check" --shm "$socket" "$name" "${1:-drop-oldest}" "${2:-8388608}" ${3:+"$3"} \
		>"$work/$name.out" 2>"$work/$name.err"
	client_pids[$name]=$pid
	wait_until 50 is_subscribed "$name"
}
ended_with() { wait "${client_pids[$1]}"; [ $? -eq "$2" ]; }
closes() { grep -vc total "$work/$1.out"; }
has_closes() { [ "$(closes "$1")" -ge "$2" ]; }
capture=$work/capture.pcap

# A tap port has no address, and no process answers the frames that it receives.
be_tap() { ip -n "$ns_a" addr flush dev eth0; }

# download MODE: send the connections of the capture in tap mode; make new ones in host mode.
download() {
	if [ "$1" = host ]; then
		web_get_many $downloads f
	else
		in_b python3 "$root/tests/integration/send_pcap.py" eth0 "$capture" 10000
	fi
}
# has_all NAME DIR: the client NAME printed all connections of the capture, each with the bytes of
# the agent's file in DIR.
has_all() {
	(cd "$work/$2" && "$sub_check" --sum "$ip_a".80-*) | sort >"$work/want"
	grep -v total "$work/$1.out" | sort >"$work/have"
	[ "$(wc -l <"$work/have")" -ge "$downloads" ] && [ -z "$(comm -23 "$work/have" "$work/want")" ]
}
is_closed() { agent_stop && ledgers_close; }

NO_IPV6=1 make_pair 1 || exit 1
web_start
groupadd "$group"
drop_group() { groupdel "$group" 2>/dev/null; }
trap 'drop_group; lib_cleanup' EXIT

check 'record a capture' web_record $downloads $download_bytes "$capture" || finish

# ---- each mode ----

for mode in host tap; do
	[ "$mode" = host ] || be_tap
	check "$mode: agent starts" agent_start "$ns_a" eth0 --workers 2 --mode "$mode" --streams "$work/$mode" \
		--set "delivery.shm_group=$group" || finish
	check 'a client subscribes' client "$mode-a"
	check 'a second client subscribes' client "$mode-b" drop-newest
	background sub_pid "$weft" subscribe -i eth0 --set "control.dir=$work/control" --shm --name printer --format raw \
		--direction toclient port 80 >"$work/$mode.raw" 2>"$work/$mode.err"
	check 'weft subscribe --shm' wait_until 50 is_subscribed printer
	check "$mode: connections" download "$mode"
	check 'both clients get the end of each connection' wait_until 100 eval "has_closes $mode-a $downloads && has_closes $mode-b $downloads"
	if [ "$mode" = tap ]; then
		check 'no byte was copied for the clients' test "$(agent_metric delivery_copied_bytes)" -eq 0
	else
		check 'bytes were copied out of the ring buffer' test "$(agent_metric delivery_copied_bytes)" -gt 0
	fi
	check 'no event was dropped' test "$(of_sub "$mode-a" dropped_events_total)" -eq 0
	if [ "$mode" = tap ]; then
		check 'a member of the group is accepted' setpriv --reuid 65534 --regid 65534 --groups "$(getent group "$group" | cut -d: -f3)" \
			/usr/bin/python3 "$root/tests/integration/shm_peer.py" "$socket" often 1
		check 'a member of the group may send no other request' setpriv --reuid 65534 --regid 65534 --groups "$(getent group "$group" | cut -d: -f3)" \
			bash -c "'$weft' stats -i eth0 --set 'control.dir=$work/control' 2>&1 | grep -q 'only root and the user of the agent' && [ \${PIPESTATUS[0]} = 4 ]"
		check 'a user outside the group is rejected' eval '! setpriv --reuid 65534 --regid 65534 --clear-groups \
			/usr/bin/python3 "$root/tests/integration/shm_peer.py" "$socket" often 1'
		chmod 666 "$socket"
		check 'a user outside the group is refused, even if the socket lets that user connect' setpriv --reuid 12345 --regid 12345 --clear-groups \
			/usr/bin/python3 "$root/tests/integration/shm_peer.py" "$socket" refused
	fi
	check 'the memory and the ring cannot be written' peer write
	check "$mode: agent ends" is_closed
	check 'both clients end with status 0' eval "ended_with $mode-a 0 && ended_with $mode-b 0"
	wait "$sub_pid"
	check 'both clients got every byte of every connection' eval "has_all $mode-a $mode && has_all $mode-b $mode"
	raw_right() { find "$work/$mode" -name "$ip_a.80-*" -exec cmp -s {} "$work/$mode.raw" \; -print | grep -q .; }
	check 'weft subscribe --shm has printed one of them' raw_right
done

# ---- slow, dead and hostile clients ----

check 'agent starts' agent_start "$ns_a" eth0 --workers 2 --mode tap --streams "$work/hostile"
check 'a client keeps up' client keeper
check 'a client stops reading' client stopped drop-oldest 131072 "$work/go"
check 'a client with drop-newest stops reading' client newest drop-newest 131072 "$work/go"
check 'a client subscribes, to be killed later' client victim
for how in beyond back middle random; do peer_start "jump-$how" jump "$how"; done
peer_start chatter chatter
peer_start still still
for name in jump-beyond jump-back jump-middle jump-random chatter still; do
	check "a client that breaks the protocol: $name" wait_until 100 grep -q ready "$work/$name.out"
done
kill -STOP "${client_pids[victim]}"
check 'connections' download tap
kill -9 "${client_pids[victim]}"
# A client that waits for a processor during the whole download needs more data to break the protocol.
hostile_are_gone() { ! subscriptions | grep -qE '^(jump-|chatter)'; }
for try in {1..60}; do
	hostile_are_gone && break
	[ $((try % 15)) -ne 0 ] || download tap
	sleep 0.2
done
check 'data is taken back from the client that stopped' wait_until 100 is_more stopped revoked_events_total
for how in beyond back middle random; do
	check "a wrong position ends the connection: $how" eval "ended_with jump-$how 0 || ! cat '$work/jump-$how.err'"
done
check 'bytes that the agent did not request end the connection' ended_with chatter 0
check 'the client that was killed is gone' wait_until 50 is_gone victim
check 'the client that never reads is still subscribed' is_subscribed still
kill -9 "${client_pids[still]}"
touch "$work/go"
check 'the clients that stopped get the end of each connection' wait_until 100 eval "has_closes stopped $downloads && has_closes newest $downloads"
check 'the client that keeps up gets the end of each connection' wait_until 100 has_closes keeper "$downloads"

check "a client subscribes and leaves $opens times" peer often "$opens"
check 'no subscription of these clients is left' wait_until 50 eval '[ "$(subscriptions | grep -cE "often|jump|chatter|still|victim")" -eq 0 ]'
check 'agent ends' is_closed
check 'the remaining clients end with status 0' eval 'ended_with keeper 0 && ended_with stopped 0 && ended_with newest 0'
check 'the client that keeps up gets every byte' has_all keeper hostile
lost_right() {
	local all name
	all=$(awk '/total/ { print $2 + $3 }' "$work/keeper.out")
	for name in stopped newest; do
		cat "$work/$name.out"
		awk -v all="$all" '/total/ { exit !($3 > 0 && $2 + $3 == all) } END { if (!NR) exit 1 }' "$work/$name.out" || return 1
	done
}
check 'received and lost bytes of the other clients add up to all bytes' lost_right

check 'agent starts again' agent_start "$ns_a" eth0 --workers 2 --mode tap
fds=$(agent_fds) memory=$(agent_memory)
check 'clients come and go' peer often 600
as_before() {
	local fds_now memory_now
	fds_now=$(agent_fds) memory_now=$(agent_memory)
	echo "$fds_now descriptors, $memory_now bytes; before: $fds, $memory"
	[ "$fds_now" -le "$fds" ] && [ "$memory_now" -le "$memory" ]
}
check 'no descriptor and no memory is left' eval 'wait_until 50 as_before || as_before'
check 'a client waits' client orphan
kill -9 "$agent_pid"
wait "$agent_pid" 2>/dev/null
check 'the client is told that the agent died' eval 'ended_with orphan 1 && grep -q "cut off" "$work/orphan.err"'
finish
