#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_memory_attack.sh - memory stays within its limit whatever is sent, and real flows beside
# an attack come out whole.
#
#   ATTACK_SCALE   1: 5 million SYNs, a million flows, ... (`make attack`); default 0.25
#
# Of the real flows all are whole, but for a few beside attacks that fill the memory with held
# data (2 of 100 directions beside holes, 5 beside single bytes): then held data is given up, the
# greediest first, and a real flow may hold an overtaken segment in the very moment in which
# there is nothing left.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/attack.sh"
need_weft

attack syns "$(scaled 256)" 1000
attack fragments "$(scaled 256)" 1000
attack reuse "$(scaled 256)" 1000
attack holes "$(scaled 256)" 980
attack tiny "$(scaled 256)" 950
attack flows "$(scaled 512)" 1000 --workers 1 --set flow.max_concurrent_streams=1001000

# ---- what an idle flow costs ----

# idle_peak SCALE: KiB held while so many flows are idle: as many as there may be at most.
idle_peak() {
	local most
	most=$(echo "1001000 * $1 / 1" | bc)
	{
		"$traffic" attack-flows - "$work/truth.tsv" --scale "$1" 2>/dev/null
	} | "$mem_peak" "$work/peak" "$weft" replay - --max-memory 512M --quiet --workers 1 \
		--set "flow.max_concurrent_streams=$most"
	read -r peak _ <"$work/peak"
	echo "$peak"
}

# Twice the flows minus once, each in a table made for so many: what does not grow with them falls
# out; what does (flow, both streams, its share of a span, of its headers and of the index) stays.
idle_flow_is_small() {
	local half whole bytes flows
	half=$(idle_peak "$(echo "$scale / 2" | bc -l)")
	whole=$(idle_peak "$scale")
	flows=$(echo "500000 * $scale" | bc | cut -d. -f1)
	bytes=$(((whole - half) * 1024 / flows))
	echo "an idle flow costs $bytes bytes of resident memory"
	[ -n "$is_sanitized" ] || [ "$bytes" -le 256 ]
}
check 'an idle flow costs at most 256 bytes' idle_flow_is_small
sed 's/^/# /' "$work/check.out"
finish
