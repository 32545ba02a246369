# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# group.sh - a control group with a memory limit, which is removed at exit. Source it after lib.sh.

group=

# group_make LIMIT: make a group of version 2 if the memory controller is there, else of version 1.
group_make() {
	local top=/sys/fs/cgroup limit=memory.max

	group_use=memory.current
	if grep -qw memory "$top/cgroup.controllers"; then
		grep -qw memory "$top/cgroup.subtree_control" ||
			echo +memory >"$top/cgroup.subtree_control" || return 1
	else
		top=$top/memory limit=memory.limit_in_bytes group_use=memory.usage_in_bytes
	fi
	mkdir "$top/weft-test-$$" || return 1
	group=$top/weft-test-$$
	echo "$1" >"$group/$limit"
	# "${in_group[@]}" COMMAND...: run COMMAND in the group; the process keeps its pid.
	# shellcheck disable=SC2016
	in_group=(bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group")
}

group_drop() {
	local try
	# A group can't be removed before its last process is gone.
	for ((try = 0; try < 50; try++)); do
		[ -z "$group" ] || rmdir "$group" 2>/dev/null && group= && break
		sleep 0.1
	done
}
