#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_interfaces.sh - one agent captures on two interfaces: streams from both are rebuilt, and a
# connection whose directions arrive on different interfaces is reported once. The test runs without
# and with busy polling.
. "$(dirname "$0")/lib.sh"
need_root
need_weft
feed=$root/tests/integration/queue_feed.py

# Make a second veth pair between the same namespaces.
make_second() {
	local ns
	ip -n "$ns_a" link add eth1 type veth peer name eth1 netns "$ns_b" || return 1
	for ns in "$ns_a" "$ns_b"; do
		ip netns exec "$ns" sysctl -qw net.ipv6.conf.eth1.disable_ipv6=1
		ip -n "$ns" link set eth1 up
	done
	ip -n "$ns_a" addr flush dev eth0
}

received() { [ "$(agent_metric frames)" -ge "$1" ]; }

run() { # NAME ARGS...
	local name=$1 sent
	shift
	agent_start "$ns_a" eth0,eth1 --mode tap --workers 2 --checksum ignore \
		--streams "$work/$name" --set concurrency.performance_mode=safe "$@" || return 1
	sent=$(in_b python3 "$feed" send eth0,eth1 1) || return 1
	wait_until 100 received "$sent" || {
		echo "sent $sent, received $(agent_metric frames)"
		return 1
	}
	agent_stats --json >"$work/stats.json"
	agent_stop && same_files "$work/truth" "$work/$name" && ledgers_close >/dev/null &&
		[ "$(jq .metrics.flows_opened_flows.value "$work/stats.json")" = 24 ] &&
		[ "$(jq .metrics.ownership_violations.value "$work/stats.json")" = 0 ]
}

both_detached() {
	! in_a ip link show eth0 | grep -q xdp && ! in_a ip link show eth1 | grep -q xdp
}

python3 "$feed" truth "$work/truth" || exit 1
NO_IPV6=1 make_pair 1 && make_second || skip_all 'no second pair'
check 'connections across two interfaces are whole' run plain
check 'the same with busy polling' run busy --set capture.busy_poll_us=50
check 'both interfaces are free again' both_detached
check_weft 'an interface that is given twice is refused' 2 'run: lo: the interface is given twice' run -i lo,lo

# ---- the interface of a connection ----

# Give the interfaces addresses in two networks, so that the address of the server chooses one.
give_addresses() {
	ip -n "$ns_a" addr add 10.78.0.1/24 dev eth0 && ip -n "$ns_a" addr add 10.79.0.1/24 dev eth1 &&
		ip -n "$ns_b" addr add 10.79.0.2/24 dev eth1
}
cat >"$work/server.py" <<'PYTHON'
import socketserver
class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.readline())
socketserver.TCPServer(("", 80), Handler).serve_forever()
PYTHON
visit() { # ADDRESS
	in_a python3 -c 'import socket, sys
peer = socket.create_connection((sys.argv[1], 80), 5)
peer.sendall(b"hello\n")
assert peer.recv(100) == b"hello\n" and not peer.recv(100)' "$1"
}
interfaces_of() { # FILE: print the destination and the interface of each connection
	jq -r 'select(.event_type == "flow" and .dest_port == 80) | "\(.dest_ip) \(.in_iface)"' "$1" | sort
}
give_addresses || exit 1
background server ip netns exec "$ns_b" python3 "$work/server.py"
check 'a server on both interfaces' wait_until 50 visit 10.78.0.2
check 'an agent in host mode' agent_start "$ns_a" eth0,eth1 --mode host --events "$work/events.json" \
	--pcap "$work/clean.pcapng"
check 'a connection on each' eval 'visit 10.78.0.2 && visit 10.79.0.2'
check 'the agent ends' agent_stop
check 'events have the interface of their connection' diff <(interfaces_of "$work/events.json") - \
	<<<$'10.78.0.2 eth0\n10.79.0.2 eth1'
check 'the events match their schemas' eve_is_valid "$work/events.json" flow
check 'packets have the interface of their connection' diff - <(tshark -r "$work/clean.pcapng" -n \
	-Y 'tcp.flags.syn == 1 && tcp.flags.ack == 0' -T fields -e ip.dst -e frame.interface_name \
	2>/dev/null | sort) <<<$'10.78.0.2\teth0\n10.79.0.2\teth1'
finish
