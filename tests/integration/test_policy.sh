#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_policy.sh - the policy of an agent that has given up its privileges: commands and HTTP change
# it as a whole or not at all, the kernel's maps and new connections use it, earlier versions can be
# restored, a restart keeps it, and weft reload and SIGHUP apply a changed configuration.
. "$(dirname "$0")/lib.sh"
need_root
need_weft

policy() { "$weft" policy -i eth0 --set "control.dir=$work/control" "$@"; }
reload() { "$weft" reload -i eth0 --set "control.dir=$work/control" "$@"; }
# says STATUS PATTERN COMMAND...: COMMAND exits with STATUS, and a line of its output matches PATTERN.
says() {
	local got
	"${@:3}" >"$work/said" 2>&1
	got=$?
	cat "$work/said"
	[ "$got" = "$1" ] && grep -qxE -- "$2" "$work/said" && return
	echo "status $got, expected $1 and /$2/"
	return 1
}
# has JQ-FILTER: the policy in use satisfies the filter.
has() { policy -q show --json | tee "$work/has" | jq -e "$1" >/dev/null || { cat "$work/has"; return 1; }; }
ports() { printf '{"filter": {"ports": [%s]}}' "$1"; }
kernel_word() { agent_exec bpftool -j map dump pinned /sys/fs/bpf/weft/eth0/filter | jq ".[0].formatted.value.word"; }

cat >"$work/weft.conf" <<-END
	filter:
	  ports: [80]
	reassembly:
	  depth_bytes: 1000
END
chmod 644 "$work/weft.conf"
chmod 755 "$work"
NO_IPV6=1 make_pair 1 || exit 1
start() { agent_start "$ns_a" eth0 --config "$work/weft.conf" --mode host --workers 1 --listen 127.0.0.1:0 --streams "$work/streams-$1"; }
check 'an agent starts' start 1
port=$(sed -nE 's|.*http://127\.0\.0\.1:([0-9]+)/.*|\1|p' "$work/agent.err")
token="Authorization: Bearer $(cat "$work/control/eth0.token")"

# ---- commands ----

check 'version 1 is the policy of the configuration' has '.version == 1 and .by == "configuration" and .policy.filter.ports == [80] and .policy.reassembly.depth_bytes == 1000'
word=$(kernel_word)
check 'a policy is set' eval 'ports "81, 82" | says 0 v2 policy set -'
check 'a key that is missing has its default' has '.policy.filter.ports == [81, 82] and .policy.reassembly.depth_bytes == 0'
check 'the maps of the kernel have changed' [ "$(kernel_word)" != "$word" ]
check 'an error names place and reason' eval 'ports "81, 70000" | says 2 "weft: policy: standard input: filter.ports\[1\]: .70000.: expected .*" policy set -'
check 'a wrong expression names the reason' eval \
	'echo "{\"filter\": {\"expression\": \"tcp prot 80\"}}" | says 2 ".*filter.expression: .*syntax error" policy set -'
check 'a text that is not JSON is rejected' eval 'echo "{" | says 2 ".*line 2, column 0: not JSON: .*" policy set -'
check 'a missing file: status 3' says 3 '.*No such file.*' policy set "$work/none"
check 'rejected policies change nothing' has '.version == 2'
check 'a check changes nothing' eval 'ports 5 | says 0 " *\"depth_bytes\": 0" policy --check set -; has ".version == 2"'
check 'the difference of two versions is printed' says 0 'filter.ports: \[80\] -> \[81,82\]' policy diff 1 2
check 'the difference between the policy and a file is printed' eval 'ports 9 >"$work/file"; says 0 "filter.ports: \[81,82\] -> \[9\]" policy diff "$work/file"'
check '--if-version with another version: a conflict' says 1 'weft: policy: conflict: the present version is 2, not 1.*' policy --if-version 1 rollback 1
check 'weft policy rollback restores version 1' says 0 v3 policy rollback 1
check 'the policy is that of version 1' has '.version == 3 and .by == "weft policy rollback" and .policy.filter.ports == [80]'
check 'rollback to an unknown version fails' says 3 "weft: policy: the history has no version 99; 'weft policy history' lists the versions" policy rollback 99
check 'an earlier version is shown' eval 'policy -q show v2 | jq -e ".filter.ports == [81, 82]"'
check 'an unknown version is not shown: status 3' says 3 '.*the history has no version 99.*' policy show 99
check 'a directory instead of a file: status 3' says 3 '.*: Is a directory' policy set "$work"
check 'the history has no blanks at the end of lines' eval 'policy history | tee "$work/history" && ! grep " $" "$work/history" && grep -qE "^v3 .*  filter.ports, reassembly.depth_bytes$" "$work/history"'
check 'if the editor fails, weft policy edit gives up, status 1' eval 'EDITOR=false says 1 ".*the edit was given up, nothing was changed" policy edit'
check 'weft policy edit sets the edited policy' eval 'EDITOR="sed -i s/1000/2000/" says 0 v4 policy edit && has ".policy.reassembly.depth_bytes == 2000"'
check 'weft policy edit without a change makes no version' eval 'EDITOR=true says 0 ".*nothing was changed" policy edit'
check 'weft policy edit with an error keeps the text' eval \
	'EDITOR="sed -i s/2000/-1/" says 2 ".*your text is kept in .*" policy edit && rm "$(sed -n "s/.*kept in //p" "$work/said")"'
check 'weft filter changes the same policy' eval \
	'"$weft" filter -i eth0 --set "control.dir=$work/control" --set filter.ports=80,443 &&
		has ".version == 5 and .by == \"weft filter\" and .policy.filter.ports == [80, 443] and .policy.reassembly.depth_bytes == 2000"'
check 'the state store has the policy, for watches' eval \
	'"$weft" state -i eth0 --set "control.dir=$work/control" get policy/current | jq -e ".version == 5"'
check 'the state store rejects a change of the policy' says 2 '.*policy/current: only weft policy .*' \
	"$weft" state -i eth0 --set "control.dir=$work/control" set policy/current 5
check 'the history is newest first' eval '[ "$(policy --json history | jq -r ".versions[].version" | tr "\n" " ")" = "5 4 3 2 1 " ]'

# ---- HTTP ----

check 'HTTP: the policy is read without the token' http 200 '.version == 5 and .policy.filter.ports == [80, 443]' GET /api/v1/policy
check 'HTTP: the history is read without the token' http 200 '.versions | length == 5 and (.[4].by == "configuration")' GET /api/v1/policy/history
check 'HTTP: a change without the token: 401' http 401 .error PUT /api/v1/policy -d '{}'
check 'HTTP: If-Match with another version: 409' http 409 '.error | test("conflict")' PUT /api/v1/policy -H "$token" -H 'If-Match: 4' -d '{}'
check 'HTTP: a policy that is not valid: 422 with the place' http 422 '.error | test("^filter.sample: ")' PUT /api/v1/policy -H "$token" -d '{"filter": {"sample": 7}}'
check 'HTTP: not JSON: 400' http 400 .error PUT /api/v1/policy -H "$token" -d '{'
check 'HTTP: PUT sets the policy' http 200 '.version == 6 and .by == "http"' PUT /api/v1/policy -H "$token" -H 'If-Match: "5"' -d "$(ports 7)"
check 'HTTP: rollback to an unknown version: 404' http 404 .error POST /api/v1/policy/rollback -H "$token" -d '{"version": 99}'
check 'HTTP: rollback without a version: 422' http 422 .error POST /api/v1/policy/rollback -H "$token" -d '{}'
check 'HTTP: rollback without the token: 401' http 401 .error POST /api/v1/policy/rollback -d '{"version": 1}'
check 'HTTP: rollback restores version 1' http 200 '.version == 7 and .policy.filter.ports == [80]' POST /api/v1/policy/rollback -H "$token" -d '{"version": 1}'
check 'the metrics of the policy are right and valid' eval 'in_a curl -s "http://127.0.0.1:$port/metrics" | tee "$work/metrics" | grep -x "weft_policy_version 7" &&
	grep -x "weft_policy_changes_total 6" "$work/metrics" && promtool check metrics <"$work/metrics"'

# ---- privileges ----

is_dropped() {
	local status
	for status in /proc/"$agent_pid"/task/*/status; do
		awk '$1 ~ /^(Uid|CapEff|CapPrm|NoNewPrivs|Seccomp):/ { print $1 $2 }' "$status" | tr '\n' ' '
	done | tee "$work/threads" | grep -qv 'Uid:0 ' && ! grep -qE 'Cap(Eff|Prm):0*[1-9a-f]|Seccomp:[01] |NoNewPrivs:0' "$work/threads"
}
check 'no thread has privileges' is_dropped
# The network namespace of the agent is not that of process 1. The agent must find this out,
# although it may not read /proc/1/ns/net.
check 'the name of the file has the number of the namespace' [ -e "$work/state/policy-eth0@$(in_a stat -L -c %i /proc/self/ns/net).json" ]
check 'the file of the policy belongs to another user than root' [ "$(stat -c %u "$work"/state/policy-eth0*.json)" != 0 ]

# ---- traffic ----

serve() { exec ip netns exec "$ns_a" python3 -m http.server -d "$work" "$1" >/dev/null 2>&1; }
head -c 5000 /dev/zero >"$work/zeros"
for tcp_port in 8001 8002 8003; do background serve_pid serve $tcp_port; done
get() { wait_until 50 in_b curl -sf -o /dev/null "http://$ip_a:$1/zeros"; }
# stream_bytes PORT: print the number of delivered bytes of the latest response from PORT.
stream_bytes() { cat "$(ls -t "$work"/streams-1/"$ip_a.$1"-* | head -1)" | wc -c; }
is_shunted() { "$weft" flows -i eth0 --set "control.dir=$work/control" --json 'port 8002' | grep -q shunt; }
check 'a depth applies to new connections' eval 'echo "{\"reassembly\": {\"depth_bytes\": 300}}" | policy set - && get 8001 && wait_until 50 eval "[ \"\$(stream_bytes 8001)\" = 300 ]"'
check 'a verdict by prefix applies to new connections' eval 'echo "{\"filter\": {\"verdict_by_prefix\": {\"$ip_b/32\": \"shunt\"}}}" | policy set - && get 8002 &&
	wait_until 50 is_shunted && ! ls "$work"/streams-1/*8002*'
check 'without depth and verdict, all bytes are delivered' eval 'policy rollback 7 && echo "{}" | policy set - && get 8003 && wait_until 50 eval "[ \"\$(stream_bytes 8003)\" -gt 5000 ]"'

# ---- restart, reload ----

check 'a policy is set before the restart' eval 'ports 1234 | policy set -; has ".version == 12"'
check 'the agent ends' agent_stop
check 'the ledgers of the agent close' ledgers_close
check 'the agent starts again' start 2
check 'the restarted agent has the stored policy' has '.version == 12 and .policy.filter.ports == [1234]'
check 'the restarted agent reports the stored policy' grep -q "policy: version 12 is in use, which 'weft policy set' set.*--from-config" "$work/agent.err"
check 'a reload says that the policy is not that of the file' says 0 'version 12 of the policy is in use, not .*--from-config.*' reload
check 'set --from-config returns to the policy of the configuration' eval 'policy set --from-config && has ".version == 13 and .policy.filter.ports == [80]"'
check 'a reload without changes reports that nothing has changed' says 0 'nothing has changed' reload
check 'that reload reports no other policy' eval '! grep "in use" "$work/said"'
sed -i 's/\[80\]/[80, 90]/' "$work/weft.conf"
check 'a reload reports the changed key' says 0 'changed: filter.ports' reload
check 'after the reload, the policy is that of the file' has '.version == 14 and .by == "weft reload" and .policy.filter.ports == [80, 90]'
sed -i 's/\[80, 90\]/[80, 91]/' "$work/weft.conf"
echo 'delivery: {queue_bytes: 16777216}' >>"$work/weft.conf"
check 'a reload reports a key that can not change' says 1 ".*delivery.queue_bytes can't change while weft runs: queues are made.*" reload
check 'a reload with a rejected key changes nothing' has '.version == 14'
echo 'delivery: [' >>"$work/weft.conf"
check 'a reload of a file with an error fails' says 2 '.*nothing is changed: .*weft.conf.*' reload
sed -i '/delivery/d' "$work/weft.conf"
chmod 600 "$work/weft.conf"
check 'a reload of a file that the user of the agent may not read fails, and names file and user' \
	says 1 "weft: reload: nothing is changed: $work/weft.conf: Permission denied; the agent runs as the user nobody, .*" reload
chmod 644 "$work/weft.conf"
echo 'filter: {ports: [5]}' >"$work/other.conf"
check 'weft reload has no keys of its own' says 2 '.*--set filter.ports=5: only control.dir can be set here.*' reload --set filter.ports=5
check 'weft reload has no configuration file of its own' says 2 '.*other.conf: sets no control.dir.*the agent reads the file that it was started with' \
	"$weft" reload -i eth0 --config "$work/other.conf"
kill -HUP "$agent_pid"
check 'SIGHUP reloads the configuration' wait_until 50 has '.version == 15 and .by == "SIGHUP" and .policy.filter.ports == [80, 91]'
echo 'capture: {ring_frames: 4096}' >>"$work/weft.conf"
kill -HUP "$agent_pid"
check 'SIGHUP reports a key that can not change' wait_until 50 grep -q "capture.ring_frames can't change" "$work/agent.err"
sed -i '/capture/d' "$work/weft.conf"

# ---- a start that fails ----

stored() { cat "$work"/state/policy-eth0*.json; }
# fails_unstored STATUS PATTERN OPTION...: a start with another policy fails with STATUS and PATTERN;
# the stored policy is the same as before, and no line says that another one is in use.
fails_unstored() {
	stored >"$work/before"
	says "$1" "$2" in_a timeout 60 "$weft" run -i eth0 --config "$work/weft.conf" --set "control.dir=$work/control" \
		--set "agent.state_dir=$work/state" --set filter.ports=7777 "${@:3}" || return 1
	stored | cmp "$work/before" - && ! grep 'policy of the configuration' "$work/said"
}
check 'a start beside a running agent fails, and does not store its policy' fails_unstored 4 '.*another agent.*'
check 'the policy of the running agent is unchanged' has '.version == 15'

# ---- a file that can't be written or read ----

mkdir "$work/state/$(basename "$work"/state/policy-eth0*.json).new"
check 'setting a policy that can not be stored fails' eval 'ports 5 | says 1 ".*not stored in agent.state_dir.*" policy set -'
check 'a policy that could not be stored is not used' has '.version == 15 and .policy.filter.ports == [80, 91]'
rmdir "$work"/state/*.new
check 'the agent ends' agent_stop
check 'a start without the directory of its events fails, and does not store its policy' fails_unstored 1 '.*none.*' --events "$work/none/eve.json"
sed -i 's/"version": 15/"version": 16/' "$work"/state/policy-eth0*.json
check 'the agent starts with a damaged file' start 3
check 'the damaged file is reported' grep -q 'is damaged (its hash or its form is wrong) and is not used' "$work/agent.err"
check 'after damage, the policy is that of the configuration' has '.version == 1 and .policy.filter.ports == [80, 91]'
check 'the agent ends' agent_stop
finish
