#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_host_devices.sh - host mode on devices of other kinds: a tun device, whose packets begin with
# the IP header; the loopback device, where each segment passes both hooks; a device whose MTU
# changes while weft runs; and one with segments of more than 64 KiB (BIG TCP). Every download is in
# the streams once, byte for byte.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web.sh"
need_root
need_weft

# tun_cable: make a tun device tun0 in each namespace, and start a process that copies packets
# between both devices.
tun_cable() {
	python3 - "$ns_a" "$ns_b" <<'END' &
import ctypes, fcntl, os, select, struct, sys

libc = ctypes.CDLL(None)
fds = []
for name in sys.argv[1:]:
    with open("/run/netns/" + name) as namespace:
        if libc.setns(namespace.fileno(), 0x40000000):  # CLONE_NEWNET
            sys.exit("no such namespace")
    fd = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(fd, 0x400454CA, struct.pack("16sH22x", b"tun0", 0x1001))  # TUNSETIFF: TUN, NO_PI
    fds.append(fd)
while True:
    for fd in select.select(fds, [], [])[0]:
        try:
            os.write(fds[1 - fds.index(fd)], os.read(fd, 65536))
        except OSError:
            pass  # the other end is down
END
	pids+=("$!")
	wait_until 50 ip -n "$ns_b" link show tun0
}

make_tun() {
	tun_cable && ip -n "$ns_a" addr add 10.79.0.1/24 dev tun0 &&
		ip -n "$ns_b" addr add 10.79.0.2/24 dev tun0 &&
		ip -n "$ns_a" link set tun0 up && ip -n "$ns_b" link set tun0 up
}

# streams_are_whole COUNT: the agent ends; COUNT downloads are in $work/streams.
streams_are_whole() {
	agent_stop && web_compare "$work/streams" "$1" && ledgers_close &&
		[ "$(find "$work/streams" -type f ! -name '.*' | wc -l)" -eq $((2 * $1)) ]
}

begin() { # IFACE ARGS...
	rm -rf "$work/streams" "$work"/got/*
	agent_start "$ns_a" "$1" --workers 2 --streams "$work/streams" "${@:2}"
}

make_pair 1 || exit 1
check 'web server' web_start || finish
web_file large 3000000
web_file middle 1000000
web_file small 700

# ---- no Ethernet header ----

tun_refuses_tap() {
	in_a timeout $((20 * WEFT_SLOW)) "$weft" run -i tun0 --mode tap --set "control.dir=$work/control" 2>"$work/err"
	[ $? -eq 4 ] && grep -q 'needs packets with an Ethernet header.*use host mode' "$work/err"
}

over_tun() {
	local ip_a=10.79.0.1 ip_b=10.79.0.2
	check 'tun: takes host mode by itself' begin tun0 || return
	check 'tun: the message names host mode' grep 'tun0: host mode' "$work/agent.err"
	web_get small
	web_get large
	check 'tun: both downloads are whole' streams_are_whole 2
	ip -n "$ns_a" addr flush dev tun0
	check 'tun: tap mode is refused with the reason' tun_refuses_tap
}

if [ -c /dev/net/tun ] && make_tun; then
	over_tun
else
	echo 'no tun devices here' | diag
fi

# ---- loopback ----

over_loopback() {
	local ns_b=$ns_a ip_a=127.0.0.1 ip_b=127.0.0.1
	check 'loopback: agent starts' begin lo || return
	web_get small
	web_get large
	check 'loopback: each segment is delivered once' streams_are_whole 2
	# On a busy machine, some segments are retransmitted. If each segment was copied twice, the
	# ledger would have more than 6,000,000 bytes.
	check 'loopback: each segment is copied once' grep 'ledger payload_bytes closed: 3,[0-9,]* = ' \
		"$work/agent.err"
}
over_loopback

# ---- the MTU changes ----

set_mtu() { ip -n "$ns_a" link set eth0 mtu "$1" && ip -n "$ns_b" link set eth0 mtu "$1"; }

check 'MTU: agent starts' begin eth0 --mode host || finish
web_get small
set_mtu 9000
web_get large
set_mtu 1280
web_get middle
check 'MTU: downloads are whole at 1500, 9000 and 1280' streams_are_whole 3
set_mtu 1500

# ---- segments of more than 64 KiB ----

set_gso() { ip -n "$1" link set eth0 gso_max_size 250000 gro_max_size 250000; }
is_whole_by_ipv6() {
	agent_stop && ledgers_close && cmp "$work/large6" "$web_root/large" &&
		cmp <(tail -c 3000000 "$work"/streams/fd00__1.8080-*) "$web_root/large"
}
if set_gso "$ns_a" 2>/dev/null && set_gso "$ns_b"; then
	ip -n "$ns_a" addr add fd00::1/64 dev eth0 nodad
	ip -n "$ns_b" addr add fd00::2/64 dev eth0 nodad
	background web6_pid ip netns exec "$ns_a" python3 -m http.server --bind fd00::1 --directory "$web_root" 8080 2>"$work/web6.log"
	get_by_ipv6() { in_b curl -sf "http://[fd00::1]:8080/large" -o "$work/large6"; }
	check 'BIG TCP: agent starts' begin eth0 --mode host || finish
	check 'BIG TCP: a download by IPv6' wait_until 50 get_by_ipv6
	check 'BIG TCP: its stream is whole' is_whole_by_ipv6
else
	echo 'this ip(8) or kernel has no BIG TCP' | diag
fi
finish
