#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_memory_room.sh - in a control group with a limit, weft lowers its default limit of memory and
# reports this, rejects a limit that does not fit, starts within the group's limit, and touches no
# memory before it is used.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/group.sh"
need_root
need_weft

drop_group() {
	group_drop
	lib_cleanup
}
trap drop_group EXIT
group_make 600M 2>"$work/err" || skip_all "can't make a control group with a memory limit"
said() { cat "$work/err" && grep -qE -- "$1" "$work/err"; }

python3 "$root/tests/integration/make_pcap.py" "$work/good.pcap"

# replay_in STATUS ARGS...: weft replay in the group ends with STATUS.
replay_in() {
	local status=$1
	shift
	"${in_group[@]}" "$weft" replay "$work/good.pcap" "$@" >"$work/out" 2>"$work/err"
	[ $? -eq "$status" ] || { cat "$work/err"; return 1; }
}
check 'default limit: replay works' replay_in 0
check 'default limit: it is lowered, with the arithmetic' \
	said 'the limit is 7[0-9] MiB instead of 512, 1/8 of the memory that is left: .* has 600 MiB - [0-9]+ in use'
check 'a limit that fits is taken' replay_in 0 --max-memory 400
check 'a limit that fits: nothing is said' bash -c "! grep memory: '$work/err'"
check 'a limit that does not fit: status 4' replay_in 4 --max-memory 600
check 'a limit that does not fit: the arithmetic' \
	said 'limit of 600 MiB \+ 32 MiB outside it = 632 MiB, more than .* has 600 MiB - [0-9]+ in use; .*at most 5[0-9]{2}'
printf 'memory:\n  max_total_memory_mb: 512M\n' >"$work/weft.conf"
check 'a configured limit that equals the default is not lowered' replay_in 0 --config "$work/weft.conf"
check 'a configured limit: nothing is said' bash -c "! grep memory: '$work/err'"

# ---- live, in both modes ----

# Remove the address, because tap mode rejects an interface with one. `ip netns exec` is not used,
# because it hides /sys/fs/cgroup.
make_pair && ip -n "$ns_b" addr flush dev eth0 || exit 1
mkdir "$work/control"
in_b=(nsenter --net="/run/netns/$ns_b" unshare -m)
resident_kb() { awk '/^Rss(Anon|Shmem):/ {kb += $2} END {print kb}' "/proc/$agent_pid/status"; }

# captures MODE ARGS...: an agent starts and answers; its resident memory is written to $work/kb,
# and it ends with status 0.
captures() {
	local mode=$1
	shift
	background agent_pid "${in_group[@]}" "${in_b[@]}" "$weft" run -i eth0 --mode "$mode" \
		--events "$work/$mode.json" --set "control.dir=$work/control" "$@" 2>"$work/err"
	agent_iface=eth0
	wait_until 100 agent_stats || { cat "$work/err"; return 1; }
	resident_kb >"$work/kb"
	agent_stats --json >"$work/stats.json"
	agent_stop || { cat "$work/err"; return 1; }
	lib_gone "$agent_pid" 300
}
# resident_below MB: the resident memory of the last agent was below MB when it had started.
# limit_is_lowered: the memory limit of the last agent was at most 75 MiB, not the default 512.
resident_below() { cat "$work/kb" && [ "$(cat "$work/kb")" -lt $(($1 * 1024)) ]; }
limit_is_lowered() { jq -e '.metrics.memory_limit_bytes.value <= 75 * 1048576' "$work/stats.json"; }

check 'tap mode starts with the default limit' captures tap
check 'tap mode: the limit is lowered' limit_is_lowered
check 'host mode starts with the default limit' captures host
check 'host mode: the limit is lowered' limit_is_lowered
check 'host mode starts with 400 MiB' captures host --max-memory 400
check 'host mode: memory is not touched before it is used' resident_below 60
finish
