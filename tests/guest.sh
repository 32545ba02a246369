# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# guest.sh - runs the tests that depend on the kernel, in a guest of scripts/test-kernels.sh.
# scripts/run-tests.sh sources this file, which uses its functions run and run_integration.
# GUEST_PART=quick selects the part that `make test` runs. The verifier's figures are printed too.
# Sizes are chosen for an emulated machine with two processors.

figures='instructions processed'
export WEFT_LIVE_MB=${WEFT_LIVE_MB:-48} WEFT_ELEPHANT_MB=${WEFT_ELEPHANT_MB:-100}
export WEFT_RESTARTS=${WEFT_RESTARTS:-5}
export WEFT_QUEUES=${WEFT_QUEUES:-1 4} WEFT_WORKERS=${WEFT_WORKERS:-1 3}

guest_unit=("$out"/tests/test_bpf_*[a-z] "$out"/tests/test_{hot_flows,handshakes,hash,map_sizes,count_mover,probe,probe_judge,kernel_features})
guest_integration=(live_tap live_frames live_host host_tags queues nic_hash interfaces mode coexist
	tc_filter filter_live flows elephant overload syn_flood kill9 install demo)

if [ "${GUEST_PART:-}" = quick ]; then
	guest_unit=("$out"/tests/test_bpf_*[a-z] "$out"/tests/test_{hot_flows,handshakes,kernel_features})
	guest_integration=(filter_live host_tags kill9)
	WEFT_RESTARTS=2
fi

echo "== Linux $(uname -r)"
for name in "${guest_unit[@]}"; do
	run "unit/${name##*/}" "$name"
done
AT_ONCE=1 run_integration "$out" integration "${guest_integration[@]}"
