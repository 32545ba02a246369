#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_live_frames.sh - captures other kinds of frames on a tap port: jumbo frames (in several
# buffers each), tunnels, tags, fragments in reverse order. Live capture writes the same files as
# replay.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web.sh"
need_root
need_weft

# record FILE MTU: write a capture of real connections.
record() {
	local i
	make_pair 1 "$2" && web_start || return 1
	for ((i = 1; i <= 10; i++)); do web_file "f-$i" $((RANDOM * 4 + 1)); done
	web_file bulk 3000000
	in_a ethtool -K eth0 tso off gso off gro off tx off >/dev/null
	in_b ethtool -K eth0 tso off gso off gro off tx off >/dev/null
	background tcpdump_pid ip netns exec "$ns_b" tcpdump -i eth0 -s 0 -B 65536 -U -w "$1" tcp 2>"$work/tcpdump.err"
	wait_until 50 grep -q listening "$work/tcpdump.err" || return 1
	web_get_many 10 f
	web_get bulk
	wait_until 100 web_is_recorded "$1" 22 || return 1
	kill "$tcpdump_pid" && wait "$tcpdump_pid"
	kill "$web_pid" && wait "$web_pid"
	drop_pair
	[ "$(stat -c %s "$1")" -gt 3000000 ]
}

# The sender's veth spreads frames over 4 queues by a hash of their flow. The hash does not read
# ports in fragments, and the worker that rebuilds a datagram is chosen by its addresses and id.
# Fragments therefore arrive through several queues and workers, out of order. In an emulated
# machine, a worker often waits for a processor for so long that the receiver's acknowledgement is
# processed before the datagram is rebuilt; there, one worker receives all fragments. The veth can't
# read the flow behind two tags, and spreads the frames of one connection at random, which no
# network adapter does. Data may then be captured more than a window ahead of earlier segments, and
# is correctly counted as out of window. Therefore qinq uses one queue.
is_slow_for() { [ "$1" = fragments ] && [ "$WEFT_SLOW" -gt 1 ]; }
queues_for() { [ "$1" = qinq ] || is_slow_for "$1" && echo 1 || echo 4; }
workers_for() { is_slow_for "$1" && echo 1 || echo 3; }

set_mtu() { ip -n "$ns_a" link set eth0 mtu "$1" && ip -n "$ns_b" link set eth0 mtu "$1"; }

tap() { # NAME MTU ARGS... ; TAP_MTU: the MTU at start, before MTU is set
	local name=$1 mtu=$2 sent
	shift 2
	NO_IPV6=1 make_pair "$(queues_for "$name")" "${TAP_MTU:-$mtu}" || return 1
	ip -n "$ns_a" addr flush dev eth0
	agent_start "$ns_a" eth0 --mode tap --workers "$(workers_for "$name")" --streams "$work/$name.live" "$@" || return 1
	set_mtu "$mtu" || return 1
	sent=$(in_b python3 "$root/tests/integration/send_pcap.py" eth0 "$work/$name.pcap" 10000) || return 1
	wait_until 100 agent_has_seen "$sent" || { agent_stats && return 1; }
	agent_stop || {
		cat "$work/agent.err"
		return 1
	}
}

# same_as_replay KIND MTU DIR ARGS...: the files in DIR, which `tap KIND MTU ARGS` wrote, equal the
# files of replay. On a busy machine, the worker that rebuilds datagrams may be delayed until an
# acknowledgement has ended the hole: the run is then repeated, at most three times.
same_as_replay() {
	local kind=$1 mtu=$2 dir=$3 try
	shift 3
	for try in 1 2 3; do
		same_files "$work/$kind.replay" "$dir" && return
		drop_pair
		rm -rf "$dir"
		tap "$kind" "$mtu" "$@" && ledgers_close || return 1
	done
	same_files "$work/$kind.replay" "$dir"
}

# is_captured KIND NAME COMMAND...: COMMAND finds the same files as replay. Where the
# kernel does not pass frames of several buffers, each jumbo frame is counted as unsteered instead.
multi_buffer=$("$weft" doctor | awk '$2 == "multi_buffer" { print $3 }')
is_captured() {
	local kind=$1 name=$2
	shift 2
	if [ "$kind" = jumbo ] && [ "$multi_buffer" != yes ]; then
		check "$name: frames of several buffers are counted" unsteered_are_counted
	else
		check "$name: same files as replay" "$@"
	fi
}
unsteered_are_counted() {
	cat "$work/agent.err"
	grep -q 'ledger kernel_frames closed: .* unsteered' "$work/agent.err"
}

has_files() { [ "$(find "$1" -type f ! -name '.*' | wc -l)" -ge 22 ]; }

check 'record a capture with frames of 9000 bytes' record "$work/jumbo.pcap" 9000 || finish
check 'record a capture with frames of 1400 bytes' record "$work/plain.pcap" 1400 || finish
for kind in vxlan gre qinq fragments; do
	check "$kind: wrap" python3 "$root/tests/integration/wrap_pcap.py" "$kind" \
		"$work/plain.pcap" "$work/$kind.pcap" || finish
done
for kind in jumbo vxlan gre qinq fragments; do
	check "$kind: replay" "$weft" replay "$work/$kind.pcap" --workers 1 --quiet --streams "$work/$kind.replay"
	check "$kind: replay finds the connections" has_files "$work/$kind.replay"
	check "$kind: replay with 4 workers" "$weft" replay "$work/$kind.pcap" --workers 4 --quiet \
		--streams "$work/$kind.replay4" && check "$kind: gives the same files" \
		same_files "$work/$kind.replay" "$work/$kind.replay4"
	mtu=1500
	[ "$kind" = jumbo ] && mtu=9000
	# If the kernel passes frames of several buffers, the MTU may be raised after the start.
	TAP_MTU=
	[ "$multi_buffer" = yes ] && TAP_MTU=1500
	if check "$kind: send it into a tap port" tap "$kind" "$mtu"; then
		check "$kind: all ledgers close" ledgers_close
		is_captured "$kind" "$kind" same_as_replay "$kind" "$mtu" "$work/$kind.live"
	fi
	drop_pair
done
TAP_MTU=
# With one socket per queue, a segment may arrive at a worker that does not own its connection. That
# worker passes the segment to the owner of the connection.
for kind in vxlan fragments; do
	check "$kind, queues dealt out to workers: send it into a tap port" tap "$kind" 1500 \
		--set capture.nic_hash=on --streams "$work/$kind.by-queue" &&
		check "$kind, queues dealt out to workers: all ledgers close" ledgers_close &&
		check "$kind, queues dealt out to workers: same files as replay" \
			same_as_replay "$kind" 1500 "$work/$kind.by-queue" \
			--set capture.nic_hash=on --streams "$work/$kind.by-queue"
	drop_pair
done
check 'jumbo, generic XDP: send it into a tap port' tap jumbo 9000 --generic --streams "$work/generic" &&
	check 'jumbo, generic XDP: all ledgers close' ledgers_close &&
	is_captured jumbo 'jumbo, generic XDP' same_files "$work/jumbo.replay" "$work/generic"
finish
