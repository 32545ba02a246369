#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# host.sh COMMAND [ARGS] - runs a test's commands on the host of the guest. host_commands.py calls
# it in the hub's namespace, with the environment of scripts/test-cards.sh.
set -u
cd "$(dirname "$0")/../.." || exit 1
www=$CARDS_WORK/www

client() { ip netns exec "$CARDS_CLIENT" "$@"; }

# files PREFIX COUNT BYTES: make random files PREFIX-1 ..., of BYTES bytes or more, on the server.
files() {
	local i
	for ((i = 1; i <= $2; i++)); do head -c $(($3 + RANDOM)) /dev/urandom >"$www/$1-$i"; done
}

# fetch_one ADDRESS NAME: download one file; print "NAME LOCAL_PORT HEADER_BYTES SHA256".
fetch_one() {
	local info sum
	info=$CARDS_WORK/info.$BASHPID
	sum=$(client curl -sS --max-time 100 -w "%{stderr}$2 %{local_port} %{size_header}" \
		"http://$1/$2" 2>"$info" | sha256sum | cut -d' ' -f1)
	echo "$(cat "$info") $sum"
	rm -f "$info"
}

# reach ADDRESS: check that the client gets an answer from the web server at ADDRESS.
reach() { client curl -sf --max-time 5 -o /dev/null "http://$1/ready"; }

# fetch ADDRESS PREFIX COUNT: the client downloads PREFIX-1 ... PREFIX-COUNT, four at a time.
fetch() {
	local i
	for ((i = 1; i <= $3; i++)); do
		fetch_one "$1" "$2-$i" &
		((i % 4)) || wait
	done
	wait
}

# sums PREFIX COUNT: print "NAME SHA256" for each of the server's files.
sums() {
	local i
	for ((i = 1; i <= $2; i++)); do echo "$1-$i $(sha256sum <"$www/$1-$i" | cut -d' ' -f1)"; done
}

# record NAME ADDRESS PREFIX COUNT: like fetch, and write the client's frames to the capture NAME.
record() {
	local pid try
	client ethtool -K eth0 tso off gso off gro off tx off >/dev/null
	ip netns exec "$CARDS_SERVER" ethtool -K eth0 tso off gso off gro off tx off >/dev/null
	ip netns exec "$CARDS_CLIENT" tcpdump -i eth0 -s 0 -U -w "$CARDS_WORK/$1.pcap" tcp \
		>/dev/null 2>"$CARDS_WORK/tcpdump" &
	pid=$!
	for ((try = 0; try < 100; try++)); do
		grep -q listening "$CARDS_WORK/tcpdump" && break
		sleep 0.1
	done
	(fetch "$2" "$3" "$4") # in a subshell, whose `wait` does not wait for tcpdump
	sleep 1
	kill "$pid" && wait "$pid"
}

# send NAME KIND: send the recorded frames, wrapped by wrap_pcap.py as KIND, to all ports of the
# hub.
send() {
	python3 tests/integration/wrap_pcap.py "$2" "$CARDS_WORK/$1.pcap" "$CARDS_WORK/$1.$2.pcap" &&
		client python3 tests/integration/send_pcap.py eth0 "$CARDS_WORK/$1.$2.pcap" 2000
}

# link DEVICE up|down: set the state of the far end of the guest's card.
link() { ip link set "$1" "$2"; }

# spread DEVICE: make the two directions of most connections use different queues.
spread() { "${WEFT_BUILD:-build}/helpers/tun_spread" "$1"; }

"$@"
