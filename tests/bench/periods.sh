# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# periods.sh - sourced by benchmarks that compare periods of one agent in tap mode: with a disturbance
# and without, in turn. Source it after tests/integration/lib.sh; $1 is the build directory.

# shellcheck source=tests/bench/cpu.sh
. "$(dirname "${BASH_SOURCE[0]}")/cpu.sh"
need_root
feed=$(realpath "$1")/bench/live_feed
weft=$(realpath "$1")/weft
seconds=${SECONDS_EACH:-4}

# counts: processor time of the worker in ns, delivered bytes, lost frames.
counts() {
	echo "$(cpu_ns "$agent_pid" 'weft-worker*') $(agent_stats --json | jq -r '
		[.metrics.payload_delivered_bytes.value, ([.metrics[] | select(.loss == true) | .value] | add)] |
		map(tostring) | join(" ")')"
}

# period NAME: measure; print a line "NAME ns-per-KiB MB/s lost", and add it to $work/NAME.
period() {
	local before after
	read -ra before < <(counts)
	sleep "$seconds"
	read -ra after < <(counts)
	awk -v name="$1" -v cpu=$((after[0] - before[0])) -v bytes=$((after[1] - before[1])) \
		-v lost=$((after[2] - before[2])) -v s="$seconds" 'BEGIN {
		printf "%s %.0f ns per KiB, %.1f MB/s, %d frames lost\n", name, cpu * 1024 / bytes, bytes / 1e6 / s, lost }' |
		tee -a "$work/$1"
}

# compare_periods WITH WITHOUT LEAST [MOST]: print the ratios of the medians of two kinds of periods.
# Return 1 if that of the rate is below LEAST, or that of the processor time per byte above MOST.
compare_periods() {
	awk -v names="$1 / $2" -v n1="$(median 2 <"$work/$1")" -v n2="$(median 2 <"$work/$2")" \
		-v r1="$(median 6 <"$work/$1")" -v r2="$(median 6 <"$work/$2")" -v least="$3" -v most="${4:-0}" 'BEGIN {
		printf "%s: %.3f of the rate, %.3f of the processor time per byte\n", names, r1 / r2, n1 / n2
		exit r1 / r2 < least || (most && n1 / n2 > most) }'
}

# tap_agent ARGS...: start the agent in tap mode on a pair of devices.
tap_agent() {
	ip -n "$ns_a" addr flush dev eth0 # tap mode rejects an interface with an address
	agent_start "$ns_a" eth0 --mode tap --workers 1 "$@"
}

# feed_start ARGS...: send frames of 1446 bytes of payload for an hour, or until $feed_pid, which it
# sets, is killed.
feed_start() {
	background feed_pid ip netns exec "$ns_b" "$feed" eth0 --payload 1446 --seconds 3600 "$@" >/dev/null
}
