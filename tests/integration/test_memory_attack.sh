#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_memory_attack.sh - memory stays within its limit under each attack, and real flows during an
# attack are complete.
#
#   ATTACK_SCALE   1: 5 million SYNs, a million flows, ... (`make attack`); default 0.25
#
# Attacks that fill the memory with held data, "holes" and "tiny", may damage a few real flows: at
# most 5 of 100 directions. If memory is exhausted, weft releases held data, first that of the
# flows that hold most. A real flow may hold an out-of-order segment at that moment. The number of
# these flows depends on how fast this host writes the released data: 0 to 1 of 100 with "holes" on
# an idle host.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/attack.sh"
need_weft

attack syns "$(scaled 256)" 1000
attack fragments "$(scaled 256)" 1000
attack reuse "$(scaled 256)" 1000
attack holes "$(scaled 256)" 950
attack tiny "$(scaled 256)" 950
attack flows "$(scaled 512)" 1000 --workers 1 --set flow.max_concurrent_streams=1001000

# ---- memory of an idle flow ----

# idle_peak SCALE: print the KiB in use while 1001000 * SCALE flows, the maximum, are idle.
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

# Measure the memory with all flows and with half of them, each with a flow table of that size. In
# the difference, constant parts cancel out, and the memory of the flows remains (flow, both
# streams, their share of spans, headers and index).
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
