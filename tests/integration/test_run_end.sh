#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_run_end.sh - signals, --duration and --count end a live run; some signals do not. Runs
# capture the loopback interface of a namespace.
. "$(dirname "$0")/lib.sh"
need_root
need_weft

ip netns add "$ns_a" && namespaces+=("$ns_a") || exit 1
ip -n "$ns_a" link set lo up

# talk COUNT [PAUSE]: make COUNT connections over the loopback interface, each with 1000 bytes.
cat >"$work/talk.py" <<'PY'
import socket, sys, time
server = socket.create_server(("127.0.0.1", 8000))
for _ in range(int(sys.argv[1])):
    client = socket.create_connection(("127.0.0.1", 8000))
    peer, _ = server.accept()
    client.sendall(b"x" * 1000)
    peer.recv(1000, socket.MSG_WAITALL)
    client.close()
    peer.close()
    time.sleep(float(sys.argv[2]))
PY
talk() { in_a python3 "$work/talk.py" "$1" "${2:-0}"; }
agent_ended() { # STATUS [PATTERN]: the agent ends by itself
	lib_gone "$agent_pid" 300 || return 1
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
check 'after USR1 and USR2, the agent still captures' wait_until 50 flow_recorded
check 'after USR1 and USR2, SIGTERM ends the agent with status 0' agent_stop

check 'agent starts' start || finish
check 'a connection is made' talk 1
check 'its record is written' wait_until 50 flow_recorded
mv "$work/events" "$work/events.1"
kill -HUP "$agent_pid"
check 'SIGHUP in a directory of another user is refused and said' wait_until 50 \
	grep "can't be opened again: Permission denied; events are still written to the old file" "$work/agent.err"
chown "$(stat -c %u "$work/events.1")" "$work"
kill -HUP "$agent_pid"
check 'SIGHUP opens the file of events again' wait_until 50 test -e "$work/events"
check 'another connection is made' talk 1
check 'its record is in the new file' wait_until 50 flow_recorded
check 'the old file has the first record only' test "$(grep -c '"event_type":"flow"' "$work/events.1")" -eq 1
check 'agent ends with status 0' agent_stop
# ends_in_terminal: an agent whose terminal is closed ends with status 0.
ends_in_terminal() {
	in_a python3 - "$weft" run -i lo --set "control.dir=$work/control" 2>"$work/agent.err" <<'PY'
import os, pty, signal, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
text = b""
while b"host mode" not in text:
    text += os.read(fd, 1000)
time.sleep(0.5)
os.close(fd)
signal.alarm(20)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
}
check 'an agent whose terminal is gone ends with status 0' ends_in_terminal

# The reader of the output ends after the first line. weft must notice this although it writes no
# further event.
in_a bash -c "'$weft' run -i lo --set control.dir='$work/control' --events - 2>'$work/agent.err' | head -n 1 >'$work/line'; echo \${PIPESTATUS[0]} >'$work/status'" &
reader_pid=$!
pids+=("$reader_pid")
check 'agent starts' wait_until 100 "$weft" stats -i lo --set "control.dir=$work/control"
check 'a connection is made' talk 1
check 'a run ends when nobody reads its only output' lib_gone "$reader_pid" 300
check 'a run that ends for want of a reader says so' grep -q 'every output has failed, so weft ends' "$work/agent.err"

# A pipe whose reader does not read delays the end by some seconds.
mkfifo "$work/full"
exec {full_fd}<>"$work/full"
check 'agent starts with a reader that hangs' agent_start "$ns_a" lo --events "$work/full" || finish
check 'many connections fill the pipe' talk 300
check 'one signal ends it' eval 'kill -TERM "$agent_pid"; agent_ended 1 "has read nothing for 5 seconds since weft was told to end; no further events"'
check 'with a summary' grep -q 'weft: lo: [1-9][0-9,]* packets' "$work/agent.err"
check 'agent starts with a reader that hangs' agent_start "$ns_a" lo --events "$work/full" || finish
check 'many connections fill the pipe' talk 300
kill -TERM "$agent_pid"
sleep 1.5
check 'it waits for its reader' kill -0 "$agent_pid"
kill -TERM "$agent_pid"
check 'a second signal ends it, and says so' agent_ended 1 'second signal ended weft at once'
exec {full_fd}>&-

# No process has the pipe open for reading.
background agent_pid ip netns exec "$ns_a" "$weft" run -i lo --set "control.dir=$work/control" --events "$work/full" 2>"$work/agent.err"
check 'a run waits for a reader of its pipe, and says so' wait_until 100 grep -q "waiting for a process that reads the pipe $work/full" "$work/agent.err"
kill -TERM "$agent_pid"
check 'one signal ends it, too' agent_ended 1 "$work/full can't be written: no process reads this pipe"
background agent_pid ip netns exec "$ns_a" "$weft" run -i lo --set "control.dir=$work/control" --events "$work/full" 2>"$work/agent.err"
check 'another run waits' wait_until 100 grep -q 'waiting for a process' "$work/agent.err"
background reader_pid bash -c "cat '$work/full' >'$work/piped'"
check 'it starts when a process reads the pipe' wait_until 100 "$weft" stats -i lo --set "control.dir=$work/control"
check 'a connection is made' talk 1
check 'its record reaches the reader' wait_until 50 grep -q '"event_type":"flow"' "$work/piped"
check 'agent ends with status 0' agent_stop

run_for() { # ARGS...: run until it ends by itself
	rm -f "$work/events"
	in_a timeout 60 "$weft" run -i lo --set "control.dir=$work/control" --events "$work/events" "$@" \
		2>"$work/agent.err"
}
background talk_pid ip netns exec "$ns_a" python3 "$work/talk.py" 1000000 0.05
check 'a run with --duration ends by itself, with status 0' run_for --duration 3s
check 'with a summary' grep -q 'weft: lo: [1-9][0-9,]* packets' "$work/agent.err"
check 'a run with --duration has written records' flow_recorded
check 'a run with --count ends by itself, with status 0' run_for --count 20
check 'the run with --count 20 has processed at least 20 frames' grep -qE 'ledger user_frames closed: ([2-9][0-9]|[0-9]{3,}|[0-9]+,[0-9]+) =' "$work/agent.err"
kill "$talk_pid"
check_weft 'a duration that is none' 2 'expected 0 to 31536000 seconds, or a time such as 30s' \
	run -i lo --duration soon
finish
