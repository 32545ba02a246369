#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_soak.sh - sends changing traffic to a live tap port. After each phase the agent holds no
# data; after all phases its resident memory differs by at most 2 % from that after a first attack.
#
#   SOAK_SECONDS   total duration of the traffic (`make soak`: 1800; default 42)
#   SOAK_RATE      packets per second (default 40000)
#
# The phases alternate: bulk, short flows, losses, tiny segments, a flood of SYNs, connections with
# holes and endless data.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/attack.sh"
need_root
need_weft

seconds=${SOAK_SECONDS:-42}
rate=${SOAK_RATE:-40000}
phases=(bulk web lossy tiny attack-syns attack-holes)
phase_seconds=$((seconds >= 600 ? 30 : seconds / ${#phases[@]}))
mb=128
workers=2

# Read all metrics once, as "name value" lines in $work/metrics.
look() {
	agent_stats --json 2>/dev/null | jq -r '.metrics | to_entries[] | "\(.key) \(.value.value)"' >"$work/metrics"
}
value() { awk -v n="$1" '$1 == n { print $2 }' "$work/metrics"; }

# is_empty: the agent holds no flow, handshake, fragment, byte or page, and no more spans than
# expected.
is_empty() {
	local name history spans
	look
	for name in flows_active_flows embryonic_active_flows fragments_held_fragments payload_held_bytes \
		pages_small_used_pages pages_medium_used_pages pages_large_used_pages \
		pages_span_used_pages pages_tuned_used_pages; do
		[ "$(value $name)" = 0 ] || {
			echo "$name is $(value $name)"
			return 1
		}
	done
	# Each slab keeps a span for the next object. A span of the slab for ended connections holds
	# 682 of them.
	history=$(value flows_closed_flows)
	spans=$((workers * 10 + (history < 131072 ? history : 131072) / 682))
	[ "$(value memory_slabs_bytes)" -le $((spans * 65536)) ] || {
		echo "slabs hold $(value memory_slabs_bytes) bytes, $((spans * 65536)) at most were expected"
		return 1
	}
	# Each page class may keep some empty spans that recent traffic has used.
	[ "$(value memory_pages_bytes)" -le $((mb * 1048576 / 32)) ] || {
		echo "page classes hold $(value memory_pages_bytes) bytes"
		return 1
	}
}

becomes_empty() { wait_until 200 is_empty || is_empty; }

rss() { awk '/^Rss(Anon|Shmem)/ { kib += $2 } END { print kib }' "/proc/$weft_pid/status"; }

rss_is_that_of_start() {
	local now
	now=$(rss)
	echo "resident: $rss_start KiB at the start, $now KiB now"
	[ $(((now > rss_start ? now - rss_start : rss_start - now) * 100)) -le $((rss_start * 2)) ]
}

phase() { # KIND SEED
	in_b timeout -s KILL "$phase_seconds" "$traffic" "$1" if:eth0 "$work/truth.tsv" --seed "$2" \
		--rate "$rate" 2>"$work/traffic.err"
	case $? in 0 | 137) ;; *) cat "$work/traffic.err" && return 1 ;; esac
	look
	[ "$(value frames)" -gt "${frames:-0}" ] || {
		echo 'no frames came'
		return 1
	}
	frames=$(value frames)
}

NO_IPV6=1 make_pair || skip_all 'no namespaces'
ip -n "$ns_a" addr flush dev eth0
check 'the agent starts' agent_start "$ns_a" eth0 --mode tap --workers $workers --max-memory ${mb}M --checksum ignore \
	--events /dev/null --set memory.cleanup_interval_sec=1 --set flow.timeouts.established_sec=2 --set flow.timeouts.embryonic_sec=2 \
	--set flow.timeouts.closing_sec=1 --set flow.timeouts.closed_sec=1 || finish
weft_pid=$agent_pid
# fills_memory: an attack makes the pressure critical; on a busy machine, it is repeated.
fills_memory() {
	local try
	for try in 1 2 3 4 5 6; do
		phase attack-holes 1 || return 1
		agent_stats --json | jq -e '[.pressure.changes[].to] | index("critical")' && return
	done
	return 1
}
check 'an attack fills the memory, so that later phases touch no new memory' fills_memory
check 'nothing is held' becomes_empty
rss_start=$(rss)

begin=$SECONDS
seed=2
while [ $((SECONDS - begin)) -lt "$seconds" ]; do
	for kind in "${phases[@]}"; do
		check "phase $seed, $kind" phase "$kind" "$seed"
		check "phase $seed, $kind: nothing is held afterwards" becomes_empty
		seed=$((seed + 1))
	done
done
check 'resident memory differs by at most 2 % from that after the attack' rss_is_that_of_start
sed 's/^/# /' "$work/check.out"
echo "# frames $(value frames), flows $(value flows_opened_flows), lost by full rings $(value xsk_ring_full_frames)"
check 'the agent stops' agent_stop
check 'ledgers close' ledgers_close
finish
