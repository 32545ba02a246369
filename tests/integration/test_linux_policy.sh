#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_linux_policy.sh - compares the overlap policy `linux` with the running kernel: the same
# segments, sent to a real socket through a TUN device, must give the same bytes.
#
# The results must be equal for all pairs of segments of any size, and for all triplets of small
# segments. With larger or more segments, the kernel's treatment of a segment that begins at the end
# of another one depends on the room in a buffer and on the shape of a tree. See tun_receiver.c,
# which accepts no other difference.
. "$(dirname "$0")/lib.sh"
need_root
[ -c /dev/net/tun ] || skip_all "no /dev/net/tun"

receiver=${WEFT_BUILD:-build}/helpers/tun_receiver
make --no-print-directory -C "$root" "$receiver" >"$work/make" 2>&1 || {
	diag <"$work/make"
	not_ok "tun_receiver builds"
	finish
}
cd "$root" || exit 1

# play NAME EQUAL ARGS...: no difference is unexplained; if EQUAL is "all", there is no difference.
play() {
	local name=$1 equal=$2 status last
	shift 2
	timeout 120 "$receiver" "$@" >"$work/out" 2>&1
	status=$?
	last=$(tail -n 1 "$work/out")
	echo "# $*: $last"
	if [ "$status" -eq 77 ]; then
		skip "$name" "$last"
	elif [ "$status" -eq 0 ] && [[ $last == *" unexplained 0" ]] &&
		[[ $equal != all || $last == *" explained 0 "* ]]; then
		ok "$name"
	else
		diag <"$work/out"
		not_ok "$name"
	fi
}

echo "# Linux $(uname -r)"
for scale in 1 8 100 1000; do
	play "linux_policy_pairs_of_${scale}_bytes_equal_the_kernel" all pairs "$scale"
done
for scale in 1 8; do
	play "linux_policy_triplets_of_${scale}_bytes_equal_the_kernel" all triplets "$scale"
done
for scale in 100 1000; do
	play "linux_policy_triplets_of_${scale}_bytes_differ_only_as_explained" some triplets "$scale"
done
for seed in 1 2; do
	play "linux_policy_random_${seed}_differs_only_as_explained" some random 3000 "$seed"
done
finish
