# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# attack.sh - functions for tests of bounded memory: send traffic that makes weft request too much
# memory, measure the memory in use, and check the real flows that run at the same time. Source it
# after lib.sh.

traffic=$(dirname "$weft")/bench/traffic
mem_peak=$(dirname "$weft")/helpers/mem_peak
scale=${ATTACK_SCALE:-0.25}

# Memory of a process in addition to its budget: code, libraries, stacks, fixed structs.
constant_mb=32

# Sanitizers use much more memory than the program itself.
case $weft in */san-*) is_sanitized=1 ;; *) is_sanitized= ;; esac

# scaled N: print N * scale, but at most N and at least 64.
scaled() { awk -v n="$1" -v s="$scale" 'BEGIN { n *= s < 1 ? s : 1; print n < 64 ? 64 : int(n) }'; }

# peak_within MB: the peak memory of the last run, without mapped files, is at most MB +
# constant_mb. Sanitizer builds always pass.
peak_within() {
	local peak
	read -r peak _ <"$work/peak"
	echo "peak $((peak / 1024)) MiB of $1 + $constant_mb"
	[ -n "$is_sanitized" ] || [ "$peak" -le $((($1 + constant_mb) * 1024)) ]
}

# whole_share DIR TRUTH: print how many of 1000 directions are complete in DIR.
whole_share() {
	local total wrong
	total=$(wc -l <"$2")
	wrong=$(awk -F'\t' '{ printf "%s  %s.%s-%s.%s\n", $7, $1, $2, $3, $4 }' "$2" |
		(cd "$1" && sha256sum --check --quiet 2>/dev/null) | wc -l)
	echo $(((total - wrong) * 1000 / total))
}

# whole_at_least PERMILLE DIR TRUTH: at least PERMILLE of 1000 directions are complete in DIR.
whole_at_least() {
	local share
	share=$(whole_share "$2" "$3")
	echo "$share of 1000 directions are whole, $1 wanted"
	[ "$share" -ge "$1" ]
}

# replay_closes ERR: every ledger printed in the file ERR closes, and user_frames is one of them.
replay_closes() {
	cat "$1"
	grep -q 'ledger user_frames closed' "$1" && ! grep -q 'NOT closed' "$1"
}

# replay_attack KIND MB ARGS...: replay through a pipe, so that weft must store all held data
# itself.
replay_attack() {
	local kind=$1 mb=$2 status
	shift 2
	rm -rf "$work/streams"
	"$traffic" "attack-$kind" - "$work/truth.tsv" --scale "$scale" 2>"$work/traffic.err" |
		timeout -s KILL "${ATTACK_TIMEOUT:-300}" "$mem_peak" "$work/peak" \
			"$weft" replay - --max-memory "${mb}M" --json --streams "$work/streams" "$@" \
			>"$work/report.json" 2>"$work/replay.err"
	status=${PIPESTATUS[1]}
	[ "$status" -eq 0 ] || cat "$work/replay.err"
	return "$status"
}

metric() { jq ".metrics.$1.value" "$work/report.json"; }

# Print one line with the measured figures.
figures() {
	local peak
	read -r peak _ <"$work/peak"
	echo "# $1: peak $((peak / 1024)) MiB; $(grep -o 'weft: standard input.*' "$work/replay.err")"
}

# attack KIND MB PERMILLE [ARGS...]: run one attack. Check that memory is bounded, that the ledgers
# close, and that at least PERMILLE of 1000 directions of real flows are complete.
attack() {
	local kind=$1 mb=$2 permille=$3
	shift 3
	check "$kind: replay with $mb MiB" replay_attack "$kind" "$mb" "$@" || return
	figures "$kind"
	check "$kind: memory is bounded" peak_within "$mb"
	check "$kind: ledgers close" replay_closes "$work/replay.err"
	check "$kind: at least $permille of 1000 directions of real flows are whole" whole_at_least "$permille" "$work/streams" "$work/truth.tsv"
	rm -rf "$work/streams"
}
