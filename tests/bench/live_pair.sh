# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# live_pair.sh - sourced by benchmarks of readers of one live capture. $1 is the build directory. The
# benchmark defines reader_pids, which prints the processes that it has started, for the clean-up.
#
#   PAYLOAD   bytes of data in each segment    (default: 1446, as in the traffic "bulk")
#   FLOWS     concurrent connections           (default: 8)
#   PPS       segments per second; 0: as many as possible (default: 0)
#   SECONDS_EACH, RUNS   length and number of runs (default: 4 and 5); the medians are printed
#   ALONE     1: raise the priority of all processes, so that other programs get little CPU time
#
# The capturing process has a higher priority than source and readers, as the agent gives itself
# (weft-run(1), Priority).

# shellcheck source=tests/bench/cpu.sh
. tests/bench/cpu.sh
out=${1:-build}
bench=$out/bench
payload=${PAYLOAD:-1446} flows=${FLOWS:-8} seconds=${SECONDS_EACH:-4} runs=${RUNS:-5} pps=${PPS:-0}
[ "$(id -u)" -eq 0 ] || {
	echo "$(basename "$0"): needs root" >&2
	exit 4
}
ns=weft-bench-$$
work=$(mktemp -d)
agent_pid=''

cleanup() {
	local pid
	trap - EXIT INT TERM
	for pid in $agent_pid $(reader_pids); do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; done
	ip netns del "$ns" 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# On two CPUs or more, the source and the process with the worker each have one CPU. A reader in
# another process is pinned only if the benchmark pins it.
source_cpu=() worker_cpu=() pace=() priority=() agent_priority=()
[ "$(nproc)" -ge 2 ] && source_cpu=(taskset -c 0) worker_cpu=(taskset -c 1)
[ "$pps" -gt 0 ] && pace=(--pps "$pps")
[ "${ALONE:-0}" = 1 ] && priority=(nice -n -10) agent_priority=(nice -n -20)

wait_for() {
	local try
	for ((try = 0; try < 100; try++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	cat "$work"/*.err >&2
	exit 1
}
stats() { "$out/weft" stats -i rx0 --set control.dir="$work" --json; }
metric() { stats | jq ".metrics.$1.value"; }

# start_agent ARGS...: start an agent that captures what feed() sends.
start_agent() {
	"${agent_priority[@]}" "${worker_cpu[@]}" ip netns exec "$ns" "$out/weft" run -i rx0 --mode tap --workers 1 "$@" \
		--set control.dir="$work" >"$work/agent.out" 2>"$work/agent.err" &
	agent_pid=$!
	wait_for stats
}

# stop_agent: end the agent with SIGTERM.
stop_agent() {
	kill -TERM "$agent_pid"
	wait "$agent_pid"
	agent_pid=
}

feed() {
	"${priority[@]}" "${source_cpu[@]}" ip netns exec "$ns" "$bench/live_feed" tx0 --flows "$flows" --payload "$payload" \
		--seconds "$seconds" "${pace[@]}" >"$work/feed.out"
}

ip netns add "$ns" || exit 4
ip -n "$ns" link add tx0 type veth peer name rx0
ip netns exec "$ns" sysctl -qw net.ipv6.conf.tx0.disable_ipv6=1 net.ipv6.conf.rx0.disable_ipv6=1
ip -n "$ns" link set tx0 up
ip -n "$ns" link set rx0 up
