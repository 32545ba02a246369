#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_corpus.sh - captures with known streams, replayed with `weft replay` by 1 and by 4 workers:
# each stream is byte-exact, there are no other streams, and the exit status is the expected one.
#
# The captures are those of tests/corpus, made by scripts/make-corpus.py. WEFT_CORPUS=DIR names
# another collection of the same form; only the streams that the collection lists are then compared.
. "$(dirname "$0")/lib.sh"
need_weft
need_corpus

# Columns of expected.tsv: 1 capture, 2-5 source and destination, 6 use of the addresses, 7 bytes,
# 8 SHA-256, 10 kind (req: required; none: no stream), 11 checksum mode, 12 exit status.
captures=$work/captures wanted=$work/wanted
awk -F'\t' -v OFS='\t' '!/^#/ && ($10 == "req" || $10 == "none") {
	print $1, $11 ? $11 : "ignore", $12 }' "$corpus/expected.tsv" | sort -u >"$captures"
awk -F'\t' -v OFS='\t' '!/^#/ && $10 == "req" {
	src = $2; dst = $4; gsub(":", "_", src); gsub(":", "_", dst)
	print $1 "/" src "." $3 "-" dst "." $5 ($6 > 1 ? "#" $6 : ""), $7, $8
}' "$corpus/expected.tsv" | sort >"$wanted"

# is_expected STATUS EXPECTED: if EXPECTED is empty, 0 and 3 (damaged capture) are accepted.
is_expected() {
	if [ -n "$2" ]; then [ "$1" -eq "$2" ]; else [ "$1" -eq 0 ] || [ "$1" -eq 3 ]; fi
}

# extract WORKERS: write the streams of each capture into $work/WORKERS/CAPTURE/.
extract() {
	local capture checksum expected status wrong=0
	while IFS=$'\t' read -r capture checksum expected; do
		mkdir -p "$work/$1/$capture"
		"$weft" replay "$corpus/captures/$capture" --checksum "$checksum" --workers "$1" \
			--quiet --streams "$work/$1/$capture" </dev/null >"$work/log" 2>&1
		status=$?
		is_expected "$status" "$expected" && continue
		echo "$capture: status $status, expected ${expected:-0 or 3}"
		cat "$work/log"
		wrong=1
	done <"$captures"
	return $wrong
}

# names WORKERS: print the names of the streams in a comparable form. Two networks may have
# connections with the same addresses and ports; the name of the second file then has the network
# where expected.tsv has "#2" (test_vlan_key.sh compares such names). With several workers, either
# file may be the second.
names() {
	sed -E "s/@[^#\t]+\t/#2\t/$([ "$1" -eq 1 ] || echo ';s/#[0-9]+\t/\t/')" | sort
}

# compare WORKERS: the names, lengths and SHA-256 of the stream files equal those in $wanted.
compare() {
	(cd "$work/$1" && find . -type f ! -name '.*' -printf '%P\n' | sort | while read -r file; do
		printf '%s\t%s\t%s\n' "$file" "$(stat -c %s "$file")" \
			"$(sha256sum <"$file" | cut -d' ' -f1)"
	done) | sort | names "$1" >"$work/got"
	names "$1" <"$wanted" >"$work/named"
	if [ "$corpus" = "$own_corpus" ]; then
		diff "$work/named" "$work/got"
	else
		! comm -23 "$work/named" "$work/got" | grep .
	fi
}

same_corpus() {
	"$root/scripts/make-corpus.py" "$work/made" && diff -r -x README.md "$own_corpus" "$work/made"
}

total=$(wc -l <"$wanted")
check 'make-corpus.py makes the captures of tests/corpus' same_corpus
for workers in 1 4; do
	check "$workers workers: every capture is read" extract "$workers"
	check "$workers workers: all $total streams are byte-exact" compare "$workers"
done
finish
