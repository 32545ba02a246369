#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# check-style.sh - what a tool can see of the code's style: formatting, licence
# line, headers that compile alone, file and function length, forbidden words.
set -u
cd "$(dirname "$0")/.." || exit 1
bad=0

complain() {
	printf '%s\n' "$1" >&2
	bad=1
}

files=$(git ls-files --cached --others --exclude-standard '*.c' '*.h' '*.def')

for file in $files; do
	[ -e "$file" ] || continue
	head -n 1 "$file" | grep -q 'SPDX-License-Identifier:' ||
		complain "$file: first line does not name the licence"
	case $file in
	bpf/* | include/* | user/*)
		lines=$(wc -l <"$file")
		[ "$lines" -le 600 ] || complain "$file: $lines lines; split it"
		;;
	esac
done

# shellcheck disable=SC2086
grep -nE '\b(XXX|HACK|FIXME)\b' $files && complain "unfinished work is marked above"
# shellcheck disable=SC2086
grep -nE '[[:space:]]+$' $files && complain "trailing white space above"

if command -v clang-format >/dev/null; then
	for file in $(printf '%s\n' $files | grep -E '\.[ch]$'); do
		[ -e "$file" ] || continue
		clang-format --dry-run -Werror "$file" >/dev/null 2>&1 ||
			complain "$file: not formatted; run make fmt"
	done
else
	complain "check-style: clang-format is missing; run scripts/install-deps.sh"
fi

for header in $(printf '%s\n' $files | grep -E '^(include|user)/.*\.h$'); do
	[ -e "$header" ] || continue
	printf '#include "%s"\n' "$header" |
		gcc -std=gnu11 -D_GNU_SOURCE -DWF_DEBUG=2 -Iinclude -Iuser -I. -Itests -Ibuild -fsyntax-only -xc - \
			2>/dev/null || complain "$header: does not compile alone"
done

if command -v ctags >/dev/null && ctags --version | grep -q Universal; then
	long=$(printf '%s\n' $files | grep -E '^(bpf|user)/.*\.[ch]$' |
		ctags -L - --languages=C --kinds-C=f --fields=+ne -f - 2>/dev/null |
		awk -F'\t' '{ s = e = 0
			for (i = 4; i <= NF; i++) {
				if ($i ~ /^line:/) s = substr($i, 6)
				if ($i ~ /^end:/) e = substr($i, 5)
			}
			if (e - s >= 60) print $2 ": " $1 "() has " e - s + 1 " lines; split it" }')
	[ -z "$long" ] || complain "$long"
fi

exit $bad
