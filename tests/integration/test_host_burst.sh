#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_host_burst.sh - a burst of 101 downloads, up to 20 at a time, one of them 60 MB long, while
# another process keeps one CPU busy. Host mode captures every download whole, loses nothing and
# sheds nothing. BURST_ROUNDS: number of bursts, each with a new agent (default 2).
#
# Alone: the test requires that nothing is lost while one processor is busy.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web.sh"
need_root
need_weft
rounds=${BURST_ROUNDS:-2}
smalls=100

# Print the names of all files, one per line.
names() {
	echo large
	seq -f 'small-%g' "$smalls"
}

# burst: download all files, up to 20 at a time, each over its own connection. $work/burst gets a
# line for each download: name, client port, header length.
burst() {
	rm -rf "$work/got" && mkdir "$work/got"
	names | sed "s|.*|url = \"http://$ip_a/&\"\noutput = \"$work/got/&\"|" >"$work/curl.conf"
	in_b curl -sS --parallel --parallel-max 20 -H 'Connection: close' -K "$work/curl.conf" \
		-w '%{filename_effective} %{local_port} %{size_header}\n' >"$work/burst"
}

# whole STREAMS: after as many bytes as the header has, each stream of the server is the file.
whole() {
	local path port header right=0
	while read -r path port header; do
		cmp -s "$path" "$web_root/${path##*/}" || echo "${path##*/}: curl has other bytes"
		tail -c +$((header + 1)) "$1/$ip_a.80-$ip_b.$port" 2>/dev/null |
			cmp - "$web_root/${path##*/}" && right=$((right + 1))
	done <"$work/burst"
	echo "$right of $((smalls + 1)) right"
	cat "$work/agent.err"
	[ "$right" -eq $((smalls + 1)) ]
}

nothing_left_out() {
	agent_stats --json >"$work/stats" &&
		jq -e '[.metrics | .kernel_ring_full_frames, .kernel_failed_frames, .kernel_shed_frames,
			.shed_rises | .value] | tostring | debug | . == "[0,0,0,0]"' "$work/stats"
}

one_round() {
	local streams=$work/streams
	rm -rf "$streams"
	agent_start "$ns_a" eth0 --mode host --streams "$streams" || return 1
	burst || return 1
	nothing_left_out || return 1
	agent_stop || return 1
	whole "$streams" && ledgers_close
}

make_pair 1 || exit 1
check 'web server' web_start || finish
web_file large 60000000
names | tail -n +2 | while read -r name; do web_file "$name" $((RANDOM % 4096 + 1)); done
background busy_pid taskset -c 0 sh -c 'while :; do :; done'
for ((round = 1; round <= rounds; round++)); do
	check "burst $round: all $((smalls + 1)) downloads are whole, nothing is lost or shed" one_round
done
finish
