#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_filter_live.sh - the filter of a running agent is replaced as a whole: ports and prefixes in
# the kernel, the expression in user space. If a new filter is invalid, the old filter stays in use.
. "$(dirname "$0")/lib.sh"
need_root
need_weft
flows=50 segments=10
frames=$((segments + 7)) # number of frames of each connection

weft_filter() { "$weft" filter -i eth0 --set "control.dir=$work/control" "$@"; }
# send NUMBER: make connections of clients 10.9.NUMBER.1 and up, so that no address is used twice.
send() {
	local -a before=()
	while [ "${#before[@]}" -lt "$1" ]; do before+=(0,0); done
	in_b python3 "$root/tests/integration/overload.py" eth0 $segments 100 "${before[@]}" $flows,1
}
metric_is() { [ "$(agent_metric "$1")" = "$2" ]; }

NO_IPV6=1 make_pair 2 || exit 1
ip -n "$ns_a" addr flush dev eth0
check 'agent starts on a tap port' agent_start "$ns_a" eth0 --mode tap --workers 2 --checksum ignore || finish
check 'connections are sent' send 0
check 'all of them are taken' wait_until 50 metric_is flows_opened_flows $flows

check 'a filter of ports is set' weft_filter --set filter.ports=443,8000
check 'more are sent' send 1
check 'the kernel leaves them all' wait_until 50 metric_is kernel_filtered_frames $((flows * frames))
check 'no worker has seen one' metric_is flows_opened_flows $flows

check_weft 'weft filter shows which part the kernel checks' 0 'kernel .XDP program., before' filter -i eth0 --set "control.dir=$work/control"

check 'a filter of prefixes is set' weft_filter --set filter.allow=10.9.2.0/24 --set filter.deny=10.9.2.8/29
check 'more are sent' send 2
check 'all but those of 8 addresses are taken' wait_until 50 metric_is flows_opened_flows $((2 * flows - 8))

check 'an expression is set' weft_filter host 10.9.3.5 and tcp port 80
check 'more are sent' send 3
check 'workers leave all but one' wait_until 50 metric_is frames_filtered_frames $(((flows - 1) * frames))
check 'that one is taken' wait_until 50 metric_is flows_opened_flows $((2 * flows - 7))

check_weft 'a wrong expression is refused' 2 "FILTER: 'tcp prot 80': not a filter expression.*syntax error" filter -i eth0 \
	--set "control.dir=$work/control" --set filter.ports=1 tcp prot 80
check_weft 'a key that is not of a filter is refused' 2 'only the keys of filter' filter -i eth0 --set reassembly.depth_bytes=1M
check_weft 'a wrong port is refused' 2 'filter.ports' filter -i eth0 --set filter.ports=70000
check 'the kernel still has the old filter: no ports, no prefixes, no sample' bash -c "
	nsenter -t $agent_pid -n -m -- env PATH=\$PATH:/usr/sbin bpftool -j map dump pinned /sys/fs/bpf/weft/eth0/filter |
		jq -e '.[0].formatted.value.word | . % 4294967296 == 4294967295 and (. / 4294967296 | floor) % 8 == 0'"
check 'the filter in use is shown' bash -c "
	'$weft' filter -i eth0 --set control.dir='$work/control' >'$work/shown' && '$weft' filter -i eth0 --set control.dir='$work/control' --json >'$work/shown.json' &&
		grep -q 'host 10.9.3.5 and tcp port 80' '$work/shown' &&
		jq -e '. == {\"filter.expression\": \"host 10.9.3.5 and tcp port 80\", \"capture.mode\": \"tap\"}' '$work/shown.json'"
check 'showing the filter opens no connections' metric_is flows_opened_flows $((2 * flows - 7))
check_weft '--clear together with a filter is refused' 2 'either --clear or a filter' filter -i eth0 \
	--set "control.dir=$work/control" --clear --set filter.ports=1
check 'a filter with empty filter.ports is accepted' weft_filter --set filter.ports= host 10.9.3.5 and tcp port 80
check 'the filter is cleared' weft_filter --clear
check_weft 'after --clear, weft filter shows no filter' 0 'no filter: every TCP segment is wanted' filter -i eth0 --set "control.dir=$work/control"
check 'more are sent' send 4
check 'all of them are taken again' wait_until 50 metric_is flows_opened_flows $((3 * flows - 7))
reports_threads() {
	local name
	agent_stats -v >"$work/stats" || return 1
	for name in ownership_violations lock_waits lock_wait_ns lock_timeouts; do
		grep -qE "^ +[0-9,]+  $name " "$work/stats" || { cat "$work/stats" && return 1; }
	done
}
check 'weft stats -v has the metrics of ownership and locks' reports_threads
check 'agent ends with status 0' agent_stop
check 'all ledgers close' ledgers_close

check_weft '--explain-filter names the kernel' 0 'kernel' run -i lo --explain-filter \
	--set filter.ports=80 tcp port 443
finish
