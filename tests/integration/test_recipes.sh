#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_recipes.sh - runs the commands of man/weft-recipes.7, section by section, and checks their
# effects. Where a recipe needs another machine or program, a function stands for it: docker runs
# the command with the given capabilities and mounts; kubectl runs it unchanged; ssh prints a
# capture; zeek writes a conn.log with weft's Community IDs; suricata runs weft replay.
#
#   [b: 192.0.2.9] client <- veth -> bridge: eth0 <- veth -> eth0 [a: 192.0.2.7, web server, weft]
#                                            eth1 <- veth -> eth1 [a: copies of all, because the
#                                                                  bridge learns no addresses]
. "$(dirname "$0")/lib.sh"
need_root
need_weft
capture=$root/tests/corpus/captures/data/hole-never-captured.pcap
PATH=$(dirname "$weft"):$PATH:/usr/sbin

# blocks SECTION PROMPT: print the literal blocks of a section as they are typed; with PROMPT, only
# commands, each on one line, with the newlines in it replaced by "\n".
blocks() {
	python3 - "$root/man/weft-recipes.7" "$@" <<-'PYTHON'
		import re
		import sys
		section, inside, lines = "", False, []
		for line in open(sys.argv[1]):
		    line = line.rstrip("\n").replace("\\(dq", '"').replace("\\e", "\\")
		    if line.startswith(".Sh "):
		        section = line[4:]
		    elif line.startswith((".Bd", ".Ed")):
		        inside = line.startswith(".Bd")
		    elif inside and section == sys.argv[2]:
		        lines.append(line)
		text = "\n".join(lines)
		if len(sys.argv) > 3:
		    found = re.findall(r"^[#$] (.*(?:\n .*)*)", text, re.M)
		    text = "\n".join(command.replace("\\", "\\\\").replace("\n", "\\n") for command in found)
		print(text)
	PYTHON
}
# start_section NAME: store the section's commands in the array lines, and change to a new
# directory.
start_section() {
	section=$1
	mapfile -t lines < <(blocks "$1" prompt)
	mkdir "$work/$(tr ' ' - <<<"$1")" && cd "$work/$(tr ' ' - <<<"$1")" || exit 1
}
# take PATTERN: set typed to the next command, which must begin with PATTERN.
take() {
	printf -v typed '%b' "${lines[0]:-}"
	lines=("${lines[@]:1}")
	case $typed in $1*) return 0 ;; esac
	not_ok "$section: the next command begins with: $1 (it is: $typed)"
	return 1
}
section_ends() { [ ${#lines[@]} -eq 0 ]; }

# the user as which weft continues
user=nobody
getent passwd weft >/dev/null && user=weft

# ---- the environment: namespaces, mounts ----

NO_IPV6=1 make_pair || exit 1
ip -n "$ns_a" addr replace 192.0.2.7/24 dev eth0
ip -n "$ns_a" link add eth1 type veth peer name eth1 netns "$ns_b"
in_a sysctl -qw net.ipv6.conf.eth1.disable_ipv6=1
make_bridge() {
	ip -n "$ns_b" addr flush dev eth0
	ip -n "$ns_b" link add bridge type bridge ageing_time 0 || return 1
	ip -n "$ns_b" link add client type veth peer name port
	for port in eth0 eth1 port; do
		ip -n "$ns_b" link set $port master bridge up
	done
	ip -n "$ns_b" link set bridge up && ip -n "$ns_b" link set client up
	ip -n "$ns_b" addr add 192.0.2.9/24 dev client
}
make_bridge || skip_all 'the kernel has no bridges'
mkdir -p /run/weft
# shellcheck disable=SC2016
background holder nsenter --net="/run/netns/$ns_a" unshare -m bash -c '
	for dir in /run/weft /var/lib /srv; do mount -t tmpfs none $dir || exit 1; done
	mount -t sysfs sysfs /sys && mount -t bpf bpf /sys/fs/bpf && touch "$0" && exec sleep 3600' "$work/held"
wait_until 50 test -e "$work/held"

# type_line [COMMAND]: run COMMAND (default: $typed) in the environment and the current directory.
type_line() {
	nsenter -t "$holder" -m -n "--wd=$PWD" -- bash -c "$functions
${1:-$typed}" </dev/null
}
typed_prints() { # PATTERN: the command $typed ends with status 0 and prints PATTERN
	type_line >"$work/typed" 2>&1 && grep -qE -- "$1" "$work/typed" || { cat "$work/typed"; return 1; }
}
typed_agent() { # IFACE: start the command $typed, an agent that captures IFACE
	agent_iface=$1
	case $typed in weft*) typed="exec $typed" ;; esac
	background agent nsenter -t "$holder" -m -n "--wd=$PWD" -- bash -c "$functions
$typed" >agent.out 2>agent.err
	wait_until 100 type_line "weft stats -i $1" || { cat agent.err; return 1; }
}
agent_ends() { # the agent ends with status 0, and all ledgers close
	kill "$agent"
	wait "$agent" && cp agent.err "$work/agent.err" && ledgers_close
}
typed_health() { # STATUS PATTERN: weft health ends with STATUS and prints PATTERN, on any lines
	local status
	type_line "weft health -i $agent_iface" >"$work/typed" 2>&1
	status=$?
	[ $status -eq "$1" ] && tr '\n' ' ' <"$work/typed" | grep -qE -- "^$2" || { cat "$work/typed"; return 1; }
}
wrote() { # FILE TEXT
	type_line "cat $1" | grep -qF -- "$2"
}

# Stand-ins for programs; the shell that runs a typed command defines them.
docker() { # run [OPTION...] IMAGE COMMAND...; exec CONTAINER COMMAND...
	local caps=-all mounts=
	if [ "$1" = exec ]; then
		shift 2
		[ "$1" = weft ] && exec "$@"
		exec ip netns exec "$ns_b" "$@"
	fi
	shift
	while [ "$1" != IMAGE ]; do
		case $1 in
		--rm) shift && continue ;;
		--name) ;;
		--cap-add) caps+=,+${2,,} ;;
		-v) mounts+="mkdir -p ${2#*:} && mount --bind ${2%:*} ${2#*:} && " ;;
		--cap-drop | --network | --memory) ;;
		*) echo "docker: $1?" && return 1 ;;
		esac
		shift 2
	done
	shift
	exec unshare -m bash -c "$mounts exec setpriv --bounding-set=$caps --inh-caps=-all \"\$@\"" - "$@"
}
kubectl() { shift 3 && exec "$@"; }
ssh() { cat "$capture"; }
suricata() { weft replay "$2"; }
zeek() { # writes conn.log with the Community IDs that weft gives the file's connections
	local file=$2
	[ "$1" = -C ] && file=$3
	weft replay "$file" --quiet --events - |
		jq -c 'select(.event_type == "flow") | {service: "http", community_id}' >conn.log
}
ethtool() { [ "$*" = '-K eth1 gro off lro off' ]; }
functions="ns_b=$ns_b capture=$capture
$(declare -f docker kubectl ssh suricata zeek ethtool)"

# ---- traffic: a web server for requests of one line, a client that stays connected ----

cat >"$work/server.py" <<'PYTHON'
import socketserver
class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while line := self.rfile.readline():
            self.wfile.write(b"answer to " + line)
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("", 80), Handler).serve_forever()
PYTHON
cat >"$work/client.py" <<'PYTHON'
import socket
import sys
import time
local = ("192.0.2.9", int(sys.argv[1]) if len(sys.argv) > 1 else 0)
peer = socket.create_connection(("192.0.2.7", 80), 5, local)
while True:
    peer.sendall(b"GET me\n")
    assert peer.recv(100) == b"answer to GET me\n"
    if len(sys.argv) < 2:
        break
    time.sleep(0.05)
PYTHON
# Turn checksum offload off, because a mirror port sees checksums as they are on the wire.
in_a ethtool -K eth0 tx off >/dev/null
in_b ethtool -K client tx off >/dev/null
background server ip netns exec "$ns_a" python3 "$work/server.py"
visit() { in_b python3 "$work/client.py"; }
wait_until 50 visit

# ---- the recipes ----

start_section 'A WEB SERVER'
take mkdir && check "${typed%%$'\n'*}" type_line
take 'weft doctor' && check "${typed%%$'\n'*}" typed_prints '^(OK|WARN)'
take 'weft run -i eth0' && check "${typed%%$'\n'*}" typed_agent eth0
background client ip netns exec "$ns_b" python3 "$work/client.py" 50112
check 'the answers are recorded' wait_until 200 wrote /var/lib/weft/streams/192.0.2.7.80-192.0.2.9.50112 'answer to GET me'
take ls && check "${typed%%$'\n'*}" typed_prints .
check 'its output is that of the manual' diff <(blocks "$section" | grep '^192') "$work/typed"
take 'head -c 300' && check "${typed%%$'\n'*}" typed_prints '^GET me'
take 'weft stats' && check "${typed%%$'\n'*}" typed_prints 'lost 0 of'
take 'weft flows' && check "${typed%%$'\n'*}" typed_prints '192\.0\.2\.9.*50112'
check 'the agent ends, with a summary' agent_ends
kill "$client"
check "$section: all commands were typed" section_ends

start_section 'A MIRROR PORT'
take 'ip link set eth1' && check "${typed%%$'\n'*}" type_line
take 'weft doctor' && check "${typed%%$'\n'*}" typed_prints '^(OK|WARN)'
take ethtool && check "${typed%%$'\n'*}" type_line
take 'install -d' && check "${typed%%$'\n'*}" type_line "${typed/nobody/$user}"
take 'weft run -i eth1' && typed=${typed/--max-memory 4G/--max-memory 256M} && check "${typed%%$'\n'*}" typed_agent eth1
check 'a visit' visit
check 'it is recorded from the mirror' wait_until 200 wrote '/srv/weft/streams/*-192.0.2.7.80' 'GET me'
take mv && check "${typed%%$'\n'*}" type_line
take 'kill -HUP' && check "${typed%%$'\n'*}" kill -HUP "$agent"
check 'the file is opened again' wait_until 100 type_line 'test -e /srv/weft/events.json'
check 'the agent is ok' typed_health 0 ok
check 'files can not be opened again in a directory of root' type_line 'chown root /srv/weft && mv /srv/weft/events.json /srv/weft/events.json.2' && kill -HUP "$agent"
check 'the agent is degraded, and says what helps' wait_until 100 typed_health 0 'degraded.*output_not_reopened: the output events .*chown'
check 'the directory belongs to the user again' type_line "chown $user /srv/weft" && kill -HUP "$agent"
check 'the agent is ok again' wait_until 100 typed_health 0 ok
take 'tail -f' && check "${typed%%$'\n'*}" type_line "${typed/tail -f/cat}"
check 'the agent ends, with a summary' agent_ends
check "$section: all commands were typed" section_ends

start_section 'A CONTAINER'
take mountpoint && check "${typed%%$'\n'*}" type_line
take mkdir && check "${typed%%$'\n'*}" type_line
container_caps=$(grep -oP -- '--cap-add \K\w+' <<<"${lines[0]}" | sort)
take 'docker run' && container=$typed && check 'docker run ... weft run' typed_agent eth0
check 'a visit' visit
check 'it is recorded outside the container' wait_until 200 wrote '/var/lib/weft-container/streams/*-192.0.2.7.80' 'GET me'
take 'docker exec weft' && check "${typed%%$'\n'*}" typed_prints 'not given up: user root'
check 'the agent ends, with a summary' agent_ends

# With three more capabilities, the container continues as another user, to whom it gives its
# directory. --append lets later runs continue the files.
typed=${container/IPC_LOCK/IPC_LOCK --cap-add SETUID --cap-add SETGID --cap-add CHOWN}
as_user=$typed
check 'a new directory' type_line 'rm -r /var/lib/weft-container && mkdir /var/lib/weft-container'
check 'continue as another user: captures' typed_agent eth0
check 'continue as another user: has become it' test "$(stat -c %U "/proc/$agent")" = "$user"
check 'a visit' visit
check 'it is recorded' wait_until 200 wrote '/var/lib/weft-container/streams/*-192.0.2.7.80' 'GET me'
check 'the policy is changed' type_line 'weft filter -i eth0 --set filter.ports=80,443'
check 'the agent ends, with a summary' agent_ends
typed=$as_user
check 'continue as another user, again: captures' typed_agent eth0
check 'it has the stored policy' type_line 'weft policy show -i eth0 | grep 443'
check 'a visit' visit
check 'it is recorded' wait_until 200 wrote '/var/lib/weft-container/streams/*-192.0.2.7.80' 'GET me'
check 'the agent ends, with a summary' agent_ends
denied() { # COMMAND TEXT: COMMAND ends with status 1 and prints TEXT
	type_line "$1" >denied.out 2>&1
	[ $? -eq 1 ] && grep -qE -- "$2" denied.out || { cat denied.out; return 1; }
}
check 'root without CAP_DAC_OVERRIDE: the owner and what helps are named' denied "$container" \
	"weft/streams can't be written to: Permission denied; /var/lib/weft/streams belongs to the user $(id -u "$user"), .*: chown 0 /var/lib/weft/streams"
check 'the manual says what helps' type_line 'chown -R root /var/lib/weft-container'
typed=$container
check 'then it captures' typed_agent eth0
check 'a visit' visit
check 'its events are written' wait_until 200 type_line "grep '\"event_type\":\"flow\"' /var/lib/weft-container/events.json"
check 'the agent ends, with a summary' agent_ends
take 'docker exec' && check "${typed%%$'\n'*}" typed_prints '^[0-9]+$'
index=$(cat "$work/typed")
take 'ip -o link' && typed=${typed/7/$index} && check "${typed%%$'\n'*}" typed_prints 'eth0@'
take 'weft run -i veth' && typed=${typed/veth1a2b3c/eth0} && check "${typed%%$'\n'*}" typed_agent eth0
check 'a visit' visit
check 'it is in the events' wait_until 200 grep -q '"event_type":"flow".*"dest_port":80' agent.out
check 'the agent ends, with a summary' agent_ends
check "$section: all commands were typed" section_ends

# pod FIELD: print the capabilities, the command or the probe of the container in the manifest.
pod() {
	blocks 'A KUBERNETES NODE' | sed '/^\$/d' | /usr/bin/python3 -c '
import shlex, sys, yaml
manifest = yaml.safe_load(sys.stdin)
spec = manifest["spec"]["template"]["spec"]
pod = spec["containers"][0]
assert manifest["kind"] == "DaemonSet" and spec["hostNetwork"] is True
assert spec["tolerations"] == [{"operator": "Exists"}]
assert manifest["spec"]["selector"]["matchLabels"] == manifest["spec"]["template"]["metadata"]["labels"]
assert {m["name"] for m in pod["volumeMounts"]} == {v["name"] for v in spec["volumes"]}
print({"caps": "\n".join(pod["securityContext"]["capabilities"]["add"]),
       "probe": shlex.join(pod["readinessProbe"]["exec"]["command"]),
       "command": shlex.join(pod["command"] + pod["args"])}[sys.argv[1]])' "$1"
}
start_section 'A KUBERNETES NODE'
check 'the manifest is YAML, and consistent' pod caps
check 'its capabilities are those of docker run' [ "$(pod caps | sort)" = "$container_caps" ]
typed="docker run $(pod caps | sed 's/^/--cap-add /' | tr '\n' ' ') IMAGE $(pod command)"
check 'its command captures' typed_agent eth0
check 'a visit' visit
check 'it is in the events' wait_until 200 grep -q '"event_type":"flow".*"dest_port":80' agent.out
check 'its probe' type_line "$(pod probe)"
take 'kubectl exec' && check "${typed%%$'\n'*}" typed_prints 'lost 0 of'
check 'the agent ends, with a summary' agent_ends
check 'the probe fails without an agent' eval '! type_line "$(pod probe)"'
check "$section: all commands were typed" section_ends

start_section 'CAPTURE FILES'
cp "$capture" trace.pcapng
cp "$root/tests/corpus/captures/data/retransmissions.pcap" ring.pcap0
cp "$root/tests/corpus/captures/data/window-scale.pcap" ring.pcap1
gzip -c "$capture" >old.pcap.gz
take 'weft replay trace' && check "${typed%%$'\n'*}" typed_prints '1 connection, 500 stream bytes'
check 'its gap is in the events' grep -q '"event_type":"gap"' events.json
take 'weft replay ring' && check "${typed%%$'\n'*}" typed_prints '[1-9] connections, [0-9,]+ stream bytes'
take 'ssh host' && check "${typed%%$'\n'*}" typed_prints '"event_type":"gap"'
take 'weft replay trace' && typed=${typed/192.0.2.7/10.0.0.2} && check "${typed%%$'\n'*}" typed_prints $'^10.0.0.1\t1000\t100\t0$'
check "$section: all commands were typed" section_ends

start_section 'WITH ZEEK'
cp "$capture" trace.pcapng
take zeek && check "${typed%%$'\n'*}" type_line
take 'weft replay' && check "${typed%%$'\n'*}" typed_prints '1 connection,'
take 'jq -r' && check "${typed%%$'\n'*}" type_line
take 'jq -c' && check "${typed%%$'\n'*}" typed_prints '"event_type":"gap"'
take 'jq -r' && check "${typed%%$'\n'*}" typed_prints '^10.0.0.1.1000-10.0.0.2.80$'
check 'this is the name of a stream file' test -s "out/$(cat "$work/typed")"
check "$section: all commands were typed" section_ends

start_section 'MANY SENSORS'
cp "$capture" trace.pcapng
background nats nsenter -t "$holder" -m -n -- nats-server -js -sd "$work/nats" >"$work/nats.log" 2>&1
check 'a server of NATS runs' wait_until 100 grep -q 'Server is ready' "$work/nats.log"
take 'weft replay' && check "${typed%%$'\n'*}" typed_prints 'sink nats: ([0-9]+) messages published, \1 acknowledged'
take 'weft collect' && check "${typed%%$'\n'*}" typed_prints '1 opens, 1 closes, 1 gaps'
take 'jq -r' && check "${typed%%$'\n'*}" typed_prints $'^one\tflow\t10.0.0.1.1000-10.0.0.2.80$'
check 'this is the name of a stream file' test -s streams/10.0.0.1.1000-10.0.0.2.80
take 'weft fleet' && check "${typed%%$'\n'*}" typed_prints '^one  *ended '
kill "$nats"
check "$section: all commands were typed" section_ends

start_section 'CLEAN PACKETS FOR OTHER PROGRAMS'
cp "$capture" trace.pcapng
take 'weft replay' && check "${typed%%$'\n'*}" type_line
take tshark && check "${typed%%$'\n'*}" typed_prints '^Node 0: 10.0.0.1:1000$'
take suricata && check "${typed%%$'\n'*}" typed_prints '1 connection, 500 stream bytes'
take 'weft replay' && check "${typed%%$'\n'*}" type_line
check 'zeek got the connection' grep -q '"community_id":"1:' conn.log
take 'weft run' && typed=${typed/--quiet/--quiet --duration 3s}
background clean nsenter -t "$holder" -m -n "--wd=$PWD" -- bash -c "$typed" >clean.out 2>clean.err
sees_packets() { visit && grep -q '192.0.2.7 .* 80 ' clean.out; }
check "${typed%%$'\n'*}" wait_until 100 sees_packets
wait "$clean"
typed='weft run -i eth0'
check 'an agent runs' typed_agent eth0
take 'weft subscribe' && typed=${typed/--quiet/--quiet --count 3}
background clean nsenter -t "$holder" -m -n "--wd=$PWD" -- bash -c "$typed" >clean.out 2>clean.err
check "${typed%%$'\n'*}" wait_until 100 sees_packets
check 'it ends' wait "$clean"
check 'the agent ends, with a summary' agent_ends
check "$section: all commands were typed" section_ends
finish
