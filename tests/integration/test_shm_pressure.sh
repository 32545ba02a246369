#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_shm_pressure.sh - clients with shared memory stop reading, and the data that waits for them
# fills the memory of a live agent: at level critical the agent takes back the data that they have
# not read. A client that was reading a piece of it detects this. Each client is told of each byte
# that it missed.
#
# Alone: the memory must fill faster than its pressure level falls.
. "$(dirname "$0")/lib.sh"
need_root
need_weft
socket=$work/control/eth0.sock
sub_check=${weft%/weft}/helpers/sub_check
conns=8
chunk=64 # segments of each connection, 512 KB together
chunks=200
# With drop-newest, a full queue drops new events and keeps those that wait, so only memory pressure
# takes data back.
policy=drop-newest

traffic() { in_b "$root/tests/integration/pressure_traffic.py" eth0 "$@"; }
of_sub() { agent_stats --format prometheus | sed -n "s/^weft_subscription_$2{name=\"$1\".*} //p"; }
is_subscribed() { [ -n "$(of_sub "$1" taken_events_total)" ]; }
is_revoked() { [ "$(of_sub "$1" revoked_events_total)" -gt 0 ]; }
has_taken() { [ "$(of_sub "$1" taken_bytes_total)" -gt 0 ]; }
pressure_is() { test "$(agent_metric pressure_level)" "$1" "$2"; }
was_critical() { agent_stats --json | jq -e '[.pressure.changes[].to] | index("critical")'; }

# client NAME QUEUE_BYTES [FILE [OPTION]]: receive in the background. With FILE, the client reads
# nothing before FILE exists; with the OPTION --hold it uses its first data until then.
declare -A client_pids
client() {
	local pid name=$1
	background pid "$sub_check" --shm ${4:+"$4"} "$socket" "$name" "$policy" "$2" ${3:+"$3"} \
		>"$work/$name.out" 2>"$work/$name.err"
	client_pids[$name]=$pid
	wait_until 50 is_subscribed "$name"
}
ended_with() {
	wait "${client_pids[$1]}"
	[ $? -eq "$2" ] || ! cat "$work/$1.err" "$work/$1.out"
}

all_have_closes() {
	local name
	for name in reader stopped holder; do [ "$(grep -c . "$work/$name.out")" -ge $conns ] || return 1; done
}

sent=0
send_chunk() {
	traffic stream $conns $sent $((sent + chunk))
	sent=$((sent + chunk))
}
fill_until_revoked() {
	until is_revoked stopped && is_revoked holder; do
		[ $sent -lt $((chunk * chunks)) ] || return 1
		send_chunk || return 1
	done
}

NO_IPV6=1 make_pair 1 || exit 1
ip -n "$ns_a" addr flush dev eth0
check 'agent starts' agent_start "$ns_a" eth0 --mode tap --workers 1 --max-memory 48M --checksum ignore || finish
check 'a client reads' client reader 8388608
check 'a client reads nothing' client stopped 16777216 "$work/go"
check 'a client reads its first piece of data, and goes on reading it' client holder 16777216 "$work/go" --hold
traffic open $conns
send_chunk
check 'both have data in shared memory' wait_until 100 eval 'has_taken stopped && has_taken holder'
check 'the second one reads' wait_until 100 grep -q holds "$work/holder.err"
check 'nothing is taken back while there is enough memory' eval 'pressure_is -eq 0 && ! is_revoked stopped && ! is_revoked holder'

check 'data is taken back from both' fill_until_revoked
check 'memory pressure was critical' was_critical
check 'the agent goes on receiving' test "$(agent_metric xsk_fill_empty_frames)" -eq 0
check 'pressure ends, although neither of them reads' wait_until 200 pressure_is -eq 0
check 'both are still subscribed' eval 'is_subscribed stopped && is_subscribed holder'

touch "$work/go"
traffic end $conns $sent
check 'all connections end' wait_until 100 eval '[ "$(agent_metric flows_active_flows)" -le 1 ]'
# An agent that ends waits only a short time for clients, so each must have read what waits for it.
check 'each client gets the end of each connection' wait_until 300 all_have_closes
check 'agent ends' agent_stop
check 'all ledgers close' ledgers_close
check 'the client that reads ends' ended_with reader 0
check 'the client that read nothing ends' ended_with stopped 0
check 'the client that was reading detects that its data was taken back' ended_with holder 0

# adds_up NAME: received and lost bytes of NAME add up to those of the client that reads.
adds_up() {
	local all
	all=$(awk '/total/ { print $2 + $3 }' "$work/reader.out")
	grep total "$work/reader.out" "$work/$1.out"
	awk -v all="$all" '/total/ { exit !($3 > 0 && $2 + $3 == all) } END { if (!NR) exit 1 }' "$work/$1.out"
}
for name in stopped holder; do check "$name: received and lost bytes add up to all bytes" adds_up $name; done
finish
