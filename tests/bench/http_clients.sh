#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# http_clients.sh BUILD_DIR - measures how hostile clients of the HTTP server affect the capture:
# rate, and processor time of the worker per byte, with these clients and without.
#
#   PPS      frames of 1446 bytes of payload per second     (default: 100000)
#   RUNS     periods with clients and as many without, in turn; medians are compared   (default: 5)
#   SECONDS_EACH   length of a period                       (default: 4)
#
# The clients: 1,000 idle connections, 50 that never read, and one after the other that sends a
# header of 100 MB. These clients run on the same machine, so they also take CPUs and caches from the
# worker: its processor time per byte shows that and has no limit here. Fails if the median rate is
# below 0.97 of that without clients, or if a frame is lost while clients are connected.
. "$(dirname "$0")/../integration/lib.sh"
. "$(dirname "$0")/cpu.sh"
need_root
feed=$(realpath "$1")/bench/live_feed
weft=$(realpath "$1")/weft
seconds=${SECONDS_EACH:-4}
client=(ip netns exec "$ns_a" python3 "$root/tests/integration/http_client.py")

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

flood() { while :; do "${client[@]}" flood "$port" header; done; }

NO_IPV6=1 make_pair 1 || exit 1
ip -n "$ns_a" addr flush dev eth0 # tap mode rejects an interface with an address
agent_start "$ns_a" eth0 --mode tap --workers 1 --listen 127.0.0.1:0 || exit 1
port=$(sed -nE 's|.*http://127\.0\.0\.1:([0-9]+)/.*|\1|p' "$work/agent.err")
background feed_pid ip netns exec "$ns_b" "$feed" eth0 --flows 100 --payload 1446 --seconds 3600 \
	--pps "${PPS:-100000}" >/dev/null
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
awk -v n1="$(median 2 <"$work/clients")" -v n2="$(median 2 <"$work/alone")" \
	-v r1="$(median 6 <"$work/clients")" -v r2="$(median 6 <"$work/alone")" 'BEGIN {
	printf "clients / alone: %.3f of the rate, %.3f of the processor time per byte\n", r1 / r2, n1 / n2
	exit r1 / r2 < 0.97 }' && ! grep -qv ' 0 frames lost' "$work/clients" || {
	echo 'http_clients.sh: hostile clients disturb the capture' >&2
	exit 1
}
