#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# instructions.sh BUILD_DIR [OTHER_BUILD_DIR] - counts with callgrind the instructions that
# `weft replay` executes, so that the figures do not depend on other load. With a second build, the
# ratio of both counts is printed too.
#
#   KINDS="bulk web lossy tiny"  kinds of traffic, see traffic.c    SCALE=0.05  size of each
set -eu
build=$1 other=${2:-}
kinds=${KINDS:-bulk web lossy tiny} scale=${SCALE:-0.05}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# instructions BUILD_DIR FILE: print the number of instructions. A child process, of which callgrind
# reports a second count, has fewer.
instructions() {
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$1/weft" replay "$2" --quiet \
		--checksum ignore 2>&1 | awk '/Collected/ && $NF > most { most = $NF } END { print most }'
}

printf '%-8s %16s %16s %8s\n' kind instructions "${other:+other build}" "${other:+ratio}"
for kind in $kinds; do
	"$build/bench/traffic" "$kind" "$work/file.pcap" "$work/truth.tsv" --scale "$scale" >/dev/null
	here=$(instructions "$build" "$work/file.pcap")
	if [ -n "$other" ]; then
		there=$(instructions "$other" "$work/file.pcap")
		printf '%-8s %16s %16s %8s\n' "$kind" "$here" "$there" "$(echo "scale=4; $here / $there" | bc)"
	else
		printf '%-8s %16s\n' "$kind" "$here"
	fi
	rm -f "$work/file.pcap"
done
