#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_readme_tour.sh - runs the tour of README.md as typed there, in a namespace, and compares its
# output. All commands, and the output of the first part, are taken from README.md itself.
#
#   [b: 192.0.2.9] eth0 <---- veth ----> eth0 [a: 192.0.2.7, weft, servers on ports 80, 443, 5432]
. "$(dirname "$0")/lib.sh"
need_root
need_weft

# block HEADING LANGUAGE: print the first code block of LANGUAGE after the line of HEADING.
block() {
	awk -v heading="$1" -v fence="\`\`\`$2" '
		index($0, heading) == 1 { found = 1 }
		inside && $0 == "```" { exit }
		inside { print }
		found && $0 == fence { inside = 1 }' "$root/README.md"
}

# Make a directory for the tour in which commands find weft and the paths of README.md.
mkdir "$work/tour" && cd "$work/tour" && ln -s "$root/tests" tests || exit 1
PATH=$(dirname "$weft"):$PATH
block '**A capture file**' '' >"$work/replay"
block '**Live.**' '' | sed 's/ \{2,\}.*//' >"$work/live"
block '**As a library.**' c >tour.c

# ---- a capture file: lines with "$ " are commands, the others are their output ----

without_times() { sed -E 's/ in [0-9.]+ s$/ in N s/'; }
type_replay() {
	while IFS= read -r line; do
		case $line in '$ '*) echo "$line" && bash -c "${line#??}" 2>&1 ;; esac
	done <"$work/replay"
}
same_output() { diff <(without_times <"$work/replay") <(type_replay | without_times); }
check 'README.md has a tour' grep -q '^\$ weft replay' "$work/replay"
check 'a capture file: commands print what README.md shows' same_output

# ---- live ----

make_pair || exit 1
ip -n "$ns_a" addr add 192.0.2.7/24 dev eth0
ip -n "$ns_b" addr add 192.0.2.9/24 dev eth0
printf 'filter:\n  ports: [443]\n' >new.conf
echo '{"filter": {"ports": [443]}}' >policy.json
serve() {
	exec python3 - <<-'PYTHON'
		import selectors
		import socket
		ready = selectors.DefaultSelector()
		for port in (80, 443, 5432):
		    ready.register(socket.create_server(("", port)), selectors.EVENT_READ)
		while True:
		    for key, _ in ready.select():
		        if key.fileobj.getsockname()[1] and key.data is None:
		            ready.register(key.fileobj.accept()[0], selectors.EVENT_READ, "connection")
		        elif data := key.fileobj.recv(65536):
		            key.fileobj.sendall(data.upper())
		        else:
		            ready.unregister(key.fileobj)
		            key.fileobj.close()
	PYTHON
}
# say PORT [LOCALPORT]: connect to PORT in namespace a, send "hello", and print the answer; with
# LOCALPORT, repeat this on the same connection for ever.
say() {
	exec python3 - "$@" <<-'PYTHON'
		import socket
		import sys
		import time
		local = ("192.0.2.9", int(sys.argv[2]) if len(sys.argv) > 2 else 0)
		peer = socket.create_connection(("192.0.2.7", int(sys.argv[1])), 5, local)
		while True:
		    peer.sendall(b"hello\n")
		    print(peer.recv(100), flush=True)
		    if len(sys.argv) < 3:
		        break
		    time.sleep(0.2)
	PYTHON
}
functions=$(declare -f serve say)
says() { in_b bash -c "$functions; say $1" >/dev/null 2>&1; }
background server ip netns exec "$ns_a" bash -c "$functions; serve"
wait_until 50 says 5432
background client ip netns exec "$ns_b" bash -c "$functions; say 443 50112" >/dev/null

# Start a NATS server at the address that README.md names.
ip -n "$ns_a" link set lo up
ip -n "$ns_a" addr add 10.0.0.11/32 dev lo
background broker ip netns exec "$ns_a" nats-server -js -sd "$work/jetstream" -a 10.0.0.11 \
	>"$work/broker.log" 2>&1
wait_until 100 grep -q 'Server is ready' "$work/broker.log"

# "${typed[@]}" "exec LINE": run LINE in namespace a, with a control directory, a BPF file
# system and a directory of policies of its own.
mkdir -p /run/weft /var/lib/weft
# shellcheck disable=SC2016
background holder nsenter --net="/run/netns/$ns_a" unshare -m bash -c \
	'mount -t tmpfs run /run/weft && mount -t tmpfs lib /var/lib/weft && mount -t bpf bpf /sys/fs/bpf && touch "$0" && exec sleep 3600' "$work/held"
wait_until 50 test -e "$work/held"
typed=(nsenter -t "$holder" -m -n "--wd=$PWD" -- bash -c)

agent_line=
agent=
# start_agent LINE: run LINE, an agent, in the background.
start_agent() {
	agent_line=$1
	background agent "${typed[@]}" "exec $1" >"$work/agent.out" 2>"$work/agent.err"
	wait_until 100 "${typed[@]}" "weft stats" || { cat "$work/agent.err"; return 1; }
	for port in 80 443 5432; do says $port || return 1; done
}
# end_agent: a signal ends the agent with status 0, all ledgers close.
end_agent() {
	kill "$agent"
	wait "$agent" || { cat "$work/agent.err"; return 1; }
	ledgers_close
}
# agent_was_right: the last run had the effect that README.md describes for its line.
agent_was_right() {
	case $agent_line in
	*'--streams live --events -')
		jq -es 'any(.event_type == "flow" and .dest_port == 80)' "$work/agent.out" &&
			grep -qx hello live/192.0.2.9.*-192.0.2.7.80 && grep -qx HELLO live/192.0.2.7.80-*
		;;
	*'filter.ports=80,443') grep -qE '[1-9][0-9]* filtered' "$work/agent.err" ;;
	*'port 5432'*) grep -qE 'eth0: [0-9]+ packets, 1 connection,' "$work/agent.err" ;;
	*'--nats'*) grep -q 'stream bytes' "$work/agent.err" && ! grep -q ' lost' "$work/agent.err" ;;
	*) grep -q 'stream bytes' "$work/agent.err" ;;
	esac || { head -n 20 "$work/agent.err" "$work/agent.out" live/*; return 1; }
}
stop_agent() {
	[ -z "$agent" ] && return
	check "$agent_line: ends" end_agent
	check "$agent_line: does what it says" agent_was_right
}

# pattern_of LINE: print an extended regular expression that the output of the command must match.
pattern_of() {
	case $1 in
	'weft doctor'*) echo '(ok|warn|fail).*' ;;
	'weft stats'*) echo 'payload' ;;
	'weft flows'*) echo '192\.0\.2\.9' ;;
	'weft filter'*) echo '443' ;;
	'weft policy'*) echo '^v[2-9]$' ;;
	'bpftool'*) echo '"?packets"?' ;;
	esac
}
# prints LINE: LINE ends with status 0 and its output matches pattern_of.
prints() {
	"${typed[@]}" "exec $1" >"$work/typed" 2>&1 || { cat "$work/typed"; return 1; }
	grep -qE -- "$(pattern_of "$1")" "$work/typed" || { cat "$work/typed"; return 1; }
}

heard() { says 80 && grep -q '192\.0\.2\.9\.[0-9]*-192\.0\.2\.7\.80: hello' "$work/heard"; }
# subscribes LINE: LINE prints what a client says, and ends with status 0 on SIGINT.
subscribes() {
	local pid
	background pid "${typed[@]}" "exec $1" >"$work/heard" 2>&1
	wait_until 50 heard && kill -INT "$pid" && wait "$pid" || { cat "$work/heard"; return 1; }
}

# watches LINE: LINE shows the agent in a terminal, and ends with status 0 on q.
watches() {
	: >"$work/typed"
	(wait_until 100 is_drawn && printf q) | "${typed[@]}" "TERM=xterm exec script -qec '$1' /dev/null" >>"$work/typed" 2>&1 &&
		is_drawn || { cat "$work/typed"; return 1; }
}
is_drawn() { grep -qi connections "$work/typed"; }

is_shunted() { "${typed[@]}" 'weft flows' >"$work/typed" && grep -w shunt "$work/typed"; }

while IFS= read -r line <&3; do
	case $line in
	'weft run'*)
		stop_agent
		check "$line: starts" start_agent "$line"
		;;
	'weft flow shunt'*)
		check "$line" "${typed[@]}" "exec $line"
		check "$line: the list of connections shows it" is_shunted
		;;
	'weft subscribe'*) check "$line" subscribes "$line" ;;
	'weft top'*) check "$line" watches "$line" ;;
	*) check "$line" prints "$line" ;;
	esac
done 3<"$work/live"
stop_agent

# ---- as a library ----

dest=$work/dest
check 'make install' install_to "$dest" /usr
flags=$(PKG_CONFIG_PATH=$dest/usr/lib/pkgconfig pkg-config --define-variable=prefix="$dest/usr" --cflags --libs weft)
# shellcheck disable=SC2086
check 'the program of README.md compiles' cc -Wall -Wextra -Wno-unused-parameter -Werror -o tour tour.c $flags
# program_counts: the program prints as many stream bytes as the tour of the capture file.
program_counts() {
	LD_LIBRARY_PATH=$dest/usr/lib ./tour tests/corpus/captures/data/hole-never-captured.pcap >"$work/counts" || return 1
	cat "$work/counts"
	[ "$(awk '{ sum += $2 } END { print sum }' "$work/counts")" -eq 500 ]
}
check 'the program of README.md reads the capture file' program_counts
finish
