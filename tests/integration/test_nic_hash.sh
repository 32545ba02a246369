#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_nic_hash.sh - captures with one socket per queue. A veth does not report how it chooses
# queues, and in this test the two directions of each connection arrive on different queues. Streams
# are exact, and each connection is reported once, by one worker, because segments that arrive at
# another worker are passed to the worker that owns the connection.
. "$(dirname "$0")/lib.sh"
need_root
need_weft
feed=$root/tests/integration/queue_feed.py

received() { [ "$(agent_metric frames)" -ge "$1" ]; }

metric() { jq ".metrics.$1.value" "$work/stats.json"; }

run() { # QUEUES WORKERS HOW
	local streams=$work/streams-$1-$2-$3 sent
	agent_start "$ns_a" eth0 --mode tap --workers "$2" --checksum ignore --streams "$streams" \
		--set "capture.nic_hash=$3" --set concurrency.performance_mode=safe \
		--set concurrency.enable_race_detection=true || return 1
	sent=$(in_b python3 "$feed" send eth0 "$1") || return 1
	wait_until 100 received "$sent" || echo "sent $sent, received $(agent_metric frames)"
	flow_map >"$work/map.json"
	agent_exec bpftool -j map show pinned /sys/fs/bpf/weft/eth0/xsks >"$work/xsks.json"
	agent_stats --json >"$work/stats.json"
	agent_stop || return 1
}

right() { # QUEUES WORKERS HOW SLOTS; HOW: value of capture.nic_hash; SLOTS: size of the socket map
	run "$1" "$2" "$3" || return 1
	same_files "$work/truth" "$work/streams-$1-$2-$3" || return 1
	python3 "$feed" map <"$work/map.json" || return 1
	[ "$(jq .max_entries "$work/xsks.json")" -eq "$4" ] || {
		echo "slots: $(cat "$work/xsks.json")"
		return 1
	}
	[ "$(metric ownership_violations)" = 0 ] && [ "$(metric flows_opened_flows)" = 24 ] &&
		[ "$(metric frames_handoff_lost_frames)" = 0 ] || {
		echo "$(metric ownership_violations) violations, $(metric flows_opened_flows) flows," \
			"$(metric frames_handoff_lost_frames) lost"
		return 1
	}
	ledgers_close >/dev/null
}

# The directions use different queues, so about half of all segments arrive at a worker that does
# not own the flow.
many_were_handed_over() { [ "$(metric frames_handed_off_frames)" -gt 200 ]; }
none_was_handed_over() { [ "$(metric frames_handed_off_frames)" -eq 0 ]; }

told() { grep -qE "$1" "$work/agent.err" || { cat "$work/agent.err" && return 1; }; }

refused() { # STATUS PATTERN ARGS...
	local status=$1 pattern=$2
	shift 2
	in_a timeout $((20 * WEFT_SLOW)) "$weft" run -i eth0 --set capture.nic_hash=on \
		--set "control.dir=$work/control" "$@" 2>"$work/agent.err"
	[ $? -eq "$status" ] && told "$pattern"
}

python3 "$feed" truth "$work/truth" || exit 1
NO_IPV6=1 make_pair 1 || skip_all 'no pair'
ip -n "$ns_a" addr flush dev eth0
check '1 queue, 1 worker: right' right 1 1 on 1
check '1 queue, 1 worker: no frame is handed over' none_was_handed_over
check 'more workers than queues are refused, with the reason' refused 2 \
	'nic_hash is on, but there are more workers than queues' --mode tap --workers 2
check 'capture.nic_hash=on is refused in host mode' refused 2 'host mode does not use the receive queues' --mode host
drop_pair

NO_IPV6=1 make_pair 4 || exit 1
ip -n "$ns_a" addr flush dev eth0
check '4 queues, 2 workers, auto: a veth is steered by hash' right 4 2 auto 8
check '1 queue, 1 worker: no frame is handed over' none_was_handed_over
check '4 queues, 2 workers, one socket a queue: right' right 4 2 on 4
check '4 queues, 2 workers, one socket a queue: frames are handed over' many_were_handed_over
check 'at the start, weft reports that the veth does not report how it chooses queues' told 'does not report how it chooses queues'
check 'at the end, weft reports segments that arrived on a queue of another worker' told '[0-9]+ of 624 segments arrived on a queue of a worker that does not own'
check '4 queues, 3 workers, one socket a queue: right' right 4 3 on 4
drop_pair
finish
