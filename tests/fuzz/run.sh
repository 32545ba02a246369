#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# run.sh BUILD_DIR SECONDS [NAME...] - each fuzzer (or those named) for so long.
#
# Starts from seed 1 and what earlier runs found worth keeping in
# BUILD_DIR/corpus/NAME. An input that fails is kept in BUILD_DIR/crashes; give
# it to BUILD_DIR/fuzzers/NAME as an argument to see it again.
set -u
cd "$(dirname "$0")/../.." || exit 1
out=$1
seconds=$2
shift 2
failed=0
captures=${WEFT_CORPUS:-../shared/corpus}/captures
[ $# -gt 0 ] || set -- $(cd "$out/fuzzers" && ls)

for name in "$@"; do
	log=$out/$name.log
	seeds=("$out/corpus/$name")
	mkdir -p "${seeds[0]}" "$out/crashes"
	[ -e "${seeds[0]}/random-0" ] || python3 -c '
import random, sys
for i in range(64):
    rng = random.Random(i)
    with open(f"{sys.argv[1]}/random-{i}", "wb") as file:
        file.write(rng.randbytes(rng.randrange(40, 1600)))' "${seeds[0]}"
	[ "$name" = fuzz_pcap ] && [ -d "$captures" ] && seeds+=("$captures")
	if ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1} "$out/fuzzers/$name" -seed=1 \
		-max_total_time="$seconds" -max_len=4096 -len_control=0 -timeout=20 -rss_limit_mb=2048 \
		-print_final_stats=1 -verbosity=1 -artifact_prefix="$out/crashes/$name-" \
		"${seeds[@]}" >"$log" 2>&1; then
		echo "ok - $name, $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs"
	else
		tail -n 40 "$log"
		echo "not ok - $name"
		failed=1
	fi
done
exit $failed
