#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_nats_sink.sh - a replay into NATS JetStream: the stored messages have the content of
# --streams and --events; wrong options, servers that cannot be reached and a stream that differs
# are reported.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nats.sh"
need_root
need_weft
traffic=$(dirname "$weft")/bench/traffic

nats_net && nats_servers 1 || exit 1
publish() { nats_exec "$weft" replay "$1" --nats "$nats_url" --set sinks.nats.sensor=tap1 "${@:2}"; }
# same_as_replay CAPTURE: the bytes, and the events of the types flow, gap and anomaly, are those of
# a replay that writes files.
same_as_replay() {
	"$weft" replay "$1" --streams "$work/streams" --pad-gaps --force --events "$work/events.json" --quiet
	rm -rf "$work/read"
	nats_read "$work/read" && diff -r -x '.*' "$work/streams" "$work/read" || return 1
	for type in flow gap anomaly; do
		diff <(jq -cS "select(.event_type == \"$type\")" "$work/events.json" | sort) \
			<(jq -cS "select(.event_type == \"$type\")" "$work/read/.events.json" | sort) || return 1
	done
}
# purge: remove all messages.
purge() { nats_exec "$(dirname "$weft")/helpers/bus_read" "$nats_url" WEFT --purge; }

# ---- the same content ----

"$traffic" web "$work/web.pcap" "$work/truth.tsv" --scale 0.005 >/dev/null 2>&1
check 'a replay publishes many short connections' publish "$work/web.pcap"
check 'bytes and records are those of --streams and --events' same_as_replay "$work/web.pcap"
check 'each connection is opened, in order, and closed once' nats_read_is \
	'.open == 1000 and .close == 1000 and .faults + .repeated + .misordered + .unclosed == 0'
check 'the last state of the sensor says that it has ended' \
	jq -e '.sensor == "tap1" and .state == "ended" and .health.status == "ok" and
		(.ledgers | all(.closed)) and (.boot | test("^[0-9a-f]{16}$"))' "$work/read/.stats.tap1.json"
check 'the stored events match their schemas' eve_is_valid "$work/read/.events.json" flow stats

check 'the stream is emptied' purge
"$traffic" holes "$work/holes.pcap" "$work/truth.tsv" --scale 0.02 >/dev/null 2>&1
check 'a replay publishes connections with gaps' publish "$work/holes.pcap"
check 'bytes, gaps and records are those of a replay to files' same_as_replay "$work/holes.pcap"
check 'gaps are in order among the bytes' nats_read_is \
	'.gap > 0 and .faults + .repeated + .misordered + .unclosed == 0'
before=$(nats_messages WEFT)
publish_again() { publish "$work/holes.pcap" 2>"$work/err"; }
check 'the same replay publishes again' publish_again
check 'the summary says what was published and acknowledged' grep -qE \
	'^weft: sink nats: ([0-9,]+) messages published, \1 acknowledged, with [0-9,]+ payload bytes$' "$work/err"
check 'the messages of the second run are stored, too' test "$(nats_messages WEFT)" -gt $((before * 3 / 2))

# ---- options and streams that are refused ----

check_weft 'a URL with another scheme is refused' 2 \
	'sinks.nats.url|--nats.*URL 1: the scheme is neither nats:// nor tls://; expected nats://HOST:PORT' \
	replay "$work/holes.pcap" --nats http://localhost
check_weft 'an invalid name of a sensor is refused' 2 \
	"sinks.nats.sensor: 'a.b' is not a name of a sensor" \
	replay "$work/holes.pcap" --nats localhost --set sinks.nats.sensor=a.b
check_weft 'a file that is missing is named, with its key' 2 'nats: sinks.nats.credentials_file: /nonexistent: No such file or directory' \
	replay "$work/holes.pcap" --nats localhost --set sinks.nats.credentials_file=/nonexistent
check_weft 'servers that cannot be reached are reported with their addresses and the reasons' 1 \
	"can't connect to .*: 127.0.0.1:9: Connection refused, 127.0.0.1:10: Connection refused; trying again" \
	replay "$work/holes.pcap" --nats nats://user:secret@127.0.0.1:9,127.0.0.1:10 --set sinks.nats.flush_timeout_sec=3
check 'while the end waits, a line says for what, and how long' grep -qE \
	'nats: waiting until [0-9]+ messages are acknowledged by 127.0.0.1:9,127.0.0.1:10, not connected; giving up in [1-3] s' "$work/err"
check 'the number of lost messages is reported' grep -qE 'nats: [0-9]+ messages are lost, because none was acknowledged for 3 s' "$work/err"
check 'the summary has no acknowledged message' grep -qE 'weft: sink nats: [0-9,]+ messages published, 0 acknowledged, with 0 payload bytes' "$work/err"
check 'the password is not printed' bash -c "! grep -q secret '$work/err' '$work/out'"
check 'the summary counts the lost events' grep -q 'weft: sink nats: failed: ' "$work/err"

refuses() { # PATTERN SETTING...
	local setting sets=()
	for setting in "${@:2}"; do sets+=(--set "$setting"); done
	publish "$work/holes.pcap" "${sets[@]}" 2>"$work/err"
	[ $? -eq 1 ] && grep -qE "$1" "$work/err" || { cat "$work/err" && false; }
}
check 'a stream with another limit is refused, with both values' refuses \
	'the stream WEFT has max_bytes 4294967296, and 104857600 is wanted' sinks.nats.stream_max_mb=100
check 'a stream with another age is refused' refuses 'max_age in ns 86400000000000, and 60000000000 ' \
	sinks.nats.stream_max_age_sec=60 sinks.nats.duplicate_window_sec=60
check 'a stream with another duplicate window is refused' refuses 'duplicate_window in ns 120000000000, and 1000000000 ' \
	sinks.nats.duplicate_window_sec=1
check 'the stream is unchanged' test "$(nats_stream_get WEFT | jq '.config | [.max_bytes, .max_age, .duplicate_window] | add')" \
	-eq $((4294967296 + 86400000000000 + 120000000000))
check 'another stream cannot take the same subjects' refuses "can't create the stream OTHER: .*[Ss]ubjects overlap" \
	sinks.nats.stream=OTHER
check 'a stream with another number of replicas is refused' refuses 'the stream WEFT has replicas 1, and 3 is wanted' \
	sinks.nats.replicas=3
finish
