#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_coexist.sh - weft on an interface with BPF programs of other owners. An XDP program of
# another owner stays attached: tap mode names it and a remedy, host mode works beside it and is
# chosen automatically. Host mode also works beside tcx programs that end the chain.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web.sh"
need_root
need_weft
PATH=$PATH:/usr/sbin
helper=$(dirname "$weft")/helpers/other_program
if [ ! -x "$helper" ]; then
	not_ok "$helper is built"
	finish
fi

# other KIND: attach a program of KIND to eth0 in namespace a.
other() {
	background other_pid ip netns exec "$ns_a" "$helper" "$1" eth0 >"$work/other"
	wait_until 50 grep -q attached "$work/other"
}

other_ends() { kill "$other_pid" && wait "$other_pid"; true; }

xdp_id() { ip -n "$ns_a" -j -d link show eth0 | jq '.[0].xdp.prog.id // 0'; }

# tap_is_refused PATTERN: tap mode exits with status 4 and prints PATTERN; the attached XDP program
# stays.
tap_is_refused() {
	local before status
	before=$(xdp_id)
	ip netns exec "$ns_a" timeout $((20 * WEFT_SLOW)) "$weft" run -i eth0 --mode tap \
		--set "control.dir=$work/control" 2>"$work/err"
	status=$?
	cat "$work/err"
	[ "$status" -eq 4 ] && grep -qE "$1" "$work/err" && [ "$(xdp_id)" -eq "$before" ]
}

advised() { # runs the command that the last refusal advises
	in_a bash -c "$(grep -oE '(bpftool|ip) link [^,)]*' "$work/err" | head -n 1)" && [ "$(xdp_id)" -eq 0 ]
}

tap_starts() {
	agent_start "$ns_a" eth0 --mode tap && agent_stop
}

host_sees_a_download() {
	rm -rf "$work/streams" "$work"/got/*
	web_file small 50000
	agent_start "$ns_a" eth0 --mode host --streams "$work/streams" || return 1
	web_get small
	wait_until 100 bash -c "[ \"\$('$weft' stats --json -i eth0 --set control.dir='$work/control' |
		jq .metrics.payload_delivered_bytes.value)\" -ge 50000 ]"
	agent_stop
	web_compare "$work/streams" 1
}

make_pair 1 || exit 1
check 'web server' web_start || finish

check 'an XDP program of another process' other xdp || finish
check 'host mode works beside an XDP program' host_sees_a_download
ip -n "$ns_a" addr flush dev eth0
check 'tap mode is refused with status 4, and names the program' tap_is_refused 'other_xdp \(id [0-9]+\)'
check 'weft doctor names the program, and a command that detaches it' bash -c "
	ip netns exec $ns_a '$weft' doctor -i eth0 >'$work/out'; cat '$work/out'
	grep -q 'other_xdp' '$work/out' && grep -q 'bpftool link detach id' '$work/out'"
auto_works_beside() {
	local before
	before=$(xdp_id)
	agent_start "$ns_a" eth0 --checksum ignore || return 1
	in_b python3 "$root/tests/integration/queue_feed.py" send eth0 1
	wait_until 50 opened 24
	agent_stop
	cat "$work/agent.err"
	grep -q 'another XDP program is attached (other_xdp, id .*): host mode' "$work/agent.err" &&
		grep -q ', 24 connections' "$work/agent.err" && [ "$(xdp_id)" -eq "$before" ]
}
opened() { [ "$(agent_metric flows_opened_flows)" -ge "$1" ]; }
check 'by default, host mode is chosen, and captures 24 connections' auto_works_beside
check 'the command that the refusal advises detaches the program' advised
other_ends
check 'without the other program, tap mode starts' tap_starts

check 'an XDP program attached without a link' bash -c "
	ip netns exec $ns_a '$helper' xdp eth0 >/dev/null & pid=\$!
	for i in \$(seq 300); do ip netns exec $ns_a bpftool net show dev eth0 | grep -q other_xdp && break; sleep 0.1; done
	id=\$(ip -n $ns_a -j -d link show eth0 | jq '.[0].xdp.prog.id')
	mkdir -p '$work/fs' && mount -t bpf bpf '$work/fs' && bpftool prog pin id \$id '$work/fs/other' &&
		kill \$pid && wait \$pid
	ip -n $ns_a link set dev eth0 xdp pinned '$work/fs/other' && umount '$work/fs'"
check 'tap mode is refused beside a program without a link' tap_is_refused 'ip link set dev eth0 xdp off'
check 'the command that this refusal advises detaches the program' advised

ip -n "$ns_a" addr add "$ip_a/24" dev eth0
if ! kernel_is 6 6; then
	echo 'this kernel has no tcx; test_tc_filter.sh has filters of another process' | diag
	finish
fi
check 'tcx programs of another process, which end the chain' other tcx || finish
check 'host mode captures a download beside these tcx programs' host_sees_a_download
check 'no program of weft is left, and the other process still runs' bash -c "
	[ \$(ip netns exec $ns_a bpftool net show dev eth0 2>/dev/null | grep -c weft) -eq 0 ] &&
		kill -0 $other_pid && ps -o args= -p $other_pid | grep -q tcx"
other_ends
finish
