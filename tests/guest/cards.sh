# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# cards.sh - functions for tests/guest/test_*.sh: the guest's network cards, and commands that the
# host runs for the guest. Source it after tests/integration/lib.sh. scripts/test-cards.sh shows the
# network.

card_virtio=52:54:00:88:00:01
card_e1000e=52:54:00:88:00:02
card_control=52:54:00:88:00:03
card_fixed=52:54:00:88:00:04 # virtio, whose offloads the guest can not change
client_ip=10.88.0.1
server_ip=10.88.0.2
ip_a=10.88.0.3

# Print the name of the card with this MAC address.
card_name() { ip -br link | awk -v mac="$1" '$3 == mac { print $1 }'; }

cards_open() {
	modprobe -a virtio_net e1000e
	wait_until 50 card_name "$card_control" || return 1
	control=$(card_name "$card_control")
	ip link set "$control" up
	ip addr replace 10.99.0.2/24 dev "$control"
	wait_until 100 on_host true
}

# on_host COMMAND ARGS...: run a command of host.sh on the host; print its output, return its
# status.
on_host() {
	local line status=1
	exec 9<>/dev/tcp/10.99.0.1/9000 || return 1
	printf '%s\n' "$*" >&9
	while IFS= read -r line <&9; do
		case $line in
		'status '*) status=${line#status } ;;
		?*) echo "$line" ;;
		esac
	done
	exec 9>&-
	return "$status"
}

# card_take MAC: move the card into namespace $ns_a as eth0, and set it up without an address.
card_take() {
	local name
	name=$(card_name "$1")
	ip netns add "$ns_a" && namespaces+=("$ns_a") || return 1
	ip -n "$ns_a" link set lo up
	ip link set "$name" down
	ip link set "$name" netns "$ns_a" name eth0 || return 1
	in_a sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1
	ip -n "$ns_a" link set eth0 up
	wait_until 100 has_carrier
}

has_carrier() { ip -n "$ns_a" -br link show eth0 | grep -q LOWER_UP; }

# Move the card back to the guest's own namespace.
card_release() {
	ip -n "$ns_a" link set eth0 down
	ip -n "$ns_a" link set eth0 netns 1 name "card$RANDOM"
	drop_pair
}

# Print the settings of a card that weft may change while it captures and must restore.
card_state() {
	ip -n "$ns_a" -d link show eth0 | sed 's/qlen .*//; s/state [A-Z]*//'
	in_a ethtool -k eth0
	in_a ethtool -l eth0 2>&1
	in_a ethtool -g eth0 2>&1
}

# streams_are_right FETCHED SUMS STREAMS ADDRESS: each download of host.sh's fetch has the checksum
# that SUMS lists, both at curl and in the stream from ADDRESS.
streams_are_right() {
	local name port header sum want got wrong=0 count=0
	while read -r name port header sum; do
		count=$((count + 1))
		want=$(awk -v name="$name" '$1 == name { print $2 }' "$2")
		got=$(tail -c +$((header + 1)) "$3/$4.80-$client_ip.$port" 2>/dev/null | sha256sum | cut -d' ' -f1)
		if [ "$sum" != "$want" ] || [ "$got" != "$want" ]; then
			wrong=$((wrong + 1))
			echo "$name, port $port: expected $want, curl has $sum, the stream $got"
		fi
	done <"$1"
	echo "$count downloads, $wrong wrong"
	[ "$wrong" -eq 0 ] && [ "$count" -ge "$(wc -l <"$2")" ]
}
