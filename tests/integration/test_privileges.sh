#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_privileges.sh - the requirements of weft run, and the messages if one is missing:
# capabilities, a BPF file system, locked memory; and what weft gives up after the start.
. "$(dirname "$0")/lib.sh"
need_root
need_weft

make_pair && ip -n "$ns_b" addr flush dev eth0 || exit 1
run=("$weft" run -i eth0 --mode tap --workers 1 --max-memory 64 --set "control.dir=$work/control")

# run_in STATUS SETUP COMMAND...: COMMAND, run after SETUP in a new mount namespace, ends with
# STATUS.
run_in() {
	local status=$1 setup=$2
	shift 2
	in_b unshare -m bash -c "$setup"'
exec timeout -s KILL 20 "$@"' - "$@" >"$work/err" 2>&1
	[ $? -eq "$status" ] || {
		cat "$work/err"
		return 1
	}
}
said() { grep -qE -- "$1" "$work/err" || { cat "$work/err"; return 1; }; }

three=+net_admin,+net_raw,+bpf
check 'three capabilities: status 4' run_in 4 : setpriv --bounding-set=-all,$three --inh-caps=-all "${run[@]}"
check 'three capabilities: the missing ones are named' said 'capabilities missing: CAP_PERFMON(, CAP_IPC_LOCK)?;'
check 'three capabilities: so is the command' said 'setcap cap_net_admin,.*cap_perfmon'
check 'no capability: status 4' run_in 4 : setpriv --bounding-set=-all --inh-caps=-all "${run[@]}"
read_only='umount -l /sys/fs/bpf 2>/dev/null; mount -t tmpfs none /sys/fs && mount -o remount,ro /sys/fs'
check 'read-only /sys: status 4' run_in 4 "$read_only" "${run[@]}"
check 'read-only /sys: the cause is named' said 'no BPF file system is mounted at /sys/fs/bpf'
check 'read-only /sys: so is the command' said 'mount -t bpf bpf /sys/fs/bpf'
check 'pin directory elsewhere, but no bpffs: rejected' run_in 2 "$read_only" "${run[@]}" --pin "$work/nowhere"
check 'pin directory elsewhere, but no bpffs: said' said 'must be in a BPF file system.*mount -t bpf bpf'
check 'a user namespace: status 4' run_in 4 : unshare -Ur "${run[@]}"
check 'a user namespace: it is named' said 'is in a user namespace'
writable_run='mount -t tmpfs none /run'
bpffs='mount -t bpf bpf /sys/fs/bpf'
check 'no capability to mount: status 4' run_in 4 "$writable_run; mount -t tmpfs none /sys/fs && mkdir /sys/fs/bpf" \
	setpriv --bounding-set=-all,$three,+perfmon,+ipc_lock --inh-caps=-all "${run[@]}"
check 'no capability to mount: the mount is named' said 'mount -t bpf bpf /sys/fs/bpf .*docker run -v /sys/fs/bpf'
check 'read-only BPF file system: status 4' run_in 4 "$writable_run; $bpffs -o ro" "${run[@]}"
check 'read-only BPF file system: said' said 'Read-only file system; the BPF file system .*mount -o remount,rw'

# The default control.dir is used, as in a container.
plain=("$weft" run -i eth0 --mode tap --workers 1 --max-memory 64)
user=(setpriv --reuid=65534 --regid=65534 --clear-groups
	--inh-caps=-all,$three,+perfmon,+ipc_lock --ambient-caps=-all,$three,+perfmon,+ipc_lock)
check 'read-only /run: status 4' run_in 4 "$bpffs; $writable_run -o ro" "${plain[@]}"
check 'read-only /run: the mount and the key are named' \
	said '/run/weft: Read-only file system; .*--set control.dir=DIR, .*--tmpfs /run/weft'
check 'a user and the /run of root: status 4' run_in 4 "$bpffs; $writable_run -o mode=0755" "${user[@]}" "${plain[@]}"
check 'a user and the /run of root: the key is named' said '/run/weft: Permission denied; .*control.dir=DIR'
check 'a user and the BPF file system of root: status 4' run_in 4 \
	"$bpffs -o mode=0700; $writable_run -o mode=0777" "${user[@]}" "${plain[@]}"
check 'a user and the BPF file system of root: the option is named' \
	said 'Permission denied; .* --pin: .*chown USER .*CAP_DAC_OVERRIDE'

none=0000000000000000 net_admin=0000000000001000
has_no_capability() { [ "$(sed -n 's/^Cap\(Eff\|Prm\|Amb\):\t//p' "/proc/$1/task/"*/status | sort -u)" = $none ]; }

# captures SETUP COMMAND...: the agent that COMMAND starts after SETUP answers, and has no
# capability.
captures() {
	local setup=$1 pid status
	shift
	rm -rf "$work/control"
	install -d -m 777 "$work/control" "$work/bpf"
	background pid ip netns exec "$ns_b" unshare -m bash -c "$setup
mount -t bpf bpf $work/bpf -o mode=0777"'
exec "$@"' - "$@" --pin "$work/bpf/weft" 2>"$work/err"
	agent_iface=eth0
	wait_until 100 agent_stats && has_no_capability "$pid"
	status=$?
	kill "$pid"
	wait "$pid" || status=1
	[ $status -eq 0 ] || {
		cat "$work/err"
		return 1
	}
}
check 'bpffs elsewhere, named with --pin: captures' captures "$read_only" "${run[@]}"
five=$three,+perfmon,+ipc_lock
check 'a user with the five capabilities captures' captures : setpriv --reuid=65534 --regid=65534 \
	--clear-groups --inh-caps=-all,$five --ambient-caps=-all,$five "${run[@]}"
# ---- what is given up after the start ----

control=(--set "control.dir=$work/control")
nobody=$(id -u nobody) nogroup=$(id -g nobody)
getent passwd weft >/dev/null && nobody=$(id -u weft) nogroup=$(id -g weft)

# are PID UID GID CAPABILITIES SECCOMP: all threads of the process have these properties.
are() {
	local task got want="Uid:$2,$2,$2,$2 Gid:$3,$3,$3,$3 CapInh:$none CapPrm:$4 CapEff:$4 CapBnd:$none CapAmb:$none NoNewPrivs:1 Seccomp:$5"
	for task in "/proc/$1/task/"*; do
		got=$(sed -nE 's/^((Uid|Gid|Cap...|NoNewPrivs|Seccomp):)\t/\1/p' "$task/status" | sed 's/\t/,/g' | paste -sd' ')
		[ "$got" = "$want" ] || {
			printf '%s: %s\nexpected: %s\n' "$(cat "$task/comm")" "$got" "$want"
			return 1
		}
	done
}
# has_threads PID: the threads of a running agent have started.
has_threads() { [ "$(cat "/proc/$1/task/"*/comm | grep -c '^weft-')" -ge 3 ]; }
# has_nice NAME VALUE: all threads of the agent that are called NAME have this nice value.
has_nice() { [ "$(cat "/proc/$agent_pid/task/"*/stat | awk -v name="$1" 'index($2, "(" name) == 1 { print $19 }' | sort -u)" -eq "$2" ]; }
# An agent that is started with another priority than the default one keeps it.
nice=$(nice)
if [ "$nice" -eq 0 ]; then worker_nice=-10; else worker_nice=$nice; fi
if [ "$nice" -gt 9 ]; then serve_nice=19; else serve_nice=$((nice + 10)); fi
# nothing_left: no pin, control socket, program or filter is left.
nothing_left() {
	[ ! -e "$work/control/eth0.sock" ] && ! agent_pins | grep . &&
		! ip -n "$ns_b" link show eth0 | grep -w xdp &&
		! { in_b tc qdisc show dev eth0; in_b tc filter show dev eth0 egress; } | grep -E 'clsact|weft'
}
agent_pins() { nsenter -t "$holder_pid" -m -- find /sys/fs/bpf/weft -mindepth 1 2>/dev/null; }

# start MODE ARGS...: an agent in a mount namespace that stays, so that left pins are found.
start() {
	local mode=$1
	shift
	background agent_pid nsenter -t "$holder_pid" -n -m -- "$weft" run -i eth0 --mode "$mode" --workers 2 \
		--max-memory 64 --checksum ignore --set "agent.state_dir=$(mktemp -u "$work/state.XXXXXX")" "${control[@]}" "$@" 2>"$work/agent.err"
	agent_iface=eth0
	wait_until 100 agent_stats && return
	cat "$work/agent.err"
	return 1
}
# works: all payload is delivered, and filter and verdicts are changed, without privileges.
works() {
	in_a python3 "$root/tests/integration/overload.py" eth0 5 100 200,0.1 && wait_until 50 whole 10000 &&
		"$weft" flow shunt -i eth0 "${control[@]}" 10.9.0.1 1024 10.8.0.1 80 &&
		"$weft" flows --all -i eth0 "${control[@]}" | grep shunt &&
		"$weft" filter -i eth0 "${control[@]}" --set filter.ports=80,443 --set filter.deny=10.99.0.0/16 &&
		"$weft" filter -i eth0 "${control[@]}" --clear
}
whole() { [ "$(agent_metric payload_delivered_bytes)" -eq "$1" ]; }

# `ip netns exec` makes its mount namespace some time after its start.
# shellcheck disable=SC2016
background holder_pid ip netns exec "$ns_b" bash -c 'touch "$0" && exec sleep 3600' "$work/held"
wait_until 100 test -e "$work/held" || exit 1
nsenter -t "$holder_pid" -n -m -- mount -t bpf bpf /sys/fs/bpf -o mode=0700 || exit 1
rm -rf "$work/control"

check 'tap mode: starts' start tap --streams "$work/tap" --events "$work/tap.json"
check 'tap mode: threads run' wait_until 50 has_threads "$agent_pid"
check 'tap mode: no thread has privileges' are "$agent_pid" "$nobody" "$nogroup" $none 2
check 'tap mode: workers run before other programs' has_nice weft-worker "$worker_nice"
check 'tap mode: clients are served after other programs' has_nice weft-serve "$serve_nice"
check 'tap mode: works all the same' works
check_weft 'tap mode: a filter may name a port' 0 . filter -i eth0 "${control[@]}" tcp port http
check_weft 'tap mode: the name of a host is not resolved' 2 'nosuch.invalid' filter -i eth0 "${control[@]}" host nosuch.invalid
check 'tap mode: the agent goes on' "$weft" filter -i eth0 "${control[@]}" --clear
check 'tap mode: still no thread has privileges' are "$agent_pid" "$nobody" "$nogroup" $none 2
check 'tap mode: the statistics have the privileges' bash -c "
	'$weft' stats -i eth0 --set control.dir='$work/control' --json | tee /dev/stderr | jq -e '.privileges |
		.uid == $nobody and .capabilities == [] and .no_new_privs and .seccomp and .kept == []'"
check 'tap mode: ends with status 0' agent_stop
check 'tap mode: nothing is left' nothing_left
check 'tap mode: 20 streams have 500 bytes' test "$(find "$work/tap" -type f -size 500c | wc -l)" -eq 20
check 'tap mode: the user owns its outputs' test "$(stat -c %u "$work/tap" "$work/tap.json" | sort -u)" = "$nobody"
# The user as which weft ran could not remove /sys/fs/bpf/weft, and root without CAP_DAC_OVERRIDE
# may not enter this directory.
left_dir_is_replaced() {
	nsenter -t "$holder_pid" -m -- stat -c %u /sys/fs/bpf/weft | grep -x "$nobody" &&
		nsenter -t "$holder_pid" -n -m -- setpriv --bounding-set=-all,$five --inh-caps=-all \
			"$weft" run -i eth0 --duration 1s --max-memory 64M --set control.dir="$work/few"
}
check 'tap mode: the pin directory of another user is replaced' left_dir_is_replaced

check 'host mode: starts' start host
check 'host mode: threads run' wait_until 50 has_threads "$agent_pid"
if grep -q 'by tc filters' "$work/agent.err"; then kept=$net_admin; else kept=$none; fi
check 'host mode: no thread has privileges that it does not need' are "$agent_pid" "$nobody" "$nogroup" $kept 2
check 'host mode: workers run beside other programs' has_nice weft-worker "$nice"
check 'host mode: clients are served after other programs' has_nice weft-serve "$serve_nice"
check 'host mode: works all the same' works
kill -9 "$agent_pid"
wait "$agent_pid" 2>/dev/null
check 'host mode: starts after kill -9' start host --set capture.tc_attach=filter
check 'tc filters: CAP_NET_ADMIN is kept' are "$agent_pid" "$nobody" "$nogroup" $net_admin 2
check 'tc filters: the message names CAP_NET_ADMIN' grep 'not given up: CAP_NET_ADMIN: .*tc filters' "$work/agent.err"
check 'tc filters: weft health shows it' bash -c "
	'$weft' health -i eth0 --set control.dir='$work/control' | tee /dev/stderr | grep 'not given up: CAP_NET_ADMIN: '"
check 'tc filters: works all the same' works
check 'tc filters: ends with status 0' agent_stop
check 'tc filters: nothing is left' nothing_left

check 'control directory of another user: starts' start tap --set agent.user=root
check 'control directory of another user: it is said' wait_until 20 grep "can't remove the control socket" "$work/agent.err"
agent_stop
rm -r "$work/control"
check 'user root: starts' start tap --set agent.user=root --set agent.seccomp=false
check 'user root: has no capability' are "$agent_pid" 0 0 $none 0
check 'user root: the message names the user' grep 'not given up: user root: agent.user is root' "$work/agent.err"
check 'user root: the message names the missing seccomp filter' grep 'not given up: system calls: agent.seccomp is off' "$work/agent.err"
check 'user root: ends with status 0' agent_stop
check 'user root: nothing is left' nothing_left

# The user as which weft ran could replace the pin directory by a link to the pins of another
# program.
nsenter -t "$holder_pid" -m -- bash -c 'mkdir -p /sys/fs/bpf/other /sys/fs/bpf/weft && ln -s ../other /sys/fs/bpf/weft/eth0'
check 'a link instead of the pin directory: does not start' bash -c "
	! timeout 20 nsenter -t $holder_pid -n -m -- '$weft' run -i eth0 --mode tap --set control.dir='$work/control' 2>'$work/err'"
check 'a link instead of the pin directory: said' said "can't create the directory /sys/fs/bpf/weft/eth0: "
nsenter -t "$holder_pid" -m -- rm /sys/fs/bpf/weft/eth0

mkdir "$work/mine"
check 'directory of root: starts' start tap --streams "$work/mine"
check 'directory of root: stays root without capabilities' are "$agent_pid" 0 0 $none 2
check 'directory of root: the command is said' grep "warning: .*chown [a-z]* $work/mine" "$work/agent.err"
check 'directory of root: works' works
check 'directory of root: ends with status 0' agent_stop
check 'directory of root: 20 streams have 500 bytes' test "$(find "$work/mine" -type f -size 500c | wc -l)" -eq 20
check 'directory of root, user named: status 4' run_in 4 : "${run[@]}" --set agent.user=nobody --streams "$work/mine" --append
check 'directory of root, user named: said' said "the user 'nobody' may not write to $work/mine; .*chown nobody"
check 'unknown user: status 2' run_in 2 : "${run[@]}" --set agent.user=nosuchuser
check 'unknown user: said' said "agent.user: there is no user 'nosuchuser'"
check 'unknown group: status 2' run_in 2 : "${run[@]}" --set agent.group=nosuchgroup
check 'another user, not by root: status 4' run_in 4 : "${user[@]}" "${run[@]}" --set agent.user=daemon
check 'another user, not by root: said' said "can't become 'daemon'"
few=(setpriv --bounding-set=-all,$five --inh-caps=-all)
check 'root without CAP_SETUID: captures' captures : "${few[@]}" "${run[@]}"
check 'root without CAP_SETUID: stays root, it is said' said 'not given up: user root: CAP_SETUID'
check 'root without CAP_SETUID, user named: status 4' run_in 4 : "${few[@]}" "${run[@]}" --set agent.user=nobody
check 'doctor names the user' bash -c "'$weft' doctor | tee /dev/stderr | grep -E '(OK|WARN).* +privileges +after the start: user (weft|nobody), '"

# ---- replay ----

mkfifo "$work/pipe"
# replays UID ARGS...: weft replay waits for a pipe and has no privileges; then it reads a capture
# from the pipe.
replays() {
	local uid=$1 pid
	shift
	rm -rf "$work/replayed"
	exec 9<>"$work/pipe"
	background pid "$weft" replay "$work/pipe" --streams "$work/replayed" "$@" 2>"$work/err" 9>&-
	wait_until 50 has_filter "$pid" && are "$pid" "$uid" "$(id -g "$uid")" $none 2
	local status=$?
	cat "$own_corpus/captures/data/hole-never-captured.pcap" >&9
	exec 9>&-
	wait "$pid" || status=1
	[ "$(cat "$work/replayed/"* | wc -c)" -eq 500 ] && [ $status -eq 0 ] || {
		cat "$work/err"
		return 1
	}
}
has_filter() { grep -q 'Seccomp:.*2' "/proc/$1/status"; }
check 'replay by root: no capability' replays 0
check 'replay as another user' replays "$(id -u nobody)" --set agent.user=nobody
finish
