#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_eve.sh - events match their JSON schemas, and a flow record has the numbers and words that
# Suricata writes for the same capture.
. "$(dirname "$0")/lib.sh"
need_weft
/usr/bin/python3 -c 'import jsonschema' 2>/dev/null || skip_all 'python3-jsonschema is missing'
captures=$own_corpus/captures
: >"$work/all.json"

# replay CAPTURE ARGS...: write the events of one capture to $work/one.json.
replay() {
	local file=$captures/$1.pcap
	shift
	"$weft" replay "$file" --workers 1 --quiet --checksum ignore --events - "$@" >"$work/one.json" &&
		cat "$work/one.json" >>"$work/all.json"
}
has() { jq -es "any(.[]; $1)" "$work/one.json"; }

# as_suricata CAPTURE VALUES: the only flow record has these values.
as_suricata() {
	replay "$1" && [ "$(jq -r 'select(.event_type == "flow") | [.flow.pkts_toserver, .flow.pkts_toclient,
		.flow.bytes_toserver, .flow.bytes_toclient, .flow.state, .tcp.state, .tcp.tcp_flags_ts,
		.tcp.tcp_flags_tc] | @tsv' "$work/one.json")" = "$2" ]
}
while IFS=$'\t' read -r capture values; do
	check "as Suricata: $capture" as_suricata "$capture" "$values"
done < <(grep -v '^#' "$root/tests/eve/suricata_flows.tsv")

for capture in data/cut-by-snap-length open/reuse open/fast-open open/one-sided tunnel/vxlan-two-networks \
	ip/fragments end/reset-out-of-window; do
	check "replay: $capture" replay "$capture"
done
check 'all events match their schemas' eve_is_valid "$work/all.json" flow gap anomaly stats

check 'reused ports: replay' replay open/reuse
check 'the close reason fin: its reason in EVE is timeout' has '.flow.close_reason == "fin" and .flow.reason == "timeout"'
check 'anomaly: replay' replay data/out-of-window
check "anomaly: Suricata's name stands beside weft's" has '.anomaly.event == "data_out_of_window" and
	.anomaly.suricata_event == "stream.est_packet_out_of_window"'
check 'one file: replay' replay open/one-sided
check 'one file: its name' has ".pcap_filename == \"$captures/open/one-sided.pcap\""
files_of() { # ARGS...: print the client and the capture file of each connection
	"$weft" replay "$@" --quiet --checksum ignore --events - |
		jq -r 'select(.event_type == "flow") | "\(.src_ip) \(.pcap_filename)"' | sort
}
mkdir "$work/files"
python3 "$root/tests/integration/make_pcap.py" "$work/files/one.pcap"
python3 "$root/tests/integration/make_conns.py" "$work/files/two.pcap" 2 100
each_file=$(printf '%s\n' "10.0.0.1 $work/files/one.pcap" "10.1.0.0 $work/files/two.pcap" \
	"10.1.0.1 $work/files/two.pcap")
check 'two files: each connection has that of its packets' diff - <(files_of "$work/files/two.pcap" \
	"$work/files/one.pcap") <<<"$each_file"
check 'two workers: the same' diff - <(files_of "$work/files/one.pcap" "$work/files/two.pcap" \
	--workers 2) <<<"$each_file"
check 'a directory: the same' diff - <(files_of "$work/files") <<<"$each_file"
check 'a pipe has no name' test "$(files_of - <"$work/files/one.pcap")" = '10.0.0.1 null'
check 'stats: replay' replay open/many
check "stats: Suricata's objects agree with the metrics" has '.event_type == "stats" and (.stats |
	.flow.total == .weft.flows_opened_flows and .tcp.sessions == .flow.total and .flow.total > 1 and
	.decoder.pkts == .weft.frames and .decoder.tcp == .decoder.pkts)'
check 'stats: the ledger is in it' has '.event_type == "stats" and (.stats.weft |
	.payload_bytes == ([to_entries[] | select(.key | test("^payload_.+_bytes$")) | .value] | add))'

# Check that the metrics in the table of eve_stats.c exist: a missing one would always have the
# value 0.
names_exist() {
	jq -r 'select(.event_type == "stats") | .stats.weft | keys[]' "$work/one.json" | sort -u >"$work/metrics"
	python3 - "$root/user/sink/format/eve_stats.c" <<'PY' | sort -u >"$work/named"
import re, sys
for names in re.findall(r'\{(?:"\w+"|NULL),\s+"\w+",\s+\{([^}]*)\}', open(sys.argv[1]).read()):
    print("\n".join(re.findall(r"\w+", names)))
PY
	[ -s "$work/named" ] && [ -z "$(comm -23 "$work/named" "$work/metrics")" ]
}
check "stats: the metrics of Suricata's numbers exist" names_exist

# ---- the schema check rejects invalid events ----
spoilt() { # FILTER TEXT: a flow record changed by the jq FILTER is rejected with TEXT
	jq -c "select(.event_type == \"flow\") | $1" "$work/one.json" | head -n 1 >"$work/spoilt.json"
	! eve_is_valid "$work/spoilt.json" >"$work/errors" && cat "$work/errors" && grep -qF -- "$2" "$work/errors"
}
check 'rejected: an unknown field' spoilt '.flow.new_field = 1' "'new_field' was unexpected"
check 'rejected: an id beyond 53 bits' spoilt '.flow_id = 9007199254740992' 'greater than the maximum'
check 'rejected: a number as text' spoilt '.flow.pkts_toserver = "6"' 'the type in Suricata is integer'
check 'rejected: a missing field' spoilt 'del(.flow.reason)' "'reason' is a required property"
check 'rejected: an unknown type of event' spoilt '.event_type = "drop"' 'no schema for the event_type drop'
finish
