#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_state.sh - the state store of an agent: commands and HTTP read and change it, conflicts and
# limits are rejected with a reason, a watch sees every change in order, and after 20,000 changes of
# 10 keys the agent uses less than 4 MiB more than after 1,000. The capture continues all the time.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web.sh"
need_root
need_weft

state() { "$weft" state -i eth0 --set "control.dir=$work/control" "$@"; }
# says STATUS PATTERN ARGS...: `weft state ARGS` exits with STATUS, and its output matches PATTERN.
says() {
	local got
	state "${@:3}" >"$work/said" 2>&1
	got=$?
	cat "$work/said"
	[ "$got" = "$1" ] && grep -qxE -- "$2" "$work/said" && return
	echo "status $got, expected $1 and /$2/"
	return 1
}

NO_IPV6=1 make_pair 1 || exit 1
web_serve
web_file large 20000000
check 'an agent starts' agent_start "$ns_a" eth0 --workers 1 --streams "$work/streams" --listen 127.0.0.1:0 \
	--set state.max_entries=20 --set state.max_mb=1 --set reassembly.checksum=ignore
port=$(sed -nE 's|.*http://127\.0\.0\.1:([0-9]+)/.*|\1|p' "$work/agent.err")
token="Authorization: Bearer $(cat "$work/control/eth0.token")"
wait_until 50 in_b curl -sf "http://$ip_a/ready"
background download_pid ip netns exec "$ns_b" curl -sf -m 30 --limit-rate 10M -o "$work/large" "http://$ip_a/large"

# ---- commands ----

# Version 1 is the policy, which the agent sets at its start.
check 'a key is set' says 0 v2 set sites/north '{"a": [1, "x"]}'
check 'a key is read' eval 'state get sites/north | jq -ce ". == {a: [1, \"x\"]}"'
check 'a text is set' says 0 v3 --string set sites/south 'not JSON'
check 'a value is read from standard input' eval 'echo 12.5 | says 0 v4 set other -'
check 'a list has the keys in order' eval 'state list sites/ >"$work/list"; diff "$work/list" - <<-END
	sites/north  v2  {"a":[1,"x"]}
	sites/south  v3  "not JSON"
	END'
check 'with --if-version of this version, a key is set' says 0 v5 --if-version 2 set sites/north 5
check 'a conflict is rejected' says 1 'weft: state: sites/north: conflict: .*' --if-version 2 set sites/north 6
check 'a key that exists is not made' says 1 '.*conflict: .*' --if-version 0 set sites/north 6
check 'conflicts do not change the key' says 0 5 get sites/north
check 'the history is newest first' eval '[ "$(state --json history sites/north | jq -r .version | tr "\n" " ")" = "5 2 " ]'
check 'a key is deleted' says 0 v6 --if-version 5 delete sites/north
check 'a deleted key is gone' says 3 'weft: state: sites/north: there is no such key' get sites/north

# ---- limits ----

check 'a wrong key is refused' says 2 '.*key: not 1 to 255 letters.*' set 'a/../b' 1
check 'a value that is not JSON is refused' says 2 '.*value: not JSON: .*--string.*' set a '{'
check 'a value that is too long is refused' eval \
	'jq -nc "[range(20000)]" | says 2 ".*value: more than 65536 bytes of JSON" set a -'
check 'a value of more than 262,144 bytes is refused' eval \
	'head -c 300000 /dev/zero | tr "\0" " " | says 2 ".*value: standard input has 262144 bytes or more" set a -'
check 'a wrong option is refused' says 2 '.*state: get has no option --count' --count 1 get a
check 'a wrong number is refused' says 2 ".*--if-version: 'x' is not a number, or is less than 0" --if-version x set a 1

# ---- HTTP ----

check 'without the token: 401' http 401 '.error' PUT /api/v1/state/web/a -d 1
check 'a change without the token sets nothing' http 404 '.error' GET /api/v1/state/web/a
check 'with the token: set' http 200 '.key == "web/a" and .version == 7' PUT /api/v1/state/web/a -H "$token" -d '{"n": 1}'
check 'a key is read without the token' http 200 '.value == {n: 1} and .version == 7' GET /api/v1/state/web/a
check 'keys are listed without the token' http 200 '[.entries[] | .key] == ["web/a"] and (.truncated | not)' GET '/api/v1/state?prefix=web/'
check 'a list has pages' http 200 '.truncated and ([.entries[] | .key] == ["sites/south"])' GET '/api/v1/state?after=policy/current&limit=1'
check 'If-Match of another version: 409' http 409 '.error | test("conflict")' PUT /api/v1/state/web/a -H "$token" -H 'If-Match: 6' -d 2
check 'If-Match of this version: set' http 200 '.version == 8' PUT /api/v1/state/web/a -H "$token" -H 'If-Match: "7"' -d 2
check 'If-Match that is no version: 400' http 400 '.error | test("^If-Match: ")' DELETE /api/v1/state/web/a -H "$token" -H 'If-Match: x'
check 'a body that is not JSON: 400' http 400 '.error | test("^body: ")' PUT /api/v1/state/web/a -H "$token" -d '{'
check 'a wrong key: 422' http 422 '.error | test("^key: ")' PUT '/api/v1/state/web/a%20b' -H "$token" -d 1
check 'another method: 405' eval 'http 405 .error POST /api/v1/state/web/a -H "$token" -d 1 -D "$work/head" &&
	grep -qi "^allow: GET, HEAD, PUT, DELETE" "$work/head"'
check 'delete without the token: 401' http 401 '.error' DELETE /api/v1/state/web/a
check 'delete with the token' http 200 '.version == 9' DELETE /api/v1/state/web/a -H "$token" -H 'If-Match: 8'
check 'a key that is not there: 404' http 404 '.error' DELETE /api/v1/state/web/a -H "$token"
metrics_have() { in_a curl -s -m 20 "http://127.0.0.1:$port/metrics" | tee "$work/metrics" | grep -qxF "$1"; }
check 'metrics count keys by prefix' metrics_have 'weft_state_entries{prefix="sites"} 1'
check 'metrics are valid' promtool check metrics <"$work/metrics"

# ---- watching, many changes ----

background watch_pid state --json --count 30 watch w/ >"$work/changes"
background socket_pid ip netns exec "$ns_a" python3 "$root/tests/integration/http_client.py" watch "$port" w/ 30 >"$work/socket"
background lazy_pid state --json watch load/ >/dev/null 2>"$work/lazy"
wait_until 100 grep -q '"ok": true' "$work/socket"
check 'three watches have begun' wait_until 100 metrics_have 'weft_state_watches 3'
check 'changes from two clients' eval 'for i in {1..10}; do
	state set w/a "$i" && http 200 .version PUT /api/v1/state/w/b -H "$token" -d "$i" && state set elsewhere "$i" && state set w/a -- "-$i" || exit 1
	done'
check 'the watch ends after --count' lib_gone "$watch_pid" 300
check 'the watch has all changes in order' eval 'jq -se "([.[].version] == ([.[].version] | sort)) and
	([.[] | select(.key == \"w/b\") | .value] == [range(1; 11)]) and length == 30" "$work/changes"'

socket_is_right() {
	lib_gone "$socket_pid" 300
	cat "$work/socket"
	jq -se '.[0] == {id: 7, ok: true} and (.[1].error | test("unsubscribe first")) and (.[-2:] | .[0].ok and (.[1].error | test("no such")))' "$work/socket" &&
		jq -c .change "$work/socket" | grep -v null | cmp - "$work/changes"
}
check 'a WebSocket has the same changes' socket_is_right

# load COUNT: set 10 keys COUNT times in all through the control socket, and print the agent's
# resident KiB.
load() {
	python3 - "$work/control/eth0.sock" "$1" <<-'END' || return 1
		import json, socket, sys
		for i in range(int(sys.argv[2])):
		    if i % 100 == 0: # reconnect, because the agent limits the duration of a connection
		        agent = socket.socket(socket.AF_UNIX)
		        agent.connect(sys.argv[1])
		        lines = agent.makefile("rw")
		    lines.write(json.dumps({"command": "state_set", "key": f"load/{i % 10}", "value": "x" * 2000}) + "\n")
		    lines.flush()
		    answer = json.loads(lines.readline())
		    assert answer["ok"], answer
	END
	awk '/^VmRSS/ { print $2 }' "/proc/$agent_pid/status"
}
memory_is_flat() {
	local before after
	kill -STOP "$lazy_pid" # the queue of this watch is filled, and emptied at the limit of 1 MiB
	before=$(load 1000) && after=$(load 20000) || return 1
	kill -CONT "$lazy_pid"
	wait_until 100 grep 'changes before the next one were lost' "$work/lazy" || return 1
	echo "$before KiB, $after KiB"
	[ "$after" -lt $((before + 4096)) ]
}
check '20,000 changes need less than 4 MiB more than 1,000' memory_is_flat
fill() { for i in {1..20}; do state set "fill/$i" 1 || return; done 2>&1; }
check 'too many keys are rejected' eval 'fill | grep -q "fill/.*: there are state.max_entries keys"'
check 'keys that exist can still be set' says 0 'v[0-9]+' set other 7
check 'beyond the limit of memory: 507 over HTTP' eval 'jq -nc "\"x\" * 62000" >"$work/big"
	for i in {1..4}; do state delete "fill/$i"; done >/dev/null
	for i in {0..9}; do http 200 .version PUT "/api/v1/state/load/$i" -H "$token" --data-binary @"$work/big"; done >/dev/null
	for i in {1..4}; do http 200 .version PUT "/api/v1/state/big/$i" -H "$token" --data-binary @"$work/big"; done >/dev/null
	http 200 .version PUT /api/v1/state/w/a -H "$token" --data-binary @"$work/big" || exit 1
	http 200 .version PUT /api/v1/state/w/b -H "$token" --data-binary @"$work/big" >/dev/null
	http 507 ".error | test(\"state.max_mb\")" PUT /api/v1/state/elsewhere -H "$token" --data-binary @"$work/big"'

wait "$download_pid"
stream_is_whole() {
	local stream
	cmp "$work/large" "$web_root/large" || return
	for stream in "$work"/streams/"$ip_a".80-*; do tail -c 20000000 "$stream" | cmp -s - "$web_root/large" && return; done
	ls -l "$work/streams"
	return 1
}
check 'the agent ends well' agent_stop
check 'the capture was not disturbed' stream_is_whole
check 'its ledgers close' ledgers_close
finish
