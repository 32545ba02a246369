#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_card_tap.sh - tap mode on network cards with real drivers: a hub sends them the frames of
# real connections between other hosts. Native XDP runs on virtio_net with several receive queues,
# where the two directions of a connection arrive on different queues. Generic XDP runs on both
# cards; on virtio_net checksums are offloaded. Every stream is exact, and all ledgers close.
. "$(dirname "$0")/../integration/lib.sh"
. "$(dirname "$0")/cards.sh"
need_root
need_weft
count=24

cards_open || {
	not_ok 'the guest has its cards'
	finish
}
on_host files tap $count 60000
on_host sums tap $count >"$work/sums"

# Print the XDP packets of each queue, if the driver counts them.
queue_packets() { in_a ethtool -S eth0 | sed -nE 's/^ *rx_?(queue_)?[0-9]+_xdp_packets: //p'; }

# idle: no frame arrives for half a second.
idle() {
	local before
	before=$(agent_metric frames)
	sleep 0.5
	[ "$(agent_metric frames)" -eq "$before" ]
}

# tap NAME ARGS...: download files between other hosts while an agent with ARGS captures.
tap() {
	local name=$1
	shift
	agent_start "$ns_a" eth0 --mode tap --set capture.ring_frames=4096 \
		--streams "$work/$name" "$@" || return 1
	queue_packets >"$work/$name.before"
	on_host fetch "$server_ip" tap $count >"$work/$name.fetched" || return 1
	wait_until 50 idle
	queue_packets >"$work/$name.after"
	agent_stop || {
		cat "$work/agent.err"
		return 1
	}
}

right() { streams_are_right "$work/$1.fetched" "$work/sums" "$work/$1" "$server_ip"; }
has_logged() { cat "$work/agent.err" && grep -qE "$1" "$work/agent.err"; }

# check_tap NAME PATTERN ARGS...: run `tap` and check streams, ledgers and the agent's messages.
check_tap() {
	local name=$1 pattern=$2
	shift 2
	check "$name: $count downloads of others come in" tap "$name" "$@" || return
	check "$name: a message has '$pattern'" has_logged "$pattern"
	check "$name: every stream is exact" right "$name"
	check "$name: all ledgers close" ledgers_close
}

all_queues_used() {
	paste "$work/$1.before" "$work/$1.after"
	[ "$(paste "$work/$1.before" "$work/$1.after" | awk '$2 > $1' | wc -l)" -eq "$2" ]
}

check 'virtio: the card is there' card_take "$card_virtio" || finish
check 'virtio: the host spreads directions over queues' on_host spread virtio
check_tap virtio-native 'tap mode, native XDP, copy, 4 queues x 2 workers' --workers 2 \
	--checksum verify
check 'virtio-native: all four queues were used' all_queues_used virtio-native 4
check_tap virtio-generic 'tap mode, generic XDP' --workers 2 --generic
in_a ethtool -L eth0 combined 4
check_tap virtio-no-queue-left 'native XDP, copy, 4 queues x 3 workers' --workers 3
in_a ethtool -L eth0 combined 2
card_release

check 'e1000e: the card is there' card_take "$card_e1000e" || finish
check_tap e1000e 'tap mode, generic XDP, copy, 1 queue' --workers 2 --checksum verify
card_release
finish
