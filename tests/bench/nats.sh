#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# nats.sh BUILD_DIR - speed of a replay into NATS JetStream, beside a bare publisher of the same messages.
#
#   KIND      kinds of traffic of traffic.c          (default: bulk web)
#   SCALE     size of the traffic                    (default: 0.1)
#   REPLICAS  numbers of servers                     (default: 1 3)
#   RUNS      runs of each, in turn; the median is printed   (default: 3)
#
# The servers run in network namespaces of this host, so they share its processors with the publisher.
# Both begin when the server has read all messages and has made the stream again.
# Each line: traffic, replicas, program, messages, MB/s of bodies, messages/s, and the ratio of the
# time of the bare publisher to that of the program. The ratio of weft must be at least 0.8. The
# bare publisher in the order of weft has at most one message of each connection under way, so its
# ratio is what the order costs. Of several servers, all programs are connected to the one that leads
# the stream. Below: processor time of all servers, per message and per MB, which depends less on
# what else runs on this host.
. "$(dirname "$0")/../integration/lib.sh"
. "$(dirname "$0")/../integration/nats.sh"
need_root
bench=$(realpath "$1")/bench
weft=$(realpath "$1")/weft
scale=${SCALE:-0.1} runs=${RUNS:-3}
lowest=0.8

median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# replay FILE REPLICAS: publish FILE into the stream WEFT; print the seconds.
replay() {
	nats_exec "$weft" replay "$1" --nats "$nats_url" --set "sinks.nats.replicas=$2" --quiet --json |
		jq '.elapsed_ms / 1000'
}

# servers_cpu: processor time of all servers so far, in seconds.
servers_cpu() {
	local n pid sum=0 ticks
	for ((n = 1; n <= nats_count; n++)); do
		pid=$(cat "$work/nats-$n.pid")
		ticks=$(awk '{ print $14 + $15 }' "/proc/$pid/stat")
		sum=$((sum + ticks))
	done
	awk -v ticks="$sum" -v hz="$(getconf CLK_TCK)" 'BEGIN { print ticks / hz }'
}

line() { # KIND REPLICAS PROGRAM MESSAGES BYTES SECONDS RATIO
	awk -v OFS='\t' -v kind="$1" -v replicas="$2" -v program="$3" -v messages="$4" -v bytes="$5" -v sec="$6" -v ratio="$7" 'BEGIN {
		print kind, replicas " replicas", program, messages " messages",
			sprintf("%.1f MB/s", bytes / sec / 1e6), sprintf("%.0f messages/s", messages / sec), ratio }'
}

# ratio A B: print A / B.
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

# bare ARGS...: publish the messages of WEFT again; print their number, bytes and seconds, and the
# name of the leader.
bare() {
	[ "$nats_count" -eq 1 ] || set -- --led-by n1 "$@"
	nats_exec "$bench/nats_bare" "nats://$(nats_ip 1)" WEFT "$@"
}

# compare KIND FILE REPLICAS: print the lines of all programs and that of the servers; fail if weft
# is too slow.
compare() {
	local kind=$1 file=$2 replicas=$3 run messages bytes seconds before
	: >"$work/weft.sec" >"$work/bare.sec" >"$work/ordered.sec" >"$work/servers.sec"
	for ((run = 0; run < runs; run++)); do
		bare --empty || return 1
		before=$(servers_cpu)
		replay "$file" "$replicas" >>"$work/weft.sec" || return 1
		awk -v a="$before" -v b="$(servers_cpu)" 'BEGIN { print b - a }' >>"$work/servers.sec"
		read -r messages bytes seconds _ < <(bare) || return 1
		echo "$seconds" >>"$work/bare.sec"
		read -r messages bytes seconds _ < <(bare --ordered 1) || return 1
		echo "$seconds" >>"$work/ordered.sec"
	done
	local weft_sec bare_sec ordered_sec
	weft_sec=$(median <"$work/weft.sec") bare_sec=$(median <"$work/bare.sec")
	ordered_sec=$(median <"$work/ordered.sec")
	line "$kind" "$replicas" 'bare publisher' "$messages" "$bytes" "$bare_sec" 1
	line "$kind" "$replicas" 'bare publisher, order of weft' "$messages" "$bytes" "$ordered_sec" \
		"$(ratio "$bare_sec" "$ordered_sec")"
	line "$kind" "$replicas" 'weft replay' "$messages" "$bytes" "$weft_sec" "$(ratio "$bare_sec" "$weft_sec")"
	awk -v sec="$(median <"$work/servers.sec")" -v messages="$messages" -v bytes="$bytes" 'BEGIN {
		printf "\t\tservers: %.2f s of processor time, %.0f us a message, %.1f ms a MB\n",
			sec, sec / messages * 1e6, sec / bytes * 1e9 }'
	awk -v a="$bare_sec" -v b="$weft_sec" -v lowest="$lowest" 'BEGIN { exit a / b < lowest }'
}

nats_net || exit 1
failed=0
for replicas in ${REPLICAS:-1 3}; do
	nats_servers "$replicas" || exit 1
	for kind in ${KIND:-bulk web}; do
		"$bench/traffic" "$kind" "$work/$kind.pcap" "$work/truth.tsv" --scale "$scale" --seed 1 >/dev/null 2>&1
		# The first replay makes the stream, so that its creation is not measured.
		replay "$work/$kind.pcap" "$replicas" >/dev/null || exit 1
		compare "$kind" "$work/$kind.pcap" "$replicas" || {
			echo "nats.sh: $kind, $replicas replicas: below $lowest of the bare publisher" >&2
			failed=1
		}
	done
	nats_end
done
exit $failed
