# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# lib.sh - functions for tests/integration/test_*.sh: TAP output, network namespaces, agents.
#
#   . "$(dirname "$0")/lib.sh"
#   check 'what must hold' COMMAND ARGS...      ok if COMMAND returns 0; otherwise its output is shown
#
# Processes that these functions start are ended at exit, by their pids. WEFT_SLOW: the factor by
# which this machine is slower than a physical one; lib_gone, agent_start and wait_until multiply
# their time limits by it.
set -u

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
weft=$root/${WEFT_BUILD:-build}/weft
case ${WEFT_BUILD:-} in /*) weft=$WEFT_BUILD/weft ;; esac
own_corpus=$root/tests/corpus
corpus=${WEFT_CORPUS:-$own_corpus}
work=$(mktemp -d /tmp/weft-test-XXXXXX)
chmod 755 "$work"
namespaces=()
pids=()
tests_failed=0
export WEFT_SLOW=${WEFT_SLOW:-1}
export PYTHONDONTWRITEBYTECODE=1 # do not write __pycache__ into the source tree, which other tests copy

lib_cleanup() {
	local pid ns
	trap - EXIT INT TERM
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done
	for pid in "${pids[@]}"; do
		lib_gone "$pid" 50 || kill -9 "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	for ns in "${namespaces[@]}"; do ip netns del "$ns" 2>/dev/null; done
	rm -rf "$work"
}
trap lib_cleanup EXIT
trap 'exit 1' INT TERM

# lib_gone PID TENTHS: wait until PID has ended, at most TENTHS of a second times WEFT_SLOW; a
# zombie counts as ended.
lib_gone() {
	local try
	for ((try = 0; try < $2 * WEFT_SLOW; try++)); do
		case $(ps -o state= -p "$1" 2>/dev/null) in '' | Z*) return 0 ;; esac
		sleep 0.1
	done
	return 1
}

ok() { echo "ok - $1"; }
not_ok() {
	echo "not ok - $1"
	tests_failed=$((tests_failed + 1))
}
diag() { sed 's/^/# /'; }
skip() { echo "ok - $1 # SKIP $2"; }

skip_all() {
	skip "$(basename "$0" .sh)" "$1"
	exit 0
}

# finish: end the test; the exit status is 0 only if no check failed.
finish() { exit $((tests_failed > 0)); }

check() {
	local name=$1 out=$work/check.out
	shift
	if "$@" >"$out" 2>&1; then
		ok "$name"
	else
		not_ok "$name"
		{
			echo "status $? of: $*"
			tail -n 40 "$out"
		} | diag
		return 1
	fi
}

# check_weft NAME STATUS PATTERN ARGS...: `weft ARGS` exits with STATUS, and a line of its output or
# of its messages matches PATTERN (grep -E).
check_weft() {
	local name=$1 status=$2 pattern=$3 got
	shift 3
	"$weft" "$@" >"$work/out" 2>"$work/err" </dev/null
	got=$?
	if [ "$got" -eq "$status" ] && cat "$work/err" "$work/out" | grep -qE -- "$pattern"; then
		ok "$name"
	else
		not_ok "$name"
		{
			echo "weft $*: status $got, expected $status and /$pattern/"
			head -n 20 "$work/err" "$work/out"
		} | diag
		return 1
	fi
}

# install_to DIR PREFIX: `make install` of the build under test, without building it again, because
# other tests run its programs at the same time. Manual pages may be made, by one test at a time. If
# the build under test has a sanitizer, the build without one is installed instead, because a
# program without a sanitizer can't be linked with libraries that have one.
install_to() {
	local out=${WEFT_BUILD:-build}
	[[ $out != *san-* ]] || out=build
	flock "${weft%/weft}" make -C "$root" --no-print-directory -o all install "O=$out" "DESTDIR=$1" "PREFIX=$2"
}

# kernel_is MAJOR MINOR: the kernel has at least this version.
kernel_is() { printf '%s\n%s\n' "$1.$2" "$(uname -r)" | sort -CV; }

need_root() { [ "$(id -u)" -eq 0 ] || skip_all 'needs root'; }
need_corpus() {
	[ -s "$corpus/expected.tsv" ] && return
	not_ok "$corpus/expected.tsv exists and is not empty"
	finish
}
need_weft() {
	[ -x "$weft" ] && return
	not_ok "$weft is built"
	finish
}

# ---- namespaces: two, joined by a veth pair whose ends are both named eth0 ----

ns_a=weft-a-$$
ns_b=weft-b-$$
ip_a=10.78.0.1
ip_b=10.78.0.2

# make_pair [QUEUES [MTU]]: make both namespaces and the veth pair.
make_pair() {
	local queues=${1:-1} mtu=${2:-1500} ns
	ip netns add "$ns_a" && namespaces+=("$ns_a") || return 1
	ip netns add "$ns_b" && namespaces+=("$ns_b") || return 1
	ip -n "$ns_a" link add eth0 numrxqueues "$queues" numtxqueues "$queues" type veth \
		peer name eth0 netns "$ns_b" numrxqueues "$queues" numtxqueues "$queues" || return 1
	for ns in "$ns_a" "$ns_b"; do
		ip netns exec "$ns" sysctl -qw net.ipv6.conf.eth0.disable_ipv6="${NO_IPV6:-0}"
		ip -n "$ns" link set eth0 mtu "$mtu"
		ip -n "$ns" link set lo up
		ip -n "$ns" link set eth0 up
	done
	ip -n "$ns_a" addr add "$ip_a/24" dev eth0
	ip -n "$ns_b" addr add "$ip_b/24" dev eth0
}

drop_pair() {
	local ns
	for ns in "${namespaces[@]}"; do ip netns del "$ns"; done
	namespaces=()
}

in_a() { ip netns exec "$ns_a" "$@"; }
in_b() { ip netns exec "$ns_b" "$@"; }

# background NAME COMMAND...: start COMMAND, set NAME to its pid, and end it at exit. If COMMAND is
# a function, it must end its own children.
background() {
	local -n lib_pid=$1
	shift
	"$@" &
	lib_pid=$!
	pids+=("$lib_pid")
}

# ---- the agent ----

# WEFT_SET: KEY=VALUE, a setting for each agent that agent_start starts, so that a test can be
# repeated with another setting.
#
# agent_start NAMESPACE IFACE ARGS...: start an agent with a higher priority than other processes,
# as is advisable on a busy host, and wait until it captures. Sets agent_pid, and agent_iface to the
# first interface; messages are written to $work/agent.err.
agent_start() {
	local ns=$1 iface=$2 try
	shift 2
	agent_iface=${iface%%,*}
	background agent_pid ip netns exec "$ns" nice -n -10 "$weft" run -i "$iface" \
		--set "control.dir=$work/control" --set "agent.state_dir=$work/state" ${WEFT_SET:+--set "$WEFT_SET"} "$@" 2>"$work/agent.err"
	for ((try = 0; try < 300 * WEFT_SLOW; try++)); do
		agent_stats >/dev/null 2>&1 && return 0
		kill -0 "$agent_pid" 2>/dev/null || break
		sleep 0.1
	done
	cat "$work/agent.err" >&2
	return 1
}

agent_stats() { "$weft" stats -i "$agent_iface" --set "control.dir=$work/control" "$@"; }
agent_metric() { agent_stats --json | jq ".metrics.$1.value"; }

# http STATUS JQ-FILTER METHOD PATH [CURL ARGS...]: the response of the agent in namespace a at port
# $port has the status and satisfies the filter.
http() {
	local got
	got=$(in_a curl -s -m 20 -o "$work/body" -w '%{http_code}' -X "$3" "http://127.0.0.1:$port$4" "${@:5}")
	cat "$work/body"
	[ "$got" = "$1" ] && jq -e "$2" "$work/body" >/dev/null && return
	echo "status $got, expected $1 and $2"
	return 1
}

# agent_has_seen FRAMES: the kernel program has seen at least FRAMES frames, and every ledger closes,
# so all of them have an outcome.
agent_has_seen() {
	agent_stats --json | jq -e --argjson frames "$1" '.metrics.kernel_seen_frames.value >= $frames and (.ledgers | all(.closed))'
}

# agent_exec COMMAND...: run COMMAND in the agent's network and mount namespaces (with its bpffs).
agent_exec() { nsenter -t "$agent_pid" -n -m -- "$@"; }

# flow_map: print the agent's flow map of eth0 as JSON. A request for flows first moves there what CPUs
# have counted since the last move.
flow_map() {
	"$weft" flows -i "$agent_iface" --set "control.dir=$work/control" --count 1 >/dev/null &&
		agent_exec bpftool -j map dump pinned /sys/fs/bpf/weft/eth0/flows
}

# agent_stop: stop the agent; returns its exit status.
agent_stop() {
	kill -TERM "$agent_pid" 2>/dev/null
	wait "$agent_pid"
}

# ledgers_close: every ledger of the summary in $work/agent.err closes, and the summary has a ledger
# for payload.
ledgers_close() {
	cat "$work/agent.err"
	grep -q 'ledger payload_bytes closed' "$work/agent.err" &&
		! grep -q 'NOT closed' "$work/agent.err"
}

# eve_is_valid FILE TYPE...: each event in FILE matches its schema, and FILE has an event of each
# TYPE.
eve_is_valid() { /usr/bin/python3 "$root/tests/eve/check_eve.py" "$@"; }

# same_files DIR DIR: both have the same stream files with the same bytes.
same_files() { diff -r -x '.*' "$1" "$2"; }

# jq 1.6 with -e succeeds if its input is empty, for example because no agent answered. This
# function then returns 4.
jq() {
	local arg out status exits=0
	for arg in "$@"; do [[ $arg =~ ^-[a-z]*e[a-z]*$ ]] && exits=1; done
	[ $exits -eq 1 ] || {
		command jq "$@"
		return
	}
	out=$(command jq "$@")
	status=$?
	[ -z "$out" ] || printf '%s\n' "$out"
	[ $status -ne 0 ] || [ -n "$out" ] || status=4
	return $status
}
export -f jq

# wait_until TENTHS COMMAND...: repeat COMMAND until it succeeds. TENTHS / 10 s suffice on an idle machine.
# The limit is at least 30 s times WEFT_SLOW, because other programs, among them another test, may delay
# weft. A check of how fast weft does something must measure the time itself.
wait_until() {
	local tenths=$(($1 < 300 ? 300 : $1))
	local end=$((${EPOCHREALTIME/./} + tenths * WEFT_SLOW * 100000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/./}" -lt "$end" ] || return 1
		sleep 0.1
	done
}
