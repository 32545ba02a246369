#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_card_doctor.sh - `weft doctor` names the obstacles to capture on network cards with real
# drivers, and its advice, executed as printed, removes them: offloads that merge segments, small
# rings, frames longer than a buffer, VLAN tags that the card removes.
. "$(dirname "$0")/../integration/lib.sh"
. "$(dirname "$0")/cards.sh"
need_root
need_weft

doctor() { in_a "$weft" doctor -i eth0 >"$work/doctor" 2>&1; }

# says NAME STATUS: doctor prints a line for finding NAME with STATUS.
says() {
	doctor
	grep -E "^[^ ]*$2[^ ]* +$1 " "$work/doctor" || {
		cat "$work/doctor"
		return 1
	}
}

# advice NAME: print doctor's advice for finding NAME.
advice() { sed -nE "/^[^ ]*(WARN|FAIL)[^ ]* +$1 /{n;s/^ +-> //p}" "$work/doctor"; }

# check_advice NAME CARD: doctor reports NAME. After its advice is executed, doctor no longer
# reports it. CARD is part of the check's name only.
check_advice() {
	check "$2: doctor names $1" says "$1" WARN || return
	advice=$(advice "$1")
	diag <<<"$advice"
	check "$2: the command that doctor advises for $1 succeeds" in_a bash -c "$advice"
	check "$2: after the advice, doctor reports $1 as OK" says "$1" OK
}

starts() { # PATTERN
	agent_start "$ns_a" eth0 --mode tap || return 1
	agent_stop
	cat "$work/agent.err"
	grep -qE "$1" "$work/agent.err"
}

# tagged VLAN: the flow map has a connection with this tag.
tagged() {
	agent_exec bpftool -j map dump pinned /sys/fs/bpf/weft/eth0/flows >"$work/flows.json" &&
		jq -e "[.[].formatted | select(.key.vlan[0] == $1)] | length > 0" "$work/flows.json"
}

tags_are_seen() {
	agent_start "$ns_a" eth0 --mode tap --checksum ignore || return 1
	on_host send doctor vlan || return 1
	wait_until 50 tagged 100
	local status=$?
	agent_stop
	return $status
}

cards_open || {
	not_ok 'the guest has its cards'
	finish
}
on_host files doctor 1 20000
on_host record doctor "$server_ip" doctor 1 >"$work/recorded"

check 'virtio: the card is there' card_take "$card_virtio" || finish
check_advice gro_hw virtio
check 'virtio: native XDP starts' starts 'native XDP, copy, 4 queues'
ip -n "$ns_a" link set eth0 mtu 9000
if says mtu WARN >/dev/null; then
	check_advice mtu virtio
else
	check 'virtio: doctor reports an MTU of 9000 as OK' says mtu OK
fi
check 'virtio: native XDP starts' starts 'native XDP, copy, 4 queues'
check 'virtio: tags are in the flow map' tags_are_seen
ip -n "$ns_a" link set eth0 mtu 1500
card_release

check 'e1000e: the card is there' card_take "$card_e1000e" || finish
check_advice rx_ring e1000e
check_advice vlan_tags e1000e
check 'e1000e: generic XDP starts' starts 'generic XDP'
check 'e1000e: tags are in the flow map' tags_are_seen
card_release

check 'fixed: the card is there' card_take "$card_fixed" || finish
check 'fixed: doctor names an offload that only the hypervisor can turn off' says gro_hw WARN
check 'fixed: doctor names the option of the hypervisor' grep -q 'ctrl_guest_offloads=on' "$work/doctor"
check 'fixed: tap mode starts, and says that native XDP is not available' starts 'native XDP is not available .*'
card_release
finish
