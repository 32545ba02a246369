#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# check-threads.sh - checks that every public function documents which threads may call it: the
# comment above it, or above its group, must have a line with "Thread:".
set -u
cd "$(dirname "$0")/.." || exit 1

awk '
	FNR == 1 { comment = ""; within = 0 }
	/^\/\*/ { comment = ""; within = 1 }
	within { comment = comment "\n" $0 }
	within && /\*\// { within = 0; next }
	within || /^#/ { next }
	/^[a-z].*[ *]weft_[a-z0-9_]+\(/ || /^typedef .*\(\*weft_/ || /^typedef .*weft_[a-z]+_fn\)/ {
		if (comment !~ /Thread:/) {
			name = $0
			sub(/\(.*/, "", name)
			sub(/.*[ *]/, "", name)
			printf "%s:%d: %s(): the comment names no thread\n", FILENAME, FNR, name
			bad = 1
		}
	}
	END { exit bad }
' include/weft/*.h >&2
