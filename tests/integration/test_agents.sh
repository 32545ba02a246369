#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_agents.sh - several agents on one host: each command finds the right agent. An agent on two
# interfaces counts once. Interfaces of the same name in two network namespaces belong to two
# agents, even if both use the same files. Commands of other users fail with the message that they
# are not permitted.
. "$(dirname "$0")/lib.sh"
need_root
need_weft

for ns in "$ns_a" "$ns_b"; do
	ip netns add "$ns" && namespaces+=("$ns") || exit 1
	ip -n "$ns" link set lo up
	ip -n "$ns" link add d0 type veth peer name d1
	ip -n "$ns" link set d0 up && ip -n "$ns" link set d1 up
done

# The agents have different network namespaces and share all files, among them a BPF file system, which
# no agent of another test uses.
# shellcheck disable=SC2016
background holder unshare -m bash -c 'mount -t bpf bpf /sys/fs/bpf && touch "$0" && exec sleep 3600' "$work/held"
wait_until 100 test -e "$work/held" || exit 1
in_fs() { nsenter -t "$holder" -m "--wd=$PWD" -- "$@"; }
in_net() { nsenter -t "$holder" -m "--wd=$PWD" --net="/run/netns/$1" -- "${@:2}"; }
weft_in() { in_net "$1" "$weft" "$2" --set "control.dir=$work/control" "${@:3}"; }
start_in() { # NAMESPACE IFACES NAME: start an agent; its messages are in $work/NAME.err
	nsenter -t "$holder" -m --net="/run/netns/$1" -- "$weft" run -i "$2" --set "control.dir=$work/control" 2>"$work/$3.err" &
	pids+=("$!")
	wait_until 100 grep -qE '(host|tap) mode' "$work/$3.err" && wait_until 50 weft_in "$1" stats -i "${2%%,*}" || {
		cat "$work/$3.err"
		return 1
	}
}
source_of() { weft_in "$1" stats --json | jq -r .source; }
talk_in() {
	in_net "$1" python3 -c '
import socket
server = socket.create_server(("127.0.0.1", 8000))
client = socket.create_connection(("127.0.0.1", 8000))
client.sendall(b"x" * 1000)
client.close()'
}
connections_in() { [ "$(weft_in "$1" stats --json | jq .metrics.flows_opened_flows.value)" -eq "$2" ]; }

check 'an agent starts on two interfaces' start_in "$ns_a" lo,d0 first
first_pid=${pids[-1]}
check 'weft stats needs no -i if there is one agent' test "$(source_of "$ns_a")" = lo,d0
check 'an agent starts on the same names in another namespace' start_in "$ns_b" lo second
check 'weft stats without -i asks the agent of its own namespace' test "$(source_of "$ns_a") $(source_of "$ns_b")" = 'lo,d0 lo'
check 'a connection is made in the second' talk_in "$ns_b"
check 'the agent of the second namespace has the connection' wait_until 50 connections_in "$ns_b" 1
check 'the agent of the first namespace does not have it' connections_in "$ns_a" 0
check 'both agents have their pins' in_fs test -e /sys/fs/bpf/weft/lo/flows -a \
	-e "/sys/fs/bpf/weft/lo@$(stat -L -c %i "/run/netns/$ns_b")/flows"
check 'the second agent reports its other pin directory' grep -qxE "weft: capture: lo: maps are pinned in /sys/fs/bpf/weft/lo@[0-9]+, because another weft process uses /sys/fs/bpf/weft/lo" \
	"$work/second.err"
rejected() {
	in_net "$ns_a" "$weft" run -i d1 --pin /sys/fs/bpf/weft/lo --set "control.dir=$work/control" 2>"$work/err"
	[ $? -eq 4 ] && grep -qxF "weft: capture: the pin directory /sys/fs/bpf/weft/lo is in use by another weft process; choose another directory with --pin" "$work/err" ||
		{ cat "$work/err"; return 1; }
}
check 'the pins of another agent can not be used' rejected
check_weft 'from a third namespace, -i is needed, and agents are named with their namespaces' 2 'several agents are running, choose one with -i: .*lo@[0-9]+' \
	stats --set "control.dir=$work/control"
echo '{}' >"$work/policy.json"
check_weft 'the message about several agents does not name the file of the request' 2 '^weft: policy: several agents are running' \
	policy set "$work/policy.json" --set "control.dir=$work/control"
for iface in '' '-i lo'; do
	# shellcheck disable=SC2086
	check "another user is not permitted, status 4 ${iface:-without -i}" bash -c "
		setpriv --reuid=65534 --clear-groups '$weft' stats $iface --set 'control.dir=$work/control' 2>'$work/err'
		[ \$? -eq 4 ] && grep -q 'not permitted; run this command as root' '$work/err' || { cat '$work/err'; exit 1; }"
done
kill -9 "$first_pid"
wait "$first_pid" 2>/dev/null
touch -d '1 minute ago' "$work"/control/*.sock
check 'after kill -9, the only agent needs no -i' test "$(source_of "$ns_a")" = lo
check 'the dead sockets are gone' test ! -e "$work/control/lo.sock" -a ! -e "$work/control/d0.sock"

second_pid=${pids[-1]}
background replay "$weft" replay "$root/tests/corpus/captures/data/hole-never-captured.pcap" --subscribers 1 \
	--set "control.dir=$work/control"
check 'a replay waits for a subscriber' wait_until 50 test -S "$work/control/replay.sock"
check 'beside a replay, the only agent needs no -i' test "$(source_of "$ns_a")" = lo
kill "$second_pid"
check 'the agent of the second namespace ends' lib_gone "$second_pid" 300
check_weft 'without an agent, a replay is asked, and answers to subscribe only' 1 'replay' \
	stats --set "control.dir=$work/control"
kill "$replay"
check 'the replay ends' lib_gone "$replay" 100
# The directory belongs to the user of the agents, so the replay cannot remove its socket.
rm -f "$work/control/replay.sock"
check 'no socket is left' bash -c "! ls '$work/control' | grep ."

# ---- a directory of pins that no start replaces ----

others=/sys/fs/bpf/weft/lo@$(stat -L -c %i "/run/netns/$ns_b")
check 'an agent starts again' start_in "$ns_a" lo third
third_pid=${pids[-1]}
check 'an agent starts on the same name in the other namespace' start_in "$ns_b" lo fourth
check 'the agent in the other namespace has pins of its own' in_fs test -e "$others/flows"
kill -9 "${pids[-1]}"
wait "${pids[-1]}" 2>/dev/null
in_fs touch -d '1 minute ago' "$others"
check 'an agent on another interface starts' start_in "$ns_b" d1 fifth
check 'the pins of the killed agent are gone' in_fs test ! -e "$others"
kill "$third_pid" "${pids[-1]}"
check 'both agents end' eval 'lib_gone "$third_pid" 300 && lib_gone "${pids[-1]}" 300'
check 'both agents leave no pins' in_fs test ! -e /sys/fs/bpf/weft/lo -a ! -e /sys/fs/bpf/weft/d1
finish
