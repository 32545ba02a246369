#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_nats_faults.sh - servers of NATS fail while a replay publishes: the server is killed, the
# network is cut for 5 seconds; with three replicas, the leader of the stream steps down, and is
# killed. The stored messages are complete, in order and without repetition.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nats.sh"
need_root
need_weft
tool=$(dirname "$weft")/helpers/bus_read

"$(dirname "$weft")/bench/traffic" web "$work/web.pcap" "$work/truth.tsv" --scale 0.01 >/dev/null 2>&1
"$weft" replay "$work/web.pcap" --streams "$work/streams" --quiet || exit 1
connections=2000

# feed: print the capture in 100 pieces, for about 4 seconds, so that faults happen meanwhile. On a busy
# machine, the fault may come later; the last quarter follows when the file $work/fault exists.
feed() {
	local size piece
	size=$(stat -c %s "$work/web.pcap")
	for ((piece = 0; piece < 100; piece++)); do
		[ "$piece" -ne 75 ] || wait_until 300 test -e "$work/fault"
		tail -c +$((piece * (size / 100) + 1)) "$work/web.pcap" |
			if [ "$piece" -lt 99 ]; then head -c $((size / 100)); else cat; fi
		sleep 0.04
	done
}

# publish_run REPLICAS: publish the output of feed. The replay ends at the latest when nothing was
# acknowledged for 60 seconds.
publish_run() {
	feed | nats_exec "$weft" replay - --nats "$nats_url" --json --set "sinks.nats.replicas=$1" \
		--set sinks.nats.flush_timeout_sec=60 >"$work/report.json" 2>"$work/err"
}

# publish_begin REPLICAS: begin to publish the output of feed; wait until half of it is stored.
publish_begin() {
	rm -f "$work/fault"
	background weft_pid publish_run "$1"
	wait_until 200 half_is_stored
}
half_is_stored() { [ "$(nats_messages WEFT)" -gt $((connections * 2)) ]; }

publish_end() { # the replay ends with status 0
	wait "$weft_pid" || { cat "$work/err" && false; }
}

# is_complete: everything is stored once, in order.
is_complete() {
	nats_wait_leader
	rm -rf "$work/read"
	nats_read "$work/read" || return 1
	nats_read_is ".open == $connections and .close == $connections and
		.faults + .repeated + .misordered + .unclosed + .drop == 0" && same_files "$work/streams" "$work/read"
}
retries=0
add_retries() { retries=$((retries + $(jq '.sinks[] | select(.name == "nats") | .nats_retries' "$work/report.json"))); }
purge() { nats_exec "$tool" "$nats_url" WEFT --purge; }

# ---- one server ----

nats_net && nats_servers 1 || exit 1
publish_begin 1
nats_kill 1
touch "$work/fault"
check 'a server is killed, and starts again' nats_begin 1
check 'the replay ends with status 0' publish_end
check 'everything is stored, once and in order' is_complete
check 'the loss of the connection was logged' grep -q 'nats: lost the connection' "$work/err"
purge

publish_begin 1
nats_cut 1
touch "$work/fault"
# The network is cut for less than the time after which a server that does not answer is regarded as
# lost, so the test can't wait for an event instead.
sleep 5
nats_join 1
check 'the network is cut for 5 seconds: the replay ends with status 0' publish_end
check 'everything is stored, once and in order' is_complete
nats_end

# ---- three replicas ----

nats_servers 3 || exit 1
publish_begin 3
for ((i = 0; i < 3; i++)); do
	check 'the leader of the stream steps down' wait_until 300 nats_exec "$tool" "$nats_url" WEFT --step-down
	touch "$work/fault"
done
check 'the replay ends with status 0' publish_end
check 'everything is stored, once and in order' is_complete
add_retries
purge

publish_begin 3
leader=$(nats_leader WEFT)
nats_kill "$leader"
touch "$work/fault"
check 'the leader is killed: the replay ends with status 0' publish_end
# With a busy host the replay may have found another server than the leader, and then keeps it.
check 'the log does not name all servers as the one that is connected' eval '! grep -q "nats: connected to .*," "$work/err"'
add_retries
# If no message waits for its acknowledgement when the leader changes, none is sent again.
check 'messages were sent again in at least one of both runs' test "$retries" -gt 0
check 'the killed server starts again' nats_begin "$leader"
check 'everything is stored, once and in order' is_complete
finish
