# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# cpu.sh - CPU time of threads, and medians, for tests/bench/*.sh. Unlike a rate, CPU time does not
# depend on which other programs use the same CPUs.

# cpu_ns PID NAME: print the nanoseconds of CPU time that the threads of PID whose name matches NAME, a
# pattern of the shell, have used since they began.
cpu_ns() {
	local task comm used sum=0
	for task in "/proc/$1/task"/*; do
		read -r comm <"$task/comm" && read -r used _ <"$task/schedstat" || continue
		# shellcheck disable=SC2053 # a pattern
		[[ $comm == $2 ]] && sum=$((sum + used))
	done 2>/dev/null
	echo "$sum"
}

# median FIELD: print the median of a field of the lines of standard input.
median() { awk -v field="$1" '{ print $field }' | sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
