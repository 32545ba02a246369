#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_top.sh - `weft top` in a terminal of tmux: contents of the screen, keys, sizes, exit, and an
# agent that ends and starts again.
. "$(dirname "$0")/lib.sh"
need_root
need_weft
conns=30

# Connections from ports 9001, 9002, ... send 1000, 2000, ... bytes. All stay open.
cat >"$work/talk.py" <<'PY'
import ctypes, socket, sys
server = socket.create_server((sys.argv[1], 9000), backlog=100)
with open("/run/netns/" + sys.argv[2]) as namespace:
    ctypes.CDLL(None).setns(namespace.fileno(), 0)
open_conns = []
for i in range(1, int(sys.argv[3]) + 1):
    client = socket.socket()
    client.bind(("0.0.0.0", 9000 + i))
    client.connect((sys.argv[1], 9000))
    client.sendall(b"x" * 1000 * i)
    peer, _ = server.accept()
    open_conns.append((client, peer))
print("ready", flush=True)
sys.stdin.read()
PY

# ---- the terminal ----

terminal() { tmux -S "$work/tmux" -f /dev/null "$@"; }
screen() { terminal capture-pane -p -J | sed 's/ *$//'; }
shows() { screen | grep -qE -- "$1"; }
hides() { ! shows "$1"; }
keys() { terminal send-keys "$@"; }
types() { terminal send-keys -l "$1"; }

# appears PATTERN: a line of the screen matches PATTERN within 30 seconds times WEFT_SLOW.
appears() { wait_until 100 shows "$1" || { screen; return 1; }; }
disappears() { wait_until 100 hides "$1" || { screen; return 1; }; }

# top_start ENVIRONMENT ARGS...: run weft top in the terminal's shell, which prints "ended-RUN
# STATUS" when weft top has ended. ENVIRONMENT: VARIABLE=VALUE or empty.
runs=0
top_start() {
	runs=$((runs + 1))
	keys C-u
	types "clear; $1 $weft top --set control.dir=$work/control ${*:2}; echo ended-$runs \$?"
	keys Enter
}
ended() { appears "^ended-$runs $1\$"; }
modes() { stty -a -F "$tty" && terminal display -p '#{alternate_on} #{cursor_flag}'; }
# The shell sets modes of its own when it prints its prompt, which follows "ended-RUN STATUS".
modes_are_restored() { modes >"$work/modes.now" && diff "$work/modes" "$work/modes.now"; }
top_pid() { ps -o pid= --ppid "$shell_pid" | tr -d ' '; }

# first_is PORT: the first line of the table is that of the connection from PORT.
first_is() { screen | grep -A1 '^client' | tail -n 1 | grep -q "^$ip_b:$1 "; }
verdict_is() {
	"$weft" flows -i eth0 --set "control.dir=$work/control" --json "port $1" |
		jq -e --arg verdict "$2" '.total == 1 and .flows[0].toserver.verdict == $verdict'
}
fits() { # COLUMNS ROWS: the screen has a line for the head at its top, and one for keys at its end
	[ "$(screen | wc -l)" -eq "$2" ] && ! screen | grep -qE ".{$(($1 + 1))}" &&
		screen | head -n 1 | grep -q '^weft .*every 0.2 s$' && screen | tail -n 1 | grep -q '^?: help'
}

terminal new-session -d -x 80 -y 24 'PS1="$ " exec bash --norc --noprofile' || exit 1
pids+=("$(terminal display -p '#{pid}')")
shell_pid=$(terminal display -p '#{pane_pid}')
tty=$(terminal display -p '#{pane_tty}')
appears '^\$' || finish
modes >"$work/modes"

# ---- without an agent ----

check_weft 'without a terminal, weft stats is named' 2 'must be a terminal; use weft stats' top
"$weft" stats --set "control.dir=$work/control" 2>"$work/stats.err"
status=$?
top_start ''
check 'without an agent, the status is that of weft stats' ended $status
check 'without an agent, the message is that of weft stats' bash -c "
	tmux -S '$work/tmux' capture-pane -p -J | sed 's/ *\$//' | grep -qxF \"\$(sed 's/stats/top/' '$work/stats.err')\""
check_weft 'a wrong interval is rejected' 2 '' top --interval 0
top_start '' --interval 0.1
check 'an interval that is too short is rejected' appears "0.1' is not a number of seconds from 0.2 to 60"
top_start TERM=nonsense
check 'without an agent, an unknown terminal gives the status of weft stats' ended $status

# ---- a running agent ----

NO_IPV6=1 make_pair 1 || exit 1
check 'agent starts' agent_start "$ns_a" eth0 --mode host --workers 2 || finish
mkfifo "$work/talk.in"
exec {talk_fd}<>"$work/talk.in"
background talk_pid ip netns exec "$ns_a" bash -c \
	"exec python3 '$work/talk.py' $ip_a $ns_b $conns <'$work/talk.in'" >"$work/talk.out"
check 'connections are open' wait_until 100 grep -q ready "$work/talk.out"
top_start TERM=nonsense
check 'an unknown type of terminal is reported' appears 'TERM: the type of the terminal is unknown'
check 'an unknown type of terminal: status 1' ended 1
top_start '' "'tcp prot 80'"
check 'a wrong filter is rejected as by weft flows' ended 2

top_start '' --interval 0.2
check 'health is shown' appears '^health +ok$'
check 'lost frames and their rate are shown' appears '^lost +0 frames, 0/s$'
check 'memory, pressure and interfaces are shown' appears '^memory +[0-9]+ % of [0-9]+ MiB, pressure normal, eth0 up$'
check 'all connections are counted' appears "^connections 1-15 of $conns listed, $conns in all, by bytes"
check 'the largest is the first' wait_until 100 first_is 9030
check 'the screen of 80x24 is used' fits 80 24
check 'health is green' bash -c "tmux -S '$work/tmux' capture-pane -p -e | grep -q \$'\\e\\[32m.*health'"
keys N
check 'a key sorts' wait_until 100 first_is 9001
keys s
types packets
keys Enter
check 'a name sorts' appears 'in all, by packets'
keys s
types size
keys Enter
check 'an unknown order is reported' appears "^no order 'size'; \\? lists them"
keys B
check 'another key sorts' wait_until 100 first_is 9030
keys End
check 'the list scrolls' appears "^connections 16-$conns of"
check 'the last connection is shown' appears "^$ip_b:9001 "
keys Home
check 'the list scrolls back' wait_until 100 first_is 9030

# ---- filter, bypass ----

keys f
types 'tcp prot 80'
keys Enter
check 'a wrong filter is reported' appears '^not a filter expression in the syntax of tcpdump'
check 'a wrong filter is reported with its fault' appears 'syntax error'
check 'the list stays' first_is 9030
keys f C-u
types 'port 9007'
keys Enter
check 'a filter narrows the list' appears '^connections 1-1 of 1 listed, 1 in all, by bytes, filter: port 9007'
keys Down
check 'the connection is selected' wait_until 100 first_is 9007
keys b
check 'a connection is bypassed' appears "^bypassed \\(r resumes\\): $ip_b:9007 > $ip_a:9000"
check 'weft flows agrees' verdict_is 9007 shunt
check 'its neighbour is not bypassed' verdict_is 9008 steer
check 'the table agrees' appears "^$ip_b:9007 .* bypass "
keys Enter
check 'details are shown' appears '^to server +bypass '
keys r
check 'r resumes the connection' wait_until 100 verdict_is 9007 steer
keys Escape f C-u Enter
check 'the filter is cleared' appears "^connections 1-15 of $conns listed"

# ---- other views, sizes ----

keys Tab
check 'workers are shown' appears '^worker +busy'
check 'ledgers are shown' appears '^  copied +[0-9,]+ '
keys G
check 'memory is shown' appears '^pages +spans'
keys '?'
check 'help names keys' appears '^ b +bypass'
keys Escape Tab
check 'connections are shown again' appears '^connections 1-15'
terminal resize-window -x 120 -y 40
check 'a larger terminal shows more' appears "^connections 1-$conns of $conns .*"
check 'a larger terminal shows more columns' appears '^client .* bypassed +gaps'
check 'the screen of 120x40 is used' wait_until 100 fits 120 40
terminal resize-window -x 60 -y 20
check 'a small one is reported' appears '^too small: 60x20; needs 80x24'
terminal resize-window -x 80 -y 24
check 'a size that fits is used again' wait_until 100 fits 80 24
keys p
check 'it pauses' appears 'PAUSED'
keys p
check 'it continues' disappears 'PAUSED'

# ---- ends ----

check 'agent ends' agent_stop
check 'its end is shown' appears 'no agent runs on this interface|no agent is running'
check 'the last values stay' shows "^$ip_b:9030 "
check 'agent starts again' agent_start "$ns_a" eth0 --mode host --workers 2 || finish
check 'weft top finds the new agent' appears '^health +ok$'
keys q
check 'q ends with status 0' ended 0
check 'q restores the terminal' wait_until 50 modes_are_restored
top_start NO_COLOR=1 --interval 60
check 'it runs without colours' appears '^health +ok$'
check 'health has no colour' bash -c "! tmux -S '$work/tmux' capture-pane -p -e | grep -q \$'\\e\\[3[0-7]'"
kill -TERM "$(top_pid)"
check 'SIGTERM ends it with status 0' ended 0
check 'SIGTERM restores the terminal' wait_until 50 modes_are_restored
top_start '' --interval 60
check 'it runs once more' appears '^health +ok$'
keys C-c
check 'Ctrl-C ends it' wait_until 100 hides '^health'
check 'Ctrl-C restores the terminal' wait_until 50 modes_are_restored
check 'agent ends with status 0' agent_stop
finish
