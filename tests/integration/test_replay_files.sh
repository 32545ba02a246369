#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_replay_files.sh - several files, a directory and compressed files are one capture.
. "$(dirname "$0")/lib.sh"
need_weft
need_corpus

whole=$corpus/captures/open/many.pcap
split() { python3 "$root/tests/integration/split_pcap.py" "$@"; }

# same NAME ARGS...: `weft replay ARGS` writes the streams of the whole file and exits with status
# 0.
same() {
	local out=$work/out.$1
	shift
	"$weft" replay "$@" --quiet --streams "$out" || return 1
	diff -r -x '.*' "$work/whole" "$out"
}
check 'the whole file' bash -c "'$weft' replay '$whole' --quiet --streams '$work/whole'"

# ---- several files ----
mkdir "$work/row" "$work/turn"
split "$whole" 5 row "$work/row/trace.pcap"
split "$whole" 5 turn "$work/turn/part.pcap"
row=("$work"/row/trace.pcap[0-4])
check 'files of a ring, in order' same row "${row[@]}"
check 'in any order' same any "${row[3]}" "${row[0]}" "${row[4]}" "${row[2]}" "${row[1]}"
check 'files that overlap in time' same turn "$work"/turn/part.pcap[0-4]
check 'with several workers' same workers "$work"/turn/part.pcap[0-4] --workers 3
check 'a directory' same dir "$work/row"
check 'a directory and a file' same both "$work/turn/part.pcap0" "$work/turn/part.pcap3" \
	<(cat "$work/turn/part.pcap1") "$work/turn/part.pcap2" "$work/turn/part.pcap4"
check 'pipes' same pipes <(cat "${row[0]}") <(cat "${row[1]}") "${row[2]}" <(gzip -c "${row[3]}") "${row[4]}"
check 'an expression after the files' same filter "${row[@]}" tcp or udp
check_weft 'an expression that matches no TCP' 0 ' 0 connections' \
	replay "${row[@]}" 'udp'
check_weft 'a directory without captures' 3 'no capture file in this directory' replay "$work/whole"
check_weft 'a missing file is reported' 3 "$work/none.pcap: No such file" \
	replay "${row[0]}" "$work/none.pcap" "${row[1]}"
check_weft 'a file after missing ones is read' 3 '10 packets' replay "$work/none.pcap" "$work/missing.pcap" \
	"$corpus/captures/open/ordinary.pcap"

# The ring has more files than the process may open.
split "$whole" 120 row "$work/ring.pcap"
few_descriptors() {
	(ulimit -n 64 && same ring "$work"/ring.pcap*)
}
check 'more files than descriptors' few_descriptors

# ---- damage ----
cp -r "$work/row" "$work/damaged"
echo notes >"$work/damaged/README"
head -c $(($(stat -c %s "${row[4]}") - 5)) "${row[4]}" >"$work/damaged/trace.pcap4"
check_weft 'a file that is no capture is reported' 3 'README: not a capture file, skipped' \
	replay "$work/damaged" --streams "$work/damaged.out"
for count in 2 3; do
	echo notes >"$work/damaged/NOTES$count"
	said='1 more file was skipped, because it is not a capture$'
	[ "$count" = 3 ] && said='2 more files were skipped, because they are not captures$'
	check_weft "$count such files are reported" 3 "damaged: $said" replay "$work/damaged"
done
check 'with the damaged file, there are as many streams as without damage' bash -c \
	"[ \$(ls '$work/damaged.out' | wc -l) -eq \$(ls '$work/whole' | wc -l) ]"
printf garbage >"$work/damaged/trace.pcap4"
check_weft 'a file of garbage in a list is reported' 3 'trace.pcap4: not a pcap' \
	replay "$work"/damaged/trace.pcap*

# ---- cat ----
cat "${row[@]}" >"$work/joined.pcap"
check_weft 'files joined by cat are reported, with the place' 3 \
	"damaged at byte $(stat -c %s "${row[0]}") .*: another capture file begins here" \
	replay "$work/joined.pcap" --streams "$work/joined"
check_weft 'the first of these files is read alone' 0 '' \
	replay "${row[0]}" --streams "$work/first"
check 'of files joined by cat, only the first is delivered' diff -r -x '.*' "$work/first" "$work/joined"
check 'files joined by cat are reported, also from a pipe' bash -c "cat '$work/joined.pcap' | '$weft' replay - 2>'$work/err'
	[ \$? -eq 3 ] && grep -q 'another capture file begins here' '$work/err'"

# ---- compressed ----
for program in gzip zstd lz4 xz bzip2; do
	$program -c "$whole" >"$work/$program.out" 2>"$work/err"
	check "$program" same "streams.$program" "$work/$program.out"
	check "$program through a pipe" bash -c "cat '$work/$program.out' |
		'$weft' replay - --quiet --streams '$work/pipe.$program' &&
		diff -r -x '.*' '$work/whole' '$work/pipe.$program'"
	head -c $(($(stat -c %s "$work/$program.out") * 2 / 3)) "$work/$program.out" >"$work/$program.cut"
	check_weft "$program, damaged: the file is named" 3 "$program.cut: " replay "$work/$program.cut"
done
# Without compression (level 0), the compressed file is as large as the capture.
stored() { python3 -c 'import gzip, sys; sys.stdout.buffer.write(gzip.compress(sys.stdin.buffer.read(), 0))'; }
large_file() {
	python3 "$root/tests/integration/make_conns.py" "$work/large.pcap" 100 5000
	stored <"$work/large.pcap" >"$work/large.gz"
	[ "$(stat -c %s "$work/large.gz")" -gt $((256 << 10)) ] || return 1
	"$weft" replay "$work/large.pcap" --checksum ignore --quiet --streams "$work/large" &&
		"$weft" replay "$work/large.gz" --checksum ignore --quiet --streams "$work/large.out" &&
		diff -r -x '.*' "$work/large" "$work/large.out"
}
check 'a compressed file of more than 256 KiB' large_file
# Of the 200,000 bytes, at most the last 64 KiB are lost.
head -c 200000 "$work/large.gz" >"$work/cut.gz"
check_weft 'compressed file that ends too early: what is before is read' 3 \
	'damaged at byte 1(3[5-9]|[4-9][0-9])[0-9]{3} \(packet [0-9]+\): truncated gzip' replay "$work/cut.gz" --checksum ignore
cat "$work/gzip.out" "$work/gzip.out" >"$work/twice.gz"
check_weft 'compressed files joined by cat' 3 'another capture file begins here' replay "$work/twice.gz"
mkdir "$work/mixed"
gzip -c "${row[0]}" >"$work/mixed/a.pcap.gz"
xz -c "${row[1]}" >"$work/mixed/b.pcap.xz"
cp "${row[2]}" "${row[3]}" "$work/mixed"
zstd -qc "${row[4]}" >"$work/mixed/z.zst"
check 'a directory of compressed and other files' same mixed.out "$work/mixed"
echo 'not a capture at all' | gzip -c >"$work/text.gz"
check_weft 'compressed text' 3 'text.gz: not a pcap or pcapng file' replay "$work/text.gz"
finish
