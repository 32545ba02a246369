# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154
#
# suites.sh - the tests of `make test` in addition to unit and integration tests.
# scripts/run-tests.sh sources this file, which uses its functions run and run_unit.
#
#   conversations   100,000 random conversations: truth, oracle and engine agree; and 1,000
#                   for each property that reassembly guarantees
#   fuzzers         some seconds each, from a fixed seed
#   leaks           replays of small attacks and of lossy traffic under valgrind
#   kernels         the tests that depend most on the kernel, under Debian 12's kernel
#   tc filters      host mode again, with tc filters, as on kernels without tcx links
#   sanitizers      unit tests, 1,500 or 400 conversations and some integration tests, with each of
#                   two sanitizer builds

quiet_make() {
	local log
	log=$(mktemp)
	if ! make --no-print-directory -j2 "$@" >"$log" 2>&1; then
		tail -n 30 "$log"
		echo "not ok - make $*"
	else
		echo "ok - make $*"
	fi
	rm -f "$log"
}

leak_check() {
	local dir status kind
	dir=$(mktemp -d)
	for kind in syns flows holes tiny fragments reuse; do
		"$out/bench/traffic" "attack-$kind" - "$dir/truth.tsv" --scale 0.005 2>/dev/null |
			valgrind --quiet --leak-check=full --show-leak-kinds=definite,indirect,possible \
				--error-exitcode=99 "$out/weft" replay - --quiet --max-memory 16M
		[ "${PIPESTATUS[1]}" -eq 0 ] && echo "ok - attack_${kind}_under_valgrind_leaks_nothing" ||
			echo "not ok - attack_${kind}_under_valgrind_leaks_nothing"
	done
	"$out/bench/traffic" lossy "$dir/lossy.pcap" "$dir/truth.tsv" --scale 0.002 >/dev/null &&
		valgrind --quiet --leak-check=full --show-leak-kinds=definite,indirect,possible \
			--error-exitcode=99 "$out/weft" replay "$dir/lossy.pcap" --quiet \
			--checksum ignore --streams "$dir/streams" --events "$dir/events.json"
	status=$?
	rm -rf "$dir"
	[ $status -eq 0 ] && echo "ok - replay_under_valgrind_leaks_nothing" ||
		echo "not ok - replay_under_valgrind_leaks_nothing ($status)"
}

export out
export -f quiet_make leak_check

# The emulated kernel uses about one processor. The suites between here and "kernels" use another.
if [ -z "${ONLY:-}" ]; then
	kernels=$(mktemp)
	scripts/test-kernels.sh --quick --build "$out" 6.1 >"$kernels" 2>&1 &
	kernels_pid=$!
fi

echo "== conversations"
CONVERSATIONS=${CONVERSATIONS:-100000} WEFT_BUILD=$out run conversations \
	"$out/tests/test_conversations"
CONVERSATIONS=${CONVERSATIONS:-100000} run "reassembly, families" "$out/tests/test_reassembly"

echo "== fuzzers"
run "build fuzzers" bash -c 'quiet_make "$@"' _ O=build/fuzz CC=clang SAN=fuzzer-no-link,address,undefined fuzzers
run fuzzers tests/fuzz/run.sh build/fuzz "${FUZZ_SECONDS:-6}"

echo "== leaks"
if [ -x "$out/weft" ]; then
	run "build traffic" bash -c 'quiet_make "$@"' _ "$out/bench/traffic"
	run leaks bash -c leak_check
fi

if [ -n "${kernels:-}" ]; then
	echo "== kernels"
	wait $kernels_pid
	run_counted kernels cat "$kernels"
	rm -f "$kernels"
fi

WEFT_SET=capture.tc_attach=filter WEFT_LIVE_MB=200 run_integration "$out" "tc filters" \
	live_host host_tags mode

# The thread sanitizer makes code ten times slower, and conversations use one thread only.
declare -A attack_scale=([address,undefined]=0.02 [thread]=0.004)
declare -A conversations=([address,undefined]=1500 [thread]=400)
# The integration tests that run with each sanitizer: no slow tests, and no tests of the kernel part
# alone. Test corpus finds faults of memory, not of threads.
declare -A whole_path=(
	[address,undefined]="replay_cli corpus sinks live_tap live_host memory_attack http subscribe privileges policy endpoints shm replay_subscribers nats_sink collect"
	[thread]="replay_cli sinks live_tap live_host memory_attack http subscribe privileges policy endpoints shm replay_subscribers shm_pressure nats_live collect"
)
# The unit tests that do not run with each sanitizer: slow tests that use one thread only, and
# cache_lines, which counts memory accesses of code built without a sanitizer.
declare -A left_out=([address,undefined]="cache_lines" [thread]="stream pcap_file cache_lines")
for san in address,undefined thread; do
	dir=build/san-${san//,/-}
	run "build $san" bash -c 'quiet_make "$@"' _ SAN=$san all unit helpers
	# shellcheck disable=SC2086 # lists of names
	CONVERSATIONS=${conversations[$san]} WEFT_BUILD=$dir run_unit "$dir" "$san" ${left_out[$san]}
	# shellcheck disable=SC2086
	OPENS=200 WEFT_LIVE_MB=50 ATTACK_SCALE=${attack_scale[$san]} run_integration "$dir" "$san, whole path" \
		${whole_path[$san]}
done
