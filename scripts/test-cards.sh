#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test-cards.sh SERIES [COMMAND...] - run COMMAND (default: the tests in tests/guest) under another
# kernel, in a guest that has network cards with two real drivers, virtio_net and e1000e. The cards
# are connected to a hub, and so are a client and a server on this machine, which communicate with
# each other and with the guest.
#
#   [client] 10.88.0.1 ── veth ──┐                    ┌── tap ── virtio-net, 4 queue pairs ─┐
#                                ├── br0 in [hub] ────┼── tap ── e1000e ────────────────────┼─ guest
#   [server] 10.88.0.2 ── veth ──┘                    └── tap ── virtio-net, 1 queue, fixed ┤
#             tests/guest/host_commands.py, 10.99.0.1 ─── tap ── virtio-net, 1 queue ───────┘
#
# fixed: the guest can't change this card's offloads, so its driver rejects native XDP.
#
# Needs root. Removes everything that it made at exit.
set -u
cd "$(dirname "$0")/.." || exit 1
series=${1:?series, as 6.1}
shift
[ $# -gt 0 ] || set -- scripts/run-tests.sh cards "${WEFT_BUILD:-build}"

export CARDS_HUB=weft-hub-$$ CARDS_CLIENT=weft-client-$$ CARDS_SERVER=weft-server-$$ CARDS_WORK
CARDS_WORK=$(mktemp -d /tmp/weft-cards-XXXXXX)
chmod 755 "$CARDS_WORK"
pids=()

cleanup() {
	trap - EXIT INT TERM
	local pid ns
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; done
	for ns in "$CARDS_CLIENT" "$CARDS_SERVER" "$CARDS_HUB"; do ip netns del "$ns" 2>/dev/null; done
	rm -rf "$CARDS_WORK"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# The bridge does not learn addresses, so it sends each frame to all ports, like a hub.
make_hub() {
	ip netns add "$CARDS_HUB" && ip -n "$CARDS_HUB" link set lo up &&
		ip -n "$CARDS_HUB" link add br0 type bridge ageing_time 0 mcast_snooping 0 &&
		ip -n "$CARDS_HUB" link set br0 up
}

# plug DEVICE: connect DEVICE to the hub.
plug() {
	ip netns exec "$CARDS_HUB" sysctl -qw "net.ipv6.conf.$1.disable_ipv6=1"
	ip -n "$CARDS_HUB" link set "$1" master br0 up
}

# make_host NAMESPACE ADDRESS PORT: make a host whose TCP has few bytes in flight, so that no queue
# overflows.
make_host() {
	ip netns add "$1" && ip -n "$1" link set lo up &&
		ip -n "$CARDS_HUB" link add "$3" type veth peer name eth0 netns "$1" && plug "$3" &&
		ip netns exec "$1" sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1 \
			net.ipv4.tcp_wmem='4096 32768 32768' net.ipv4.tcp_rmem='4096 32768 32768' &&
		ip -n "$1" addr add "$2/24" dev eth0 && ip -n "$1" link set eth0 up
}

# make_tap DEVICE [multi_queue]: make a tap device for the guest.
make_tap() {
	# shellcheck disable=SC2086
	ip -n "$CARDS_HUB" tuntap add "$1" mode tap ${2:-} && ip -n "$CARDS_HUB" link set "$1" up txqueuelen 20000
}

# background COMMAND...: start COMMAND; it is ended at exit.
background() {
	"$@" &
	pids+=($!)
}

start_services() {
	background ip netns exec "$CARDS_HUB" python3 tests/guest/host_commands.py 10.99.0.1 9000 \
		bash tests/guest/host.sh
	mkdir "$CARDS_WORK/www"
	background ip netns exec "$CARDS_SERVER" python3 -m http.server --bind 10.88.0.2 \
		--directory "$CARDS_WORK/www" 80 >/dev/null 2>&1
}

{
	make_hub && make_host "$CARDS_CLIENT" 10.88.0.1 client && make_host "$CARDS_SERVER" 10.88.0.2 server &&
		make_tap virtio multi_queue && plug virtio && make_tap e1000e && plug e1000e &&
		make_tap fixed && plug fixed &&
		make_tap control && ip -n "$CARDS_HUB" addr add 10.99.0.1/24 dev control
} || {
	echo 'test-cards: can not make namespaces, bridge and tap devices' >&2
	exit 125
}
start_services

tap='script=no,downscript=no,vhost=off'
GUEST_NETNS=$CARDS_HUB GUEST_NICS="
	-netdev tap,id=virtio,ifname=virtio,queues=4,$tap
	-device virtio-net-pci,netdev=virtio,mac=52:54:00:88:00:01,mq=on,vectors=10,rx_queue_size=1024
	-netdev tap,id=e1000e,ifname=e1000e,$tap -device e1000e,netdev=e1000e,mac=52:54:00:88:00:02
	-netdev tap,id=fixed,ifname=fixed,$tap
	-device virtio-net-pci,netdev=fixed,mac=52:54:00:88:00:04,ctrl_guest_offloads=off
	-netdev tap,id=control,ifname=control,$tap
	-device virtio-net-pci,netdev=control,mac=52:54:00:88:00:03" \
	scripts/boot-kernel.sh "$series" "$@"
