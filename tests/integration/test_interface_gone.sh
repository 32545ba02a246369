#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_interface_gone.sh - an interface goes down, is deleted, moved or created again, or another
# process detaches its program: each change is reported, and the agent goes on, ends, or captures
# from the new interface.
. "$(dirname "$0")/lib.sh"
need_root
need_weft

said() { grep -qE -- "$1" "$work/agent.err"; }
states() { jq -r 'select(.event_type == "interface") | .interface.name + " " + .interface.state' "$work/events.json"; }
make_tap() { # DEVICE: make DEVICE in ns_a, with its other end in ns_b
	ip -n "$ns_a" link add "$1" type veth peer name "$1" netns "$ns_b" &&
		ip -n "$ns_a" link set "$1" up && ip -n "$ns_b" link set "$1" up
}
start() { # IFACES ARGS...
	local ifaces=$1
	shift
	rm -rf "$work/events.json"
	agent_start "$ns_b" "$ifaces" --workers 1 --max-memory 64 --events "$work/events.json" "$@"
}
ended() { # STATUS
	lib_gone "$agent_pid" 300 && {
		wait "$agent_pid"
		[ $? -eq "$1" ]
	}
}
send() { # PORT DEVICE: send "hello" on a new connection into ns_b
	in_a python3 - "$1" "$2" <<'PY'
import socket, struct, sys
port, device = int(sys.argv[1]), sys.argv[2]
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind((device, 0))
def send(back, seq, ack, flags, data=b""):
    ends = [(b"\x0a\x00\x00\x01", 1000), (b"\x0a\x00\x00\x02", port)]
    (src, sport), (dst, dport) = ends[::-1] if back else ends
    tcp = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 0x50, flags, 65535, 0, 0) + data
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0, src, dst)
    total = sum(struct.unpack("!10H", ip))
    total = (total & 0xffff) + (total >> 16)
    ip = ip[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xffff) + ip[12:]
    out.send(b"\x02" * 6 + b"\x04" * 6 + b"\x08\x00" + ip + tcp)
send(False, 100, 0, 2)
send(True, 300, 101, 18)
send(False, 101, 301, 24, b"hello")
send(True, 301, 106, 16)
PY
}
# steered COUNT: the XDP program has given COUNT frames to weft.
steered() { [ "$(agent_metric kernel_steered_frames)" -ge "$1" ]; }
stream_is() { [ "$(cat "$work/$1/10.0.0.1.1000-10.0.0.2.$2")" = hello ]; }

make_pair && make_tap t1 && make_tap t2 || exit 1

start t1 --mode tap --streams "$work/deleted" --checksum ignore
ip -n "$ns_b" link set t1 down
check 'down: the message has the command that helps' wait_until 100 said 't1: the interface is down.*ip link set dev t1 up'
check 'down: in weft stats' grep -qx 'interface t1: down' <(agent_stats)
ip -n "$ns_b" link set t1 up
check 'up again: said' wait_until 100 said 't1: the interface is up'
send 80 t1
check 'deleted: before, the XDP program has seen the frames' wait_until 50 steered 4
ip -n "$ns_a" link del t1
check 'deleted: the agent ends with status 1' ended 1
check 'deleted: said' said 't1: the interface is gone'
check 'deleted: what was received is delivered' stream_is deleted 80
check 'deleted: the last interface event has the state gone' test "$(states | tail -n 1)" = 't1 gone'
check 'deleted: the ledgers close' ledgers_close

for taken in 'filter del dev eth0 egress' 'qdisc del dev eth0 clsact'; do
	start eth0 --mode host --set capture.tc_attach=filter
	in_b tc $taken
	check "tc $taken: the agent ends with status 1" ended 1
	check "tc $taken: said" said "eth0: another process detached weft's BPF program"
	check "tc $taken: nothing is left" [ -z "$(in_b tc qdisc show dev eth0 clsact)" ]
done

start eth0 --mode host
ip -n "$ns_a" link del eth0
check 'host mode, deleted: the agent ends with status 1' ended 1
check 'host mode, deleted: said' said 'eth0: the interface is gone'

make_tap t1
start t1,t2 --mode tap --streams "$work/two" --checksum ignore
ip -n "$ns_a" link del t1
wait_until 100 said 't1: the interface is gone'
send 81 t2
wait_until 50 stream_is two 81
agent_stop
check 'one of two: status 1 at the end' test $? -eq 1
check 'one of two: the other goes on' stream_is two 81

start t2 --mode tap
ip netns add "$ns_a-c" && namespaces+=("$ns_a-c")
ip -n "$ns_b" link set t2 netns "$ns_a-c"
check 'moved: the agent ends with status 1' ended 1
check 'moved: said' said 't2: .* moved to another network namespace'

make_tap t1
start t1 --mode tap
# Other tests may attach programs at the same time, so the link is found by its program.
id=$(bpftool link -j | jq --argjson prog "$(ip -n "$ns_b" -j -d link show t1 | jq '.[0].xdp.prog.id')" \
	'.[] | select(.type == "xdp" and .prog_id == $prog) | .id')
bpftool link detach id "$id"
check 'detached by force: the agent ends with status 1' ended 1
check 'detached by force: said' said "t1: another process detached weft's BPF program"

start t1 --mode tap --wait-for-interface --streams "$work/again" --checksum ignore
send 82 t1
wait_until 50 stream_is again 82
ip -n "$ns_a" link del t1
check 'wait: said' wait_until 50 said 'waiting until the interface t1 exists'
make_tap t1
back() { agent_stats >/dev/null; }
check 'wait: takes the new interface' wait_until 100 back
send 82 t1
send 83 t1
wait_until 50 stream_is again 83
agent_stop
check 'wait: status 0' test $? -eq 0
check 'wait: the streams before' stream_is again 82
check 'wait: a name in use gets the next number' stream_is again '82#2'
check 'wait: the streams after' stream_is again 83
make_tap t3
make_tap t4
start t1,t3,t4 --mode tap --wait-for-interface --streams "$work/three" --checksum ignore
ip -n "$ns_a" link del t1
ip -n "$ns_a" link del t3
check 'wait: two of three are lost' wait_until 50 eval "said 't1: the interface is gone' && said 't3: the interface is gone'"
make_tap t1
sleep 0.5
send 84 t4
check 'wait: the third is captured until both are back' wait_until 50 stream_is three 84
check 'wait: the capture did not end' eval "! said 'waiting until the interface'"
make_tap t3
goes_on() { send 85 t4 && stream_is three 85; }
check 'wait: it goes on when both are back' wait_until 50 goes_on
agent_stop
check 'the events match their schemas' eve_is_valid "$work/events.json" interface flow stats
check 'no control socket is left' test -z "$(ls "$work/control" 2>/dev/null)"
finish
