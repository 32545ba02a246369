#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test-kernels.sh [--quick] [--build DIR] [SERIES...] - runs the tests that depend on the kernel
# under other kernels, in guests of scripts/boot-kernel.sh, and the tests on network cards in guests
# of scripts/test-cards.sh. The default series are 6.1 and 6.12. The last line is: N passed, N
# failed, N skipped. A test that is skipped in a guest counts as failed. ONLY=pattern runs the
# matching files only.
#
#   --quick   only the part that `make test` runs, without network cards
#
# Without qemu or the kernel's package the series is skipped; in CI this is a failure. Logs are
# written to DIR/kernels.
set -u
cd "$(dirname "$0")/.." || exit 1
out=build part=all
passed=0 failed=0 skipped=0
export GUEST_PROGRAMS

while [ $# -gt 0 ]; do
	case $1 in
	--quick) part=quick ;;
	--build) out=$2 && shift ;;
	-*)
		sed -n '4,13s/^# \{0,1\}//p' "$0"
		exit 2
		;;
	*) break ;;
	esac
	shift
done
[ $# -gt 0 ] || set -- 6.1 6.12
GUEST_PROGRAMS=$out/weft

# not_run NAME REASON: count the series as skipped, or as failed in CI.
not_run() {
	if [ -n "${CI:-}" ]; then
		echo "not ok - $1: $2"
		failed=$((failed + 1))
	else
		echo "ok - $1 # SKIP $2"
		skipped=$((skipped + 1))
	fi
}

# count NAME LOG STATUS: add the totals of the guest's last line, "N passed, N failed, N skipped".
count() {
	local ok not_ok
	if [ -s "$2" ] && read -r ok not_ok < <(sed -nE '$s/^([0-9]+) passed, ([0-9]+) failed, .*/\1 \2/p' "$2"); then
		passed=$((passed + ok)) failed=$((failed + not_ok))
		echo "$1: $ok passed, $not_ok failed"
	else
		failed=$((failed + 1))
		echo "not ok - $1: the guest ended with status $3 before its tests did"
	fi
}

# run_guest NAME COMMAND...: run a command that boots a guest and runs tests in it.
#
# Linux changes its own code by means of a breakpoint (int3). An emulated processor sometimes executes
# the breakpoint after it was removed, which stops the guest; then the guest is started again, once.
run_guest() {
	local name=$1 log status try
	log=$out/kernels/${name// /-}.log
	shift
	mkdir -p "$out/kernels"
	for try in first second; do
		"$@" 2>&1 | tee "$log"
		status=${PIPESTATUS[0]}
		grep -q 'Oops: int3' "$log" || break
		echo "$name: the emulator stopped the guest at a breakpoint that Linux had removed ($try time)"
	done
	if [ "$status" -eq 125 ] && ! grep -q '^== ' "$log"; then
		not_run "$name" "$(tail -n 1 "$log")"
	else
		count "$name" "$log" "$status"
	fi
}

# tests SUITE: print the command that a guest runs.
tests() {
	echo "env CI=true ONLY=${ONLY:-} GUEST_PART=$part scripts/run-tests.sh $1 $out"
}

command -v qemu-system-x86_64 >/dev/null || {
	not_run "$*" 'needs qemu-system-x86; as root: scripts/install-deps.sh'
	set --
}
for series in "$@"; do
	# shellcheck disable=SC2046
	run_guest "Linux $series" scripts/boot-kernel.sh "$series" $(tests guest)
	[ "$part" = quick ] && continue
	# shellcheck disable=SC2046
	run_guest "Linux $series, cards" scripts/test-cards.sh "$series" $(tests cards)
done

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
