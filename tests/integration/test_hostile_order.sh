#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_hostile_order.sh - the cost of 100,000 segments in the most expensive orders grows with n log
# n: four times as many segments take at most 5 times the instructions (n log n: 4.5; n squared:
# 16). hostile_order fails if a direction holds more data, or uses more memory, than its limit.
. "$(dirname "$0")/lib.sh"
command -v valgrind >/dev/null || skip_all "no valgrind"
few=25000

program=${WEFT_BUILD:-build}/helpers/hostile_order
make --no-print-directory -C "$root" "$program" >"$work/make" 2>&1 || {
	diag <"$work/make"
	not_ok "hostile_order builds"
	finish
}
cd "$root" || exit 1

# instructions ORDER COUNT: print the number of instructions; print nothing if the program failed.
instructions() {
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$1" "$2" \
		>"$work/out" 2>&1 || return 1
	sed -n 's/.*Collected : //p' "$work/out"
}

for order in reverse random alternating overlapping covering; do
	base=$(instructions "$order" 0)
	one=$(instructions "$order" $few)
	four=$(instructions "$order" $((4 * few)))
	name=hostile_order_${order}_grows_as_n_log_n
	if [ -z "$base" ] || [ -z "$one" ] || [ -z "$four" ]; then
		diag <"$work/out"
		not_ok "$name"
		continue
	fi
	one=$((one - base)) four=$((four - base))
	echo "# $order: $((one / few)) instructions a segment for $few," \
		"$((four / few / 4)) for $((4 * few)): $((four * 100 / one)) %, $(grep memory "$work/out")"
	[ $((four * 100 / one)) -le 500 ] && ok "$name" || not_ok "$name"
done
finish
