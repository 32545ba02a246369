#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_pressure_slow.sh - the disk of the stream files stops (a frozen filesystem), and waiting
# events fill the memory of a live agent: at level critical the oldest events are dropped, counted
# and reported. When the disk works again, pressure returns to normal, and new connections are
# complete.
#
# Alone: the output stops while the traffic continues at the same rate.
. "$(dirname "$0")/lib.sh"
need_root
need_weft
conns=8
chunk=64 # segments of each connection, 512 KB together
chunks=120

disk=$work/disk
slow_cleanup() {
	fsfreeze -u "$disk" 2>/dev/null
	[ -n "${agent_pid:-}" ] && kill -TERM "$agent_pid" 2>/dev/null
	lib_gone "${agent_pid:-0}" 100
	umount "$disk" 2>/dev/null
	lib_cleanup
}
trap slow_cleanup EXIT

traffic() { in_b "$root/tests/integration/pressure_traffic.py" eth0 "$@"; }

# is METRIC TEST NUMBER: compare the metric's present value, for example "is pressure_level -eq 0".
is() { test "$(agent_metric "$1")" "$2" "$3"; }

sent=0
send_chunk() {
	traffic stream $conns $sent $((sent + chunk))
	sent=$((sent + chunk))
}

fill_until_shed() {
	while is relief_shed_events -eq 0; do
		[ $sent -lt $((chunk * chunks)) ] || return 1
		send_chunk || return 1
	done
}

has_written() { [ -n "$(find "$disk/streams" -type f -size +30k 2>/dev/null | head -n 1)" ]; }

mkdir "$disk" && truncate -s 256M "$work/image" && mkfs.ext4 -q -O ^has_journal "$work/image" &&
	mount -o loop "$work/image" "$disk" 2>"$work/err" ||
	skip_all "no loop device: $(cat "$work/err")"
NO_IPV6=1 make_pair 1
ip -n "$ns_a" addr flush dev eth0
check 'agent starts' agent_start "$ns_a" eth0 --mode tap --workers 1 --max-memory 48M \
	--checksum ignore --streams "$disk/streams" --events "$work/events" \
	--set memory.monitor_interval_ms=200 --set delivery.queue_bytes=33554432
traffic open $conns
send_chunk
check 'files are written' wait_until 100 has_written
check 'nothing is shed while the disk keeps up' is relief_shed_events -eq 0
fsfreeze -f "$disk" || exit 1
check 'the disk stops: waiting events are dropped' fill_until_shed
check 'no frame was lost for want of frames to receive into' is xsk_fill_empty_frames -eq 0
shed=$(agent_metric relief_shed_events)
check 'bytes are counted with the events' is relief_shed_bytes -gt "$shed"

fsfreeze -u "$disk"
check 'the disk goes on: pressure ends' wait_until 150 is pressure_level -eq 0
check 'shedding of new connections ends with it' wait_until 100 is relief_shed_percent -eq 0
shed=$(agent_metric relief_shed_events)
send_chunk
send_chunk
check 'nothing more is dropped' is relief_shed_events -eq "$shed"
traffic end $conns $sent
# One connection stays open and sends nothing.
check 'all connections end' wait_until 100 is flows_active_flows -le 1

# Connections 8 to 15 are new. The segments of connections 0 to 7 are sent again, and are late
# retransmissions.
traffic open $((2 * conns))
traffic stream $((2 * conns)) 0 $chunk
traffic end $((2 * conns)) $chunk
check 'new connections end' wait_until 100 is flows_active_flows -le 1
check 'agent stops' agent_stop
check 'ledgers close' ledgers_close

lost_is_reported() {
	grep -E 'streams.*[0-9]+ events with [0-9]+ bytes of data were dropped' "$work/agent.err"
}
check 'the loss is reported' lost_is_reported
levels() { jq -r 'select(.event_type == "pressure") | .pressure.level' "$work/events" | uniq | xargs; }
reached_critical() {
	levels
	[[ $(levels) == *critical*normal ]]
}
check 'the level critical was reached, and the last level is normal' reached_critical
mkdir "$work/expected"
"$root/tests/integration/pressure_traffic.py" - expect "$work/expected" $((2 * conns)) $chunk
later_ones_are_whole() {
	local conn name
	for ((conn = conns; conn < 2 * conns; conn++)); do
		name=10.0.0.2.80-10.1.0.$conn.1000
		cmp "$work/expected/$name" "$disk/streams/$name" || return 1
	done
}
check 'connections that came later are whole' later_ones_are_whole
finish
