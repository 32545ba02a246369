#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_vlan_key.sh - connections whose directions have different VLAN ids: by default a warning
# reports them; with capture.vlan_in_key: no, each is one connection. This holds in replay, tap mode
# and host mode. Connections that differ only in their VLAN have stream files of different names.
. "$(dirname "$0")/lib.sh"
need_weft
need_corpus
tags=$own_corpus/captures/tag

check 'streams without tags' "$weft" replay "$own_corpus/captures/link/ethernet.pcap" --quiet \
	--checksum ignore --streams "$work/plain"

# flows NAME: print each flow record in $work/NAME.json.
flows() {
	jq -c 'select(.event_type == "flow") | [.vlan, .flow.midstream, .flow.close_reason,
		.flow.pkts_toserver > 0, .flow.pkts_toclient > 0]' "$work/$1.json" | sort
}
anomalies() { jq -r 'select(.event_type == "anomaly") | .anomaly.event' "$work/$1.json"; }

for workers in 1 3; do
	for name in vlan-in-one-direction vlan-differs-by-direction; do
		run="$name-$workers"
		check_weft "$run: two halves, reported with the option that helps" 0 'use --vlan-in-key no' \
			replay "$tags/$name.pcap" --workers $workers --events "$work/$run.json" --streams "$work/$run"
		check "$run: both streams are whole" same_files "$work/plain" "$work/$run"
		check "$run: each half has its VLAN, and one an anomaly" \
			[ "$(flows "$run" | wc -l) $(anomalies "$run")" = '2 vlan_split' ]
		check_weft "$run: yes makes two connections" 0 '2 connections' replay "$tags/$name.pcap" \
			--workers $workers --vlan-in-key yes --events "$work/$run-yes.json"
		check "$run: yes reports nothing in events" [ -z "$(anomalies "$run-yes")" ]
		check_weft "$run: no makes one connection" 0 ' 1 connection' replay "$tags/$name.pcap" \
			--workers $workers --set capture.vlan_in_key=no --events "$work/$run-no.json" \
			--streams "$work/$run-no"
		check "$run: no: the connection is whole" [ "$(flows "$run-no")" = '[null,false,"fin",true,true]' ]
		check "$run: no: the streams are whole" same_files "$work/plain" "$work/$run-no"
	done
done
check_weft 'a priority tag is no VLAN' 0 ' 1 connection' replay "$tags/priority-tag-in-one-direction.pcap"
check_weft 'another value is refused' 2 'auto, yes, no' replay "$tags/vlan.pcap" --vlan-in-key maybe

# Write a capture of connections that differ only in their VLAN or tunnel.
{
	cat "$own_corpus/captures/link/ethernet.pcap"
	tail -qc +25 "$tags/vlan.pcap" "$tags/qinq.pcap" "$own_corpus/captures/tunnel/vxlan.pcap"
} >"$work/tenants.pcap"
check_weft 'the same addresses in four networks' 0 ' 4 connections' replay "$work/tenants.pcap" \
	--workers 1 --streams "$work/tenants" --events "$work/tenants.json"
vni=$(jq 'select(.event_type == "flow" and .vni) | .vni' "$work/tenants.json")
for suffix in '' @vlan100 @vlan100.200 "@vni$vni"; do
	for file in "$work/plain"/*; do
		check "the file ${file##*/}$suffix" cmp "$file" "$work/tenants/${file##*/}$suffix"
	done
done
check 'the file names are those of an earlier run' grep -q 'stream files of an earlier run' \
	<("$weft" replay "$work/tenants.pcap" --quiet --streams "$work/tenants" 2>&1)

# ---- live ----

[ "$(id -u)" -eq 0 ] || {
	skip 'live capture' 'needs root'
	finish
}
has_connections() { [ "$(agent_metric flows_opened_flows)" -ge "$1" ]; }

# live MODE CAPTURE CONNECTIONS ARGS...: a live capture of the frames of CAPTURE has that number of
# connections, and the streams of the capture without tags.
live() {
	local mode=$1 capture=$2 connections=$3 name="$1-$2-$3"
	shift 3
	NO_IPV6=1 make_pair 2 || return 1
	ip -n "$ns_a" addr flush dev eth0
	agent_start "$ns_a" eth0 --mode "$mode" --workers 2 --checksum ignore --streams "$work/$name" "$@" &&
		in_b python3 "$root/tests/integration/send_pcap.py" eth0 "$tags/$capture.pcap" 2000 &&
		wait_until 50 has_connections "$connections"
	agent_metric flows_opened_flows >"$work/opened"
	agent_stop
	drop_pair
	ledgers_close && [ "$(cat "$work/opened")" = "$connections" ] && same_files "$work/plain" "$work/$name"
}

for mode in tap host; do
	check "$mode: one connection without VLAN ids" live $mode vlan-differs-by-direction 1 --vlan-in-key no
	check "$mode: one connection with priority tags in one direction" live $mode priority-tag-in-one-direction 1
	check "$mode: two halves by default" live $mode vlan-in-one-direction 2
	check "$mode: two halves are reported with the option that helps" grep -q 'use --vlan-in-key no' "$work/agent.err"
done
finish
