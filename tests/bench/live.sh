#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# live.sh BUILD_DIR - measures the live packet rate with full reassembly, and compares it with a
# minimal AF_XDP receiver.
#
#   PAYLOADS  bytes of data in each segment    (default: 1446 and 10)
#   FLOWS     concurrent connections           (default: 1000)
#   SECONDS_EACH, RUNS   length and number of runs (default: 5 and 3); the median is printed
#   ALONE     1: raise the priority, so that other programs get little CPU time
#
# Both receivers use one queue of a veth in this script's own namespace; live_feed sends valid,
# advancing TCP. Each line has the rates of one receiver. The last figure of weft's line is weft's
# rate divided by the other receiver's rate.
set -u
cd "$(dirname "$0")/../.." || exit 1
out=${1:-build}
bench=$out/bench
payloads=${PAYLOADS:-1446 10}
flows=${FLOWS:-1000}
seconds=${SECONDS_EACH:-5}
runs=${RUNS:-3}
[ "$(id -u)" -eq 0 ] || {
	echo "live.sh: needs root" >&2
	exit 4
}
ns=weft-bench-$$
work=$(mktemp -d)
receiver_pid=

cleanup() {
	trap - EXIT INT TERM
	[ -n "$receiver_pid" ] && kill "$receiver_pid" 2>/dev/null && wait "$receiver_pid" 2>/dev/null
	ip netns del "$ns" 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# On two CPUs or more, the source and the receiver each have their own CPU.
source_cpu=() receiver_cpu=()
[ "$(nproc)" -ge 2 ] && source_cpu=(taskset -c 0) receiver_cpu=(taskset -c 1)
if [ "${ALONE:-0}" = 1 ]; then
	source_cpu+=(nice -n -20) receiver_cpu+=(nice -n -20)
fi

prepare() {
	ip netns add "$ns" || exit 4
	ip -n "$ns" link add tx0 type veth peer name rx0
	ip netns exec "$ns" sysctl -qw net.ipv6.conf.tx0.disable_ipv6=1 net.ipv6.conf.rx0.disable_ipv6=1
	ip -n "$ns" link set tx0 up
	ip -n "$ns" link set rx0 up
}

# A receiver is ready when its program is attached. weft first attaches an empty program, to see
# whether native mode works; therefore `weft stats` must answer.
bare_is_ready() { ip -n "$ns" link show rx0 | grep -q xdp; }
weft_is_ready() { "$out/weft" stats -i rx0 --set control.dir="$work" >/dev/null 2>&1; }

# start READY COMMAND...: start a receiver and wait until the function READY returns 0.
start() {
	local try ready=$1
	shift
	"${receiver_cpu[@]}" ip netns exec "$ns" "$@" >"$work/out" 2>"$work/err" &
	receiver_pid=$!
	for ((try = 0; try < 100; try++)); do
		"$ready" && sleep 0.3 && return
		kill -0 "$receiver_pid" 2>/dev/null || break
		sleep 0.1
	done
	cat "$work/err" >&2
	exit 1
}

feed() {
	"${source_cpu[@]}" ip netns exec "$ns" "$bench/live_feed" tx0 --flows "$flows" --payload "$1" \
		--seconds "$seconds"
}

stop() {
	sleep 0.3
	kill -TERM "$receiver_pid"
	wait "$receiver_pid"
	receiver_pid=
}

# run_bare PAYLOAD, run_weft PAYLOAD: print the frames per second that were sent and received;
# run_weft also prints the rate of delivered bytes, and whether the ledgers close.
run_bare() {
	local sent received
	start bare_is_ready "$bench/xsk_bare" rx0
	sent=$(feed "$1")
	stop
	received=$(awk '{ print $4 }' "$work/out")
	echo "$sent" | awk -v r="$received" '{ printf "%.0f %.0f\n", $6, r / $4 }'
}

run_weft() {
	local sent
	start weft_is_ready "$out/weft" run -i rx0 --mode tap --workers 1 --checksum "${CHECKSUM:-auto}" --json \
		--set control.dir="$work"
	sent=$(feed "$1")
	stop
	echo "$sent" | awk -v m="$(weft_metric xsk_received_frames)" \
		-v d="$(weft_metric payload_delivered_bytes)" \
		-v l="$(grep -o 'NOT closed' "$work/out" "$work/err" | wc -l)" \
		'{ printf "%.0f %.0f %.0f MB/s delivered, %s\n", $6, m / $4, d / $4 / 1e6,
			l ? "a ledger is NOT closed" : "all ledgers closed" }'
}

weft_metric() { jq -r "(.metrics.$1.value? // .$1?) // 0" "$work/out" 2>/dev/null | head -n 1; }

median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

prepare
for payload in $payloads; do
	: >"$work/bare" && : >"$work/weft"
	for ((run = 0; run < runs; run++)); do
		run_bare "$payload" >>"$work/bare"
		run_weft "$payload" >>"$work/weft"
	done
	bare=$(cut -d' ' -f2 "$work/bare" | median)
	weft=$(cut -d' ' -f2 "$work/weft" | median)
	printf 'live %5s bytes  bare AF_XDP receiver  %9s sent/s %9s received/s\n' "$payload" \
		"$(cut -d' ' -f1 "$work/bare" | median)" "$bare"
	printf 'live %5s bytes  weft, 1 worker        %9s sent/s %9s received/s  (%s)  %s of bare\n' \
		"$payload" "$(cut -d' ' -f1 "$work/weft" | median)" "$weft" \
		"$(tail -n 1 "$work/weft" | cut -d' ' -f3-)" \
		"$(awk -v a="$weft" -v b="$bare" 'BEGIN { printf "%.3f", a / b }')"
done
