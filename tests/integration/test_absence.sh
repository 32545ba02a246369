#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_absence.sh - while weft is stopped, at least as many frames are sent as arrive in 50 ms at
# 1 Gbit/s. This is done twice. Nothing is lost and nothing is shed with the default rings; for small
# frames in tap mode, with the length that the manual recommends. The agents have one worker.
#
# weft is stopped while a fixed number of frames is sent, so the test does not depend on the speed
# of the machine. Frames are sent in groups, because a veth device queues at most 256 frames and
# drops others. On a busy machine, it may still drop some, so frames count when they have arrived.
. "$(dirname "$0")/lib.sh"
need_root
need_weft
feed=$(dirname "$weft")/bench/live_feed
[ -x "$feed" ] || skip_all "$feed is not built"
absences=2
group=250

# all_received FRAMES: the workers have processed at least FRAMES frames.
all_received() { [ "$(agent_metric frames)" -ge "$1" ]; }

# arrived: print the number of frames that the veth device has received since its creation.
arrived() { ip -n "$ns_a" -s -j link show eth0 | jq '.[0].stats64.rx.packets'; }

# absence FRAMES PAYLOAD: at least FRAMES frames arrive while weft is stopped.
absence() {
	local before first sent
	before=$(agent_metric frames)
	kill -STOP "$agent_pid"
	first=$(arrived)
	for ((sent = 0; sent < 3 * $1; sent += group)); do
		in_b "$feed" eth0 --frames $group --flows 10 --payload "$2" >/dev/null
		[ $((sent + group)) -lt "$1" ] || [ $(($(arrived) - first)) -lt "$1" ] || break
	done
	kill -CONT "$agent_pid"
	wait_until 100 all_received $((before + $1))
}

nothing_lost() {
	agent_stats --json | jq -e '[.metrics | .worker_ring_full_frames, .kernel_failed_frames,
		.kernel_shed_frames, .shed_rises | .value] | tostring | debug | . == "[0,0,0,0]"'
}

# bridged MODE FRAMES PAYLOAD [OPTION...]: an agent with OPTIONs loses nothing in all absences.
bridged() {
	local nth status=0
	agent_start "$ns_a" eth0 --mode "$1" --workers 1 "${@:4}" || return 1
	for ((nth = 0; nth < absences; nth++)); do absence "$2" "$3" || status=1; done
	nothing_lost || status=1
	agent_stop && ledgers_close && return $status
}

NO_IPV6=1 make_pair 1 || exit 1
ip -n "$ns_a" addr flush dev eth0
# Without an XDP program, a veth accepts the frames of live_feed only if it has GRO.
in_a ethtool -K eth0 gro on
check 'tap: 50 ms of 1500-byte frames are bridged' bridged tap 4250 1446
check 'tap: 50 ms of 300-byte frames are bridged' bridged tap 21000 246 --set capture.ring_frames=32768
check 'host: 50 ms of 1500-byte frames are bridged' bridged host 4250 1446
check 'host: 50 ms of 300-byte frames are bridged' bridged host 21000 246
finish
