#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_run_end.sh - what ends a live run, and what does not: signals, --duration, --count. Runs
# capture the loopback interface of a namespace.
. "$(dirname "$0")/lib.sh"
need_root
need_weft

ip netns add "$ns_a" && namespaces+=("$ns_a") || exit 1
ip -n "$ns_a" link set lo up

# talk COUNT: make COUNT connections over the loopback interface, each with 1000 bytes.
cat >"$work/talk.py" <<'PY'
import socket, sys
server = socket.create_server(("127.0.0.1", 8000))
for _ in range(int(sys.argv[1])):
    client = socket.create_connection(("127.0.0.1", 8000))
    peer, _ = server.accept()
    client.sendall(b"x" * 1000)
    peer.recv(1000, socket.MSG_WAITALL)
    client.close()
    peer.close()
PY
talk() { in_a python3 "$work/talk.py" "$1"; }
agent_ended() { # STATUS [PATTERN]: the agent ends by itself
	lib_gone "$agent_pid" 100 || return 1
	wait "$agent_pid"
	[ $? -eq "$1" ] && grep -qE -- "${2:-}" "$work/agent.err" || { cat "$work/agent.err"; return 1; }
}
flow_recorded() { grep -q '"event_type":"flow"' "$work/events"; }
start() { rm -f "$work/events"; agent_start "$ns_a" lo --events "$work/events" "$@"; }

check 'agent starts on lo' start || finish
check 'a connection is made' talk 1
check 'it is captured once, with its bytes' wait_until 50 bash -c "
	grep -q '\"pkts_toserver\":[1-9].*\"stream_bytes_toserver\":1000,' '$work/events'"
kill -TERM "$agent_pid"
kill -TERM "$agent_pid"
kill -INT "$agent_pid"
check 'signals within a second are one: summary, status 0' agent_ended 0 'weft: lo: [1-9][0-9]* packets'

check 'agent starts' start || finish
kill -USR1 "$agent_pid"
kill -USR2 "$agent_pid"
check 'USR1 and USR2 do not end it' talk 1
check 'it captures on' wait_until 50 flow_recorded
check 'and ends when it is told to' agent_stop

# An output that nobody reads keeps the run from ending.
mkfifo "$work/full"
exec {full_fd}<>"$work/full"
check 'agent starts with a reader that hangs' agent_start "$ns_a" lo --events "$work/full" || finish
check 'many connections fill the pipe' talk 300
sleep 1
kill -TERM "$agent_pid"
sleep 1.5
check 'it waits for its reader' kill -0 "$agent_pid"
kill -TERM "$agent_pid"
check 'a second signal ends it, and says so' agent_ended 1 'second signal ended weft at once'
exec {full_fd}>&-

check 'agent starts with --duration' start --duration $((5 * WEFT_SLOW))s || finish
check 'a connection is made' talk 1
check 'it ends by itself, with a summary' agent_ended 0 'weft: lo: [1-9][0-9]* packets'
check 'and with records' flow_recorded
check 'agent starts with --count' start --count 20 || finish
check 'some connections are made' talk 20
check 'it ends by itself, with a summary' agent_ended 0 'ledger payload_bytes closed'
check_weft 'a duration that is none' 2 'expected 0 to 31536000 seconds, or a time such as 30s' \
	run -i lo --duration soon
finish
