#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_subscribe.sh - other processes receive the streams of a running agent: weft subscribe in each
# format and as packets, the example in Python, the README's program with libweft-client, and many
# clients at once, of which some are slow, dead or hostile.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web.sh"
need_root
need_weft
socket=$work/control/eth0.sock
sub_check=${weft%/weft}/helpers/sub_check
keepers=12 downloads=10 download_bytes=600000

sub() { timeout 20 "$weft" subscribe -i eth0 --set "control.dir=$work/control" "$@"; }

# sub_start NAME ARGS...: run weft subscribe in the background, and wait until its subscription
# exists. Its output is $work/NAME.out and $work/NAME.err, its pid is in ${sub_pids[NAME]}.
declare -A sub_pids
sub_start() {
	local name=$1 sub_pid
	shift
	background sub_pid "$weft" subscribe -i eth0 --set "control.dir=$work/control" --name "$name" "$@" \
		>"$work/$name.out" 2>"$work/$name.err"
	sub_pids[$name]=$sub_pid
	wait_until 50 is_subscribed "$name"
}

# Print the names of the subscriptions, without "endpoints", which the agent itself has.
subscriptions() { agent_stats --format prometheus | sed -n 's/^weft_subscription_taken_events_total{name="\([^"]*\)".*/\1/p' | grep -vx endpoints; }
is_subscribed() { subscriptions | grep -qx -- "$1"; }

is_gone() { ! is_subscribed "$1"; }

# ends NAME STATUS: the process ends with STATUS within 30 seconds times WEFT_SLOW.
ends() {
	local status
	lib_gone "${sub_pids[$1]}" 300 || return 1
	wait "${sub_pids[$1]}"
	status=$?
	tail -n 3 "$work/$1.err"
	[ "$status" -eq "$2" ]
}

has_data() { [ "$(agent_metric flows_active_flows)" -gt 0 ]; }
interrupt() { kill -INT "${sub_pids[$1]}" && ends "$1" 0; }

# get NAME FILE: download FILE; the answer with its headers is in $work/NAME.answer. Sets port.
get() { port=$(in_b curl -s -i -o "$work/$1.answer" -w '%{local_port}' "http://$ip_a/$2"); }

contains() { /usr/bin/python3 -c 'import sys; sys.exit(open(sys.argv[2], "rb").read() not in open(sys.argv[1], "rb").read())' "$@"; }
decodes() { /usr/bin/python3 "$root/tests/integration/sub_decode.py" "$@"; }
# packets NAME FILTER [-e FIELD]: print a field of the packets of $work/NAME.pcapng; their numbers
# by default
packets() {
	local name=$1 filter=$2
	shift 2
	[ $# -gt 0 ] || set -- -e frame.number
	tshark -n -r "$work/$name.pcapng" -Y "$filter" -T fields "$@" 2>/dev/null
}
from_server() { sed -n '/^Node 1/,/^=/p' "$1" | sed '1d;$d' | grep $'^\t' | tr -d '\t\n' | tr a-f A-F | basenc -d --base16; }
replay() { "$weft" replay "$work/$1.pcapng" --quiet --checksum verify --streams "$work/$1"; }
peer() { /usr/bin/python3 "$root/tests/integration/sub_peer.py" "$socket" "$@"; }
agent_fds() { find "/proc/$agent_pid/fd" -mindepth 1 | wc -l; }
# Print the bytes of memory in use, without free spans and the queues of subscriptions.
agent_memory() { agent_stats --json | jq '.metrics | .memory_used_bytes.value - .memory_free_spans_bytes.value - .memory_queues_bytes.value'; }

NO_IPV6=1 make_pair 1 || exit 1
web_start
check 'agent starts' agent_start "$ns_a" eth0 --workers 2 --streams "$work/streams" --events "$work/events" || finish

# ---- formats ----

web_file random 300000
head -c 100000 /dev/urandom | base64 >"$web_root/letters"
check 'weft subscribe begins: raw' sub_start raw --format raw --direction toclient port 80
check 'text' sub_start text port 80
check 'hex' sub_start hex --format hex port 80
check 'JSON' sub_start json --json --data port 80
check 'only the beginning of each stream' sub_start first --format json --first 1000 --events data,flow port 80
check 'nothing for another port' sub_start other port 82
check 'packets, to a file' sub_start pcap --pcap "$work/clean.pcapng" port 80
mkfifo "$work/piped.out"
background tshark_pid bash -c 'tee "$1/piped.pcapng" <"$1/piped.out" | exec tshark -n -r - -q -z follow,tcp,raw,0 >"$1/follow" 2>"$1/tshark.err"' - "$work"
check 'packets, to tshark' sub_start piped --pcap - 'port 80'
background python_pid /usr/bin/python3 "$root/examples/subscribe.py" "$socket" 'port 80' >"$work/python.out" 2>"$work/python.err"
sub_pids[python]=$python_pid
check 'the example in Python subscribes' wait_until 50 is_subscribed "client-$python_pid"

dest=$work/dest
check 'make install' install_to "$dest" /opt/weft
awk '/^\*\*From another process/ { found = 1 } found && inside && /^```$/ { exit } inside; found && /^```c$/ { inside = 1 }' "$root/README.md" |
	sed 's/\.interface = argv/.path = argv/' >"$work/client.c"
flags=$(PKG_CONFIG_PATH=$dest/opt/weft/lib/pkgconfig pkg-config --define-variable=prefix="$dest/opt/weft" --cflags --libs weft-client)
# shellcheck disable=SC2086
check "the README's client is built with pkg-config" cc -Wall -Wextra -Wno-unused-parameter -Werror -o "$work/client" "$work/client.c" $flags
background client_pid env LD_LIBRARY_PATH="$dest/opt/weft/lib" "$work/client" "$socket" >"$work/client.out" 2>"$work/client.err"
sub_pids[client]=$client_pid
check "the README's client subscribes" wait_until 50 is_subscribed "client-$client_pid"

# has_ends NAME COUNT: the packets in $work/NAME.pcapng have COUNT ends of directions.
has_ends() { [ "$(packets "$1" 'tcp.flags.fin == 1' | wc -l)" -eq "$2" ]; }
both_have_ends() { wait_until 100 has_ends clean "$1" && wait_until 100 has_ends piped "$1"; }

# The connections may belong to different workers, so the second one begins after the first one
# was printed.
get random random && random_port=$port
check 'raw ends with its connection, status 0' ends raw 0
check 'packets: both ends of the first connection' both_have_ends 2
get letters letters && letters_port=$port
check 'raw: the bytes of the first connection' cmp "$work/raw.out" "$work/random.answer"
beginnings() {
	jq -se '
		([.[] | select(.event_type == "stream_data" and .direction == "toclient").stream_data.length] | add) == 2000 and
		([.[] | select(.event_type == "flow")] | length) == 2' "$work/first.out"
}
# On SIGINT, weft subscribe ends before it has printed the events that wait, so SIGINT is sent when
# the output is complete.
check 'text: the bytes' wait_until 100 decodes text "$work/text.out" "$letters_port" "$work/letters.answer"
check 'hex: the bytes' wait_until 100 decodes hex "$work/hex.out" "$random_port" "$work/random.answer"
check 'JSON: the bytes' wait_until 100 decodes json "$work/json.out" "$random_port" "$work/random.answer"
check 'the beginning of each stream, and all records' wait_until 50 beginnings
check 'weft subscribe ends on SIGINT, status 0' interrupt text
check 'weft subscribe ends on SIGINT with hex, JSON and --first, too' eval 'interrupt hex && interrupt json && interrupt first && interrupt other'
check 'the example in Python: the bytes' wait_until 50 decodes python "$work/python.out" "$random_port" "$work/random.answer"
check 'lines of JSON match their schemas' eve_is_valid "$work/json.out" flow stream_data
check 'the interface is named' jq -se 'all(.[]; .in_iface == "eth0")' "$work/json.out"
check 'packets: both ends of both connections' both_have_ends 4
check 'both end on SIGINT' eval 'interrupt pcap && interrupt piped && wait "$tshark_pid"'
check 'tshark follows the first connection: the bytes' eval 'from_server "$work/follow" | cmp - "$work/random.answer"'
check 'tshark finds no loss, retransmission or disorder' eval '! packets clean "tcp.analysis.flags" | grep .'
check 'the interface is named in the file' eval '! packets clean "frame.interface_name != \"eth0\"" | grep .'
check 'no SYN has the comment of a derived sequence number' eval '[ "$(packets clean "tcp.flags.syn == 1 && frame.comment contains derived" | wc -l)" -eq 0 ]'
same_streams() {
	local name
	replay clean || return 1
	for name in "$ip_a.80-$ip_b."{"$random_port","$letters_port"} "$ip_b."{"$random_port","$letters_port"}"-$ip_a.80"; do
		cmp "$work/clean/$name" "$work/streams/$name" || return 1
	done
}
check 'the packets, replayed: the streams of the agent' same_streams
check 'the packets, replayed: the bytes of the second connection' cmp "$work/clean/$ip_a.80-$ip_b.$letters_port" "$work/letters.answer"
sum=$(sha256sum <"$work/clean.pcapng")
check_weft 'a file that is not empty is refused' 1 'clean.pcapng is not empty, and is not overwritten' \
	subscribe -i eth0 --set "control.dir=$work/control" --pcap "$work/clean.pcapng"
check 'a file that is refused is unchanged' test "$(sha256sum <"$work/clean.pcapng")" = "$sum"
check_weft 'a file that cannot be made is refused' 1 'none/x can.t be written: No such file' \
	subscribe -i eth0 --set "control.dir=$work/control" --pcap "$work/none/x"
check 'a terminal is refused' eval 'script -qec "\"$weft\" subscribe --pcap -" /dev/null </dev/null | grep -q "packets are not written to a terminal"'
check_weft 'packets in another format are refused' 2 'the format hex has no packets; leave out --format' subscribe --pcap - --format hex
check_weft 'packets as JSON, too' 2 'the format json has no packets; leave out --json' subscribe --pcap - --json
check_weft 'a full disk: status 1, with the reason' 1 'subscribe: can.t write to /dev/full: No space left' \
	subscribe -i eth0 --set "control.dir=$work/control" --pcap /dev/full
check 'with a filter for another port, nothing is printed' test ! -s "$work/other.out"
check 'a summary says what was printed' grep -qE 'subscribe: [0-9]+ events, [0-9]+ bytes of streams, 0 bytes in gaps; lost: 0 events' "$work/text.err"

# ---- packets of which some are missing ----

# weft subscribe is stopped while an answer arrives that neither its queue nor its socket can hold.
web_file large 4000000
check 'weft subscribe begins: packets, with a small queue' sub_start lossy --pcap "$work/lossy.pcapng" --queue 128K port 80
mkfifo "$work/stuck.out"
background never_pid bash -c 'exec sleep 1000 <"$1"' - "$work/stuck.out"
check 'another writes to a pipe that nobody reads' sub_start stuck --pcap - port 80
kill -STOP "${sub_pids[lossy]}"
get large large
check 'the queue drops events' wait_until 50 eval 'agent_stats --format prometheus | grep -q "^weft_subscription_dropped_events_total{name=\"lossy\".* [1-9]"'
kill -CONT "${sub_pids[lossy]}"
check 'the end of the connection arrives' wait_until 100 eval 'packets lossy "tcp.flags.fin == 1 && tcp.srcport == 80" | grep -q .'
check 'it ends on SIGINT' interrupt lossy
check 'each missing range is named on standard error' grep -qE 'subscribe: lost: [0-9]+ events? of .*, [0-9]+ bytes at offset' "$work/lossy.err"
lossy_bytes() {
	local have missing
	have=$(packets lossy 'tcp.srcport == 80' -e tcp.len | awk '{ sum += $1 } END { print sum }')
	missing=$(packets lossy 'frame.comment' -e frame.comment |
		sed -n 's/.* \([0-9]*\) bytes toclient from offset .* are missing: dropped, because the queue.*/\1/p' | awk '{ sum += $1 } END { print sum + 0 }')
	echo "$have bytes, $missing missing"
	[ "$missing" -gt 0 ] && [ $((have + missing)) -eq "$(wc -c <"$work/large.answer")" ]
}
check 'each missing byte is in a range with a comment' lossy_bytes
check 'further signals end the one that cannot write' eval 'wait_until 50 eval "! kill -INT ${sub_pids[stuck]}" && ends stuck 0'
kill "$never_pid"

# ---- in the middle of a connection, and ends ----

# A server that sends a few bytes again and again until the client ends.
background drip_pid ip netns exec "$ns_a" /usr/bin/python3 -c '
import socket, time
connection, _ = socket.create_server(("", 81)).accept()
while True:
    connection.sendall(b"drip\n" * 20)
    time.sleep(0.01)' 2>/dev/null
has_server() { ip netns exec "$ns_a" ss -Htln 'sport = 81' | grep -q .; }
check 'a server drips' wait_until 50 has_server
background endless_pid ip netns exec "$ns_b" curl -s --http0.9 -o /dev/null "http://$ip_a:81/"
check 'a connection has data' wait_until 50 has_data
check 'weft subscribe begins in its middle' sub_start middle --events open,data,close port 81
check 'packets begin in its middle, too' sub_start joined --pcap "$work/joined.pcapng" port 81
check 'data is written at once' wait_until 50 eval 'packets joined tcp.len | grep -q .'
check 'head ends it at once' bash -c "
	set -o pipefail; timeout 20 '$weft' subscribe -q -i eth0 --set 'control.dir=$work/control' port 81 | head -n 1 | grep -c ."
check '--count ends it' sub --quiet --count 2 port 81
kill "$endless_pid"
wait "$endless_pid"
check 'the end of the connection is printed' wait_until 50 grep -q '\[close: ' "$work/middle.out"
check 'the beginning is marked' grep -qE '\[open: midway, from offset [0-9]+ toserver, [1-9][0-9]+ toclient\]' "$work/middle.out"
check 'it ends on SIGINT' interrupt middle
check 'packets: the end' wait_until 100 eval 'packets joined "tcp.flags.reset == 1 || tcp.flags.fin == 1" | grep -q .'
check 'packets: SIGINT ends weft subscribe' interrupt joined
check 'nothing is called missing; a comment says why the beginning is not there' eval '
	packets joined "frame.number == 1" -e frame.comment | grep "earlier bytes are older than this output" &&
	! packets joined "frame.comment contains missing || tcp.flags.syn == 1 || tcp.analysis.flags" | grep .'
check 'its packets, replayed: only what the server dripped' eval 'replay joined && cat "$work/joined/$ip_a.81-"* |
	sed "1s/^[rip]*$/drip/" | sort | uniq -c | grep -E "^ *[1-9][0-9]+ drip$"'
check_weft 'block is refused, with the reason' 2 'subscribe: subscription client-[0-9]+: overflow policy "block" would stop live capture' \
	subscribe -i eth0 --set "control.dir=$work/control" --overflow block
check_weft 'a wrong filter is refused' 2 'subscribe: .*syntax of tcpdump' subscribe -i eth0 --set "control.dir=$work/control" prot 80
check_weft 'a wrong format is refused' 2 "'png' is not text, hex, json, raw or pcap" subscribe --format png
check_weft 'an event that JSON does not have is refused' 2 "'open' can't be chosen with the format json" subscribe --json --events flow,open

# ---- many at once ----

all_gone() { [ "$(subscriptions | wc -l)" -eq "$1" ]; }
check 'subscriptions of clients that ended are gone' wait_until 50 all_gone 4 # two outputs, the example in Python, the README's client
policies=(drop-oldest drop-newest block-with-timeout resize)
for ((i = 0; i < keepers; i++)); do
	background pid "$sub_check" "$socket" "keeper-$i" "${policies[i % 4]}" 8388608 >"$work/keeper-$i.out" 2>"$work/keeper-$i.err"
	sub_pids[keeper-$i]=$pid
done
for policy in "${policies[@]}"; do
	background pid "$sub_check" "$socket" "slow-$policy" "$policy" 131072 "$work/go" >"$work/slow-$policy.out" 2>"$work/slow-$policy.err"
	sub_pids[slow-$policy]=$pid
done
background idle_pid /usr/bin/python3 "$root/tests/integration/sub_peer.py" "$socket" idle
background never_pid /usr/bin/python3 "$root/tests/integration/sub_peer.py" "$socket" never
background victim_pid "$weft" subscribe -i eth0 --set "control.dir=$work/control" --name victim --format raw port 80 >/dev/null 2>&1
sub_start lagging --json --queue 128K port 80
for name in keeper-0 "keeper-$((keepers - 1))" slow-drop-oldest slow-resize never idle victim lagging; do
	wait_until 100 is_subscribed "$name" || not_ok "$name subscribes"
done
check '20 clients at once' test "$(subscriptions | grep -cE 'keeper|slow-|never|idle|victim|lagging')" -eq 20
rm -rf "$work/got"/*
for ((i = 1; i <= downloads; i++)); do web_file "many-$i" $download_bytes; done
background often_pid /usr/bin/python3 "$root/tests/integration/sub_peer.py" "$socket" often 1000
kill -STOP "$victim_pid" "${sub_pids[lagging]}"
check 'downloads' web_get_many "$downloads" many
kill -9 "$victim_pid" && kill -CONT "$victim_pid" 2>/dev/null
check 'one client connects 1,000 times' wait "$often_pid"
check 'requests that are wrong are refused, with the reason' peer bad
check 'a client that shuts down its sending side gets a frame' eval 'peer half & half_pid=$!; wait_until 50 is_subscribed half && get half ready && wait $half_pid'
check 'a client that sends garbage gets an error' peer talks
check 'the client that was killed is gone' wait_until 50 is_gone victim
# What the socket and its sender can hold is taken from the queue, which is more than all downloads if
# the sender is starved and the queue drops most of them. So more downloads must follow.
is_gone_with_more_events() { get more many-1 && is_gone idle; }
check 'a client that takes nothing for its idle_ttl_ms is ended' wait_until 100 is_gone_with_more_events
check 'a client without idle_ttl_ms stays' is_subscribed never
touch "$work/go"
kill -CONT "${sub_pids[lagging]}"

# Check that each client has an event for the end of each connection.
all_got() {
	local i
	for ((i = 0; i < keepers; i++)); do [ "$(wc -l <"$work/keeper-$i.out")" -gt "$downloads" ] || return 1; done
	for policy in "${policies[@]}"; do [ "$(wc -l <"$work/slow-$policy.out")" -gt "$downloads" ] || return 1; done
}
check 'each client gets the end of each connection' wait_until 100 all_got

lagging_got() { [ "$(grep -c '"event_type":"flow"' "$work/lagging.out")" -gt "$downloads" ]; }
check 'weft subscribe that was stopped gets them, too' wait_until 100 lagging_got
check 'it ends on SIGINT' interrupt lagging

check 'the limit of clients holds' peer many $((24 - keepers - 4 - 3))
check 'the places of clients that have gone are free' wait_until 50 all_gone $((4 + keepers + 4 + 1))
check 'agent ends with status 0, and does not wait for a client that never reads' agent_stop
kill "$never_pid"
check 'all ledgers close' ledgers_close
check 'the end of the agent: the example in Python, status 0' ends python 0
check "the README's client reports the end of the capture" eval 'ends client 0 && grep -q "the capture has ended" "$work/client.err"'
check "the README's client has printed the bytes of the second connection" contains "$work/client.out" "$work/letters.answer"

# Write the expected line of each connection, sorted as comm needs it.
(cd "$work/streams" && "$sub_check" --sum "$ip_a".80-*) | sort >"$work/want"
kept_right() {
	local i
	for ((i = 0; i < keepers; i++)); do
		ends "keeper-$i" 0 || return 1
		grep -v total "$work/keeper-$i.out" | sort >"$work/have"
		[ "$(wc -l <"$work/have")" -gt "$downloads" ] && [ -z "$(comm -23 "$work/have" "$work/want")" ] || return 1
	done
}
# The bytes that a slow client received and the bytes reported to it as lost add up to the bytes of
# the client keeper-0.
lost_right() {
	local policy all
	all=$(awk '/total/ { print $2 + $3 }' "$work/keeper-0.out")
	for policy in "${policies[@]}"; do
		ends "slow-$policy" 0 || return 1
		cat "$work/slow-$policy.out"
		awk -v all="$all" '/total/ { exit !($3 > 0 && $2 + $3 == all) } END { if (!NR) exit 1 }' "$work/slow-$policy.out" || return 1
	done
}
lagging_right() {
	jq -se --argjson all "$(awk '/total/ { print $2 + $3 }' "$work/keeper-0.out")" '
		([.[] | select(.event_type == "stream_data").stream_data.length] | add) as $got |
		([.[] | select(.event_type == "event_loss").event_loss.data_bytes] | add) as $lost |
		$lost > 0 and $got + $lost == $all' "$work/lagging.out" &&
		grep -qE 'weft: subscribe: lost: [0-9]+ events? of [0-9.]+-[0-9.]+, [0-9]+ bytes at offset' "$work/lagging.err"
}
check 'clients that keep up get every byte of every connection' kept_right
check 'slow clients: received and lost bytes add up to all bytes' lost_right
check 'weft subscribe prints what is missing, as JSON and on standard error' lagging_right

# ---- nothing is left, and an agent that dies ----

check 'agent starts again' agent_start "$ns_a" eth0 --workers 2
# The agent closes the connection of a command some time after the command has ended, so there may be
# fewer descriptors later.
fds=$(agent_fds) memory=$(agent_memory)
check 'clients come and go' peer often 400
check 'no subscription is left' wait_until 50 all_gone 0
as_before() {
	local fds_now memory_now
	fds_now=$(agent_fds) memory_now=$(agent_memory)
	echo "$fds_now descriptors, $memory_now bytes; before: $fds, $memory"
	[ "$fds_now" -le "$fds" ] && [ "$memory_now" -le "$memory" ]
}
check 'no descriptor and no memory is left' eval 'wait_until 50 as_before || as_before'
check 'weft subscribe waits' sub_start orphan port 80
kill -9 "$agent_pid"
wait "$agent_pid" 2>/dev/null
check 'an agent that dies: status 1' ends orphan 1
check 'an agent that dies: the reason is printed' grep -q 'weft: subscribe: .*/eth0.sock: the connection was cut off' "$work/orphan.err"
same_as_stats() {
	local command
	for command in stats subscribe; do
		"$weft" "$command" --set "control.dir=$work/control" 2>&1 | sed "s/$command/X/"
		[ "${PIPESTATUS[0]}" -eq 3 ] || return 1
	done | uniq | [ "$(wc -l)" -eq 1 ]
}
check 'no agent: status 3, as weft stats' same_as_stats
finish
