#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_live_tap.sh - capture on a tap port writes the same files as `weft replay` of the same
# frames: with one worker and with four, with native and with generic XDP, with delivery on arrival
# and after acknowledgement.
. "$(dirname "$0")/lib.sh"
need_root
need_weft
capture=$work/mixed.pcap

# Write a capture of real connections, made on another veth pair.
record() {
	local i
	. "$root/tests/integration/web.sh"
	make_pair 1 && web_start || return 1
	for ((i = 1; i <= 40; i++)); do web_file "f-$i" $((RANDOM * 4 + 1)); done
	web_file bulk 8000000
	# Turn segmentation offload off, so that frames are as on a wire.
	in_a ethtool -K eth0 tso off gso off gro off tx off >/dev/null
	in_b ethtool -K eth0 tso off gso off gro off tx off >/dev/null
	background tcpdump_pid ip netns exec "$ns_b" tcpdump -i eth0 -s 0 -B 65536 -U -w "$capture" 2>"$work/tcpdump.err"
	wait_until 50 grep -q listening "$work/tcpdump.err" || return 1
	web_get_many 40 f
	web_get bulk
	wait_until 100 web_is_recorded "$capture" 82 || return 1
	kill "$tcpdump_pid" && wait "$tcpdump_pid"
	kill "$web_pid" && wait "$web_pid"
	drop_pair
	[ "$(stat -c %s "$capture")" -gt 8000000 ]
}

# tap NAME ARGS...: send the capture into a tap port on which an agent with ARGS captures.
tap() {
	local name=$1 sent
	shift
	NO_IPV6=1 make_pair 4 || return 1
	# A tap port has no address, and no process answers the frames that it receives.
	ip -n "$ns_a" addr flush dev eth0
	agent_start "$ns_a" eth0 --mode tap --set capture.ring_frames=8192 \
		--streams "$work/$name" "$@" || return 1
	sent=$(in_b python3 "$root/tests/integration/send_pcap.py" eth0 "$capture" 20000) || return 1
	wait_until 100 agent_has_seen "$sent" || { agent_stats && return 1; }
	agent_stats --format prometheus >"$work/$name.prom" || return 1
	agent_stop || {
		cat "$work/agent.err"
		return 1
	}
}

# prometheus_reads FILE: promtool, a part of Prometheus, accepts the metrics in FILE.
prometheus_reads() {
	[ -s "$1" ] || return 1
	promtool check metrics <"$1"
}

# labels_add_up FILE STAGE: every frame that reached the stage has exactly one outcome.
labels_add_up() {
	awk -v stage="stage=\"$2\"" '
		index($1, "weft_frames_seen_total{") && index($1, stage) { seen += $2 }
		index($1, "weft_frames_total{") && index($1, stage) { outcomes += $2 }
		END { print seen, outcomes; exit !(seen > 0 && seen == outcomes) }' "$1"
}

check 'record a capture' record || finish
check 'replay it' "$weft" replay "$capture" --streams "$work/replay"
check 'replay finds the connections' bash -c "[ \$(ls '$work/replay' | wc -l) -ge 82 ]"

for variant in '1-worker --workers 1' '4-workers --workers 4' 'generic --workers 2 --generic' \
	'acked --workers 2 --deliver acked'; do
	# shellcheck disable=SC2086
	set -- $variant
	name=$1
	if check "$name: send it into a tap port" tap "$@"; then
		check "$name: all ledgers close" ledgers_close
		check "$name: Prometheus reads the metrics" prometheus_reads "$work/$name.prom"
		check "$name: the kernel's ledger, summed by label" labels_add_up "$work/$name.prom" kernel
		check "$name: the workers' ledger, summed by label" labels_add_up "$work/$name.prom" user
		check "$name: same files as replay" same_files "$work/replay" "$work/$name"
	fi
	drop_pair
done
check 'replay with 4 workers gives the same' bash -c "
	'$weft' replay '$capture' --workers 4 --streams '$work/replay4' --quiet &&
		diff -r -x '.*' '$work/replay' '$work/replay4'"
check 'replay of what was acknowledged gives the same' bash -c "
	'$weft' replay '$capture' --deliver acked --streams '$work/replay-acked' --quiet &&
		diff -r -x '.*' '$work/replay' '$work/replay-acked'"
finish
