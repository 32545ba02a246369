#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_health.sh - the health of an agent names these faults: a full disk, an interface that is
# deleted, a program that is detached, critical memory pressure, all within 3 seconds (see in_3s), and
# an output that takes no events. It is ok again when the disk has room, the interface is back, or
# memory is free. test_http.sh has a stalled worker and an interface that is set down.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web.sh"
. "$(dirname "$0")/group.sh"
need_root
need_weft
PATH=$PATH:/usr/sbin
disk=$work/disk

cleanup() {
	[ -n "${agent_pid:-}" ] && kill -TERM "$agent_pid" 2>/dev/null && lib_gone "$agent_pid" 100
	umount "$disk" 2>/dev/null
	lib_cleanup
	group_drop
}
trap cleanup EXIT

# health_has STATUS WHAT: the status of the agent is STATUS, and WHAT is one of its reasons.
health_has() {
	"$weft" health --json -i "$agent_iface" --set "control.dir=$work/control" >"$work/health"
	cat "$work/health"
	jq -e --arg status "$1" --arg what "$2" '.status == $status and any(.reasons[]; .what == $what)' "$work/health"
}
is_ok() {
	"$weft" health --json -i "$agent_iface" --set "control.dir=$work/control" >"$work/health"
	cat "$work/health"
	jq -e '.status == "ok"' "$work/health"
}
# in_3s STATUS WHAT: `weft health` reports it within 3 s times WEFT_SLOW. On a busy machine, weft needs
# longer, as its command does, so 10 times the time of one command is added.
in_3s() {
	local start=${EPOCHREALTIME/./} command took
	health_has "$@" && return
	command=$((${EPOCHREALTIME/./} - start))
	wait_until 30 health_has "$@" || return 1
	took=$((${EPOCHREALTIME/./} - start))
	echo "$((took / 1000)) ms; the first command needed $((command / 1000)) ms"
	[ $took -le $((3000000 * WEFT_SLOW + 10 * command)) ]
}
is_critical() {
	"$weft" health --json -i "$agent_iface" --set "control.dir=$work/control" | jq -e 'any(.reasons[]; .detail | test("critical"))'
}
download() { in_b curl -sf -m 20 -o "$work/got/file" "http://$ip_a/$1"; }
make_second() {
	ip -n "$ns_a" link add t1 type veth peer name t1 netns "$ns_b"
	ip -n "$ns_a" link set t1 up
	ip -n "$ns_b" link set t1 up
}

NO_IPV6=1 make_pair 1 || exit 1
web_start
web_file large 3000000
web_file small 1000
mkdir "$disk" && mount -t tmpfs -o size=8m none "$disk" && chmod 777 "$disk" || exit 1
make_second

# ---- a full disk ----

check 'an agent starts' agent_start "$ns_a" eth0,t1 --workers 1 --streams "$disk/streams" --set reassembly.checksum=ignore \
	--set capture.tc_attach=filter
check 'the agent is ok' wait_until 30 is_ok
head -c 7m /dev/zero >"$disk/filler"
download large
check 'a full disk is unhealthy' in_3s unhealthy disk_full
rm "$disk/filler"
has_room() { download small && is_ok; }
check 'the agent is ok again when the disk has room' wait_until 100 has_room

# ---- a program, and an interface ----

in_a tc qdisc del dev eth0 clsact
check 'a program that another process detaches is unhealthy' in_3s unhealthy interface_lost
agent_stop
rm -rf "$disk/streams"

check 'an agent that waits for interfaces starts' agent_start "$ns_a" eth0,t1 --workers 1 --wait-for-interface --streams "$disk/streams"
check 'the agent is ok' wait_until 30 is_ok
ip -n "$ns_a" link del t1
check 'an interface that is deleted is unhealthy' in_3s unhealthy interface_lost
make_second
check 'the agent is ok again when the interface is back' wait_until 100 is_ok

# ---- a client whose subscription has the name of an output ----

lags() {
	agent_stats --json | jq -e '.subscriptions | map(select(.name == "streams")) | length == 2 and any(.lag_ms > 6000)'
}
# What the socket and its sender can hold is taken from the queue, so more events must follow.
lags_with_more_events() { download large && lags; }
mount -o remount,size=1g "$disk" || exit 1 # room for these downloads
background client_pid python3 "$root/tests/integration/sub_peer.py" "$work/control/eth0.sock" never streams
has_two() { [ "$(agent_stats --json | jq '[.subscriptions[] | select(.name == "streams")] | length')" = 2 ]; }
check 'a client subscribes with the name of an output' wait_until 50 has_two
download large
check 'one of both subscriptions lags by more than 6 seconds' wait_until 150 lags_with_more_events
check 'the agent is ok' is_ok
kill "$client_pid"
agent_stop

# ---- an output that takes no events ----

mkfifo -m 666 "$work/fifo"
exec 9<>"$work/fifo" # so that the agent can open it
check 'an agent with a pipe that nobody reads starts' agent_start "$ns_a" eth0 --workers 1 --events "$work/fifo" --streams "$work/streams" \
	--set delivery.subscription_ttl_sec=1 --set reassembly.checksum=ignore
fill() {
	local i
	for ((i = 0; i < 20; i++)); do download small; done
	health_has unhealthy output_cut_off
}
check 'an output whose subscription has ended is unhealthy' wait_until 150 fill
background reader_pid cat "$work/fifo" >/dev/null # so that the write to the pipe ends
exec 9>&-
check 'an output whose write has ended is unhealthy, too' in_3s unhealthy output_failed
agent_stop

# ---- critical memory pressure ----

# ballast: use the memory of the group up to 97 % of its limit, until a signal.
ballast() {
	exec "${in_group[@]}" python3 -c "
import sys, time
held = []
while True:
    used = int(open('$group/$group_use').read())
    if used < 0.97 * (256 << 20):
        held.append(bytearray(b'x') * (1 << 20))
    else:
        time.sleep(0.02)"
}
if group_make 256M 2>"$work/err"; then
	# `ip netns exec` is not used, because it hides /sys/fs/cgroup.
	background agent_pid "${in_group[@]}" nsenter --net="/run/netns/$ns_a" unshare -m "$weft" run -i eth0 --workers 1 \
		--max-memory 64M --set "control.dir=$work/control" --set "agent.state_dir=$work/state" --set capture.host_ring_mb=1 \
		2>"$work/agent.err"
	agent_iface=eth0
	check 'an agent in a control group starts' wait_until 100 is_ok
	background ballast_pid ballast
	check 'memory pressure becomes critical' wait_until 100 is_critical
	check 'critical memory pressure is unhealthy' in_3s unhealthy memory_critical
	kill "$ballast_pid"
	check 'the agent is ok again when the memory is free' wait_until 150 is_ok
	agent_stop
else
	skip 'critical memory pressure' "can't make a control group with a memory limit"
fi
finish
