#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_tc_filter.sh - host mode with tc filters, as on kernels without tcx links. Filters and qdiscs
# of other owners stay unchanged; weft removes its own ones when it exits. After kill -9, weft's
# filters do nothing until the next start or `weft doctor --remove-stale` removes them.
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
# Load the modules of tc first: a kernel that can't run modprobe itself does not load them on
# demand.
modprobe -qa sch_ingress cls_bpf cls_u32 act_gact 2>/dev/null

tc_a() { tc -n "$ns_a" "$@"; }

# Print all qdiscs and filters of the interface.
tc_state() {
	tc_a qdisc show dev eth0
	tc_a filter show dev eth0 ingress
	tc_a filter show dev eth0 egress
}
free_tc() { tc_a qdisc del dev eth0 clsact 2>/dev/null || tc_a qdisc del dev eth0 ingress 2>/dev/null; }
own_filters() { tc_state | grep -c 'name weft_host'; }
has_own() { [ "$(own_filters)" -eq "$1" ]; }

start() { agent_start "$ns_a" eth0 --mode host --set capture.tc_attach=filter "$@"; }
killed() {
	kill -9 "$agent_pid"
	! wait "$agent_pid" 2>/dev/null
}
doctor() { in_a "$weft" doctor -i "${1:-eth0}" "${@:2}"; }

# The agent captures a download, and its bytes are in a stream file.
sees_a_download() {
	rm -rf "$work/streams"
	start --streams "$work/streams" "$@" || return 1
	web_get small
	wait_until 100 delivered 50000
	agent_stop
	cat "$work/agent.err"
	[ "$(find "$work/streams" -type f -size +49k | wc -l)" -eq 1 ] && ledgers_close
}
delivered() { [ "$(agent_metric payload_delivered_bytes)" -ge "$1" ]; }

# as_before COMMAND...: tc reports the same qdiscs and filters after COMMAND as before.
as_before() {
	local before after
	before=$(tc_state)
	"$@" || return 1
	after=$(tc_state)
	[ "$before" = "$after" ] || {
		diff <(echo "$before") <(echo "$after")
		return 1
	}
}

make_pair 1 || exit 1
check 'web server' web_start || finish
web_file small 50000

# ---- together with filters of other owners ----

check 'without a qdisc: captures, and none is left' as_before sees_a_download
check 'that weft is attached by tc filters is logged once' bash -c "
	[ \$(grep -c 'attached by tc filters' '$work/agent.err') -eq 1 ]"

tc_a qdisc add dev eth0 clsact
check 'an empty qdisc of others stays' as_before sees_a_download
check 'a filter of others, the first, which ends the chain' in_a "$helper" filter eth0 1 1
check 'weft captures a download beside this filter, which stays' as_before sees_a_download
check 'a filter of others that has weft'\''s handle' in_a "$helper" filter eth0 1 0x77656600
check 'doctor does not count this filter as one of weft' bash -c "
	ip netns exec $ns_a '$weft' doctor -i eth0 --remove-stale | grep 'tc_filters.* 0 in use'"
starts_and_ends() { start && agent_stop; }
check 'this filter stays after weft has run' as_before starts_and_ends
check 'a warning says that other tc filters run before that of weft' grep 'warning.*other tc filters run before' "$work/agent.err"
free_tc

if tc_a qdisc add dev eth0 clsact && tc_a filter add dev eth0 ingress prio 1 protocol ip u32 \
	match ip protocol 17 0xff action pass 2>/dev/null; then
	check 'a filter of another kind stays' as_before sees_a_download
	check 'a filter of another kind comes first, with a warning' grep 'run before the filter of weft (tc ingress, priority 2)' "$work/agent.err"
else
	# The part above needs the classifier u32. Debian's kernels have it, so `make test-kernels`
	# runs the part.
	echo 'this kernel has no classifier u32' | diag
fi
free_tc

add_filter_meanwhile() {
	start && in_a "$helper" filter eth0 5 1 && agent_stop && has_own 0 &&
		[ "$(tc_state | grep -c 'name other_filter')" -eq 2 ]
}
check 'a filter that comes to weft'\''s qdisc stays, with the qdisc' add_filter_meanwhile
free_tc

tc_a qdisc add dev eth0 ingress
refused() {
	in_a timeout $((20 * WEFT_SLOW)) "$weft" run -i eth0 --mode host --set capture.tc_attach=filter \
		--set "control.dir=$work/control" 2>"$work/err"
	[ $? -eq 4 ] && grep -q 'tc qdisc del dev eth0 ingress; tc qdisc add dev eth0 clsact' "$work/err"
}
check 'the qdisc "ingress" is refused with what to do, and stays' as_before refused
check 'the qdisc is replaced as the refusal advises' in_a bash -c 'tc qdisc del dev eth0 ingress; tc qdisc add dev eth0 clsact'
check 'with the advised qdisc, weft captures a download' as_before sees_a_download
free_tc

# ---- an agent that stops for a while ----

# goes_on: a connection with a short answer is captured.
goes_on() { in_b curl -sf "http://$ip_a/ready" && [ "$(agent_metric flows_opened_flows)" -gt 0 ]; }
pauses() {
	start --streams "$work/paused" || return 1
	kill -STOP "$agent_pid"
	sleep 3
	web_get small
	kill -CONT "$agent_pid"
	wait_until 100 goes_on
	web_get small
	wait_until 100 delivered 50000
	agent_stop
	ledgers_close && [ "$(find "$work/paused" -type f -size +49k | wc -l)" -eq 1 ] &&
		grep -q 'kernel_frames closed.* stale' "$work/agent.err"
}
check 'a stopped agent costs the host no copies, and captures when it goes on' as_before pauses

# ---- kill -9 ----

program_id() { tc_state | grep -oE 'id [0-9]+ name weft_host' | head -n 1 | cut -d' ' -f2; }
# counted NAME: print the counter NAME of weft's tc program, summed over all CPUs.
counted() {
	local map
	for map in $(bpftool -j prog show id "$(program_id)" | jq '.map_ids[]'); do
		bpftool -j map show id "$map" | grep -q weft_counts || continue
		bpftool -j map dump id "$map" | jq "[.[].formatted.values[].value.counts.$1] | add"
	done
}
looked_at() { echo $(($(counted copied) + $(counted failed) + $(counted passed))); }
left_filters_do_nothing() {
	local looked_at seen
	sleep 2.5
	looked_at=$(looked_at)
	seen=$(counted stale)
	in_b curl -sf "http://$ip_a/small" -o /dev/null || return 1
	echo "looked at $looked_at, stale $seen → $(counted stale)"
	[ "$(looked_at)" -eq "$looked_at" ] &&
		[ "$(counted stale)" -gt "$seen" ]
}

before=$(tc_state)
check 'an agent to be killed' start
check 'doctor knows that its filters are in use' bash -c "
	ip netns exec $ns_a '$weft' doctor -i eth0 | grep 'tc_filters.* 2 in use by a running weft'"
# removal_refused IFACE: doctor does not remove the filters of a running agent.
removal_refused() {
	doctor "$1" --remove-stale
	[ $? -eq 4 ] && [ "$(tc_a filter show dev "$1" ingress | grep -c weft_host)" -eq 1 ]
}
check 'doctor does not remove the filters of a running agent' removal_refused eth0
rename() {
	ip -n "$ns_a" link set "$1" down && ip -n "$ns_a" link set "$1" name "$2" &&
		ip -n "$ns_a" link set "$2" up
}
check 'the interface gets another name' rename eth0 lan0
check 'under another name of the interface, doctor does not remove them either' removal_refused lan0
check 'the interface gets its name back' rename lan0 eth0
check 'kill -9' killed
check 'after kill -9, the filters are left' has_own 2
check 'the filters that are left do nothing' left_filters_do_nothing
check 'doctor names the stale filters' bash -c "
	ip netns exec $ns_a '$weft' doctor -i eth0 | tee /dev/stderr |
		grep -A1 'tc_filters.* 2 stale filters of a killed weft process on eth0.*weft_host' | grep -e '-i eth0 --remove-stale'"
check 'doctor removes the stale filters' doctor eth0 --remove-stale
check 'doctor removes the qdisc, too: all is as before' test "$before" = "$(tc_state)"

start_removes() {
	start && killed && start && has_own 2 &&
		grep 'removed 2 stale tc filters' "$work/agent.err" && agent_stop
}
check 'the next start removes stale filters' as_before start_removes

tap_removes() {
	start && killed && has_own 2 && ip -n "$ns_a" addr flush dev eth0 &&
		agent_start "$ns_a" eth0 --mode tap && has_own 0 && agent_stop
}
check 'a start in tap mode removes stale filters, too' as_before tap_removes
finish
