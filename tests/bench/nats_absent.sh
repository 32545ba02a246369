#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# nats_absent.sh BUILD_DIR - measures how an absent NATS server affects the capture: rate, and
# processor time of the worker per byte, while the queue of the output is full, beside those with a
# server.
#
#   PPS      frames of 1446 bytes of payload per second   (default: as many as possible)
#   FLOWS    number of connections                         (default: 100)
#   RUNS     periods with and without the server, in turn; the median is printed   (default: 5)
#   SECONDS_EACH   length of a period                      (default: 4)
#
# One agent in tap mode sees all periods. Each line: server, ns of the worker per KiB, rate of delivered
# bytes, events that the output dropped, frames that were lost before they reached the worker. Fails if,
# by the medians, the processor time is above 1.05 or the rate is below 0.95 of that with a server, or,
# with PPS, if frames are lost while the server is away.
. "$(dirname "$0")/../integration/lib.sh"
. "$(dirname "$0")/../integration/nats.sh"
need_root
feed=$(realpath "$1")/bench/live_feed
weft=$(realpath "$1")/weft
seconds=${SECONDS_EACH:-4}

# counts: processor time of the worker in ns, delivered bytes, lost frames, dropped events.
counts() {
	local task cpu=0
	for task in /proc/"$agent_pid"/task/*; do
		case $(cat "$task/comm" 2>/dev/null) in weft-worker*) cpu=$(cut -d' ' -f1 "$task/schedstat") ;; esac
	done
	echo "$cpu $(agent_stats --json | jq -r '[.metrics.payload_delivered_bytes.value,
		([.metrics[] | select(.loss == true) | .value] | add),
		(.subscriptions[] | select(.name == "nats") | .dropped_events)] | map(tostring) | join(" ")')"
}

dropped() { counts | cut -d' ' -f4; }
is_dropping() { [ "$(dropped)" -gt "$dropped_before" ]; }
is_connected() { agent_stats --json | jq -e '.sinks[] | select(.name == "nats") | .nats_connected == 1'; }

# period NAME: measure; print a line, and add it to $work/NAME.
period() {
	local before after
	read -ra before < <(counts)
	sleep "$seconds"
	read -ra after < <(counts)
	awk -v name="$1" -v cpu=$((after[0] - before[0])) -v bytes=$((after[1] - before[1])) \
		-v lost=$((after[2] - before[2])) -v dropped=$((after[3] - before[3])) 'BEGIN {
		printf "%s\t%.0f ns per KiB\t%.1f MB/s\t%d events dropped\t%d frames lost\n", name, cpu * 1024 / bytes,
			bytes / 1e6 / '"$seconds"', dropped, lost }' | tee -a "$work/$1"
}
# median FILE COLUMN: the median of the numbers in a column.
median() { cut -f "$2" "$1" | cut -d' ' -f1 | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

NO_IPV6=1 make_pair 1 && nats_net && nats_servers 1 && nats_attach "$ns_a" nats0 sensor 10.79.0.2 || exit 1
ip -n "$ns_a" addr flush dev eth0 # tap mode rejects an interface with an address
agent_start "$ns_a" eth0 --mode tap --workers 1 --nats "$nats_url" --set sinks.nats.max_pending_mb=1 \
	--set delivery.queue_bytes=1048576 || exit 1
background feed_pid ip netns exec "$ns_b" "$feed" eth0 --flows "${FLOWS:-100}" --payload 1446 --seconds 3600 \
	${PPS:+--pps "$PPS"} >/dev/null
for ((run = 0; run < ${RUNS:-5}; run++)); do
	wait_until 200 is_connected || exit 1
	period present
	nats_kill 1
	dropped_before=$(dropped)
	wait_until 300 is_dropping || exit 1
	period away
	nats_begin 1
done
kill "$feed_pid"
awk -v ns="$(median "$work/away" 2) $(median "$work/present" 2)" -v rate="$(median "$work/away" 3) $(median "$work/present" 3)" 'BEGIN {
	split(ns, n); split(rate, r)
	printf "away / present: %.3f of the processor time per byte, %.3f of the rate\n", n[1] / n[2], r[1] / r[2]
	exit n[1] / n[2] > 1.05 || r[1] / r[2] < 0.95 }' || {
	echo 'nats_absent.sh: a server that is away disturbs the capture' >&2
	exit 1
}
[ -z "${PPS:-}" ] || ! grep -v '	0 frames lost' "$work/away"
