#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_run_tests.sh - scripts/run-tests.sh repeats a failed integration or unit test, and shows this. A test
# that fails or crashes twice, or for which no repetition is left, counts as failed.
. "$(dirname "$0")/lib.sh"

mkdir -p "$work/tests/integration" "$work/scripts"
cp "$root/scripts/run-tests.sh" "$work/scripts"

# script NAME: install standard input as a test of the copied tree.
script() { cat >"$work/tests/integration/test_$1.sh"; }

# suite [VARIABLE=VALUE...]: run the copied tree's tests; the output is in $work/out.
suite() { env -u CI -u ONLY -u REPEATS "$@" "$work/scripts/run-tests.sh" integration build >"$work/out" 2>&1; }

last_line_is() { [ "$(tail -n 1 "$work/out")" = "$1" ]; }
says() { grep -q "$1" "$work/out"; }

script steady <<<'echo "ok - steady"'
script alone <<<'# Alone: a reason
echo "ok - alone"'
check 'good_tests_pass' suite
check 'good_tests_are_counted' last_line_is '2 passed, 0 failed, 0 skipped'

script second <<<"[ -e $work/ran ] && { echo 'ok - second'; exit 0; }
touch $work/ran
echo 'not ok - second'"
check 'a_test_that_passes_when_repeated_passes' suite
check 'the_repeated_test_is_counted_once' last_line_is '3 passed, 0 failed, 0 skipped'
check 'the_first_failure_is_printed' says '    | not ok - second'
check 'the_last_lines_name_the_repeated_test' says '^repeated: integration/test_second.sh: not ok - second'

rm "$work/ran"
check 'without_repetitions_the_test_fails' eval "! suite REPEATS=0"
check 'its_failure_is_counted' last_line_is '2 passed, 1 failed, 0 skipped'

rm "$work/ran"
script crash <<<'echo "ok - crash"; exit 3'
check 'a_test_that_crashes_twice_fails' eval "! suite"
check 'the_crash_is_counted' last_line_is '4 passed, 1 failed, 0 skipped'
check 'the_status_of_the_crash_is_printed' says 'test_crash.sh ended with status 3'

rm "$work/ran"
check 'one_repetition_is_not_enough_for_two_failures' eval "! suite REPEATS=1"
mkdir -p "$work/build/tests"
cat >"$work/build/tests/test_once" <<UNIT
#!/bin/sh
[ -e $work/ran-once ] && echo "ok - once" && exit
touch $work/ran-once
echo "not ok - once"
UNIT
chmod +x "$work/build/tests/test_once"
unit() { (cd "$work" && env -u CI -u ONLY -u REPEATS scripts/run-tests.sh unit build >"$work/out.unit" 2>&1); }
check 'a_unit_test_that_passes_when_repeated_passes' unit
check 'the_last_lines_name_the_repeated_unit_test' grep -q '^repeated: unit/test_once: not ok - once' "$work/out.unit"

check 'one_test_was_repeated' [ "$(grep -c '^repeated: ' "$work/out")" = 1 ]
finish
