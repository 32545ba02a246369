#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_fleet_live.sh - a live agent publishes to three servers, from which four collectors read. The
# files of the collectors are what was downloaded, also after the agent, a collector and a server
# are killed in the middle of connections. Connections of the agent that was killed are cut, and
# continue as new ones.
#
# FLEET_ROUNDS: number of kills of each kind (default 1).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nats.sh"
. "$(dirname "$0")/fleet.sh"
. "$(dirname "$0")/web.sh"
need_root
need_weft
port=20000 # source port of the next connection; each is used once

sensor_start() {
	agent_start "$ns_a" eth0 --workers 1 --nats "$nats_url" --set sinks.nats.sensor=tap \
		--set sinks.nats.replicas=3 --set sinks.nats.max_pending_mb=256 --set delivery.queue_bytes=268435456
}

# stream_of PORT [#N]: print the path of the collector's file with the bytes that the server sent to
# client port PORT; #N: in the N-th connection with the same addresses and ports.
stream_of() { find "$work"/got/? -name "$ip_a.80-$ip_b.$1${2:-}"; }

sum_of() { sha256sum <"$1" | cut -d' ' -f1; }

# fetch_many COUNT: make COUNT downloads of 1 B to 1.4 MB, five at a time. The file of each download
# is named after its source port; the ports begin at $port.
fetch_many() (
	for ((i = 0; i < $1; i++)); do
		in_b curl -s -S -i -m 120 --local-port $((port + i)) -o "$work/received/$((port + i))" \
			"http://$ip_a/size-$((i % 5))" &
		[ $((i % 5)) -lt 4 ] || wait
	done
	wait
)

# whole PORT...: each stream file is what curl received.
whole() {
	local port file
	for port in "$@"; do
		file=$(stream_of "$port")
		[ -n "$file" ] && [ "$(sum_of "$file")" = "$(sum_of "$work/received/$port")" ] && continue
		echo "port $port differs: ${file:-no file}"
		return 1
	done
}

# has_half PORT...: the collectors have all bytes that the clients received before their pause.
has_half() {
	local port file
	for port in "$@"; do
		file=$(stream_of "$port")
		[ -e "$work/received/$port.half" ] && [ -n "$file" ] &&
			[ "$(stat -c %s "$file")" -ge "$(cat "$work/received/$port.half")" ] || return 1
	done
}

# cut_in_two PORT...: the first file has the first bytes of the download, the second one the last bytes.
cut_in_two() {
	local port first second
	for port in "$@"; do
		first=$(stream_of "$port") second=$(stream_of "$port" '#2')
		[ -s "$second" ] || { echo "port $port: no second file" && return 1; }
		cmp -n "$(stat -c %s "$first")" "$first" "$work/received/$port" || return 1
		tail -c "$(stat -c %s "$second")" "$work/received/$port" | cmp - "$second" || return 1
	done
}

# ended TYPE COUNT PORT...: there are COUNT events of TYPE for each connection.
ended() {
	local type=$1 count=$2 port
	shift 2
	fleet_events >"$work/all.json"
	for port in "$@"; do
		[ "$(jq -c --argjson port "$port" --arg type "$type" \
			'select(.event_type == $type and .src_port == $port)' "$work/all.json" | wc -l)" -eq "$count" ] || return 1
	done
}

NO_IPV6=1 make_pair && fleet_servers && nats_attach "$ns_a" nats0 sensor 10.79.0.2 || exit 1
mkdir "$work/received"
for n in 0 1 2 3; do fleet_collect "$n"; done
web_start || exit 1
for n in 0 1 2 3 4; do web_file "size-$n" $((n ? 17 * 17 ** n : 1)); done
web_file long 6000000

# ---- whole connections ----

check 'a live sensor starts' sensor_start
fetch_many 40
ports=$(seq 20000 20039)
# shellcheck disable=SC2086 # a list of ports
check 'the collectors have the end of each connection' wait_until 600 ended flow 1 $ports
# shellcheck disable=SC2086
check 'their files are what was downloaded' whole $ports
port=20100

# ---- the sensor is killed in the middle of connections ----

for ((round = 1; round <= ${FLEET_ROUNDS:-1}; round++)); do
	ports=$(seq "$port" $((port + 3))) port=$((port + 4)) clients=()
	for n in $ports; do
		background pid ip netns exec "$ns_b" python3 "$root/tests/integration/paused_get.py" \
			"$ip_a" "$ip_b" "$n" long "$work/received/$n"
		clients+=("$pid")
	done
	# shellcheck disable=SC2086
	check "round $round: half of each download is on disk" wait_until 600 has_half $ports
	kill -9 "$agent_pid"
	wait "$agent_pid" 2>/dev/null
	fleet_kill_collector $((RANDOM % 4))
	victim=$((RANDOM % 3 + 1))
	nats_kill $victim
	check "round $round: the sensor starts again" sensor_start
	for n in $ports; do touch "$work/received/$n.go"; done
	check "round $round: the downloads end" wait "${clients[@]}"
	nats_begin $victim
	# shellcheck disable=SC2086
	check "round $round: connections of the first run are cut, once" wait_until 900 ended flow_cut 1 $ports
	# shellcheck disable=SC2086
	check "round $round: they end in the second run, once" wait_until 900 ended flow 1 $ports
	# shellcheck disable=SC2086
	check "round $round: both files have their part of the download" cut_in_two $ports
done

# ---- all of it ----

port=$((port + 100))
fetch_many 10
ports=$(seq $port $((port + 9)))
# shellcheck disable=SC2086
check 'later connections end' wait_until 600 ended flow 1 $ports
# shellcheck disable=SC2086
check 'their files are what was downloaded' whole $ports
check 'nothing was dropped' jq -e '.sinks[] | select(.name == "nats") | .nats_dropped_events == 0' <(agent_stats --json)
agent_stop
check 'the sensor ends with status 0' test $? -eq 0
check 'the ledgers of the sensor close' ledgers_close
check 'each connection that was opened has one end' wait_until 300 each_open_has_one_end
fleet_end
finish
