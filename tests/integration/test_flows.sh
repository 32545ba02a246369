#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_flows.sh - the flow map has the correct counts, as read by bpftool and by `weft flows`; a
# connection is bypassed, and later captured again, by command.
. "$(dirname "$0")/lib.sh"
need_root
need_weft
PATH=$PATH:/usr/sbin
flows=200 segments=10 size=100

# weft_flows ARGS...: run `weft flows` for the running agent.
weft_flows() { "$weft" flows -i "$agent_iface" --set "control.dir=$work/control" "$@"; }
weft_flow() { "$weft" flow -i "$agent_iface" --set "control.dir=$work/control" "$@"; }

# Check that each entry of bpftool's dump has the packets and bytes that each side sent.
dump_is_right() {
	flow_map >"$work/dump.json" || return 1
	jq -e --argjson flows $flows --argjson up $((segments + 4)) \
		--argjson up_bytes $((40 * (segments + 4) + segments * size)) '
		length == $flows and all(.[].formatted.value;
			.packets == [3, $up] and .bytes == [120, $up_bytes] and
			.kept_packets == [0, 0] and .tcp_flags == [19, 27])' "$work/dump.json"
}

lookup_is_right() {
	local key
	key=$(jq -r '.[7].key | map(ltrimstr("0x")) | join(" ")' "$work/dump.json")
	# shellcheck disable=SC2086
	agent_exec bpftool -j map lookup pinned /sys/fs/bpf/weft/eth0/flows key hex $key >"$work/lookup.json" &&
		[ "$(jq -c .formatted.value "$work/lookup.json")" = "$(jq -c '.[7].formatted.value' "$work/dump.json")" ]
}

# says JSON_FILTER ARGS...: the output of `weft flows --all --json ARGS` satisfies the filter.
says() {
	local filter=$1
	shift
	weft_flows --all --json "$@" >"$work/flows.json" && jq -e "$filter" "$work/flows.json"
}

# follow_start: write the entry of one connection to a file, again and again.
follow_start() {
	background follow_pid "$weft" flows -i "$agent_iface" --set "control.dir=$work/control" \
		--all --follow --json host 10.9.0.5 >"$work/follow.json" 2>"$work/follow.err"
}

followed() { [ "$(wc -l <"$work/follow.json")" -ge "$1" ]; }

follow_stop() {
	kill -INT "$follow_pid" && wait "$follow_pid"
}

follow_failed() {
	! wait "$follow_pid" && grep -q 'weft: flows: ' "$work/follow.err"
}

# ---- counts ----

NO_IPV6=1 make_pair 2 || exit 1
ip -n "$ns_a" addr flush dev eth0
check 'agent starts on a tap port' agent_start "$ns_a" eth0 --mode tap --workers 2 --checksum ignore || finish
check "$flows connections are sent" in_b python3 "$root/tests/integration/overload.py" eth0 $segments $size $flows,1
check 'the workers know of their end' wait_until 100 bash -c "
	[ \$('$weft' stats -i eth0 --json --set control.dir='$work/control' | jq .metrics.flows_closed_flows.value) -eq $flows ]"
check 'bpftool dumps exactly what was sent' dump_is_right
check 'bpftool looks one up by its key' lookup_is_right
check 'weft flows has the same counts' says "
	.total == $flows and (.flows | length) == $flows and all(.flows[];
		.toserver.packets == $((segments + 4)) and .toclient.packets == 3 and
		.toserver.bytes == $((40 * (segments + 4) + segments * size)) and .dest_port == 80)" --count 1000
check 'a filter in tcpdump syntax chooses' says '
	.total == 1 and .flows[0].src_ip == "10.9.0.5"' host 10.9.0.5 and tcp dst port 80
check 'weft flows --count 5 --sort last lists 5 connections, in order' says '
	.total == 200 and (.flows | length) == 5 and ([.flows[].last] | . == (sort | reverse))' --count 5 --sort last
check 'the table names connections' bash -c "
	'$weft' flows --all -i eth0 --set control.dir='$work/control' host 10.9.0.5 | grep -q '10.9.0.5:1024 > 10.8.0.1:80  closed, eth0'"
check 'no line is longer than 80 columns' bash -c "! '$weft' flows --all -i eth0 --set control.dir='$work/control' | grep -E '.{81}'"
check 'bytes that the worker has forgotten are not shown as 0' says '
	all(.flows[]; .state == "closed" and (.tracked | not) and (.toserver | has("stream_bytes") | not))'
# A connection with both FINs counts as closed when its last segment is more than a second old.
check 'ended connections are left out' wait_until 100 bash -c "
	'$weft' flows -i eth0 --set control.dir='$work/control' | grep -q '^0 of 0 connections'"
follow_start
check 'weft flows --follow prints again and again' wait_until 100 followed 3
check 'weft flows --follow ends with status 0 when interrupted' follow_stop
check 'each line of weft flows --follow is one complete answer' jq -se '
	length >= 3 and all(.[]; .total == 1 and .flows[0].src_ip == "10.9.0.5")' "$work/follow.json"
check_weft 'a wrong filter is refused, with the reason' 2 'syntax of tcpdump: .*syntax error' flows -i eth0 --set "control.dir=$work/control" 'tcp prot 80'
check_weft 'a filter of what no connection has is refused' 2 'can test only addresses' flows -i eth0 \
	--set "control.dir=$work/control" 'ip[8] > 1'
check_weft 'a wrong order is refused' 2 'not one of' flows -i eth0 --set "control.dir=$work/control" --sort size
check_weft 'an unknown connection is refused' 3 'weft: flow: no such connection' flow -i eth0 \
	--set "control.dir=$work/control" shunt 10.0.0.1 1 10.0.0.2 2
check_weft 'an address that is none is refused' 2 'weft: flow: there: neither an IPv4 nor an IPv6 address' flow -i eth0 \
	--set "control.dir=$work/control" shunt there 1 10.0.0.2 2
check_weft 'a port that is none is refused' 2 "flow: '65536' is not a port" flow -i eth0 \
	--set "control.dir=$work/control" shunt 10.0.0.1 1 10.0.0.2 65536
check_weft 'half a connection is refused' 2 'SRC SPORT' flow -i eth0 --set "control.dir=$work/control" shunt 10.0.0.1 1
follow_start
check 'weft flows --follow runs once more' wait_until 100 followed 1
check 'agent ends with status 0' agent_stop
check 'all ledgers close' ledgers_close
check 'when the agent ends, weft flows --follow fails with a message' follow_failed
drop_pair

# ---- bypass by command ----

# For each line of input such as "A 5", the client sends 5 letters A, and the server receives them.
cat >"$work/talk.py" <<'PY'
import ctypes, socket, sys
server = socket.create_server((sys.argv[1], 9000))
with open("/run/netns/" + sys.argv[2]) as namespace:
    ctypes.CDLL(None).setns(namespace.fileno(), 0)
client = socket.socket()
client.bind(("0.0.0.0", 9001))
client.connect((sys.argv[1], 9000))
peer, _ = server.accept()
print("ready", flush=True)
for line in sys.stdin:
    letter, count = line.split()
    if letter == "quit":
        break
    left = int(count)
    while left:
        part = min(left, 50000)
        client.sendall(letter.encode() * part)
        left -= part
        while part:
            part -= len(peer.recv(part))
    print("sent", letter, flush=True)
client.close()
peer.recv(1)
peer.close()
PY

talk() {
	echo "$1 $2" >&"$talk_fd"
	wait_until 100 grep -q "sent $1" "$work/talk.out"
}

delivered() { says ".flows[] | select(.src_port == 9001 or .dest_port == 9001) | $1"; }

NO_IPV6=1 make_pair 1 || exit 1
check 'agent starts in host mode' agent_start "$ns_a" eth0 --mode host --workers 2 \
	--streams "$work/streams" --events "$work/events" || finish
mkfifo "$work/talk.in"
exec {talk_fd}<>"$work/talk.in"
background talk_pid ip netns exec "$ns_a" bash -c \
	"exec python3 '$work/talk.py' $ip_a $ns_b <'$work/talk.in'" >"$work/talk.out"
check 'two ends are connected' wait_until 100 grep -q ready "$work/talk.out"
check 'they talk' talk A 1000
check 'the worker has the connection' wait_until 50 delivered '.toserver.stream_bytes == 1000 and .tracked and .state == "established"'
check 'weft flow shunt succeeds' weft_flow shunt $ip_b 9001 $ip_a 9000
check 'names and ids are those of events' delivered '.flow.stream_bytes_toserver == 1000 and .flow.state == "established" and
	(.flow.pkts_toserver > 0) and (.flow_id > 0) and (.community_id | startswith("1:"))'
check 'a live connection is listed' bash -c "
	'$weft' flows -i eth0 --set control.dir='$work/control' | grep -A1 'established, eth0' | grep -qE 'toserver shunt .* 1,000 '"
check_weft 'weft stats begins with a verdict' 0 '^lost 0 of [0-9,]+ frames; memory [0-9]+ % of [0-9]+ MiB; pressure normal$' \
	stats -i eth0 --set "control.dir=$work/control"
check 'no line of weft stats is longer than 80 columns' bash -c "! '$weft' stats -i eth0 --set control.dir='$work/control' | grep -E '.{81}'"
check 'metrics that the verdict reads exist' bash -c "
	agent_metrics=\$('$weft' stats --json -i eth0 --set control.dir='$work/control' | jq -r '.metrics | keys[]') &&
	for name in \$(sed -n '/lost_frames\[\] = {/,/};/p' '$root/user/agent/report.c' | grep -o '[a-z_]*_frames\"' | tr -d '\"'); do
		grep -qx \"\$name\" <<<\"\$agent_metrics\" || exit 1; done"
check 'weft flows shows the verdict shunt' delivered '.toserver.verdict == "shunt" and .toclient.verdict == "shunt"'
check 'they talk on' talk B 5000000
check 'the kernel counts the bypassed bytes' wait_until 50 delivered '.toserver.kept_bytes > 5000000 and .toserver.stream_bytes == 1000'
check 'weft flow unshunt succeeds' weft_flow unshunt $ip_b 9001 $ip_a 9000
check 'they talk once more' talk C 500
check 'the worker has the bytes after the bypass, and a gap' wait_until 50 delivered '.toserver.stream_bytes == 1500 and .toserver.gap_bytes == 5000000'
echo quit 0 >&"$talk_fd"
wait "$talk_pid"
check 'the end is seen' wait_until 100 grep -q '"event_type":"flow"' "$work/events"
check 'agent ends with status 0' agent_stop
check 'all ledgers close' ledgers_close
check 'the stream has the bytes that were not bypassed' bash -c "
	[ \"\$(tr -s ABC <'$work/streams/$ip_b.9001-$ip_a.9000')\" = AC ] &&
		[ \$(stat -c %s '$work/streams/$ip_b.9001-$ip_a.9000') -eq 1500 ]"
cat >"$work/gaps.jq" <<'JQ'
[.[] | select(.event_type == "gap" and .direction == "toserver").gap] |
	all(.[]; .cause == "shunted") and (map(.length) | add) == 5000000
JQ
check 'the bypassed bytes are reported as gaps with cause shunted' jq -se -f "$work/gaps.jq" "$work/events"
finish
