#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_endpoints.sh - the hosts that an agent has seen: their connections and bytes equal those of the
# real traffic, a flood of SYNs adds none, the limit and the TTL remove hosts, and so does the command.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web.sh"
need_root
need_weft
feed=$(dirname "$weft")/bench/live_feed
files=6 # number of downloads of each host

endpoints() { "$weft" endpoints -i eth0 --set "control.dir=$work/control" "$@"; }
# hosts_are JQ_FILTER ARGS...: the answer of `weft endpoints --json ARGS` satisfies the filter.
hosts_are() {
	endpoints --json "${@:2}" >"$work/hosts.json" || return 1
	cat "$work/hosts.json"
	jq -e "$1" "$work/hosts.json"
}
metric_is() { # NAME VALUE: the metrics have a line with this name and value
	agent_stats --format prometheus >"$work/metrics" || return 1
	grep -F "${1%%\{*}" "$work/metrics"
	grep -qxF "$1 $2" "$work/metrics"
}
http() { # STATUS ARGS...
	local got
	got=$(in_a curl -s -m 20 -o "$work/body" -w '%{http_code}' "http://127.0.0.1:$port$2" "${@:3}")
	cat "$work/body"
	[ "$got" = "$1" ]
}
download() { # SOURCE: download the file several times from this address
	local i
	for ((i = 0; i < files; i++)); do
		in_b curl -sf -m 20 --interface "$1" "http://$ip_a/file" | cmp - "$web_root/file" || return 1
	done
}
start() { # ARGS...
	agent_start "$ns_a" eth0 --workers 2 --listen 127.0.0.1:0 --set reassembly.checksum=ignore \
		--set memory.cleanup_interval_sec=1 "$@" || return 1
	port=$(sed -nE 's|.*http://127\.0\.0\.1:([0-9]+)/.*|\1|p' "$work/agent.err")
	token="Authorization: Bearer $(cat "$work/control/eth0.token")"
}

NO_IPV6=1 make_pair 2 || exit 1
for i in 1 2 3; do ip -n "$ns_b" addr add "10.78.0.$((10 + i))/24" dev eth0; done
# With GRO, a veth interface without an XDP program receives the frames that live_feed sends.
in_a ethtool -K eth0 gro on
# The SYNs to this address reach the agent, and nobody answers.
ip -n "$ns_b" neigh add 10.78.0.99 lladdr 02:00:00:00:00:99 dev eth0
web_start
web_file file 100000
check 'an agent starts' start

# ---- what was seen ----

check 'no host is seen yet' hosts_are '.endpoints == [] and .total == 0 and .limit == 10000'
for i in 1 2 3; do check "files are downloaded by 10.78.0.1$i" download "10.78.0.1$i"; done
counts_are_right() {
	hosts_are ".total == 4 and (.endpoints | length) == 4 and
		all(.endpoints[] | select(.address != \"$ip_a\"); .connections_total == $files and .connections_as_client == $files
			and .connections_open == 0 and .bytes_received > 100000 * $files and .bytes_received < 130000 * $files
			and .bytes_sent > 0 and .half_open == 0 and .first_seen < .last_seen) and
		(.endpoints[] | select(.address == \"$ip_a\") | .connections_total == 3 * $files and .connections_as_client == 0)"
}
check 'each host has its connections and bytes' wait_until 50 counts_are_right
sums_agree() { # all hosts together have sent as many bytes as they have received
	hosts_are '([.endpoints[].bytes_sent] | add) == ([.endpoints[].bytes_received] | add)'
}
check 'sent and received bytes agree' sums_agree
check 'the command prints a table of at most 80 columns' eval 'endpoints --sort address | tee "$work/table" &&
	grep -qE "^10\.78\.0\.11 +0 +6 +6 +0 " "$work/table" && grep -qx "4 of 4 hosts" "$work/table" && ! grep -E ".{81}" "$work/table"'
check 'a prefix selects hosts' hosts_are '[.endpoints[].address] == ["10.78.0.12", "10.78.0.13"]' --sort address 10.78.0.12/31
check '--sort and --count select hosts' hosts_are "[.endpoints[].address] == [\"$ip_a\"] and .total == 4" --sort connections --count 1
check 'the metric weft_endpoints is the number of hosts' metric_is weft_endpoints 4
check 'the subscription lost nothing' metric_is 'weft_subscription_dropped_events_total{name="endpoints"}' 0

background half_pid ip netns exec "$ns_b" python3 -c "
import socket, time
clients = [socket.socket() for _ in range(7)]
for client in clients:
    client.bind(('10.78.0.13', 0))
    client.setblocking(False)
    client.connect_ex(('10.78.0.99', 80))
time.sleep(1000)"
check 'half-open connections are counted at the host that opened them' wait_until 50 hosts_are \
	'[.endpoints[] | select(.half_open == 7) | .address] == ["10.78.0.13"]'
check 'half-open connections add no host' hosts_are '.total == 4'
kill "$half_pid"

# ---- requests that are wrong, and removal ----

check_weft 'a wrong prefix is rejected' 2 'prefix: not an address' endpoints -i eth0 --set "control.dir=$work/control" 10.0.0.1/8
check_weft 'a wrong order is rejected' 2 'sort: not one of last' endpoints -i eth0 --set "control.dir=$work/control" --sort size
check_weft 'a wrong number is rejected' 2 "'0' is not a number from 1 to 1000" endpoints --count 0
check_weft 'an unknown host is not removed' 3 '10.9.9.9: there is no such host' \
	endpoints -i eth0 --set "control.dir=$work/control" remove 10.9.9.9
check 'a host is removed' eval 'endpoints remove 10.78.0.11 && hosts_are "all(.endpoints[]; .address != \"10.78.0.11\")"'
check 'HTTP lists the hosts' eval 'http 200 "/api/v1/endpoints?sort=address&limit=2" &&
	jq -e ".total == 3 and ([.endpoints[].address] == [\"$ip_a\", \"10.78.0.12\"])" "$work/body"'
check 'HTTP: a wrong prefix: 400' http 400 '/api/v1/endpoints?prefix=10.0.0.1/8'
check 'HTTP: removal without the token: 401' http 401 /api/v1/endpoints/10.78.0.12 -X DELETE
check 'HTTP: removal with the token: 200' http 200 /api/v1/endpoints/10.78.0.12 -X DELETE -H "$token"
check 'HTTP: removal of an unknown host: 404' http 404 /api/v1/endpoints/10.78.0.12 -X DELETE -H "$token"
check 'HTTP: removal of a prefix: 422' http 422 /api/v1/endpoints/10.78.0.0%2F24 -X DELETE -H "$token"
check 'removals are counted' metric_is weft_endpoints_removed_total 2

# ---- a flood of SYNs ----

flood_seen() { [ "$(agent_metric embryonic_active_flows | tee /dev/stderr)" -ge 10000 ]; }
check '20,000 SYNs, each from another source' in_b "$feed" eth0 --flows 1 --payload 10 --syns 1 --lead-syns 20000 --pps 20000 --frames 40000
check 'the SYNs reach the agent as half-open connections' wait_until 50 flood_seen
check 'the SYNs add no host but those of the real connection' eval '[ "$(endpoints --json | jq .total)" -le 5 ]'
check 'the agent ends with status 0' agent_stop
check 'the ledgers close' ledgers_close

# ---- limits ----

# The TTL is longer than the time between two downloads, so that the limit removes hosts first.
check 'an agent with a small table starts' start --set endpoints.max_entries=2 --set endpoints.ttl_sec=5
for i in 1 2 3; do check "files are downloaded by 10.78.0.1$i" download "10.78.0.1$i"; done
check 'hosts are evicted, and counted' eval 'wait_until 50 eval "hosts_are \".hosts <= 2 and .evicted >= 2\" || metric_is weft_endpoints_evicted_total 2" &&
	endpoints | grep "hosts were removed"'
all_expired() {
	metric_is weft_endpoints 0 && grep -E '^weft_cleanup_items_total\{task="endpoints"\} [1-9]' "$work/metrics" &&
		grep -E '^weft_cleanup_runs_total\{task="endpoints"\} [1-9]' "$work/metrics"
}
check 'a cleanup task removes idle hosts' wait_until 200 all_expired
agent_stop
check 'an agent without a table starts' start --set endpoints.record=false
check_weft 'without a table, the command reports why it lists no hosts' 1 'endpoints.record is false' endpoints -i eth0 --set "control.dir=$work/control"
agent_stop
finish
