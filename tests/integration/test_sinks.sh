#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_sinks.sh - outputs that fail, are slow or disappear do not affect other outputs.
. "$(dirname "$0")/lib.sh"
need_root
need_weft

conns=600 bytes=20000
python3 "$root/tests/integration/make_conns.py" "$work/many.pcap" $conns $bytes || exit 1
replay=("$weft" replay "$work/many.pcap" --checksum ignore --quiet)

# whole DIR: every connection has its file in DIR, with the expected content.
whole() {
	local dir=$1 conn name word
	[ "$(find "$dir" -type f | wc -l)" -eq $conns ] || return 1
	for ((conn = 0; conn < conns; conn++)); do
		name=$dir/10.0.0.2.80-10.1.$((conn / 256)).$((conn % 256)).1000
		word="connection $conn"
		[ "$(stat -c %s "$name")" -eq $bytes ] && [ "$(head -n 1 "$name")" = "$word" ] &&
			[ "$(sort -u "$name" | wc -l)" -le 2 ] || {
			echo "$name is wrong"
			return 1
		}
	done
}

check 'many interleaved streams' "${replay[@]}" --streams "$work/all"
check 'each of many interleaved streams is whole' whole "$work/all"

check 'with few open files' bash -c "ulimit -n 100 && ${replay[*]} --streams '$work/few'"
check 'with few open files, each stream is whole' diff -r "$work/all" "$work/few"

check 'through a pipe' bash -c "
	cat '$work/many.pcap' | '$weft' replay - --checksum ignore --quiet --streams '$work/piped'"
check 'through a pipe: the same streams' diff -r "$work/all" "$work/piped"

check 'through a pipe that trickles' bash -c "
	dd if='$work/many.pcap' bs=777 status=none | head -c 3000000 |
	'$weft' replay - --checksum ignore --quiet --streams '$work/trickled'; [ \$? -eq 3 ]"

# ---- full disk: 4 MiB for 12 MiB of streams ----
cat >"$work/full.sh" <<SCRIPT
mkdir -p '$work/small' && mount -t tmpfs -o size=4m none '$work/small' || exit 99
${replay[*]} --streams '$work/small/streams' --events '$work/events.json'
SCRIPT
unshare -m bash "$work/full.sh" 2>"$work/err"
check 'full disk: status 1' test $? -eq 1
check 'full disk: the message is printed once' test "$(grep -c 'No space left on device; no further streams' "$work/err")" -eq 1
check 'full disk: the events go on' \
	test "$(jq -r 'select(.event_type == "flow") | .flow_id' "$work/events.json" | sort -u | wc -l)" -eq $conns

# ---- a reader that disconnects ----
bash -c "${replay[*]} --streams '$work/left' --events - 2>'$work/err'; echo \$? >'$work/status'" | head -n 1 >/dev/null
check 'events reader left: status 1' grep -qx 1 "$work/status"
check 'events reader left: said' grep -q 'the reading process has closed the pipe' "$work/err"
check 'events reader left: the streams go on' diff -r "$work/all" "$work/left"

# ---- a slow reader ----
bash -c "${replay[*]} --streams '$work/slow' --events -" |
	while read -r line; do
		echo "$line"
		[ $((RANDOM % 50)) -eq 0 ] && sleep 0.02
	done >"$work/slow.json"
check 'slow events reader: no record is lost' \
	test "$(jq -r 'select(.event_type == "flow") | .flow_id' "$work/slow.json" | sort -u | wc -l)" -eq $conns
check 'slow events reader: the streams are whole' diff -r "$work/all" "$work/slow"

# The reader begins after the default time limit for which a worker waits.
bash -c "${replay[*]} --set delivery.queue_bytes=131072 --set delivery.overflow=block-with-timeout \
	--set delivery.block_timeout_ms=60000 --events -" | { sleep 1; cat; } >"$work/late.json"
check 'late events reader: no record is lost within delivery.block_timeout_ms' \
	test "$(jq -r 'select(.event_type == "flow") | .flow_id' "$work/late.json" | sort -u | wc -l)" -eq $conns
finish
