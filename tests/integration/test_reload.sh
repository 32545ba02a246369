#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_reload.sh - weft reload changes each key that the table of config_reload.c calls live, while
# the agent runs, and the changed value acts; a key that can't change leaves all others unchanged.
. "$(dirname "$0")/lib.sh"
need_root
need_weft

keys='capture.duration_sec capture.packets_max sinks.stats_interval_sec sinks.http.read_token
control.max_subscribers state.max_mb state.max_entries'
live_keys() { sed -nE 's/^\t\{"([a-z_.]+)", WF_CONFIG_LIVE.*/\1/p' "$root/user/config/config_reload.c"; }
check 'each live key has a test here' diff <(live_keys | sort) <(printf '%s\n' $keys | sort)

# write KEY=VALUE...: write a configuration file with these keys only.
write() {
	local pair
	for pair in "$@"; do printf '%s: %s\n' "${pair%%=*}" "${pair#*=}"; done |
		python3 -c '
import json, sys
tree = {}
for line in sys.stdin:
    key, value = line.rstrip("\n").split(": ", 1)
    at = tree
    *sections, last = key.split(".")
    for section in sections:
        at = at.setdefault(section, {})
    at[last] = json.loads(value)
json.dump(tree, sys.stdout)' >"$work/weft.conf"
}
weft_at() { "$weft" "$1" -i eth0 --set "control.dir=$work/control" "${@:2}"; }
reload() { weft_at reload >"$work/said" 2>&1 || { cat "$work/said"; return 1; }; }
# changes KEY: a reload reports this key and no other.
changes() { reload && cat "$work/said" && [ "$(cat "$work/said")" = "changed: $1" ]; }
start() { agent_start "$ns_a" eth0 --config "$work/weft.conf" --mode host --workers 1 --listen 127.0.0.1:0 --events "$work/$1.json"; }
ends_by_itself() { wait_until 300 eval '! kill -0 $agent_pid 2>/dev/null' && wait "$agent_pid"; }
subscribe() { exec "$weft" subscribe -i eth0 --set "control.dir=$work/control" >/dev/null 2>&1; }
queues() { in_a curl -s "http://127.0.0.1:$port/metrics" | grep -c '^weft_subscription_queue_bytes'; }
second_is_refused() { timeout 30 "$weft" subscribe -i eth0 --set "control.dir=$work/control" 2>&1 | grep 'the maximum of 1 subscribers is reached'; }

chmod 755 "$work"
base='sinks.stats_interval_sec=0'
write $base
chmod 644 "$work/weft.conf"
NO_IPV6=1 make_pair 1 || exit 1
check 'an agent starts' start first
port=$(sed -nE 's|.*http://127\.0\.0\.1:([0-9]+)/.*|\1|p' "$work/agent.err")
token="Authorization: Bearer $(cat "$work/control/eth0.token")"

check 'without a change, nothing changes' eval 'reload && grep -x "nothing has changed" "$work/said"'
check 'reading needs no token' http 200 .version GET /api/v1/policy
write $base sinks.http.read_token=true
check 'sinks.http.read_token changes' changes sinks.http.read_token
check 'reading needs the token' http 401 .error GET /api/v1/policy
check 'reading with the token is possible' http 200 .version GET /api/v1/policy -H "$token"
write $base
check 'sinks.http.read_token changes back' changes sinks.http.read_token
check 'reading needs no token again' http 200 .version GET /api/v1/policy

check 'a key is stored' weft_at state set a 1
write $base state.max_entries=2
check 'state.max_entries changes' changes state.max_entries
# The store also has the key of the policy.
check 'a third key is rejected' eval '! weft_at state set b 1'
check 'existing keys can change' weft_at state set a 2
write $base state.max_mb=64
check 'state.max_mb changes, the other one back' eval 'reload && [ "$(sort "$work/said" | tr "\n" " ")" = "changed: state.max_entries changed: state.max_mb " ]'
check 'the state store has the new limit' eval 'in_a curl -s "http://127.0.0.1:$port/metrics" | grep -x "weft_state_limit_bytes 67108864"'
check 'another key is stored' weft_at state set b 1

write $base state.max_mb=64 control.max_subscribers=1
check 'control.max_subscribers changes' changes control.max_subscribers
before=$(queues)
background first_pid subscribe
check 'there is one subscriber' wait_until 100 eval '[ "$(queues)" -gt $before ]'
check 'a second subscriber is rejected' second_is_refused
kill "$first_pid"

check 'there are no statistics' eval '! grep "\"event_type\":\"stats\"" "$work/first.json"'
write state.max_mb=64 control.max_subscribers=1 sinks.stats_interval_sec=1
check 'sinks.stats_interval_sec changes' changes sinks.stats_interval_sec
check 'statistics are written' wait_until 100 grep -q '"event_type":"stats"' "$work/first.json"

write state.max_mb=32 control.max_subscribers=1 sinks.stats_interval_sec=1 memory.cleanup_interval_sec=7
check 'a key that can not change is reported' eval '! reload && grep "memory.cleanup_interval_sec can.t change" "$work/said"'
check 'with a rejected key, state.max_mb did not change either' eval 'in_a curl -s "http://127.0.0.1:$port/metrics" | grep -x "weft_state_limit_bytes 67108864"'

write state.max_mb=64 control.max_subscribers=1 sinks.stats_interval_sec=1 capture.duration_sec=3600
kill -HUP "$agent_pid"
check 'SIGHUP changes capture.duration_sec and reports it' wait_until 100 grep -q 'reload: changed: capture.duration_sec$' "$work/agent.err"
write state.max_mb=64 control.max_subscribers=1 sinks.stats_interval_sec=1 capture.duration_sec=1
check 'capture.duration_sec changes' changes capture.duration_sec
check 'the agent ends, because it has run for longer' ends_by_itself

write $base
check 'an agent starts again' start second
write $base capture.packets_max=1
check 'capture.packets_max changes' changes capture.packets_max
check 'a connection is made' in_b python3 -c '
import socket
socket.socket().connect_ex(("'$ip_a'", 1))'
check 'the agent ends after capture.packets_max packets' ends_by_itself
finish
