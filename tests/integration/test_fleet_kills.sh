#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_fleet_kills.sh - three servers, three sensors and four collectors, while a server, the leader
# of the stream and a collector are killed and the network is cut: everything is on disk, once.
#
# FLEET_ROUNDS: number of rounds, each with two kills of servers and two of collectors (default 1).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nats.sh"
. "$(dirname "$0")/fleet.sh"

need_root
need_weft

fleet_begin 3 0.004 || exit 1
for n in 0 1 2 3; do fleet_collect "$n"; done
for n in 1 2 3; do fleet_sensor "$n"; done

disturb() {
	local round victim
	for ((round = 0; round < ${FLEET_ROUNDS:-1}; round++)); do
		victim=$((RANDOM % 3 + 1))
		nats_kill "$victim"
		fleet_kill_collector $((RANDOM % 4))
		sleep "0.$((RANDOM % 10))"
		nats_begin "$victim" && nats_wait_leader || return 1
		fleet_cut "s$((RANDOM % 3 + 1))"
		fleet_kill_collector $((RANDOM % 4))
		sleep 5
		for n in 1 2 3; do fleet_join "s$n"; done
		victim=$(nats_leader WEFT)
		nats_kill "$victim"
		sleep "0.$((RANDOM % 10))"
		nats_begin "$victim" && nats_wait_leader || return 1
	done
}
check 'servers, collectors and links are disturbed' disturb
for n in 1 2 3; do kill -0 "${sensor_pids[$n]}" 2>/dev/null && echo "# sensor $n still published after the last kill"; done
check 'all sensors end, and all is collected' fleet_wait
fleet_check 'after kills'
fleet_end
finish
