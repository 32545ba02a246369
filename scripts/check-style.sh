#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# check-style.sh [--stats | FILE...] - checks the code style that a tool can check, in FILEs or in
# all sources: licence line, unfinished work, white space, formatting, headers that compile alone,
# and the lengths of functions.
#
#   --stats   print only the lengths of functions
#
# At least half of all functions under bpf/ and user/ have at most MEDIAN_LINES lines, and 90 % have
# at most MOST_LINES. No function has more than LONGEST_LINES.
set -u
cd "$(dirname "$0")/.." || exit 1
MEDIAN_LINES=12 MOST_LINES=30 LONGEST_LINES=60
jobs=$(nproc)
bad=0

complain() {
	printf '%s\n' "$1" >&2
	bad=1
}

# existing PATTERN: print the files to check whose path matches PATTERN.
existing() {
	printf '%s\n' "${files[@]}" | grep -E "$1"
}

check_text() {
	awk 'FNR == 1 && !/SPDX-License-Identifier:/ {
		print FILENAME ": first line does not name the licence" }
	{ nextfile }' "${files[@]}" | grep . >&2 && bad=1
	grep -HnE '\b(XXX|HACK|FIXME)\b' "${files[@]}" >&2 && complain "unfinished work is marked above"
	grep -HnE '[[:space:]]+$' "${files[@]}" >&2 && complain "trailing white space above"
}

check_format() {
	if ! command -v clang-format >/dev/null; then
		complain "check-style: clang-format is missing; run scripts/install-deps.sh"
		return
	fi
	existing '\.[ch]$' | xargs -r -P "$jobs" -n 20 clang-format --dry-run -Werror 2>&1 |
		sed -n 's/^\([^:]*\):[0-9]*:.*/\1: not formatted; run make fmt/p' | sort -u | grep . >&2 && bad=1
}

# compile_alone HEADER: print the name of HEADER if it does not compile.
compile_alone() {
	printf '#include "%s"\n' "$1" |
		gcc -std=gnu11 -D_GNU_SOURCE -DWF_DEBUG=2 -Iinclude -Iuser -I. -Itests -Ibuild \
			-fsyntax-only -xc - 2>/dev/null || echo "$1: does not compile alone"
}
export -f compile_alone

check_headers() {
	existing '^(include|user)/.*\.h$' |
		xargs -r -P "$jobs" -I {} bash -c 'compile_alone "$1"' _ {} | sort | grep . >&2 && bad=1
}

# function_lengths: print "lines file: name" for each function, the shortest first.
function_lengths() {
	git ls-files --cached --others --exclude-standard 'bpf/*.[ch]' 'user/*.[ch]' | while read -r file; do
		[ -e "$file" ] && echo "$file"
	done | ctags -L - --languages=C --kinds-C=f --fields=+ne -f - 2>/dev/null |
		awk -F'\t' '{
			for (i = 4; i <= NF; i++) {
				if ($i ~ /^line:/) begin = substr($i, 6)
				if ($i ~ /^end:/) end = substr($i, 5)
			}
			print end - begin + 1, $2 ": " $1 "()"
		}' | sort -n
}

# check_functions: print the figures; fail if one exceeds its limit.
check_functions() {
	function_lengths | awk -v median_max="$MEDIAN_LINES" -v most_max="$MOST_LINES" -v longest_max="$LONGEST_LINES" '
		{ lines[NR] = $1; sub(/^[0-9]+ /, ""); name[NR] = $0 }
		END {
			if (!NR) { print "check-style: ctags found no function"; exit 1 }
			median = lines[int((NR + 1) / 2)]
			most = lines[int(NR * 9 / 10)]
			printf "functions: %d, median %d lines (at most %d), 90 %% up to %d (%d), longest %d (%d): %s\n",
				NR, median, median_max, most, most_max, lines[NR], longest_max, name[NR]
			for (i = NR; i && lines[i] > longest_max; i--)
				print name[i] " has " lines[i] " lines; split it"
			exit median > median_max || most > most_max || lines[NR] > longest_max
		}'
}

check_function_lengths() {
	local figures
	if ! ctags --version 2>/dev/null | grep -q Universal; then
		complain "check-style: universal-ctags is missing; run scripts/install-deps.sh"
		return
	fi
	figures=$(check_functions) || complain "$figures"
}

if [ "${1:-}" = --stats ]; then
	check_functions
	exit
fi

if [ $# -gt 0 ]; then
	files=("$@")
else
	mapfile -t files < <(git ls-files --cached --others --exclude-standard '*.c' '*.h' '*.def' |
		while read -r file; do [ -e "$file" ] && echo "$file"; done)
fi
check_text
check_format
check_headers
check_function_lengths
exit $bad
