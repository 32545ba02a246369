#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_demo.sh - `weft demo` compares all downloads and both modes, and removes everything it
# created.
#
# Alone: the test counts namespaces and files that any demo has left.
. "$(dirname "$0")/lib.sh"
need_root
need_weft

left() { ip netns list | grep -c weft-demo; find /tmp -maxdepth 1 -name 'weft-demo-*' | wc -l; }
before=$(left)
check 'weft demo' "$weft" demo
cp "$work/check.out" "$work/demo.out"
check 'weft demo compared every download' grep -q 'all 203 downloads.* byte for byte' "$work/demo.out"
check 'weft demo compared both modes' grep -q 'mirror port gave the same 406 streams' "$work/demo.out"
check 'weft demo showed closed ledgers of both modes' bash -c "
	[ \$(grep -c 'ledger payload_bytes closed' '$work/demo.out') -eq 2 ]"
check 'weft demo showed the packets of a flow in the map' grep -qE '"packets": \[[0-9]*[1-9]' "$work/demo.out"
check 'no namespace or file is left' test "$(left)" = "$before"
if [ "$(id -u)" -eq 0 ]; then
	check 'without root: status 4' bash -c "
		setpriv --reuid=65534 --clear-groups --inh-caps=-all '$weft' demo 2>'$work/err'
		[ \$? -eq 4 ] && grep -q 'weft demo. as root' '$work/err'"
fi
finish
