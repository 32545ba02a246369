#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_memory_charges.sh - the kernel memory of a live agent is charged to its memory limit: BPF
# maps with the size that the kernel reports, AF_XDP rings with weft's own account. A lower limit
# gives smaller maps. A limit that is too low is rejected, and the message gives the required sum.
. "$(dirname "$0")/lib.sh"
need_root
need_weft

# Print the bytes of all BPF maps that the agent has open; each map counts once.
kernel_map_bytes() {
	awk '/^memlock:/ { bytes = $2 } /^map_id:/ { of[$2] = bytes }
		END { for (id in of) sum += of[id]; print sum + 0 }' /proc/"$agent_pid"/fdinfo/*
}

# weft's account is at least the sum that the kernel reports, and at most 1 MiB above it, because
# entries are added later.
maps_are_charged() {
	local kernel charged
	kernel=$(kernel_map_bytes)
	charged=$(agent_metric memory_maps_bytes)
	echo "kernel $kernel, charged $charged"
	[ "$kernel" -gt 0 ] && [ "$charged" -ge "$kernel" ] && [ "$charged" -le $((kernel + 1048576)) ]
}

accounts_add_up() {
	agent_stats --json | jq -e '.metrics |
		(.memory_used_bytes.value == ([.memory_tables_bytes, .memory_free_spans_bytes,
			.memory_frames_bytes, .memory_pages_bytes, .memory_slabs_bytes,
			.memory_runs_bytes, .memory_queues_bytes, .memory_workers_bytes,
			.memory_rings_bytes, .memory_maps_bytes, .memory_state_bytes,
			.memory_other_bytes] | map(.value) | add)) and
		.memory_used_bytes.value <= .memory_limit_bytes.value and
		.memory_workers_bytes.value > 0 and .memory_queues_bytes.value > 0'
}

# The process's resident memory and its kernel memory together are at most the limit plus 32 MiB.
all_within() { # MIB
	local resident kernel
	resident=$(awk '/^Rss(Anon|Shmem):/ { sum += $2 } END { print sum * 1024 }' /proc/"$agent_pid"/status)
	kernel=$(($(kernel_map_bytes) + $(agent_metric memory_rings_bytes)))
	echo "resident $resident, kernel $kernel"
	[ $((resident + kernel)) -le $((($1 + 32) * 1048576)) ]
}

# at MIB FLOWS HANDSHAKES: start an agent with that limit; check the sizes of its maps.
at() {
	check "$1 MiB: agent starts" agent_start "$ns_a" eth0 --mode tap --workers 2 \
		--max-memory "$1M" --events "$work/events-$1" || return
	check "$1 MiB: flow maps of $2 and $3" map_sizes "$2" "$3"
	check "$1 MiB: maps are charged" maps_are_charged
	check "$1 MiB: accounts add up to what is used" accounts_add_up
	check "$1 MiB: all memory is within the limit and 32 MiB" all_within "$1"
	sed 's/^/# /' "$work/check.out"
	check "$1 MiB: agent stops" agent_stop
}

map_sizes() { # FLOWS HANDSHAKES
	local sizes
	sizes=$(awk '/^map_type:/ { type = $2 } /^value_size:/ { bytes = $2 } /^max_entries:/ { entries = $2 }
		/^map_id:/ { if (type == 9 || (type == 2 && bytes == 192)) print entries }' \
		/proc/"$agent_pid"/fdinfo/* | sort -rnu | xargs)
	echo "$sizes"
	[ "$sizes" = "$1 $2" ]
}

NO_IPV6=1 make_pair 4 || skip_all 'no namespaces'
ip -n "$ns_a" addr flush dev eth0
at 256 65536 16384
at 64 16384 4096
check 'shorter rings are reported' grep -q 'eth0: rings of 2048 frames instead of 8192, for 4 queues and a limit of 64 MiB (capture.ring_frames)' "$work/agent.err"
check 'smaller maps are reported' grep -q 'flow map has only 16384 entries, because of the limits of 64 MiB' "$work/agent.err"
at 24 8192 2048

refused() {
	in_a timeout -s KILL 20 "$weft" run -i eth0 --mode tap --workers 8 --max-memory 16M \
		--set control.dir="$work/control" --set capture.ring_frames=512 >"$work/out" 2>&1
	[ $? -eq 1 ] && grep -E 'memory: the limit of 16\.0 MiB is too small: .* BPF maps of 1 interfaces .* AF_XDP rings of 4 queues .* = 2[0-9]\.[0-9] MiB; raise the limit' "$work/out"
}
check 'a limit that does not suffice is refused with the sum' refused
sed 's/^/# /' "$work/check.out"
finish
