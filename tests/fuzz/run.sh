#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# run.sh BUILD_DIR SECONDS [NAME...] - runs each fuzzer, or the named ones, for SECONDS.
#
# Each fuzzer starts from seed 1 and from the inputs in BUILD_DIR/corpus/NAME: those that this
# script makes, and those that earlier runs kept. fuzz_pcap also gets the captures of tests/corpus.
# An input that fails is kept in BUILD_DIR/crashes; BUILD_DIR/fuzzers/NAME with the input as
# argument repeats the failure.
set -u
cd "$(dirname "$0")/../.." || exit 1
out=$1
seconds=$2
shift 2
failed=0
captures=${WEFT_CORPUS:-tests/corpus}/captures
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1}
[ $# -gt 0 ] || set -- $(cd "$out/fuzzers" && ls)

# Writes valid messages as seeds: inputs derived from them pass the first checks of the parsers.
make_bus_seeds() {
	local name=10.0.0.1.40000-10.0.0.2.80@vlan10.20.vni5#2
	printf '%s\0' weft.s1.data.3 1 data s1-00000000000000ab-7 "$name" toserver 100 - 17 bytes >"${seeds[0]}/data"
	printf '%s\0' weft.s1.data.3 1 gap s1-00000000000000ab-7 __1.1-fe80__2.80 toclient 5 9 17 '{"a":1}' \
		>"${seeds[0]}/gap"
	printf '%s\0' '$JS.ACK.WEFT.weft-collect-0-of-1-p0-of-16.1.1000.7.1700000000000000000.42' >"${seeds[0]}/delivery"
}

make_seeds() {
	mkdir -p "${seeds[0]}" "$out/crashes"
	[ -e "${seeds[0]}/random-0" ] || python3 -c '
import random, sys
for i in range(64):
    rng = random.Random(i)
    with open(f"{sys.argv[1]}/random-{i}", "wb") as file:
        file.write(rng.randbytes(rng.randrange(40, 1600)))' "${seeds[0]}"
	[ "$name" = fuzz_pcap ] && seeds+=("$captures")
	[ "$name" = fuzz_bus ] && make_bus_seeds
	return 0
}

# If the machine paused, an input may seem to hang: such an input is run once more.
stood_still() {
	local input
	input=$(sed -n 's/.*Test unit written to \(.*-timeout-.*\)/\1/p' "$log" | head -n 1)
	[ -n "$input" ] && "$out/fuzzers/$name" -timeout=20 "$input" >>"$log" 2>&1 && rm -f "$input" &&
		echo "# $name: an input took 20 seconds, and less when tried again"
}

# Return: false if the fuzzer found a failure or could not run.
fuzz() {
	local inputs=0 ran end=$((SECONDS + seconds))
	while [ "$SECONDS" -lt "$end" ] || [ "$inputs" -eq 0 ]; do
		"$out/fuzzers/$name" -seed=$((1 + inputs)) -max_total_time=$((end - SECONDS + 1)) \
			-max_len=4096 -len_control=0 -timeout=20 -rss_limit_mb=2048 \
			-print_final_stats=1 -verbosity=1 -artifact_prefix="$out/crashes/$name-" \
			"${seeds[@]}" >"$log" 2>&1 || stood_still || return 1
		ran=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | head -n 1)
		[ "${ran:-0}" -gt 0 ] || return 1
		inputs=$((inputs + ran))
	done
	echo "ok - $name, $inputs inputs"
}

for name in "$@"; do
	log=$out/$name.log
	seeds=("$out/corpus/$name")
	make_seeds
	if ! fuzz; then
		tail -n 40 "$log"
		echo "not ok - $name"
		failed=1
	fi
done
exit $failed
