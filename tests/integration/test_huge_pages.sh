#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_huge_pages.sh - if the system has huge pages, the arena of a live capture uses them, also if
# a subscription exists already; segments are received as with plain pages.
#
# Alone: all agents share the huge pages of the machine.
. "$(dirname "$0")/lib.sh"
need_root
need_weft
pages=24

huge=/sys/kernel/mm/hugepages/hugepages-2048kB
had=$(cat $huge/nr_hugepages) || skip_all 'no huge pages of 2 MiB'
huge_cleanup() {
	echo "$had" >$huge/nr_hugepages
	lib_cleanup
}
trap huge_cleanup EXIT
echo $((had + pages)) >$huge/nr_hugepages
[ "$(cat $huge/free_hugepages)" -ge $pages ] || skip_all 'the system has no memory for huge pages'

unit=$(dirname "$weft")/tests/test_arena
[ -x "$unit" ] && check 'arena in huge pages, by itself' "$unit"

NO_IPV6=1 make_pair 1 || skip_all 'no namespaces'
ip -n "$ns_a" addr flush dev eth0
traffic() { in_b "$root/tests/integration/pressure_traffic.py" eth0 "$@"; }
check 'agent starts' agent_start "$ns_a" eth0 --mode tap --workers 1 --max-memory 48M \
	--checksum ignore --streams "$work/streams" --events "$work/events"
check 'the arena is in huge pages' grep -E 'memory: arena: [0-9]+ MiB in huge pages' "$work/agent.err"
sed 's/^/# /' "$work/check.out"
in_use() { [ "$(cat $huge/free_hugepages)" -lt $((pages / 2)) ]; }
check 'more than half of the huge pages are in use' in_use
ended() { [ "$(agent_metric flows_active_flows)" -le 1 ] && [ "$(agent_metric payload_delivered_bytes)" -ge 512000 ]; }
traffic open 8
traffic stream 8 0 64
traffic end 8 64
check 'connections end' wait_until 100 ended
check 'agent stops' agent_stop
check 'ledgers close' ledgers_close
mkdir "$work/expected"
"$root/tests/integration/pressure_traffic.py" - expect "$work/expected" 8 64
rm "$work"/expected/*10.1.255.255.1000
check 'streams are whole' same_files "$work/expected" "$work/streams"
given_back() { [ "$(cat $huge/free_hugepages)" -ge $pages ]; }
check 'huge pages are given back' wait_until 100 given_back
finish
