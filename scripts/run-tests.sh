#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# run-tests.sh SUITE BUILD_DIR - run tests, count their TAP lines, and print one last line: N
# passed, N failed, N skipped.
#
#   unit         cmocka programs in BUILD_DIR/tests; root is not needed
#   integration  tests/integration/test_*.sh, which need root and namespaces
#   suites       tests/suites.sh: sanitizers, fuzzers, ...
#   guest        tests/guest.sh: the tests that depend on the kernel
#   cards        tests/guest/test_*.sh, in a guest of scripts/test-cards.sh
#   all          unit, integration and suites
#
# A test prints "ok - name", "not ok - name" or "ok - name # SKIP reason". A test program that
# crashes or prints no result counts as one failure. ONLY=pattern runs the matching files only.
#
# A failed unit test program or integration script is repeated alone; at most REPEATS are repeated
# per run (default 3). The output of the failed run is printed, and the last lines name each repeated
# test. A test that passes only alone depends on the speed of the machine, which is a fault of the
# test or of weft.
set -u
cd "$(dirname "$0")/.." || exit 1
suite=${1:-all}
out=${2:-build}
passed=0 failed=0 skipped=0
# Factor by which this machine is slower than a physical one. Tests multiply their time limits by
# it.
export WEFT_SLOW=${WEFT_SLOW:-$(grep -q 'QEMU TCG' /proc/cpuinfo && echo 10 || echo 1)}
troubles=() # failed, skipped and repeated tests, printed again at the end
repeats=${REPEATS:-3}
figures=    # pattern of output lines that are shown although the test passed

# failures STATUS LOG: print how many failed tests a test file reported, at least 1 if it crashed or
# reported nothing.
failures() {
	local not_ok
	not_ok=$(grep -E '^not ok ' "$2" | grep -cvE '# SKIP')
	if [ "$not_ok" -eq 0 ] && { [ "$1" -ne 0 ] || ! grep -qE '^(not )?ok ' "$2"; }; then not_ok=1; fi
	echo "$not_ok"
}

# count NAME STATUS LOG: add the TAP results of a finished test file to the totals.
count() {
	local name=$1 status=$2 log=$3 ok not_ok skip
	# cmocka prints a skipped test as "not ok ... # SKIP".
	skip=$(grep -cE '^(not )?ok .*# SKIP' "$log")
	ok=$(grep -E '^ok ' "$log" | grep -cvE '# SKIP')
	not_ok=$(failures "$status" "$log")
	[ "$not_ok" -eq 0 ] || grep -E '^not ok ' "$log" | grep -qvE '# SKIP' ||
		echo "not ok - $name ended with status $status" >>"$log"
	passed=$((passed + ok)) failed=$((failed + not_ok)) skipped=$((skipped + skip))
	if [ "$not_ok" -gt 0 ]; then
		while read -r line; do
			troubles+=("failed: $name: $line")
		done < <(grep -E '^not ok ' "$log" | grep -vE '# SKIP')
		printf '  FAIL   %-40s %s ok, %s not ok\n' "$name" "$ok" "$not_ok"
		sed 's/^/    | /' "$log" | tail -n 60
	else
		printf '  ok     %-40s %s tests%s, %ss\n' "$name" "$ok" \
			"$([ "$skip" -gt 0 ] && echo ", $skip skipped")" "$SECONDS"
	fi
	[ -z "$figures" ] || sed -n "/$figures/s/^# */         /p" "$log"
	while read -r line; do
		troubles+=("skipped: $name: $line")
	done < <(grep -E '# SKIP' "$log")
}

# attempt LOG COMMAND...: run one test file with a time limit; its output goes to LOG.
attempt() {
	local log=$1
	shift
	CMOCKA_MESSAGE_OUTPUT=TAP timeout --kill-after=10 "${TEST_TIMEOUT:-$((WEFT_SLOW > 1 ? 1800 : 1200))}" "$@" >"$log" 2>&1
}

# attempt_file LOG TEST: attempt() for a script or a program.
attempt_file() {
	if [[ $2 == *.sh ]]; then attempt "$1" bash "$2"; else attempt "$1" "$2"; fi
}

export -f attempt attempt_file

# repeat NAME LOG TEST: print the output of a failed test, and run the test again alone. Fails if no repetition is left. Otherwise the new output is in LOG, the status in $status.
repeat() {
	[ "$repeats" -gt 0 ] || return 1
	repeats=$((repeats - 1))
	printf '  again  %-40s failed; its output, before it is repeated alone:\n' "$1"
	sed 's/^/    | /' "$2" | tail -n 60
	troubles+=("repeated: $1: $(grep -m 1 -E '^not ok ' "$2" || echo crashed)")
	SECONDS=0
	attempt_file "$2" "$3"
	status=$?
}

# run NAME COMMAND...: run one test file.
run() {
	local name=$1 log
	shift
	[[ $name == *${ONLY:-}* ]] || return 0
	log=$(mktemp)
	SECONDS=0
	attempt "$log" "$@"
	count "$name" $? "$log"
	rm -f "$log"
}

# run_counted NAME COMMAND...: run a command whose last line has its own totals, and add them.
run_counted() {
	local name=$1 log ok not_ok skip
	shift
	log=$(mktemp)
	"$@" 2>&1 | tee "$log"
	if read -r ok not_ok skip < <(sed -nE '$s/^([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped/\1 \2 \3/p' "$log"); then
		passed=$((passed + ok)) failed=$((failed + not_ok)) skipped=$((skipped + skip))
	else
		failed=$((failed + 1))
	fi
	[ "${not_ok:-1}" -eq 0 ] || troubles+=("failed: $name")
	rm -f "$log"
}

# run_at_once LABEL TEST...: run test files, AT_ONCE at a time (default: one per processor), then
# repeat failed ones. A test without a result, for instance because its shell was killed, counts
# as failed.
run_at_once() {
	local label=$1 test name logs status runner again
	local -a failed_tests=()
	shift
	logs=$(mktemp -d)
	# shellcheck disable=SC2016 # expanded by the inner shell
	[ $# -eq 0 ] || printf '%s\0' "$@" |
		LOGS=$logs xargs -0 -n 1 -P "${AT_ONCE:-$(nproc)}" bash -c '
			SECONDS=0 log=$LOGS/${1##*/}
			attempt_file "$log" "$1"
			echo "$? $SECONDS" >"$log.status"' _ &
	runner=$!
	for test in "$@"; do
		name=${test##*/} status=none SECONDS=0
		while [ ! -s "$logs/$name.status" ] && kill -0 "$runner" 2>/dev/null; do sleep 0.1; done
		[ ! -s "$logs/$name.status" ] || read -r status SECONDS <"$logs/$name.status"
		touch "$logs/$name"
		if [ "$(failures "${status/none/1}" "$logs/$name")" -gt 0 ]; then
			failed_tests+=("${status/none/1} $test")
		else
			count "$label/$name" "${status/none/1}" "$logs/$name"
		fi
	done
	for again in "${failed_tests[@]}"; do
		read -r status test <<<"$again"
		name=${test##*/}
		repeat "$label/$name" "$logs/$name" "$test" || true
		count "$label/$name" "$status" "$logs/$name"
	done
	rm -rf "$logs"
}

# run_unit BUILD_DIR LABEL [NAME...]: run all unit tests except test_NAME for each NAME. Unit tests
# share nothing, so several run at once.
run_unit() {
	local dir=$1 label=$2 test
	local -a tests=()
	shift 2
	echo "== $label"
	for test in "$dir"/tests/test_*; do
		[[ " $* " != *" ${test##*/test_} "* ]] || continue
		[ -f "$test" ] && [ -x "$test" ] && [[ $label/${test##*/} == *${ONLY:-}* ]] && tests+=("$test")
	done
	run_at_once "$label" "${tests[@]}"
}

# run_scripts FOLDER BUILD_DIR LABEL [NAME...]: run all test_*.sh of FOLDER, or test_NAME.sh for
# each NAME. Scripts have namespaces of their own, so several run at once; then those that have a
# line "# Alone: reason", one after the other.
run_scripts() {
	local folder=$1 label=$3 test
	local -x WEFT_BUILD=$2
	local -a tests=("$folder"/test_*.sh) together=() alone=()
	shift 3
	[ $# -eq 0 ] || tests=("${@/#/$folder/test_}")
	echo "== $label"
	for test in "${tests[@]%.sh}"; do
		[[ $label/${test##*/}.sh == *${ONLY:-}* ]] || continue
		if grep -q '^# Alone: ' "$test.sh"; then alone+=("$test.sh"); else together+=("$test.sh"); fi
	done
	run_at_once "$label" "${together[@]}"
	for test in "${alone[@]}"; do AT_ONCE=1 run_at_once "$label" "$test"; done
}

run_integration() { run_scripts tests/integration "$@"; }

case $suite in
unit) run_unit "$out" unit ;;
integration) run_integration "$out" integration ;;
suites)
	# shellcheck source=/dev/null
	. tests/suites.sh
	;;
cards) AT_ONCE=1 run_scripts tests/guest "$out" cards ;;
guest)
	# shellcheck source=/dev/null
	. tests/guest.sh
	;;
all)
	run_unit "$out" unit
	run_integration "$out" integration
	# shellcheck source=/dev/null
	[ -e tests/suites.sh ] && . tests/suites.sh
	;;
*)
	echo "run-tests.sh: no suite '$suite'" >&2
	exit 2
	;;
esac

[ ${#troubles[@]} -eq 0 ] || printf '%s\n' "${troubles[@]}"
if [ -n "${CI:-}" ] && [ "$skipped" -gt 0 ]; then
	echo "skipped tests count as failures in CI"
	failed=$((failed + skipped))
	skipped=0
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
