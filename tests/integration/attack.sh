# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# attack.sh - for tests of bounded memory: traffic that wants too much of it, how much was held,
# and what became of the real flows beside it. Sourced after lib.sh.

traffic=$(dirname "$weft")/bench/traffic
mem_peak=$(dirname "$weft")/helpers/mem_peak
scale=${ATTACK_SCALE:-0.25}

# What a process holds beside the budget: code, libraries, stacks, fixed structs.
constant_mb=32

# Sanitizers hold much more than the program does.
case $weft in */san-*) is_sanitized=1 ;; *) is_sanitized= ;; esac

# scaled N: N at this scale, at least 64.
scaled() { awk -v n="$1" -v s="$scale" 'BEGIN { n *= s < 1 ? s : 1; print n < 64 ? 64 : int(n) }'; }

# peak_within MB: the peak of the last run, without mapped files, is at most so much and the constant.
peak_within() {
	local peak
	read -r peak _ <"$work/peak"
	echo "peak $((peak / 1024)) MiB of $1 + $constant_mb"
	[ -n "$is_sanitized" ] || [ "$peak" -le $((($1 + constant_mb) * 1024)) ]
}

# whole_share DIR TRUTH: prints how many of a thousand directions are whole in DIR.
whole_share() {
	local total wrong
	total=$(wc -l <"$2")
	wrong=$(awk -F'\t' '{ printf "%s  %s.%s-%s.%s\n", $7, $1, $2, $3, $4 }' "$2" |
		(cd "$1" && sha256sum --check --quiet 2>/dev/null) | wc -l)
	echo $(((total - wrong) * 1000 / total))
}

# whole_at_least PERMILLE DIR TRUTH
whole_at_least() {
	local share
	share=$(whole_share "$2" "$3")
	echo "$share of 1000 directions are whole, $1 wanted"
	[ "$share" -ge "$1" ]
}

# replay_closes ERR: every ledger that was printed closes.
replay_closes() {
	cat "$1"
	grep -q 'ledger user_frames closed' "$1" && ! grep -q 'NOT closed' "$1"
}

# replay_attack KIND MB ARGS...: through a pipe, so that all that is held must be kept by weft.
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

# A line of figures, for people.
figures() {
	local peak
	read -r peak _ <"$work/peak"
	echo "# $1: peak $((peak / 1024)) MiB; $(grep -o 'weft: standard input.*' "$work/replay.err")"
}

# attack KIND MB PERMILLE [ARGS...]: all that must hold of one attack.
attack() {
	local kind=$1 mb=$2 permille=$3
	shift 3
	check "$kind: replay with $mb MiB" replay_attack "$kind" "$mb" "$@" || return
	figures "$kind"
	check "$kind: memory is bounded" peak_within "$mb"
	check "$kind: ledgers close" replay_closes "$work/replay.err"
	check "$kind: real flows are whole" whole_at_least "$permille" "$work/streams" "$work/truth.tsv"
	rm -rf "$work/streams"
}
