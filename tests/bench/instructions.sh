#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# instructions.sh BUILD_DIR [OTHER_BUILD_DIR] - counts with callgrind the instructions that
# `weft replay` with one worker executes for each packet, without those of a replay of nothing, so
# that the figures do not depend on other load. With a second build, the ratio of both is printed
# too.
#
#   KINDS="bulk web lossy tiny"  kinds of traffic, see traffic.c    SCALE=0.05  size of each
set -eu
build=$1 other=${2:-}
kinds=${KINDS:-bulk web lossy tiny} scale=${SCALE:-0.05}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# count BUILD_DIR FILE: print the number of instructions. A child process, of which callgrind
# reports a second count, has fewer.
count() {
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$1/weft" replay "$2" --quiet \
		--checksum ignore --set capture.workers=1 2>&1 |
		awk '/Collected/ && $NF > most { most = $NF } END { print most }'
}

# per_packet BUILD_DIR PACKETS
per_packet() {
	echo "($(count "$1" "$work/file.pcap") - $(count "$1" "$work/none.pcap")) / $2" | bc
}

printf '%-10s %12s %12s %8s\n' kind instructions "${other:+other build}" "${other:+ratio}"
for kind in $kinds; do
	packets=$("$build/bench/traffic" "$kind" "$work/file.pcap" "$work/truth.tsv" \
		--scale "$scale" 2>&1 | sed -n 's/.* \([0-9]*\) packets.*/\1/p')
	head -c 24 "$work/file.pcap" >"$work/none.pcap"
	here=$(per_packet "$build" "$packets")
	if [ -n "$other" ]; then
		there=$(per_packet "$other" "$packets")
		printf '%-10s %12s %12s %8s\n' "$kind" "$here" "$there" "$(echo "scale=3; $here / $there" | bc)"
	else
		printf '%-10s %12s\n' "$kind" "$here"
	fi
	rm -f "$work/file.pcap"
done
