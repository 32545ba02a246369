#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# http_clients.sh BUILD_DIR - measures how hostile clients of the HTTP server affect the capture:
# rate, and processor time of the worker per byte, with these clients and without.
#
#   PPS      frames of 1446 bytes of payload per second     (default: 20000)
#   RUNS     periods with clients and as many without, in turn; medians are compared   (default: 5)
#   SECONDS_EACH   length of a period                       (default: 4)
#
# The clients: 1,000 idle connections, 50 that never read, and one after the other that sends a
# header of 100 MB. These clients run on the same machine, so they also take CPUs and caches from the
# worker: its processor time per byte shows that and has no limit here. Fails if the median rate is
# below 0.97 of that without clients, which includes the frames that are lost.
. "$(dirname "$0")/../integration/lib.sh"
. "$(dirname "$0")/periods.sh"
client=(ip netns exec "$ns_a" python3 "$root/tests/integration/http_client.py")

flood() { while :; do "${client[@]}" flood "$port" header; done; }

NO_IPV6=1 make_pair 1 && tap_agent --listen 127.0.0.1:0 || exit 1
port=$(sed -nE 's|.*http://127\.0\.0\.1:([0-9]+)/.*|\1|p' "$work/agent.err")
feed_start --flows 100 --pps "${PPS:-20000}"
for ((run = 0; run < ${RUNS:-5}; run++)); do
	period alone
	background idle_pid "${client[@]}" idle "$port" 1000 >"$work/idle"
	background slow_pid "${client[@]}" slow "$port" 50 >"$work/slow"
	background flood_pid flood >/dev/null 2>&1
	wait_until 200 eval 'grep -q ready "$work/idle" && grep -q ready "$work/slow"' || exit 1
	period clients
	kill "$flood_pid" "$idle_pid" "$slow_pid"
	wait "$flood_pid" "$idle_pid" "$slow_pid" 2>/dev/null
done
kill "$feed_pid"
compare_periods clients alone 0.97 || {
	echo 'http_clients.sh: hostile clients disturb the capture' >&2
	exit 1
}
