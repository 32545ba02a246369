#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_defrag_kernel.sh - compares weft's IP defragmentation with the running kernel's, on random
# fragments. See defrag_kernel.c. Environment: CASES (default 20000), SEED (default 1).
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" = 0 ] || skip_all "needs root"
[ -c /dev/net/tun ] || skip_all "there is no /dev/net/tun"

helper=$(dirname "$weft")/helpers/defrag_kernel
[ -x "$helper" ] || make --no-print-directory -C "$root" helpers >"$work/log" 2>&1 ||
	diag <"$work/log"
"$helper" "${CASES:-20000}" "${SEED:-1}" || tests_failed=1
finish
