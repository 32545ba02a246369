#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_corpus.sh - real captures: every stream whose bytes independent tools agree on (kind
# req in expected.tsv) must come out of `weft replay` byte for byte, with 1 and with 4 workers.
. "$(dirname "$0")/lib.sh"
need_weft
[ -e "$corpus/expected.tsv" ] || skip_all "no corpus in $corpus (set WEFT_CORPUS)"

# file_of SRC SPORT DST DPORT USE: the name of a stream file.
rows=$work/rows
awk -F'\t' -v OFS='\t' '!/^#/ && $10 == "req" {
	src = $2; dst = $4; gsub(":", "_", src); gsub(":", "_", dst)
	print $1, src "." $3 "-" dst "." $5 ($6 > 1 ? "#" $6 : ""), $7, $8
}' "$corpus/expected.tsv" | sort >"$rows"

# extract WORKERS: every capture that rows name into $work/WORKERS/CAPTURE/.
extract() {
	local capture status
	cut -f1 "$rows" | uniq | while read -r capture; do
		mkdir -p "$work/$1/$capture"
		"$weft" replay "$corpus/captures/$capture" --checksum ignore --workers "$1" --quiet \
			--streams "$work/$1/$capture" >>"$work/log" 2>&1
		status=$?
		# 3: some captures are damaged on purpose.
		case $status in 0 | 3) ;; *) echo "$capture: status $status" ;; esac
	done >"$work/statuses"
	cat "$work/statuses" "$work/log"
	[ ! -s "$work/statuses" ]
}

# compare WORKERS: writes wrong rows to $work/wrong.
compare() {
	local capture file bytes sum got wrong=0 right=0
	while IFS=$'\t' read -r capture file bytes sum; do
		got=$(sha256sum 2>/dev/null <"$work/$1/$capture/$file" | cut -d' ' -f1)
		if [ "$got" = "$sum" ]; then
			right=$((right + 1))
		else
			wrong=$((wrong + 1))
			echo "$capture $file: expected $bytes bytes, got $(stat -c %s \
				"$work/$1/$capture/$file" 2>/dev/null || echo none)"
		fi
	done <"$rows" 2>/dev/null
	echo "$right right, $wrong wrong"
	[ "$wrong" -eq 0 ] && [ "$right" -gt 0 ]
}

total=$(wc -l <"$rows")
for workers in 1 4; do
	check "$workers workers: every capture is read" extract "$workers"
	check "$workers workers: all $total streams are byte-exact" compare "$workers"
done
finish
