#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_lint.sh - shows that check-structure.py, check-style.sh and check-kernels.py, which `make lint`
# runs, find faults: each of a list is inserted into a copy of the source tree, and the script must name it.
# The unchanged tree is accepted.
. "$(dirname "$0")/lib.sh"

copy=$work/tree

# fresh_copy: copy the tree with the files that a commit would contain.
fresh_copy() {
	rm -rf "$copy"
	mkdir "$copy"
	(cd "$root" && git ls-files -co --exclude-standard | while read -r file; do
		[ -e "$file" ] && printf '%s\n' "$file"
	done | tar -cf - -T -) | tar -xf - -C "$copy"
	git -C "$copy" init -q
	ln -s "$root/build" "$copy/build"
}

structure() { (cd "$copy" && PYTHONHASHSEED=0 scripts/check-structure.py "$@") 2>&1 | sort; }

# lint_structure: run check-structure.py with the options that `make lint` uses.
lint_structure() {
	# shellcheck disable=SC2046
	structure $(sed -n 's|.*scripts/check-structure.py||p' "$root/Makefile")
}

# source_file PATH LINE...: write a source file that check-structure.py reads.
source_file() {
	printf '%s\n' '// SPDX-License-Identifier: BSD-2-Clause' "${@:2}" >"$copy/$1"
}

# How each fault is inserted, and the message that the check must print.
declare -A plant=(
	[include_against_layers]='source_file user/base/zz.c "#include \"decode/decode.h\""'
	[include_without_folder]='source_file user/base/zz.c "#include \"clock.h\""'
	[include_of_user_in_bpf]='source_file bpf/zz.h "#include \"user/base/clock.h\""'
	[room_without_line_in_layers]='mkdir "$copy/user/zz"; source_file user/zz/zz.c; touch "$copy/user/zz/README.md"'
	[circle_of_files]='source_file user/base/zz_a.h "#include \"base/zz_b.h\""; source_file user/base/zz_b.h "#include \"base/zz_a.h\""'
	[circle_of_calls]='source_file user/base/zz_a.c "void wf_zz_a(void)" "{" "wf_zz_b();" "}"; source_file user/base/zz_b.c "void wf_zz_b(void)" "{" "wf_zz_a();" "}"'
	[circle_of_rooms]='source_file user/base/zz.c "#include \"decode/decode.h\""; sed -i "s/^base:/& decode/" "$copy/scripts/layers.txt"'
	[library_of_another_room]='source_file user/base/zz.c "#include <pcap/pcap.h>"'
	[lock_on_the_packet_path]='source_file user/decode/zz.c "int zz = pthread_mutex_lock(0);"'
	[room_without_readme]='rm "$copy/user/decode/README.md"'
	[comment_that_names_a_missing_file]='source_file user/base/zz.c "/* See zz_missing.c. */"'
	[readme_that_names_a_missing_file]='echo "See \`decode/zz_missing.c\`." >>"$copy/user/decode/README.md"'
	[file_too_long]='source_file user/base/zz.c "$(yes "int zz;" | head -n 501)"'
	[room_with_too_many_files]='for i in {1..27}; do source_file "user/base/zz_$i.c"; done'
	[room_with_too_many_lines]='for i in {1..9}; do source_file "user/base/zz_$i.c" "$(yes "int zz;" | head -n 490)"; done'
)
declare -A complaint=(
	[include_against_layers]='base may not include "decode/decode.h"'
	[include_without_folder]='include "clock.h" does not name its folder'
	[include_of_user_in_bpf]='bpf/ may include bpf/ only, not "user/base/clock.h"'
	[room_without_line_in_layers]="layers.txt has no line for 'zz'"
	[circle_of_files]='circle of files: base/zz_[ab] → base/zz_[ab]'
	[circle_of_calls]='circle of files: base/zz_[ab] → base/zz_[ab] .*uses wf_zz_b'
	[circle_of_rooms]='circle of rooms: .*base'
	[library_of_another_room]='zz.c: uses libpcap'
	[lock_on_the_packet_path]='zz.c: uses bare locks'
	[room_without_readme]='user/decode: has no README.md'
	[comment_that_names_a_missing_file]="zz.c: names 'zz_missing.c', which does not exist"
	[readme_that_names_a_missing_file]="README.md: names 'decode/zz_missing.c', which does not exist"
	[file_too_long]='zz.c: has 502 lines, more than 500'
	[room_with_too_many_files]='user/base: has [0-9]+ files, more than'
	[room_with_too_many_lines]='user/base: has [0-9]+ lines, more than'
)

# refused FAULT: the check prints a new complaint, and it is the expected one.
refused() {
	eval "${plant[$1]}"
	structure | comm -13 "$work/before" - >"$work/new"
	git -C "$copy" clean -qfdx -e build && git -C "$copy" checkout -q . && cat "$work/new"
	grep -qE -- "${complaint[$1]}" "$work/new"
}

accepted() { [ -z "$(lint_structure | tee /dev/stderr)" ]; }

fresh_copy
git -C "$copy" add -A && git -C "$copy" -c user.name=test -c user.email=test commit -qm copy
structure >"$work/before"
check 'the unchanged tree has the structure that lint asks for' accepted
for fault in $(printf '%s\n' "${!plant[@]}" | sort); do
	check "lint refuses: ${fault//_/ }" refused "$fault"
done

# ---- check-style.sh ----

# style_refuses PATTERN FILE LINE...: check-style.sh rejects a file of these lines with PATTERN.
style_refuses() {
	local pattern=$1 file=$2
	printf '%s\n' "${@:3}" >"$copy/$file"
	(cd "$copy" && scripts/check-style.sh "$file") >"$work/style" 2>&1 && return 1
	rm "$copy/$file"
	cat "$work/style"
	grep -qE -- "$pattern" "$work/style"
}

# many_functions COUNT LINES: print COUNT functions of LINES lines each.
many_functions() {
	awk -v count="$1" -v lines="$2" 'BEGIN {
		for (number = 0; number < count; number++) {
			printf "int zz_%d(int a)\n{\n", number
			for (line = 4; line < lines; line++)
				print "\ta++;"
			printf "\treturn a;\n}\n"
		}
	}'
}

licence='/* SPDX-License-Identifier: BSD-2-Clause */'
check 'lint refuses: no licence' style_refuses 'does not name the licence' user/base/zz.h 'int zz;'
check 'lint refuses: white space at the end of a line' style_refuses 'trailing white space' \
	user/base/zz.h "$licence" 'int zz; '
check 'lint refuses: unfinished work' style_refuses 'unfinished work' user/base/zz.h \
	"$licence" "/* FIX""ME */"
check 'lint refuses: other formatting' style_refuses 'zz.c: not formatted' user/base/zz.c \
	"$licence" 'int   zz;'
check 'lint refuses: a header that does not compile alone' style_refuses 'does not compile alone' \
	user/base/zz.h "$licence" 'uint32_t zz;'
check 'lint refuses: a function of 61 lines' style_refuses 'zz_0\(\) has 61 lines' user/base/zz.c \
	"$licence" "$(many_functions 1 61)"
check 'lint refuses: longer functions in general' style_refuses 'median 20 lines' user/base/zz.c \
	"$licence" "$(many_functions 9000 20)"
check 'lint accepts a good file' eval '! style_refuses . user/base/zz.h "$licence" "int zz;"'

# ---- check-kernels.py ----

# kernels_refuse PATTERN FILE EXPRESSION: check-kernels.py rejects FILE after it was edited with the sed
# expression.
kernels_refuse() {
	sed -i "$3" "$copy/$2"
	(cd "$copy" && scripts/check-kernels.py) >"$work/kernels" 2>&1 && return 1
	git -C "$copy" checkout -q -- "$2"
	cat "$work/kernels"
	grep -qE -- "$1" "$work/kernels"
}

check 'lint accepts what is said of kernels' eval '(cd "$copy" && scripts/check-kernels.py)'
check 'lint refuses: README names a kernel that is not tested' kernels_refuse 'tests Linux 6.1 and' README.md \
	'/make test-kernels/s/6\.12/6.99/'
check 'lint refuses: README names an older kernel than is supported' kernels_refuse 'or newer is needed' README.md \
	's/Linux 6\.1 or newer/Linux 5.10 or newer/'
check 'lint refuses: the manual lacks a feature that kernels may lack' kernels_refuse 'missing or differs: tcx' \
	man/weft-run.1.in '/^\.It Cm tcx/d'
check 'lint refuses: the oldest kernel is not tested' kernels_refuse 'first series is not' scripts/test-kernels.sh \
	's/set -- 6\.1 /set -- 6.6 /'
finish
