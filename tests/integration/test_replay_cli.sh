#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_replay_cli.sh - checks weft's message and exit status for mistakes of an operator, and the
# options of replay, its outputs, its filter keys, and the completion of bash.
. "$(dirname "$0")/lib.sh"
need_weft

# A capture with one connection of known bytes: the client sends "hello", the server "world".
python3 "$root/tests/integration/make_pcap.py" "$work/good.pcap" || exit 1
size=$(stat -c %s "$work/good.pcap")

# ---- commands and options ----
check_weft 'no command: usage, status 2' 2 'usage: weft COMMAND'
check_weft 'unknown command: nearest is named' 2 "unknown command 'rpelay'; did you mean 'replay'" rpelay
check_weft 'unknown option: nearest is named' 2 "unknown option '--steams'; did you mean '--streams'" \
	replay x --steams y
check_weft 'option without value' 2 "option '--streams' needs a value: DIR" replay x --streams
check_weft 'replay without file' 2 'expected a capture FILE' replay
check_weft 'wrong policy: all policies are named' 2 "'linus': expected one of .*linux.*solaris" \
	replay "$work/good.pcap" --overlap linus
check_weft 'memory out of range: the range is named' 2 'expected 16 to 1048576 MiB' \
	replay "$work/good.pcap" --max-memory 1M
check_weft 'unknown key' 2 "unknown key 'memory.x'" replay "$work/good.pcap" --set memory.x=1
check_weft 'a second file that is missing: how it was read is said' 2 "FILTER begins with 'gone', the first argument that names no file" \
	replay "$work/good.pcap" gone
check_weft 'wrong filter' 2 "FILTER: 'tcp prot 80': not a filter expression.*syntax error" replay "$work/good.pcap" tcp prot 80
check_weft 'two users of standard output' 2 'both write to standard output' \
	replay "$work/good.pcap" --json --events -
check_weft 'version' 0 '^weft [0-9]+\.[0-9]+\.[0-9]+$' --version
check_weft 'version as a command' 0 '^weft [0-9]+\.[0-9]+\.[0-9]+$' version
check_weft 'a size with B' 0 'ledger payload_bytes closed' replay "$work/good.pcap" --depth 1MB
check_weft 'bytes beyond the depth are no gap' 0 ' 0 gaps \(0 bytes\), [1-9][0-9]* bytes beyond the depth limit, ' \
	replay "$work/good.pcap" --depth 2
check_weft 'a size that is none: units are named' 2 'or a size such as 64K, 1M or 2G' replay "$work/good.pcap" --depth 1X
for command in run replay demo doctor stats config help version; do
	check_weft "weft $command --help" 0 "^usage: weft $command" "$command" --help
done
check_weft 'help of a command' 0 '^usage: weft replay' help replay

# ---- configuration files ----
printf 'memory:\n  max_total_memory_mb: 4\n' >"$work/bad.yaml"
check_weft 'config check: file, line and range' 2 "$work/bad.yaml:2: .*expected 16 to" \
	config check "$work/bad.yaml"
printf 'filter:\n  expression: portt 80\n' >"$work/filter.yaml"
check_weft 'config check compiles the expression' 2 "$work/filter.yaml:2: filter.expression: 'portt 80': not a filter expression" \
	config check "$work/filter.yaml"
check_weft 'the same through --config' 2 "$work/bad.yaml:2: " replay x --config "$work/bad.yaml"
"$weft" config show >"$work/shown.yaml"
check_weft 'config show is a configuration' 0 ': ok$' config check "$work/shown.yaml"
check_weft 'missing configuration' 2 'No such file' replay x --config "$work/none.yaml"

# ---- unusable input ----
check_weft 'missing file' 3 "none.pcap.*No such file" replay "$work/none.pcap"
mkdir "$work/no-captures"
check_weft 'a directory without captures' 3 'no capture file in this directory' replay "$work/no-captures"
head -c 4096 /dev/urandom >"$work/garbage"
check_weft 'a file of garbage is named' 3 'garbage' replay "$work/garbage"
: >"$work/empty"
check_weft 'an empty file is named' 3 'empty' replay "$work/empty"
head -c 20 "$work/good.pcap" >"$work/half-header"
check_weft 'a file with half a header is named' 3 'half-header' replay "$work/half-header"
python3 "$root/tests/integration/make_pcap.py" "$work/unknown.pcap" 147
check_weft 'unknown link type: it is named' 3 'link' replay "$work/unknown.pcap"
if [ "$(id -u)" -eq 0 ]; then
	cp "$work/good.pcap" "$work/secret.pcap"
	chmod 000 "$work/secret.pcap"
	check 'unreadable file: status 3' bash -c "
		setpriv --reuid=65534 --clear-groups '$weft' replay '$work/secret.pcap' 2>'$work/err'
		[ \$? -eq 3 ] && grep -q 'Permission denied' '$work/err' || { cat '$work/err'; exit 1; }"
else
	skip 'unreadable file: status 3' 'needs root to become somebody else'
fi

# ---- data before the damage is delivered ----
stream=10.0.0.1.1000-10.0.0.2.80
head -c $((size - 10)) "$work/good.pcap" >"$work/cut.pcap"
check_weft 'cut file: status 3, the file is named' 3 'cut.pcap' replay "$work/cut.pcap" --streams "$work/cut"
check 'cut file: what came before is there' grep -qx hello "$work/cut/$stream"

# ---- outputs ----
check_weft 'good file' 0 'ledger payload_bytes closed' replay "$work/good.pcap" --streams "$work/good"
check 'stream to the server' grep -qx hello "$work/good/$stream"
check 'stream to the client' grep -qx world "$work/good/10.0.0.2.80-10.0.0.1.1000"
check 'quiet: no word' bash -c "'$weft' replay '$work/good.pcap' --quiet >'$work/out' 2>&1 && [ ! -s '$work/out' ]"
check 'from standard input' bash -c "'$weft' replay - --streams '$work/piped' <'$work/good.pcap' &&
	diff -r -x '.*' '$work/good' '$work/piped'"
check 'filter as arguments' bash -c "'$weft' replay '$work/good.pcap' --json tcp port 81 |
	jq -e '.metrics.payload_bytes.value == 0'"
check 'json: all ledgers close' bash -c "'$weft' replay '$work/good.pcap' --quiet --json |
	jq -e '[.ledgers[].closed] | all'"
check 'events on standard output are JSON with a flow' bash -c "
	'$weft' replay '$work/good.pcap' --events - | jq -es 'any(.event_type == \"flow\")'"
check_weft 'output directory below a file' 1 'good.pcap' \
	replay "$work/good.pcap" --streams "$work/good.pcap/x"
check_weft 'events into a missing directory' 1 'No such file' \
	replay "$work/good.pcap" --events "$work/none/events.json"
check_weft 'an earlier run is not overwritten in silence' 1 "$work/good" \
	replay "$work/good.pcap" --streams "$work/good"
check_weft 'the message names --append and --force' 1 'keep them with --append, or delete them with --force' \
	replay "$work/good.pcap" --streams "$work/good"
check_weft '--append is accepted' 0 'ledger payload_bytes closed' replay "$work/good.pcap" --streams "$work/good" --append
check 'earlier files stay, new ones have the next number' bash -c "
	grep -qx hello '$work/good/$stream' && grep -qx hello '$work/good/$stream#2'"
: >"$work/good/notes.txt"
check_weft '--force is accepted' 0 'ledger payload_bytes closed' replay "$work/good.pcap" --streams "$work/good" --force
check 'stream files are those of the last run, other files stay' bash -c "
	[ \$(ls '$work/good' | wc -l) -eq 3 ] && [ -e '$work/good/notes.txt' ] && grep -qx hello '$work/good/$stream'"
check_weft '--append together with --force is refused' 2 'either kept or deleted' replay "$work/good.pcap" --streams "$work/good" --append --force
check_weft 'streams to standard output' 2 'a directory is needed' replay "$work/good.pcap" --streams -
check_weft 'events, first run' 0 'ledger' replay "$work/good.pcap" --events "$work/again.json"
lines=$(wc -l <"$work/again.json")
check_weft 'events are appended, which is said' 0 'again.json holds [0-9]+ bytes of an earlier run; events are appended' \
	replay "$work/good.pcap" --events "$work/again.json"
check 'standard output holds no earlier run' bash -c "
	(echo first; '$weft' replay '$work/good.pcap' --events -) >'$work/mixed' 2>'$work/err' && cat '$work/err' && ! grep 'earlier run' '$work/err'"
check 'both runs are in the file' test "$(wc -l <"$work/again.json")" -eq $((2 * lines))
check_weft '--force is accepted for a file of events' 0 'ledger' replay "$work/good.pcap" --events "$work/again.json" --force
check '--force: the file of events has one run' test "$(wc -l <"$work/again.json")" -eq "$lines"
if [ -w /dev/full ]; then
	check_weft 'full disk behind the events' 1 'No space' replay "$work/good.pcap" --events /dev/full
fi

# ---- the filter keys that the kernel checks in live capture ----
delivered() { # BYTES --set ARGS: replay with these keys delivers BYTES of payload
	local bytes=$1
	shift
	"$weft" replay "$work/good.pcap" --quiet --json "$@" >"$work/filtered.json" &&
		jq -e ".metrics.payload_delivered_bytes.value == $bytes and ([.ledgers[].closed] | all)" \
			"$work/filtered.json" >"$work/out" || { jq -c .ledgers "$work/filtered.json"; return 1; }
}
check 'filter.ports that match' delivered 12 --set filter.ports=80
check 'filter.ports that do not match' delivered 0 --set filter.ports=81,443
check 'filter.deny: nothing of the prefix is read' delivered 0 --set filter.deny=10.0.0.0/31
check 'filter.allow' delivered 12 --set filter.allow=10.0.0.2/32
check 'filter.allow of another prefix' delivered 0 --set filter.allow=10.1.0.0/16
check 'filter.sample of nearly nothing' delivered 0 --set filter.sample=0.0000001
check 'with several workers' delivered 0 --set filter.deny=10.0.0.1 --workers 2
check_weft 'explained where they are checked' 0 'filter.ports.*80' \
	replay "$work/good.pcap" --explain-filter --set filter.ports=80
check_weft 'explained: by the tc program in host mode' 0 'kernel .tc program., before' \
	run -i lo --mode host --explain-filter --set filter.ports=80
check_weft 'explained: by the XDP program in tap mode' 0 'kernel .XDP program., before' \
	run -i lo --mode tap --explain-filter --set filter.ports=80
check_weft 'explained: in user space' 0 'user space, after decoding' \
	replay "$work/good.pcap" --explain-filter --set filter.ports=80

# ---- nothing found: one line reports the reason, with advice ----
check_weft 'an expression that does not look behind VLAN tags' 0 \
	'0 connections in 10 frames: 10 do not match the filter, of which 10 carry TCP behind VLAN tags' \
	replay "$own_corpus/captures/tag/vlan.pcap" tcp port 80
check_weft 'an expression that matches nothing' 0 '0 connections in 8 frames: 8 do not match the filter$' \
	replay "$work/good.pcap" tcp port 81
check_weft 'filter keys that match nothing' 0 '8 do not match the filter$' \
	replay "$work/good.pcap" --set filter.deny=10.0.0.0/8
check_weft 'wrong checksums' 0 'have wrong checksums \(try --checksum ignore\)' \
	replay "$own_corpus/captures/checksum/both-wrong-auto.pcap" --checksum verify
check_weft 'nearly all checksums of a sender are wrong: reported' 0 \
	'nearly all segments of 10.0.0.1 have wrong checksums' \
	replay "$own_corpus/captures/checksum/all-wrong-auto.pcap"
check 'something found: no such line' bash -c "
	! '$weft' replay '$work/good.pcap' 2>&1 | grep -q 'warning'"

# ---- bash completion ----
completes() { # WANTED WORD...: WANTED is among the completions of the last WORD
	local wanted=$1
	shift
	(
		compopt() { :; }
		# shellcheck source=/dev/null
		. "$root/scripts/completion.bash"
		COMP_WORDS=("$weft" "$@") COMP_CWORD=$#
		_weft
		printf '%s\n' "${COMPREPLY[@]}"
	) >"$work/completions"
	grep -qx -- "$wanted" "$work/completions" || { cat "$work/completions"; return 1; }
}
check 'completion of a command' completes replay rep
check 'completion of a command that is no option' completes version ''
check 'completion of an option' completes --streams replay x --st
check 'completion of an own option' completes --sort flows --s
check 'completion of a choice' completes tap run --mode ''
check 'completion of a key' completes capture.duration_sec= run --set capture.
check 'completion of a key of a subsection' completes flow.timeouts.closed_sec= run --set flow.t
check 'completion of an interface' completes lo run -i l
check 'completion of a file' completes "$work/good.pcap" replay "$work/goo"

# ---- live capture without the required privileges ----
check_weft 'run without interface' 2 'use -i IFACE' run
check_weft 'run on what is no interface' 3 'no such interface' run -i nosuch0
check_weft 'stats without agent' 3 'no agent' stats --set "control.dir=$work/none"
check_weft 'doctor on what is no interface' 3 'no such interface' doctor -i nosuch0
if [ "$(id -u)" -eq 0 ]; then
	check 'run without privileges: status 4 and what to do' bash -c "
		setpriv --reuid=65534 --clear-groups --inh-caps=-all '$weft' run -i lo 2>'$work/err'
		[ \$? -eq 4 ] && grep -q 'run weft as root' '$work/err' || { cat '$work/err'; exit 1; }"
fi
help_fits() {
	"$weft" --help | sed -nE 's/^  ([a-z]+) .*/\1/p' >"$work/commands"
	[ "$(wc -l <"$work/commands")" -gt 8 ] &&
		xargs -I COMMAND "$weft" COMMAND --help <"$work/commands" >"$work/help" &&
		"$weft" --help | cat - "$work/help" | awk 'length > 80 { print; bad = 1 } END { exit bad }'
}
check 'the help of each command fits 80 columns' help_fits
finish
