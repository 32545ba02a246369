#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# memory.sh BUILD_DIR - compares pages of several sizes, chosen to fit, with pages of 1900 bytes
# only.
#
#   KIND   traffic (default: tiny-rtt lossy-rtt bulk)     SCALE (default: 1)     RUNS (default: 9)
#
# weft reads a pipe, so that it must store held data itself. The feeder splices the file's pages
# into the pipe, which uses almost no CPU time. Three modes run in turn: fitting pages, 1900-byte
# pages, and reading only (a filter rejects every packet). Figures are medians. Each line has peak
# memory (anonymous and shared), CPU seconds and packets per CPU second. Further lines give what
# fitting pages save, and the required minimum: peak memory, and packets per CPU second with and
# without the time to read the pipe, which live capture does not do. The last lines give the memory
# per held byte for segments of several sizes (bench/memory).
set -u
cd "$(dirname "$0")/../.." || exit 1
out=${1:-build}
scale=${SCALE:-1}
runs=${RUNS:-9}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
failed=0

median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

feed() { # FILE
	python3 -c 'import os, sys
file = os.open(sys.argv[1], os.O_RDONLY)
while os.splice(file, 1, 1 << 20):
    pass' "$1"
}

run() { # MODE true|false [FILTER...]; true: with memory.enable_adaptive_sizing
	local mode=$1 adaptive=$2
	shift 2
	feed "$work/file.pcap" | "$out/helpers/mem_peak" "$work/peak" "$out/weft" replay - "$@" --quiet \
		--json --workers 1 --checksum ignore --max-memory 512M \
		--set "memory.enable_adaptive_sizing=$adaptive" \
		>"$work/report.json" 2>"$work/err" || {
		cat "$work/err"
		exit 1
	}
	read -r peak _ _ cpu <"$work/peak"
	echo "$mode $peak $cpu $(jq .metrics.frames.value "$work/report.json")" >>"$work/runs"
}

figure() { awk -v m="$1" -v f="$2" '$1 == m { print $f }' "$work/runs" | median; }

need() { # WHAT PERCENT LEAST
	local verdict=ok
	[ "$2" -ge "$3" ] || {
		verdict='NOT reached'
		failed=1
	}
	printf '%-9s %-46s %4d %%  (at least %d %%: %s)\n' "$kind" "$1" "$2" "$3" "$verdict"
}

for kind in ${KIND:-tiny-rtt lossy-rtt bulk}; do
	"$out/bench/traffic" "$kind" "$work/file.pcap" "$work/truth" --scale "$scale" 2>/dev/null || exit 1
	: >"$work/runs"
	for ((i = 0; i < runs; i++)); do
		run fitting true
		run fixed false
		run reading true 'tcp port 1'
	done
	for mode in reading fixed fitting; do
		printf '%-9s %-8s %8.1f MiB peak %8.3f CPU s %10.0f packets/CPU s\n' "$kind" $mode \
			"$(echo "$(figure $mode 2) / 1024" | bc -l)" "$(figure $mode 3)" \
			"$(echo "$(figure $mode 4) / $(figure $mode 3)" | bc -l)"
	done
	read_cpu=$(figure reading 3)
	saved=$(echo "100 - 100 * $(figure fitting 2) / $(figure fixed 2)" | bc)
	faster=$(echo "100 * $(figure fixed 3) / $(figure fitting 3) - 100" | bc)
	own=$(echo "100 * ($(figure fixed 3) - $read_cpu) / ($(figure fitting 3) - $read_cpu) - 100" | bc)
	case $kind in
	tiny*) need 'less peak memory' "$saved" 50 ;;
	lossy*)
		need 'less peak memory' "$saved" 50
		need 'more packets a CPU second, reading included' "$faster" 20
		need 'more packets a CPU second, reader not counted' "$own" 30
		;;
	*) need 'more packets a CPU second' "$faster" -3 ;;
	esac
done
"$out/bench/memory" 1000000 | grep held
exit $failed
