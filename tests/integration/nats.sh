# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# nats.sh - functions for tests with NATS JetStream: servers in network namespaces of their own, which
# a bridge connects. Use it after lib.sh.
#
#   nats_net                    make the bridge; $nats_hub is the namespace of the clients
#   nats_servers COUNT [CONFIG] start a cluster of 1 to 5 servers; CONFIG: lines for their files
#   nats_wait_leader            wait until JetStream is enabled; in a cluster, until its leader sees
#                               all servers
#   $nats_url                   the URLs of all servers
#   nats_kill N, nats_begin N   kill server N with SIGKILL; start it again with its stored data
#   nats_end                    end all servers, and remove their namespaces and stored data
#   nats_cut N, nats_join N     take the link of server N down and up
#   nats_stream_get STREAM      the state and the configuration of a stream as JSON
#   nats_attach NAMESPACE DEVICE NAME ADDRESS   let another namespace reach the servers
#   nats_read DIR               read the stream WEFT to DIR with bus_read.c, and its report to
#                               $work/read.json
#   nats_leader STREAM          number of the server that leads STREAM
#
# Servers are numbered from 1. All of them end at exit, as the processes of lib.sh do.

nats_hub=weft-nats-$$
nats_url=
nats_pids=()
nats_count=0
nats_config=

nats_ip() { echo "10.79.0.$((10 + $1))"; }
nats_ns() { echo "weft-n$1-$$"; }
nats_exec() { ip netns exec "$nats_hub" "$@"; }

# nats_net: the namespace of the bridge has the address 10.79.0.1.
nats_net() {
	ip netns add "$nats_hub" && namespaces+=("$nats_hub") || return 1
	ip -n "$nats_hub" link set lo up
	ip -n "$nats_hub" link add br0 type bridge || return 1
	ip -n "$nats_hub" addr add 10.79.0.1/24 dev br0
	ip -n "$nats_hub" link set br0 up
}

# nats_attach NAMESPACE DEVICE NAME ADDRESS: join NAMESPACE to the bridge by a new DEVICE, whose other
# end is called NAME.
nats_attach() {
	ip -n "$nats_hub" link add "$3" type veth peer name "$2" netns "$1" || return 1
	ip -n "$nats_hub" link set "$3" master br0 up
	ip -n "$1" link set lo up
	ip -n "$1" link set "$2" up
	ip -n "$1" addr add "$4/24" dev "$2"
}

# nats_write_config N COUNT: write the file of server N in a cluster of COUNT.
nats_write_config() {
	local n=$1 count=$2 other routes=
	for ((other = 1; other <= count; other++)); do
		[ "$other" -eq "$n" ] || routes+=",\"nats-route://$(nats_ip "$other"):6222\""
	done
	{
		echo "server_name: n$n"
		echo "listen: \"0.0.0.0:4222\""
		echo "http: \"127.0.0.1:8222\""
		echo "pid_file: \"$work/nats-$n.pid\""
		echo "jetstream { store_dir: \"$work/nats-$n\", max_mem: 64M, max_file: 64G }"
		[ "$count" -eq 1 ] ||
			echo "cluster { name: weft, listen: \"0.0.0.0:6222\", routes: [${routes#,}] }"
		printf '%s\n' "$nats_config"
	} >"$work/nats-$n.conf"
}

# nats_begin N: start server N, and wait until its monitoring port answers.
nats_begin() {
	local pid
	background pid ip netns exec "$(nats_ns "$1")" nats-server -c "$work/nats-$1.conf" \
		>>"$work/nats-$1.log" 2>&1
	nats_pids[$1]=$pid
	wait_until 100 nats_is_up "$1"
}

nats_is_up() {
	ip netns exec "$(nats_ns "$1")" curl -sf -m 2 http://127.0.0.1:8222/varz
}

nats_servers() {
	local count=$1 n
	nats_count=$count nats_config=${2:-} nats_url=
	for ((n = 1; n <= count; n++)); do
		ip netns add "$(nats_ns "$n")" && namespaces+=("$(nats_ns "$n")") || return 1
		nats_attach "$(nats_ns "$n")" eth0 "n$n" "$(nats_ip "$n")" || return 1
		nats_write_config "$n" "$count"
		nats_url+=${nats_url:+,}nats://$(nats_ip "$n"):4222
	done
	for ((n = 1; n <= count; n++)); do nats_begin "$n" || return 1; done
	nats_wait_leader
}

# nats_kill N: kill server N with SIGKILL, so that it can neither store nor announce anything more.
nats_kill() {
	kill -9 "${nats_pids[$1]}" 2>/dev/null
	wait "${nats_pids[$1]}" 2>/dev/null
	return 0
}

# nats_end: kill all servers, and remove their namespaces and stored data, so that others can be
# started.
nats_end() {
	local n
	for ((n = 1; n <= nats_count; n++)); do
		nats_kill "$n"
		ip netns del "$(nats_ns "$n")"
		rm -rf "$work/nats-$n"
	done
}

nats_cut() { ip -n "$nats_hub" link set "n$1" down; }
nats_join() { ip -n "$nats_hub" link set "n$1" up; }

# nats_jsz N QUERY: print the JetStream report of server N as JSON.
nats_jsz() {
	ip netns exec "$(nats_ns "$1")" curl -sf -m 2 "http://127.0.0.1:8222/jsz?$2"
}

# nats_has_leader: one server: JetStream is enabled; a cluster: its leader sees all peers.
nats_has_leader() {
	local n
	for ((n = 1; n <= nats_count; n++)); do
		nats_jsz "$n" '' | jq -e --argjson peers "$((nats_count - 1))" '
			if $peers == 0 then .config != null
			else .meta_cluster.leader != null and
				([.meta_cluster.replicas[]? | select(.current)] | length) == $peers
			end' >/dev/null && return 0
	done
	return 1
}

nats_wait_leader() { wait_until 300 nats_has_leader; }

# nats_stream_get STREAM: print {"config":..,"state":..,"cluster":..} as the leader of the stream
# reports it; if there is no leader, as the last server that knows the stream.
nats_stream_get() {
	local n found='' one
	for ((n = 1; n <= nats_count; n++)); do
		one=$(nats_jsz "$n" 'streams=1&config=1' |
			jq -ce --arg name "$1" '.account_details[]?.stream_detail[]? | select(.name == $name)') || continue
		found=$one
		[ "$(jq -r '.cluster.leader // empty' <<<"$one")" != "n$n" ] || break
	done
	[ -n "$found" ] && echo "$found"
}

nats_leader() {
	local leader
	leader=$(nats_stream_get "$1" | jq -r '.cluster.leader // "n1"')
	echo "${leader#n}"
}

# nats_messages STREAM: number of messages in a stream.
nats_messages() { nats_stream_get "$1" | jq .state.messages; }

nats_read() {
	mkdir -p "$1"
	nats_exec "$(dirname "$weft")/helpers/bus_read" "$nats_url" WEFT "$1" >"$work/read.json"
}

# nats_read_is FILTER: the report of the last nats_read satisfies the filter of jq.
nats_read_is() { jq -e "$1" "$work/read.json" || { cat "$work/read.json" && false; }; }
