#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# check-layers.sh - finds includes that scripts/layers.txt does not allow, and
# system libraries used outside the folders that own them.
set -u
cd "$(dirname "$0")/.." || exit 1
bad=0

complain() {
	printf '%s\n' "$1" >&2
	bad=1
}

# allowed FOLDER INCLUDE: does layers.txt let FOLDER use INCLUDE ("memory/page.h")?
allowed() {
	local folder=$1 include=$2 list item
	[ "${include%%/*}" = "${folder##*/}" ] && return 0
	list=$(sed -n "s|^$folder: *||p" scripts/layers.txt)
	for item in $list; do
		[ "$include" = "$item" ] && return 0
		[ "${include%%/*}" = "$item" ] && return 0
	done
	return 1
}

check_file() {
	local folder=$1 file=$2 include
	while read -r include; do
		case $include in
		weft/* | [a-z]*/*) allowed "$folder" "$include" ||
			complain "$file: layer '$folder' may not include \"$include\"" ;;
		*) complain "$file: include \"$include\" does not name its folder" ;;
		esac
	done < <(sed -nE 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"([^"]+)".*/\1/p;
		s/^[[:space:]]*#[[:space:]]*include[[:space:]]*<(weft\/[^>]+)>.*/\1/p' "$file")
}

for dir in user/*/; do
	folder=$(basename "$dir")
	grep -q "^$folder:" scripts/layers.txt || complain "$dir: no line in scripts/layers.txt"
	for file in "$dir"*.[ch]; do
		[ -e "$file" ] && check_file "$folder" "$file"
	done
done
for file in include/weft/*.h; do
	check_file include/weft "$file"
done
for file in bpf/*.[ch]; do
	[ -e "$file" ] || continue
	while read -r include; do
		case $include in
		bpf/*) [ "$file" = bpf/shared.h ] && complain "$file: may include <linux/types.h> only" ;;
		*) complain "$file: may include bpf/ only, not \"$include\"" ;;
		esac
	done < <(sed -nE 's/^#[[:space:]]*include[[:space:]]*"([^"]+)".*/\1/p' "$file")
done

# owned PATTERN WHAT FOLDER...: only these folders may match PATTERN.
owned() {
	local pattern=$1 what=$2 hit
	shift 2
	for hit in $(grep -lE "$pattern" user/*/*.[ch] 2>/dev/null); do
		case " $* " in
		*" $(basename "$(dirname "$hit")") "*) ;;
		*) complain "$hit: uses $what, which belongs to: $*" ;;
		esac
	done
}
owned '#include <(bpf|xdp)/' 'libbpf or libxdp' capture
owned '#include <pcap' 'libpcap' capture
owned '\bpthread_(create|join|detach|kill|cancel|self|sig[a-z]+|set[a-z_]+)\(' 'threads' engine sink agent
# Locks are timed and counted, and of the control plane only.
owned '\bpthread_(mutex|rwlock|spin|cond)_[a-z_]+\(' 'bare locks' base
owned '#include "base/lock\.h"' 'locks' base metrics api agent sink upkeep state engine
owned '#include <jansson' 'jansson' sink agent cli

exit $bad
