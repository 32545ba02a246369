#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_dashboard.sh - a headless Chromium opens the dashboard of an agent with real traffic: its numbers
# equal those of the commands, clicks and keys change what the kernel does, and no element is too wide,
# without a name, or too low in contrast.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web.sh"
. "$(dirname "$0")/nats.sh"
. "$(dirname "$0")/page.sh"
need_root
need_weft
client=(ip netns exec "$ns_a" python3 "$root/tests/integration/http_client.py")
start() {
	agent_start "$ns_a" eth0 --workers 1 --streams "$work/streams" --listen 127.0.0.1:0 --set reassembly.checksum=ignore \
		"$@"
}

connection() { # NAME PORT: keep a connection from PORT to the web server open; NAME gets the pid
	background "$1" ip netns exec "$ns_b" python3 -c "
import socket, time
client = socket.create_connection(('$ip_a', 80), source_address=('$ip_b', $2))
client.sendall(b'GET /ready HTTP/1.1\r\nHost: a\r\n\r\n')
client.recv(1000)
time.sleep(1000)"
}
kernel_verdict() { # VERDICT PORT: the connection has this verdict, and no other connection is bypassed
	agent_exec /usr/sbin/bpftool -j map dump pinned /sys/fs/bpf/weft/eth0/flows |
		jq -e --arg v "$1" '[.[].formatted.value | select(.verdict == [1, 1])] | length == if $v == "shunt" then 1 else 0 end' && cli flows --json "port $2" |
		jq -e --arg v "$1" '.flows | length == 1 and all(.[]; .toserver.verdict == $v and .toclient.verdict == $v)'
}
kernel_ports() { # 0|1: bit 32 of the kernel's filter, which is set if the filter selects ports
	agent_exec /usr/sbin/bpftool -j map dump pinned /sys/fs/bpf/weft/eth0/filter | tee "$work/filter" |
		jq -e --argjson n "$1" '.[0].formatted.value.word / 4294967296 | floor % 2 == $n' || { cat "$work/filter"; return 1; }
}

# http_ticks: the CPU time of the agent's HTTP thread, in clock ticks of 10 ms.
http_ticks() {
	local task
	for task in /proc/"$agent_pid"/task/*; do
		[ "$(cat "$task/comm")" != weft-http ] || awk '{ print $14 + $15 }' "$task/stat"
	done
}

NO_IPV6=1 make_pair 1 || exit 1
web_serve
web_file file 1000000
check 'an agent starts' start
check 'chromedriver starts' driver_start
check 'Chromium opens the page' open_page
viewed_since=$SECONDS ticks=$(http_ticks)

# ---- reading ----

check 'the page says that no frame has arrived' has_text '#t-status' 'No frame has arrived yet on eth0'
check 'the page without connections looks right' looks_right idle
# No request is sent before, because ARP frames may follow it after 5 seconds.
check 'the web server answers' wait_until 50 in_b curl -sf "http://$ip_a/ready"
check 'files are downloaded' eval 'for i in 1 2 3; do in_b curl -sf "http://$ip_a/file" | cmp - "$web_root/file" || exit 1; done'
check 'the page shows that all is well' has_text '#t-status' 'All is well'
connection first_pid 41000
connection second_pid 41001
check 'the numbers of the page equal those of weft stats' wait_until 100 same_numbers
check 'the page lists the connections' soon 'return document.querySelectorAll("#flows tr.row").length === 2'
check 'the memory of all owners adds up' soon 'return memoryOwners(state.stats).reduce((sum, owner) => sum + owner.value, 0) === value(state.stats, "memory_used_bytes")'
check 'the memory is the same in its tile and in its section' page 'return document.getElementById("memory-line").textContent.startsWith(document.getElementById("k-memory").textContent + " in use")'
check 'the page with connections looks right' looks_right some
check 'a filter selects connections' eval "browser type '#filter' 'port 41001' &&
	soon 'const rows = document.querySelectorAll(\"#flows tr.row\"); return rows.length === 1 && rows[0].textContent.includes(\":41001\")'"
check 'a wrong filter is explained' eval "browser type '#filter' 'prot 80' && has_text '#flow-error' 'neither a keyword'"
browser type '#filter' ''

# ---- keys, and the verdict of a connection ----

check 'the key / moves the focus to the filter' eval "browser click '#t-flows'; browser keys / && page 'return document.activeElement.id === \"filter\"'"
browser type '#filter' 'port 41000'
soon 'return document.querySelectorAll("#flows tr.row").length === 1'
check 'Tab and Enter open the details of a connection' eval "browser js 'document.querySelector(\"#pause\").focus()' && browser keys Tab Tab Enter &&
	has_text '#d-title' ':41000'"
check 'Escape closes the details of a connection' eval "browser keys Escape && page 'return !document.getElementById(\"detail\").open'"
check 'a click opens the details of a connection' eval "browser click '#flows tr.row td:nth-child(3)' && has_text '#d-title' ':41000'"
shot detail
check 'Bypass asks for the token' eval "browser click '[data-verdict=shunt]' && page 'return document.getElementById(\"token-dialog\").open'"
check 'a wrong token is rejected, and the page asks again' eval "browser type '#token' 123 && browser keys Enter && has_text '#token-why' 'not accept' &&
	soon 'return document.getElementById(\"token-dialog\").open'"
shot token
check 'without a token, the connection is still captured' kernel_verdict steer 41000
browser type '#token' "$(cat "$work/control/eth0.token")"
check 'with the token, the connection is bypassed' eval "browser click '#token-form [value=use]' && has_text '#d-message' 'bypassed 1'"
check 'the kernel has the verdict' kernel_verdict shunt 41000
check 'Resume captures the connection again' eval "browser click '[data-verdict=steer]' && has_text '#d-message' 'resumed 1'"
check 'the kernel captures the connection again' kernel_verdict steer 41000
check 'the bytes of a connection are shown' eval "browser click '#d-watch' && has_text '#d-message' 'to server'"
browser keys Escape

# ---- endpoints ----

check 'hosts are listed' soon 'return document.querySelectorAll("#endpoints button").length === 2'
check 'a prefix selects hosts' eval "browser type '#endpoint-prefix' $ip_b && soon 'return document.querySelectorAll(\"#endpoints button\").length === 1'"
check 'a wrong prefix is explained' eval "browser type '#endpoint-prefix' 10.78.0.1/8 && has_text '#endpoint-error' 'not an address'"
browser type '#endpoint-prefix' ''
soon 'return document.querySelectorAll("#endpoints button").length === 2'
check 'a host is removed by a click' eval "browser click '[aria-label=\"Remove $ip_b\"]' && has_text '#endpoint-count' 'removed $ip_b'"
check 'the agent has removed the host' eval "cli endpoints --json | jq -e '[.endpoints[].address] == [\"$ip_a\"]'"

# ---- policy ----

edit() { # TEXT: put TEXT into the policy, and apply it
	browser click '#policy-edit' && browser type '#policy-text' "$1" && browser click '#policy-save'
}
check 'the policy is shown' eval "page 'return JSON.parse(document.getElementById(\"policy-text\").value).reassembly.overlap === \"linux\"'"
check 'the kernel selects no ports' kernel_ports 0
check 'an invalid policy is rejected, with the place' eval "edit '{\"filter\": {\"ports\": [80, 70000]}}' && has_text '#policy-message' 'filter.ports'"
shot policy-invalid
check 'a policy that is not JSON is rejected' eval "browser type '#policy-text' '{' && browser click '#policy-save' && has_text '#policy-message' 'not JSON'"
browser click '#policy-cancel'
check 'rejected policies change nothing' eval "cli policy show --json | jq -e '.version == 1'"
check 'another policy is applied' eval "edit '{\"filter\": {\"ports\": [80]}}' && has_text '#policy-message' 'is in use'"
check 'the kernel selects ports' kernel_ports 1
check 'the agent has the new policy' eval "cli policy show --json | jq -e '.policy.filter.ports == [80]'"
check 'the history of the policy has two versions' soon 'return document.querySelectorAll("#policy-history button").length === 2'
check 'the difference of two versions is shown' eval "browser click '#policy-history tr:nth-child(2) button' && has_text '#policy-diff' '80' &&
	page 'return document.querySelectorAll(\"#policy-diff .cut, #policy-diff .add\").length > 1'"
shot policy-diff
check 'the first version is restored by a click' eval "browser click '#policy-rollback' && has_text '#policy-message' 'is in use' && kernel_ports 0"
check 'the agent has the policy of the first version' eval "cli policy show --json | jq -e '.policy.filter.ports == []'"

# ---- the whole session ----

check 'the console has no errors but those of the rejected requests' eval "! browser console | grep -v 'status of 4[0-9][0-9]'"
check 'the page sends requests only to its own server' page "const list = performance.getEntriesByType('resource').map((entry) => new URL(entry.name).origin);
	return list.length > 5 && list.every((origin) => origin === location.origin)"
check 'no element moves without input' page 'return window.testShift < 0.01 ? true : [window.testShift, ...window.testShifts]'

echo "# with one viewer, the HTTP thread took $((($(http_ticks) - ticks) * 600 / (SECONDS - viewed_since))) ms of CPU time per minute"

# ---- an agent that loses frames ----

connection third_pid 41002
background stall_pid "${client[@]}" stall "$agent_pid" >"$work/stall" 2>&1
wait_until 30 grep -q ready "$work/stall"
check 'a worker that is stopped is named at the top' eval "has_text '#t-status' 'Unhealthy' && has_text '#reasons' 'worker stalled'"
check 'without another worker, the page says that capture has stopped' has_text '#t-status' 'capture has stopped.'
rates_are_unknown() { soon 'return ["k-delivered", "k-frames", "k-gaps"].every((id) => document.getElementById(id).textContent === "–") && document.querySelector("#workers td:nth-child(4)").textContent === "–"'; }
check 'rates that are not known are not shown' rates_are_unknown
shot stalled
kill "$stall_pid"
check 'the worker is no longer named when it runs' has_text '#t-status' 'All is well'
kill -STOP "$agent_pid"
check 'an agent that does not answer is named, and has no rates' eval "soon 'return document.getElementById(\"health\").textContent === \"no answer\"' && rates_are_unknown"
kill -CONT "$agent_pid"
check 'the agent answers again' has_text '#t-status' 'All is well'
check 'an agent without NATS shows no sensors' page 'return document.getElementById("fleet").hidden'
check 'an agent without NATS answers 404 for the table of sensors' http 404 '.error | test("sinks.nats.url")' GET /api/v1/fleet
browser js 'location = "about:blank"' >"$work/page"
browser console >"$work/console"
check 'the agent ends with status 0' agent_stop

# ---- all sensors of NATS ----

# report SENSOR JQ: publish a state, changed by JQ, of a sensor with the default interval.
report() {
	jq -cn '{version: "0.1.0", hostname: "host", boot: "01", interval_sec: 5, elapsed_ms: 60000, state: "running",
		interfaces: [{name: "eth1"}], health: {status: "ok", reasons: []}, pressure: {level: "normal"}, sinks: [],
		metrics: {frames: {value: 6000}, xsk_ring_full_frames: {value: 0, loss: true}}} | '"$2" >"$work/state.json"
	nats_exec "$(dirname "$weft")/helpers/bus_publish" "$nats_url" stats "$1" "$(cat "$work/state.json")"
}
# sensor NAME CODE: the page has a row of the sensor, for whose cells CODE is true.
sensor() {
	soon "const row = [...document.querySelectorAll('#sensors tr')].find((tr) => tr.cells[0].textContent === '$1');
		const cells = row && [...row.cells].map((cell) => cell.textContent); return Boolean(row) && ($2)"
}
nats_net && nats_servers 1 && nats_attach "$ns_a" nats0 sensor 10.79.0.2 || exit 1
check 'an agent that publishes on NATS starts' start --force --nats "$nats_url" --set sinks.nats.sensor=here
has_published() { [ "$(nats_messages WEFT)" -gt 0 ]; }
check 'the agent has published' wait_until 100 has_published
check 'other sensors have published' eval "report silent . && report full '.health = {status: \"degraded\", reasons: [{what: \"frames_lost\"}]} |
	.metrics.xsk_ring_full_frames.value = 1234 | .sinks = [{dropped_events: 5000, dropped_bytes: 2000000, nats_lag_ns: 9500000000}]' &&
	report gone '.state = \"ended\"'"
port=$(sed -nE 's|.*http://127\.0\.0\.1:([0-9]+)/.*|\1|p' "$work/agent.err")
browser js "location = 'http://127.0.0.1:$port/'" >"$work/page"
check 'the page lists this sensor' sensor here 'cells[1] === "ok"'
check 'a sensor with troubles shows its reason, losses, drops and lag' sensor full 'cells[1] === "degraded: frames lost" &&
	cells[7] === "1.2 K" && cells[8] === "5.0 K (2.0 MB)" && cells[9] === "9.5 s"'
check 'a sensor that was stopped has ended' sensor gone 'cells[1] === "ended"'
check 'a silent sensor is marked as stale' wait_until 300 sensor silent 'cells[1] === "stale" && row.cells[1].className.includes("grows")'
check 'sensors with troubles come first' eval "soon 'const names = [...document.querySelectorAll(\"#sensors tr\")].map((tr) => tr.cells[0].textContent);
	return names.slice(0, 2).sort().join() === \"full,silent\"'"
check 'the number of sensors is shown' has_text '#fleet-count' '4 sensors, 2 stale'
check 'the page with sensors looks right' looks_right fleet
refreshes_pass() { browser js 'window.testFrom = state.stats.elapsed_ms' && soon 'return state.stats.elapsed_ms > window.testFrom + 3000'; }
check 'the page is refreshed' refreshes_pass
check 'no element moves without input' page 'return window.testShift < 0.01 ? true : [window.testShift, ...window.testShifts]'
nats_kill 1
check 'while NATS is away, the page says so, and keeps the last states' eval "has_text '#fleet-error' 'NATS: ' && sensor here true"
shot fleet-away
nats_begin 1
check 'when NATS is back, the note disappears' soon 'return document.getElementById("fleet-error").textContent.trim() === ""'
check 'the console has no errors but those of rejected requests' eval "! browser console | grep -v 'status of 4[0-9][0-9]'"
browser close
kill "$driver_pid" "$first_pid" "$second_pid" "$third_pid"
check 'the agent ends with status 0' agent_stop
finish
