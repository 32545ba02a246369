#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_disk_full.sh - outputs on a full disk: missing data is reported, and writing continues when
# there is room again.
. "$(dirname "$0")/lib.sh"
need_root
need_weft

conns=600 bytes=20000
python3 "$root/tests/integration/make_conns.py" "$work/many.pcap" $conns $bytes || exit 1
"$weft" replay "$work/many.pcap" --checksum ignore --quiet --streams "$work/all" || exit 1

# ---- there is room again before the end of the capture, which is read from a pipe ----
cat >"$work/again.sh" <<SCRIPT
mkdir -p '$work/small' && mount -t tmpfs -o size=30m none '$work/small' || exit 99
head -c 28m /dev/zero >'$work/small/filler'
half=\$((\$(stat -c %s '$work/many.pcap') / 2))
{
	head -c \$half '$work/many.pcap'
	for try in \$(seq 300); do grep -q 'until there is room' '$work/err' && break; sleep 0.1; done
	sleep 0.3
	rm '$work/small/filler'
	sleep 0.3
	tail -c +\$((half + 1)) '$work/many.pcap'
} | '$weft' replay - --checksum ignore --json --on-disk-full continue \
	--streams '$work/small/s' --events '$work/again.json' 2>'$work/err' >'$work/report.json'
echo \${PIPESTATUS[1]} >'$work/status'
cp -r '$work/small/s' '$work/again'
SCRIPT
unshare -m bash "$work/again.sh"

# Each stream file lacks exactly the ranges that events report.
ranges_are_right() {
	python3 - "$work" <<'PY'
import json, os, sys
work = sys.argv[1]
gaps = {}
for line in open(f"{work}/again.json"):
    event = json.loads(line)
    if event["event_type"] == "file_gap":
        ends = [f'{event["src_ip"]}.{event["src_port"]}', f'{event["dest_ip"]}.{event["dest_port"]}']
        name = "-".join(ends if event["direction"] == "toserver" else ends[::-1])
        gap = event["file_gap"]
        assert gap["error"] == "No space left on device", gap
        gaps.setdefault(name, []).append((gap["offset"], gap["length"]))
assert gaps
after = 0
for name in os.listdir(f"{work}/all"):
    whole = open(f"{work}/all/{name}", "rb").read()
    want, at = b"", 0
    for off, length in sorted(gaps.get(name, [])):
        assert off >= at
        want, at = want + whole[at:off], off + length
    after += at > 0 and at < len(whole)
    want += whole[at:]
    path = f"{work}/again/{name}"
    assert (open(path, "rb").read() if os.path.exists(path) else b"") == want, name
    assert want or not os.path.exists(path), f"{name} is empty"
assert after, "no stream went on"
failed = json.load(open(f"{work}/report.json"))["sinks"][0]["failed_bytes"]
assert failed == sum(length for ranges in gaps.values() for _, length in ranges), failed
PY
}
check 'room again: status 1' grep -qx 1 "$work/status"
check 'room again: the missing ranges are reported, the rest is there' ranges_are_right
check 'room again: the events match their schemas' eve_is_valid "$work/again.json" file_gap flow stats
check 'room again: the ledger of the output closes' jq -e \
	'.sinks[0] | .failed_bytes > 0 and .data_bytes == .written_bytes + .failed_bytes' "$work/report.json"
check 'room again: the path is named once' \
	test "$(grep -c "small/s can't be written: No space left on device; output is left out" "$work/err")" -eq 1
check 'room again: the message gives the missing bytes' grep -q 'small/s: there is room again; so far [1-9][0-9]* bytes' "$work/err"

# ---- events on the full disk ----
cat >"$work/events.sh" <<SCRIPT
mount -t tmpfs -o size=300k none '$work/small' || exit 99
'$weft' replay '$work/many.pcap' --checksum ignore --json --on-disk-full continue \
	--events '$work/small/e.json' 2>'$work/err' >'$work/report.json'
echo \$? >'$work/status'
cp '$work/small/e.json' '$work/e.json'
SCRIPT
unshare -m bash "$work/events.sh"
check 'events: status 1' grep -qx 1 "$work/status"
check 'events: every line is whole' jq -e . "$work/e.json"
check 'events: lines that are missing are counted' test "$(wc -l <"$work/e.json")" -ge 1 -a \
	"$(jq '.sinks[0].failed_events' "$work/report.json")" -gt 0

# ---- sinks.on_disk_full: stop; the last output ends ----
cat >"$work/stop.sh" <<SCRIPT
mount -t tmpfs -o size=4m none '$work/small' || exit 99
'$weft' replay '$work/many.pcap' --checksum ignore --json --streams '$work/small/s' \
	2>'$work/err' >'$work/report.json'
SCRIPT
unshare -m bash "$work/stop.sh"
check 'stop: status 1' test $? -eq 1
check 'stop: the message says that no further streams are written' grep -q 'No space left on device; no further streams are written' "$work/err"
check 'stop: the ledger of the output closes' jq -e \
	'.sinks[0] | .failed_bytes > 0 and .data_bytes == .written_bytes + .failed_bytes' "$work/report.json"
check 'stop: the summary has the failed bytes' grep -q 'sink streams: failed: .* payload bytes) not' "$work/err"

# The input is a pipe that stays open: weft ends although the capture continues.
mkfifo "$work/fifo"
sleep 60 >"$work/fifo" & pids+=($!)
timeout 30 "$weft" replay - --checksum ignore --quiet --events /dev/full \
	2>"$work/err" < <(cat "$work/many.pcap" "$work/fifo")
check 'no output left: weft ends with status 1' test $? -eq 1
check 'no output left: the message says so' grep -q 'every output has failed, so weft ends' "$work/err"
finish
