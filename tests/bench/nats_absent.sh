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
# bytes, frames that were lost before they reached the worker; then the events that the output dropped. Fails if,
# by the medians, the processor time is above 1.05 or the rate is below 0.95 of that with a server, or,
# with PPS, if frames are lost while the server is away.
. "$(dirname "$0")/../integration/lib.sh"
. "$(dirname "$0")/../integration/nats.sh"
. "$(dirname "$0")/periods.sh"

dropped() { agent_stats --json | jq '.subscriptions[] | select(.name == "nats") | .dropped_events'; }
is_dropping() { [ "$(dropped)" -gt "$dropped_before" ]; }
is_connected() { agent_stats --json | jq -e '.sinks[] | select(.name == "nats") | .nats_connected == 1'; }

NO_IPV6=1 make_pair 1 && nats_net && nats_servers 1 && nats_attach "$ns_a" nats0 sensor 10.79.0.2 || exit 1
tap_agent --nats "$nats_url" --set sinks.nats.max_pending_mb=1 \
	--set delivery.queue_bytes=1048576 || exit 1
feed_start --flows "${FLOWS:-100}" ${PPS:+--pps "$PPS"}
for ((run = 0; run < ${RUNS:-5}; run++)); do
	wait_until 200 is_connected || exit 1
	period present
	nats_kill 1
	dropped_before=$(dropped)
	wait_until 300 is_dropping || exit 1
	period away
	echo "away: $(($(dropped) - dropped_before)) events dropped"
	nats_begin 1
done
kill "$feed_pid"
compare_periods away present 0.95 1.05 || {
	echo 'nats_absent.sh: a server that is away disturbs the capture' >&2
	exit 1
}
[ -z "${PPS:-}" ] || ! grep -v ' 0 frames lost' "$work/away"
