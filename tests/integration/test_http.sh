#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_http.sh - the HTTP server of an agent: its numbers equal those of `weft stats`, a verdict
# reaches the kernel, requests without the token or from another site are rejected, WebSockets get
# every byte or the number of lost bytes, the health changes when an interface or a worker fails,
# and hostile clients disturb neither other clients nor the capture.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web.sh"
need_root
need_weft
client=(ip netns exec "$ns_a" python3 "$root/tests/integration/http_client.py")

# get PATH [CURL ARGS...]: print the body.
get() { in_a curl -s -m 20 "http://127.0.0.1:$port$1" "${@:2}"; }
# status EXPECTED PATH [CURL ARGS...]: the response has this status; if the status is neither 200
# nor 503, the body is JSON with an error.
status() {
	local got
	got=$(in_a curl -s -m 20 -o "$work/body" -w '%{http_code}' "http://127.0.0.1:$port$2" "${@:3}")
	cat "$work/body"
	[ "$got" = "$1" ] && { [ "$1" = 200 ] || [ "$1" = 503 ] || jq -e '.error | test(": ")' "$work/body" >/dev/null; } || {
		echo "status $got, expected $1"
		return 1
	}
}
health_is() { [ "$(get /health | jq -r '.status + " " + ([.reasons[].what] | join(","))')" = "$1" ]; }
held_start() { # open one connection to the web server, and keep it
	background held_pid ip netns exec "$ns_b" python3 -c "
import socket, time
client = socket.create_connection(('$ip_a', 80), source_address=('$ip_b', 41000))
client.sendall(b'GET /ready HTTP/1.1\r\nHost: a\r\n\r\n')
client.recv(1000)
time.sleep(1000)"
}
download() { # FILE...: download each, and compare it
	local file
	for file; do
		in_b curl -sf -m 20 "http://$ip_a/$file" | cmp - "$web_root/$file" || return 1
	done
}

NO_IPV6=1 make_pair 2 || exit 1
web_serve
web_file small 3000
web_file medium 4000000 # the whole file fits in the queue of a WebSocket
web_file large 20000000
check 'an agent starts with --listen and a free port' agent_start "$ns_a" eth0 --workers 2 --streams "$work/streams" \
	--listen 127.0.0.1:0 --set sinks.http.names=sensor.example --set reassembly.checksum=ignore
port=$(sed -nE 's|.*http://127\.0\.0\.1:([0-9]+)/.*|\1|p' "$work/agent.err")
token_file=$work/control/eth0.token
wait_until 50 in_b curl -sf "http://$ip_a/ready"

# ---- reading ----

check 'the agent is healthy' wait_until 100 health_is 'ok '
check 'weft health agrees' "$weft" health -i eth0 --set "control.dir=$work/control"
check 'files are downloaded' download small large
settled() { get /api/v1/stats | jq -e '.ledgers | all(.closed)' && get '/api/v1/flows?filter=port+80' | jq -e '.flows == []'; }
wait_until 50 settled
same_numbers() {
	local names='["frames","payload_delivered_bytes","flows_opened_flows","kernel_seen_frames","gaps"]'
	agent_stats --json | jq -S --argjson n "$names" '[.metrics[$n[]].value]' >"$work/cli.json"
	get /api/v1/stats | jq -S --argjson n "$names" '[.metrics[$n[]].value]' >"$work/api.json"
	cat "$work/cli.json"
	jq -e '.[1] > 20000000' "$work/cli.json" && cmp "$work/cli.json" "$work/api.json"
}
# An ARP frame may arrive between both requests.
check 'the numbers of /api/v1/stats equal those of weft stats' wait_until 50 same_numbers
metrics_are_valid() {
	get /metrics >"$work/metrics"
	get /metrics -H 'Accept: application/openmetrics-text;version=1.0.0' >"$work/openmetrics"
	grep -q '^weft_stream_bytes_total{direction="toclient"} 200' "$work/metrics" &&
		grep -q '^weft_worker_busy_ratio{worker="1"} 0\.' "$work/metrics" &&
		grep -q '^# TYPE weft_stream_bytes counter' "$work/openmetrics" &&
		[ "$(tail -n 1 "$work/openmetrics")" = '# EOF' ] || return 1
	promtool check metrics <"$work/metrics"
}
check 'metrics are valid in both formats' metrics_are_valid
check 'workers are listed' eval 'get /api/v1/workers | jq -e "(.workers | length) == 2 and all(.workers[]; .last_seen_ms < 2000) and
	([.workers[].delivered_bytes] | add) > 20000000"'
check 'the statistics have the workers, and the age of the last loss' eval 'get /api/v1/stats | jq -e "(.workers | length) == 2 and
	([.workers[].frames] | add) == .metrics.frames.value and (.loss_age_ms == null) == ([.metrics[] | select(.loss) | .value] | add == 0)"'
check 'memory adds up' eval 'get /api/v1/memory | jq -e ".used_bytes == ([.owners[]] | add) and .limit_bytes > .used_bytes and
	.classes.small.spans >= 0 and .pressure.level == \"normal\""'
check 'the subscription of the streams is listed' wait_until 50 eval \
	'get /api/v1/subscriptions | jq -e "[.subscriptions[] | select(.name == \"streams\" and .taken_bytes > 20000000)] | length == 1"'
check 'the dashboard loads nothing from elsewhere' eval \
	'get / | grep -q "<title>weft" && ! { get /; get /weft.js; get /weft.css; } | sed "s|http://www.w3.org/[^\"]*||g" | grep -E "https?://[a-z]"'
check 'responses forbid sniffing and foreign content' eval \
	'get /health -D - | grep -qi "^x-content-type-options: nosniff" && get / -D - | grep -qi "^content-security-policy: default-src .none."'

# ---- permitted and rejected requests ----

check 'unknown path: 404' status 404 /api/v1/nothing
check 'outside of the root: 404' status 404 /../../etc/passwd --path-as-is
check 'wrong method: 405' status 405 /metrics -X DELETE
check 'unknown method: 501 as JSON' eval 'status 501 /metrics -X FOO && jq -e ".error | test(\"^method: not supported\")" "$work/body"'
# not_http COUNT: COUNT times, a client that does not speak HTTP gets status 501 and an error as
# JSON.
not_http() {
	in_a python3 -c '
import json, socket, sys
for _ in range(int(sys.argv[2])):
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10) as client:
        client.sendall(b"\x16\x03\x01 garbage\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    head, body = answer.split(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 501 "), head
    assert "method" in json.loads(body)["error"], body' "$port" "$1"
}
check 'a client that does not speak HTTP: 501 as JSON' not_http 1
check 'after many such connections, requests are answered' eval 'not_http 300 && status 200 /health'
check 'unknown parameter: 400' status 400 '/api/v1/flows?limits=3'
check 'wrong filter: 400' status 400 '/api/v1/flows?filter=prot+80'
check 'a filter with a host name, which could block: 400' status 400 '/api/v1/flows?filter=host+www.example.com'
check 'long path: 414' status 414 "/$(printf 'x%.0s' {1..5000})"
check 'foreign Host: 403' status 403 /api/v1/stats -H 'Host: attacker.example'
check 'configured Host: 200' status 200 /health -H 'Host: sensor.example:80'
check 'foreign Origin: 403' status 403 /api/v1/stats -H 'Origin: http://attacker.example'
check 'WebSocket of a foreign Origin: 403' status 403 /ws -H 'Connection: Upgrade' -H 'Upgrade: websocket' \
	-H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==' -H 'Sec-WebSocket-Protocol: weft.v1' \
	-H 'Origin: http://attacker.example'
verdict() { # STATUS TOKEN VERDICT [PORT]
	status "$1" /api/v1/flows/verdict -H "Authorization: Bearer $2" \
		-d "{\"src\":\"$ip_b\",\"sport\":${4:-41000},\"dst\":\"$ip_a\",\"dport\":80,\"verdict\":\"$3\"}"
}
held_start
held_verdict() {
	agent_exec /usr/sbin/bpftool -j map dump pinned /sys/fs/bpf/weft/eth0/flows | jq -c '[.[].formatted.value | select(.packets[0] > 1) | .verdict]' &&
		get '/api/v1/flows?filter=port+41000' | jq -e --arg v "$1" '.flows | length == 1 and all(.toserver.verdict == $v and .toclient.verdict == $v)'
}
check 'a connection is there' wait_until 50 held_verdict steer
check 'no token: 401' status 401 /api/v1/flows/verdict -d '{}'
check 'wrong token: 401' verdict 401 "$(printf '0%.0s' {1..64})" shunt
check 'the token file is for root and the group' test "$(stat -c '%a %U' "$token_file")" = '640 root'
token=$(cat "$token_file")
check 'wrong verdict: 422' verdict 422 "$token" destroy
check 'no such connection: 404' verdict 404 "$token" shunt 41001
check 'not JSON: 400' status 400 /api/v1/flows/verdict -H "Authorization: Bearer $token" -d '{"src"'
check 'rejected requests do not change the verdict' held_verdict steer
check 'with the token: 200' verdict 200 "$token" shunt
check 'the kernel has the verdict' held_verdict shunt
check 'the verdict steer is set, and the kernel has it' eval 'verdict 200 "$token" steer && held_verdict steer'

# ---- WebSockets ----

socket_start() { # NAME ARGS...
	background socket_pid "${client[@]}" socket "$port" "${@:2}" >"$work/$1.json" 2>"$work/$1.reply"
	wait_until 50 grep -q '"ok": true' "$work/$1.reply"
}
socket_got() { # NAME JQ_FILTER
	wait_until 150 jq -e . "$work/$1.json"
	cat "$work/$1.json" "$work/$1.reply"
	jq -e "$2" "$work/$1.json" >/dev/null
}
check 'a WebSocket subscribes' socket_start quick --filter 'port 80'
check 'a WebSocket whose client reads nothing subscribes' socket_start lazy --filter 'port 80' --queue 131072 --wait "$work/read"
check 'a file is downloaded whole' download medium
file_is_as_received() { # a stream file has the bytes that the socket received
	local stream
	for stream in "$work"/streams/"$ip_a".80-*; do
		sha256sum "$stream" | cut -d' ' -f1
	done >"$work/sums"
	jq -r '.sha256[]' "$work/quick.json" | grep -qFf "$work/sums"
}
body_is_right() { # a stream file may be written later than the WebSocket receives its bytes
	socket_got quick '.flows == 1 and .whole and .wrong_ids == 0 and .drop_events == 0 and .data_bytes == .flow_bytes' &&
		wait_until 150 file_is_as_received
}
check 'the WebSocket got every byte' body_is_right
touch "$work/read"
check 'the WebSocket that reads late is told the number of lost bytes' socket_got lazy \
	'.drop_bytes > 1000000 and .drop_bytes + .data_bytes <= 4001000 and .drop_bytes + .data_bytes > 4000000'
no_sockets() { get /api/v1/subscriptions | jq -e '[.subscriptions[].name] | sort == ["endpoints", "streams"]'; }
check 'the subscriptions of the WebSockets are gone' wait_until 50 no_sockets

# ---- hostile clients ----

background idle_pid "${client[@]}" idle "$port" 1000 >"$work/idle"
check '1,000 idle connections are opened' wait_until 300 grep -q ready "$work/idle"
background slow_pid "${client[@]}" slow "$port" 50 >"$work/slow"
check '50 clients that never read' wait_until 100 grep -q ready "$work/slow"
check 'the server still answers' status 200 /health
check 'a header of 100 MB is cut off' eval '"${client[@]}" flood "$port" header | tee "$work/flood"; awk "{ exit \$1 > 20000000 }" "$work/flood"'
check 'a body of 100 MB is rejected' eval '"${client[@]}" flood "$port" body --token "$token_file" | tee "$work/flood"; awk "{ exit \$1 > 20000000 }" "$work/flood"'
check 'an announced body of 100 MB: 413' status 413 /api/v1/flows/verdict -H "Authorization: Bearer $token" \
	-H 'Content-Length: 100000000' -H 'Expect:' -d '{}'
check 'a file is downloaded whole' download large
kill "$idle_pid" "$slow_pid"
check 'the server still answers' status 200 /health

# ---- health ----

check 'an interface that is set down is unhealthy' eval 'ip -n "$ns_a" link set eth0 down; wait_until 100 health_is "unhealthy interface_down"'
check 'unhealthy: status 503' status 503 /health
check_weft 'weft health names the interface that is down, status 1' 1 'interface_down: eth0: ' health -i eth0 --set "control.dir=$work/control"
check 'the agent is healthy again when the interface is up' eval 'ip -n "$ns_a" link set eth0 up; wait_until 100 health_is "ok "'
background stall_pid "${client[@]}" stall "$agent_pid" >"$work/stall" 2>&1
check 'a worker thread is stopped' wait_until 100 grep -q ready "$work/stall"
check 'an agent with a stopped worker is unhealthy' wait_until 100 health_is 'unhealthy worker_stalled'
kill "$stall_pid"
check 'the agent is healthy again when the worker runs' wait_until 100 health_is 'ok '

kill "$held_pid"
agent_stop
check 'the ledgers close' ledgers_close
check 'the token file is gone' test ! -e "$token_file"

# ---- reading with the token only ----

check 'an agent with sinks.http.read_token starts' agent_start "$ns_a" eth0 --workers 1 --listen 127.0.0.1:0 \
	--set sinks.http.read_token=true --set capture.host_ring_mb=1
port=$(sed -nE 's|.*http://127\.0\.0\.1:([0-9]+)/.*|\1|p' "$work/agent.err")
token=$(cat "$token_file")
check 'without the token: 401' status 401 /api/v1/stats
check 'a WebSocket without the token: 401' status 401 /ws -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
	-H 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==' -H 'Sec-WebSocket-Protocol: weft.v1, weft.token.0'
check 'the page of the dashboard without the token: 200' status 200 /
check 'with the token: 200' status 200 /metrics -H "Authorization: Bearer $token"
# curl ends after the time limit, because a WebSocket stays open.
check 'a WebSocket with the token as a subprotocol: 101' wait_until 100 eval 'in_a curl -s -m 1 -o /dev/null -w "%{http_code}" "http://127.0.0.1:$port/ws" \
	-H "Connection: Upgrade" -H "Upgrade: websocket" -H "Sec-WebSocket-Version: 13" -H "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==" \
	-H "Sec-WebSocket-Protocol: weft.v1, weft.token.$token" | grep 101'
lossy_health() { get /health -H "Authorization: Bearer $token" | jq -e '.status == "degraded" and any(.reasons[]; .what == "frames_lost")'; }
background stall_pid "${client[@]}" stall "$agent_pid" >"$work/stall" 2>&1
wait_until 100 grep -q ready "$work/stall"
check 'a file is downloaded whole while the worker is stopped' download large
kill "$stall_pid"
check 'the health is degraded, because frames were lost' wait_until 100 lossy_health
agent_stop

check_weft 'a wrong address is status 2' 2 "--listen: 'nowhere:80' is not an address" run -i lo --listen nowhere:80 --set "control.dir=$work/control"
finish
