#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_queues.sh - captures from 1, 2, 4 and 8 receive queues with 1, 2, 3 and 4 workers; with two
# queues or more, the directions of each connection arrive on different queues. All streams are
# exact, no flow has two workers, and the kernel's counts of each flow equal the sender's.
. "$(dirname "$0")/lib.sh"
need_root
need_weft
feed=$root/tests/integration/queue_feed.py

# Print the frames of each queue that the veth driver gave to an XDP program.
queue_counts() {
	in_a ethtool -S eth0 | sed -nE 's/^ *rx_queue_[0-9]+_xdp_packets: //p'
}

all_queues_used() { # QUEUES BEFORE AFTER
	[ "$(paste <(echo "$2") <(echo "$3") | awk '$2 > $1' | wc -l)" -eq "$1" ]
}

run() { # QUEUES WORKERS
	local streams=$work/streams-$1-$2 before sent
	agent_start "$ns_a" eth0 --mode tap --workers "$2" --checksum ignore --streams "$streams" \
		--set concurrency.performance_mode=safe --set concurrency.enable_race_detection=true ||
		return 1
	before=$(queue_counts)
	sent=$(in_b python3 "$feed" send eth0 "$1") || return 1
	wait_until 100 received "$sent" || echo "sent $sent, received $(agent_metric frames)"
	flow_map >"$work/map.json"
	[ "$1" -eq 1 ] || all_queues_used "$1" "$before" "$(queue_counts)" ||
		echo "not all queues were used: $before, $(queue_counts)"
	agent_stats --json >"$work/stats.json"
	agent_stop || return 1
}

received() { [ "$(agent_metric frames)" -ge "$1" ]; }

metric() { jq ".metrics.$1.value" "$work/stats.json"; }

right() { # QUEUES WORKERS
	local said
	said=$(run "$@")
	[ -z "$said" ] || {
		echo "$said"
		return 1
	}
	same_files "$work/truth" "$work/streams-$1-$2" || return 1
	python3 "$feed" map <"$work/map.json" || return 1
	[ "$(metric ownership_violations)" = 0 ] || {
		echo "$(metric ownership_violations) ownership violations"
		return 1
	}
	[ "$(metric flows_opened_flows)" = 24 ] || {
		echo "$(metric flows_opened_flows) flows"
		return 1
	}
	ledgers_close >/dev/null
}

python3 "$feed" truth "$work/truth" || exit 1
for queues in ${WEFT_QUEUES:-1 2 4 8}; do
	NO_IPV6=1 make_pair "$queues" || {
		not_ok "a pair with $queues queues"
		continue
	}
	ip -n "$ns_a" addr flush dev eth0
	for workers in ${WEFT_WORKERS:-1 2 3 4}; do
		check "$queues queues, $workers workers: streams, owners and map are right" \
			right "$queues" "$workers"
	done
	drop_pair
done
finish
