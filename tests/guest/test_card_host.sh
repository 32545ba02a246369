#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_card_host.sh - host mode on network cards with real drivers: a client on the host downloads
# from this guest. The card offloads checksums and segmentation, and its link goes down and up
# between downloads. Streams are exact, ledgers close, and the card's settings are unchanged
# afterwards, also after kill -9.
. "$(dirname "$0")/../integration/lib.sh"
. "$(dirname "$0")/cards.sh"
. "$(dirname "$0")/../integration/web.sh"
need_root
need_weft
count=12

# serve: make files, and start nginx in the card's namespace.
serve() {
	ip -n "$ns_a" addr add "$ip_a/24" dev eth0
	# The client learns the card's MAC address for this IP address.
	wait_until 20 in_a ping -c 1 -W 2 "$client_ip"
	mkdir -p "$web_root"
	for ((i = 1; i <= count; i++)); do web_file "host-$i" $((60000 + RANDOM)); done
	for ((i = 1; i <= count; i++)); do
		echo "host-$i $(sha256sum <"$web_root/host-$i" | cut -d' ' -f1)"
	done >"$work/sums"
	web_serve && wait_until 100 on_host reach "$ip_a"
}

fetch() { on_host fetch "$ip_a" host $count >"$1"; }

# host NAME: download files; between two downloads the card's link goes down and up.
host() {
	agent_start "$ns_a" eth0 --mode host --workers 2 --streams "$work/$1" || return 1
	fetch "$work/$1.fetched" || return 1
	in_a ip link set eth0 down
	sleep 1
	in_a ip link set eth0 up
	wait_until 100 on_host reach "$ip_a" || return 1
	fetch "$work/$1.again" || return 1
	cat "$work/$1.again" >>"$work/$1.fetched"
	agent_stop || {
		cat "$work/agent.err"
		return 1
	}
}

right() {
	cat "$work/agent.err"
	streams_are_right "$work/$1.fetched" "$work/sums" "$work/$1" "$ip_a" &&
		[ "$(wc -l <"$work/$1.fetched")" -eq $((2 * count)) ]
}

as_before() { card_state | diff "$work/before" -; }

killed() {
	agent_start "$ns_a" eth0 --mode "$1" || return 1
	kill -9 "$agent_pid"
	wait "$agent_pid" 2>/dev/null
	wait_until 30 as_before || as_before
}

check_host() { # NAME MAC
	local name=$1
	check "$name: the card is there" card_take "$2" || return
	check "$name: this guest serves the host" serve || return
	card_state >"$work/before"
	check "$name: downloads, the link down and up between them" host "$name" &&
		check "$name: every stream is exact" right "$name"
	check "$name: all ledgers close" ledgers_close
	check "$name: the card is as before" as_before
	check "$name: the card is as before after kill -9 in host mode" killed host
	check "$name: the card carries traffic after kill -9 in host mode" wait_until 50 on_host reach "$ip_a"
	ip -n "$ns_a" addr flush dev eth0
	check "$name: the card is as before after kill -9 in tap mode" killed tap
	ip -n "$ns_a" addr add "$ip_a/24" dev eth0
	check "$name: the card carries traffic after kill -9 in tap mode" wait_until 50 on_host reach "$ip_a"
	kill "$web_pid" && wait "$web_pid" 2>/dev/null
	card_release
}

cards_open || {
	not_ok 'the guest has its cards'
	finish
}
check_host virtio "$card_virtio"
check_host e1000e "$card_e1000e"
finish
