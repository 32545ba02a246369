#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# run.sh BUILD_DIR - compares the speed of replay with its lower bound and with other programs.
#
#   KIND   kinds of traffic: bulk web lossy tiny syn-flood holes open-close open-10k open-1m
#          (default: all)
#   RUNS   runs of each program but tcpflow, in turn; the median is printed   (default: 5)
#   PEERS  0: leave out the other programs
#   SCALE, BENCH_DATA   see traffic.sh
#
# Each line has one result: traffic, program, CPU seconds (user + system, all threads), wall
# seconds, peak MiB, and the ratios of its CPU time to that of "headers touched" and of "floor flow"
# (floor.c) for the same file in the same run. All programs read from the page cache. Two lines
# follow if their kinds were measured: the cost of a connection's begin and end, and of a packet
# with many connections.
set -u
cd "$(dirname "$0")/../.." || exit 1
out=${1:-build}
bench=$out/bench
# shellcheck source=tests/bench/traffic.sh
. tests/bench/traffic.sh
kinds=${KIND:-bulk web lossy tiny syn-flood holes open-close open-10k open-1m}
runs=${RUNS:-5}
weft=$out/weft
failed=0
mkdir -p "$bench/peers"

median() {
	sort -g | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

build_peers() {
	[ "${PEERS:-1}" = 1 ] || return
	if command -v go >/dev/null && [ -d /usr/share/gocode/src/github.com/google/gopacket ]; then
		GOPATH=/usr/share/gocode GO111MODULE=off GOCACHE=$PWD/$bench/gocache \
			go build -o "$bench/peers/gopacket" tests/bench/peers/gopacket.go ||
			rm -f "$bench/peers/gopacket"
	fi
	if [ -e /usr/include/nids.h ]; then
		gcc -O2 -o "$bench/peers/nids" tests/bench/peers/nids.c -lnids -lpcap ||
			rm -f "$bench/peers/nids"
	fi
}

# contenders FILE: print name<TAB>command of each installed program.
contenders() {
	local file=$1 scratch=$data/tcpflow.out
	printf 'headers touched\t%s\n' "$bench/floor headers $file"
	printf 'payload memcpy\t%s\n' "$bench/floor memcpy $file"
	printf 'floor flow\t%s\n' "$bench/floor flow $file"
	if [ -x "$weft" ]; then
		printf 'weft replay, 1 worker\t%s\n' \
			"$weft replay $file --checksum ignore --quiet --json --set capture.workers=1"
		printf 'weft replay, 2 workers\t%s\n' \
			"$weft replay $file --checksum ignore --quiet --json --set capture.workers=2"
		printf 'weft replay, verified\t%s\n' \
			"$weft replay $file --checksum verify --quiet --json --set capture.workers=1"
	fi
	[ "${PEERS:-1}" = 1 ] || return
	[ -x "$bench/peers/gopacket" ] && printf 'gopacket\t%s\n' "$bench/peers/gopacket $file"
	[ -x "$bench/peers/nids" ] && printf 'libnids\t%s\n' "$bench/peers/nids $file"
	command -v tcpflow >/dev/null &&
		printf 'tcpflow\t%s\n' "sh -c 'rm -rf $scratch; tcpflow -q -r $file -o $scratch -X /dev/null; rm -rf $scratch'"
}

# The programs run in turn, so that other load affects all of them equally.
measure_all() {
	local file=$1 run name command log=$bench/runs.tsv
	: >"$log"
	for run in $(seq "$runs"); do
		while IFS=$'\t' read -r name command; do
			case $name in tcpflow) [ "$run" -gt 1 ] && continue ;; esac
			printf '%s\t%s\n' "$name" \
				"$(eval "$bench/measure $command" 2>"$bench/errors.log" | tr ' ' '\t')" >>"$log"
		done < <(contenders "$file")
	done
}

report() {
	local kind=$1 name headers flow cpu wall rss bad
	headers=$(awk -F'\t' '$1 == "headers touched" { print $2 }' "$bench/runs.tsv" | median)
	flow=$(awk -F'\t' '$1 == "floor flow" { print $2 }' "$bench/runs.tsv" | median)
	while read -r name; do
		cpu=$(awk -F'\t' -v n="$name" '$1 == n { print $2 }' "$bench/runs.tsv" | median)
		wall=$(awk -F'\t' -v n="$name" '$1 == n { print $3 }' "$bench/runs.tsv" | median)
		rss=$(awk -F'\t' -v n="$name" '$1 == n { print $4 }' "$bench/runs.tsv" | median)
		bad=$(awk -F'\t' -v n="$name" '$1 == n && $5 != 0' "$bench/runs.tsv" | wc -l)
		printf '%-10s %-24s %8.3f CPU s %8.3f wall s %7.0f MiB peak %6.2f x headers %6.2f x flow%s\n' \
			"$kind" "$name" "$cpu" "$wall" "$(echo "$rss / 1024" | bc -l)" \
			"$(echo "$cpu / $headers" | bc -l)" "$(echo "$cpu / $flow" | bc -l)" \
			"$([ "$bad" -gt 0 ] && echo "  FAILED $bad times")"
		[ "$name" != 'weft replay, 1 worker' ] || weft_cpu[$kind]=$cpu
	done < <(cut -f1 "$bench/runs.tsv" | awk '!seen[$0]++')
}

# Check that every direction's stream file has the expected SHA-256, and that there are no other
# files.
check_truth() {
	local kind=$1 file=$2 dir=$data/streams.out wrong files lines
	[ -x "$weft" ] || return
	case $kind in open-*) return ;; esac # up to two million files, of streams like those of web
	rm -rf "$dir"
	if ! "$weft" replay "$file" --checksum ignore --quiet --streams "$dir" >/dev/null 2>"$bench/errors.log"; then
		echo "$kind: weft replay --streams failed:"
		cat "$bench/errors.log"
		failed=1
		return
	fi
	wrong=$(awk -F'\t' '{ printf "%s  %s.%s-%s.%s\n", $7, $1, $2, $3, $4 }' "${file%.pcap}.tsv" |
		(cd "$dir" && sha256sum --check --quiet 2>/dev/null) | wc -l)
	lines=$(wc -l <"${file%.pcap}.tsv")
	files=$(find "$dir" -type f | wc -l)
	rm -rf "$dir"
	printf '%-10s %-24s %8d of %d right, %d files\n' "$kind" "streams against truth" \
		"$((lines - wrong))" "$lines" "$files"
	[ "$wrong" -eq 0 ] && [ "$files" -eq "$lines" ] || failed=1
}

# For the kinds web and tiny, measure the gain of a second worker, without the reader thread.
check_scale() {
	local kind=$1 file=$2
	case $kind in web | tiny) ;; *) return ;; esac
	"$bench/scale" "$file" "$runs" | sed "s/^/$(printf '%-10s ' "$kind")/"
	[ "${PIPESTATUS[0]}" -eq 0 ] || failed=1
}

# packets KIND, connections KIND: print the number of packets or connections in the capture of KIND.
packets() { "$bench/floor" flow "$(traffic_file "$1")" | awk '{ print $4 }'; }
connections() { "$bench/floor" flow "$(traffic_file "$1")" | awk '{ print $2 }'; }

compare_kinds() {
	local cost many few
	if [ -n "${weft_cpu[open-close]:-}" ]; then
		cost=$(echo "${weft_cpu[open-close]} * 1000000 / $(connections open-close)" | bc -l)
		printf 'weft: begin and end of a connection, 8 segments: %.2f us\n' "$cost"
	fi
	[ -n "${weft_cpu[open-10k]:-}" ] && [ -n "${weft_cpu[open-1m]:-}" ] || return 0
	few=$(echo "${weft_cpu[open-10k]} * 1000000000 / $(packets open-10k)" | bc -l)
	many=$(echo "${weft_cpu[open-1m]} * 1000000000 / $(packets open-1m)" | bc -l)
	printf 'weft: a packet with %s connections open: %.0f ns; with %s: %.0f ns, %.2f times as much\n' \
		10,000 "$few" 1,000,000 "$many" "$(echo "$many / $few" | bc -l)"
}

declare -A weft_cpu
build_peers
for kind in $kinds; do
	file=$(traffic_file "$kind")
	make_traffic "$kind"
	measure_all "$file"
	report "$kind"
	check_truth "$kind" "$file"
	check_scale "$kind" "$file"
done
compare_kinds
[ "${KEEP:-1}" = 1 ] || rm -f "$data"/*-"$scale".*
exit $failed
