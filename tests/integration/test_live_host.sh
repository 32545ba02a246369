#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_live_host.sh - captures the traffic of a busy web server in host mode on its own interface:
# one large and many short downloads at once, over 4 queues with 2 workers. Every stream is exact,
# and every frame and byte is counted. A second, smaller run delivers data only after it is
# acknowledged. WEFT_LIVE_MB: size of the large download.
#
# Alone: the test sends as fast as the machine can.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web.sh"
need_root
need_weft
megabytes=${WEFT_LIVE_MB:-1024}

make_pair 4 || exit 1
check 'web server' web_start || finish
for ((i = 1; i <= 200; i++)); do web_file "short-$i" $((RANDOM + 1)); done

# downloads MEGABYTES SHORT: a large download and SHORT short ones at once; each is one connection.
downloads() {
	local large_pid
	rm -f "$work"/got/*
	web_file large $(($1 << 20))
	web_get large &
	large_pid=$!
	web_get_many "$2" short
	wait "$large_pid"
}

# all_captured: no frame was lost because a worker's ring was full.
all_captured() { [ "$(agent_metric worker_ring_full_frames)" = 0 ]; }

# Every byte must be captured at a rate that this machine can process. If a ring was full, weft must
# report and count this, and the downloads are repeated at a lower rate.
for web_rate in '' 100M 25M 8M; do
	check "agent starts in host mode${web_rate:+, again for $web_rate bytes/s}" \
		agent_start "$ns_a" eth0 --mode host --workers 2 --max-memory 1G \
		--set capture.ring_frames=16384 --set delivery.queue_bytes=64M \
		--streams "$work/streams" --events "$work/events" || finish
	downloads "$megabytes" 200
	all_captured || [ "$web_rate" = 8M ] && break
	check 'agent that lost frames ends with status 0' agent_stop
	check 'agent that lost frames reports them' grep -E '[0-9,]+ ring full' "$work/agent.err"
	check 'agent that lost frames: all ledgers close' ledgers_close
	rm -rf "$work/streams" "$work/events"
	[ "$megabytes" -le 200 ] || megabytes=200
done
check 'a message names host mode, and queues or workers' grep -E 'host.*(queue|worker)' "$work/agent.err"

check 'the host keeps its connectivity meanwhile' in_b curl -sf "http://$ip_a/ready"
check 'flows are readable with bpftool' bash -c "
	nsenter -t $agent_pid -n -m -- env PATH=\$PATH:/usr/sbin \
		bpftool map dump pinned /sys/fs/bpf/weft/eth0/flows | grep -q packets"
# Received frames are counted when the workers process them.
check 'stats show what is captured' wait_until 300 bash -c "
	'$weft' stats --json -i eth0 --set control.dir='$work/control' |
		jq -e '.metrics.payload_delivered_bytes.value > $((megabytes << 20))'"
check 'a second agent on the interface is refused' bash -c "
	! ip netns exec $ns_a '$weft' run -i eth0 --mode host --set control.dir='$work/control' 2>'$work/err' &&
		grep -qx 'weft: capture: another agent (process $agent_pid) already captures from eth0; stop it first' '$work/err'"

check 'agent ends with status 0' agent_stop
check "1 download of $megabytes MiB and 200 short ones: every byte right" \
	web_compare "$work/streams" 201
check 'all ledgers close' ledgers_close
check 'no gap' bash -c "! grep -q '\"event_type\":\"gap\"' '$work/events'"
check 'a flow record for each connection' bash -c "
	[ \$(grep -c '\"event_type\":\"flow\"' '$work/events') -ge 201 ]"
check 'no device, XDP program or control socket is left' bash -c "
	[ \$(ip -n $ns_a -o link | grep -cvE ' (lo|eth0)[:@]') -eq 0 ] &&
		! ip -n $ns_a link show eth0 | grep -q xdp && [ ! -e '$work/control/eth0.sock' ]"
check 'the interface carries traffic' in_b curl -sf "http://$ip_a/ready"

check 'acked: agent starts in host mode' agent_start "$ns_a" eth0 --mode host --workers 2 \
	--max-memory 512M --set capture.ring_frames=16384 --deliver acked \
	--streams "$work/acked" --events "$work/acked.events" || finish
downloads $((megabytes / 16)) 50
check 'acked: agent ends with status 0' agent_stop
check "acked: $((megabytes / 16)) MiB and 50 short ones: every byte right" \
	web_compare "$work/acked" 51
check 'acked: all ledgers close' ledgers_close
check 'acked: no gap' bash -c "! grep -q '\"event_type\":\"gap\"' '$work/acked.events'"
finish
