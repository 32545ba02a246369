#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_memory_live.sh - attacks a live capture through XDP with a flood of SYNs, and with
# connections that have holes and endless data: memory stays within its limit, ledgers close, and
# the real flows that run at the same time are complete.
#
# The packet rates are low enough for a busy machine with two CPUs and its disk: the hole attack
# writes full segments of some thousand flows to files. At least 98 of 100 directions of the real
# flows must be complete, if no frame was lost in the rings and no event in the sink's queue. If any
# was lost, because the machine paused, the attack is repeated at the same rate, and if any is lost
# again, at half and at a quarter of the rate. So it is if the veth device lost frames before weft.
#
# Alone: the test requires that nothing is lost at the rate of a download.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/attack.sh"
need_root
need_weft

mb=128

# The agent runs under mem_peak; all other commands run unchanged.
cat >"$work/watched" <<SCRIPT
#!/bin/sh
[ "\$1" = run ] && exec "$mem_peak" "$work/peak" "$weft" "\$@"
exec "$weft" "\$@"
SCRIPT
chmod +x "$work/watched"
weft=$work/watched

attack_once() { # KIND SCALE RATE
	rm -rf "$work/$1"
	agent_start "$ns_a" eth0 --mode tap --workers 1 --max-memory ${mb}M --checksum ignore \
		--set delivery.queue_bytes=33554432 --streams "$work/$1" || return 1
	in_b "$traffic" "attack-$1" if:eth0 "$work/truth.tsv" --scale "$2" --rate "$3" 2>"$work/traffic.err" || {
		cat "$work/traffic.err"
		return 1
	}
	sent=$(sed -E 's/.*flows, ([0-9]+) packets.*/\1/' "$work/traffic.err")
	wait_until 100 all_seen
	unseen=$((sent - $(agent_metric kernel_seen_frames)))
	lost=$(($(agent_metric xsk_ring_full_frames) + $(agent_metric xsk_fill_empty_frames) + (unseen > 0 ? unseen : 0)))
	agent_stop || {
		cat "$work/agent.err"
		return 1
	}
}

disturbed() { [ "$lost" -ne 0 ] || grep -q 'queue full' "$work/agent.err"; }

live() { # KIND SCALE RATE
	local rate
	for rate in "$3" "$3" $(($3 / 2)) $(($3 / 4)); do
		attack_once "$1" "$2" "$rate" || return 1
		disturbed || return 0
		echo "$1 at $rate packets a second: $lost frames lost, $(grep -c 'queue full' "$work/agent.err") queues full"
	done
}

all_seen() { [ "$(agent_metric kernel_seen_frames)" -ge "$sent" ]; }

NO_IPV6=1 make_pair || skip_all 'no namespaces'
ip -n "$ns_a" addr flush dev eth0
# attack_live KIND SCALE RATE: run one attack and check memory, ledgers and real flows.
attack_live() {
	local kind=$1
	check "$kind: through XDP" live "$@" || return
	sed 's/^/# /' "$work/check.out"
	check "$kind: memory is bounded" peak_within $mb
	sed 's/^/# /' "$work/check.out"
	check "$kind: ledgers close" ledgers_close
	if [ "$lost" -ne 0 ]; then
		skip "$kind: real flows are whole" "the machine was too busy: the rings and the veth device lost $lost frames"
	elif grep -q 'queue full' "$work/agent.err"; then
		skip "$kind: real flows are whole" 'the disk was too busy: the queue of the files was full'
	else
		check "$kind: real flows are whole" whole_at_least 980 "$work/$kind" "$work/truth.tsv"
		sed 's/^/# /' "$work/check.out"
	fi
}

attack_live syns 0.05 30000
attack_live holes 0.08 8000
finish
