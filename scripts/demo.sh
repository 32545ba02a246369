#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# demo.sh - demonstrates weft on real traffic between network namespaces. The script is part of the
# program: `weft demo` runs it with WEFT set to its own path.
#
#   [client] eth0 ────┐
#     curl            switch ──── tap0   weft in tap mode on a mirror port
#   [server] eth0 ────┘
#     web server, weft in host mode
#
# Every file that curl downloaded must be found, byte for byte, in the streams that weft extracted
# on the server, and the streams of the mirror port must be the same. The rate of the traffic
# is limited, so that slow machines can capture it. The script removes everything that it created.
# Exit status: 0 if all checks passed, 4 if something that the demo needs is missing, else 1.
set -u

weft=${WEFT:-build/weft}
big_mb=${WEFT_DEMO_MB:-50}
small_count=${WEFT_DEMO_SMALL:-200}
file_count=$((small_count + 3))
rate=${WEFT_DEMO_RATE:-16M}
link_rate=${WEFT_DEMO_LINK:-300mbit}
server=weft-demo-server-$$
client=weft-demo-client-$$
switch=weft-demo-switch-$$
server_ip=10.77.0.1
client_ip=10.77.0.2
declare -A agent_ns=([server]=$server [mirror]=$switch) agent_iface=([server]=eth0 [mirror]=tap0)
declare -A agent_pid=()
work=
pids=()
problems=0

if [ -t 1 ]; then
	bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
else
	bold='' dim='' green='' red='' plain=''
fi

cleanup() {
	trap - EXIT INT TERM
	local pid ns
	for pid in "${pids[@]}"; do
		kill "$pid" 2>/dev/null
	done
	for pid in "${pids[@]}"; do
		wait "$pid" 2>/dev/null
	done
	for ns in "$client" "$server" "$switch"; do ip netns del "$ns" 2>/dev/null; done
	[ -n "$work" ] && rm -rf "$work"
}
trap cleanup EXIT
trap 'echo; echo "demo: interrupted"; exit 1' INT TERM

die() {
	printf 'weft: demo: %s\n' "$1" >&2
	exit "${2:-1}"
}

started=$EPOCHREALTIME
step() {
	printf '\n%s%s%s %s[%.1f s]%s\n' "$bold" "$1" "$plain" "$dim" \
		"$(awk "BEGIN { print $EPOCHREALTIME - $started }")" "$plain"
}
good() { printf '  %sok%s  %s\n' "$green" "$plain" "$1"; }
bad() {
	printf '  %sNOT OK%s  %s\n' "$red" "$plain" "$1"
	problems=$((problems + 1))
}

need() {
	command -v "$1" >/dev/null || die "needs $1; install it: apt-get install $2" 4
}

# ---- namespaces ----

# plug NAME NAMESPACE IFACE: connect port NAME of the switch to IFACE in NAMESPACE.
plug() {
	ip -n "$switch" link add "$1" type veth peer name "$3" netns "$2" &&
		ip -n "$switch" link set "$1" master br0 && ip -n "$switch" link set "$1" up &&
		ip -n "$2" link set "$3" up
}

# A bridge that does not learn addresses sends each frame to all ports: tap0 gets a copy of each.
make_namespaces() {
	local ns
	for ns in "$server" "$client" "$switch"; do
		ip netns add "$ns" ||
			die 'can not make network namespaces; run it as root, outside of a container' 4
		ip netns exec "$ns" sysctl -qw net.ipv6.conf.default.disable_ipv6=1 2>/dev/null
		ip -n "$ns" link set lo up
	done
	ip -n "$switch" link add br0 type bridge ageing_time 0 mcast_snooping 0 ||
		die 'can not make a bridge' 4
	ip -n "$switch" link set br0 up
	{ plug to-server "$server" eth0 && plug to-client "$client" eth0 &&
		plug mirror "$switch" tap0; } || die 'can not make a veth pair' 4
	ip -n "$server" addr add "$server_ip/24" dev eth0
	ip -n "$client" addr add "$client_ip/24" dev eth0
	limit_bursts
}

# A veth interface with an XDP program queues 256 frames and drops further ones before any program
# sees them. On one processor the kernel alternates between 64 packets that the switch forwards and
# 64 frames from this queue, so the queue can't overflow, however slow the machine is. Hence one
# processor forwards all packets, and each packet is one frame: the server's interface splits large
# segments, after weft in host mode has seen them.
limit_bursts() {
	local port
	for port in to-server to-client; do
		ip netns exec "$switch" sh -c "echo 1 >/sys/class/net/$port/queues/rx-0/rps_cpus" 2>/dev/null
	done
	ip netns exec "$server" ethtool -K eth0 tso off >/dev/null || die 'ethtool can not switch off segmentation offload' 4
	# A rate that slow machines can capture.
	ip netns exec "$client" sysctl -qw net.ipv4.tcp_rmem='4096 131072 1000000'
	ip netns exec "$server" tc qdisc add dev eth0 root tbf rate "$link_rate" burst 130k latency 1s 2>/dev/null
}

make_files() {
	mkdir -p "$work/www" "$work/got"
	head -c "$((big_mb * 1000000))" /dev/urandom >"$work/www/big"
	head -c 5000000 /dev/urandom >"$work/www/middle"
	head -c 1 /dev/urandom >"$work/www/one-byte"
	small_files $((small_count / 2)) 700 a
	small_files $((small_count / 4)) 9000 b
	small_files $((small_count - small_count / 2 - small_count / 4)) 60000 c
}

# small_files COUNT BYTES PREFIX: make COUNT files of BYTES each, named small-PREFIX000 and so on.
small_files() {
	head -c "$(($1 * $2))" /dev/urandom | split -a 3 -d -b "$2" - "$work/www/small-$3"
}

# Start a web server in the server's namespace; sets web_name.
start_server() {
	if command -v nginx >/dev/null; then
		web_name=nginx
		cat >"$work/nginx.conf" <<-CONF
			user root;
			daemon off;
			worker_processes 1;
			pid $work/nginx.pid;
			error_log $work/nginx.log;
			events { worker_connections 1024; }
			http {
			  access_log off;
			  sendfile on;
			  client_body_temp_path $work/nginx-body;
			  proxy_temp_path $work/nginx-proxy;
			  fastcgi_temp_path $work/nginx-fastcgi;
			  uwsgi_temp_path $work/nginx-uwsgi;
			  scgi_temp_path $work/nginx-scgi;
			  server { listen 80; root $work/www; }
			}
		CONF
		ip netns exec "$server" nginx -p "$work" -c "$work/nginx.conf" 2>>"$work/nginx.log" &
	else
		web_name='python3 -m http.server'
		ip netns exec "$server" python3 -m http.server --bind "$server_ip" \
			--directory "$work/www" 80 >/dev/null 2>"$work/nginx.log" &
	fi
	pids+=($!)
	local try
	for try in {1..100}; do
		ip netns exec "$client" curl -s -o /dev/null "http://$server_ip/one-byte" && return
		sleep 0.1
	done
	cat "$work/nginx.log" >&2
	die "the web server ($web_name) did not start after $try tries"
}

# stats NAME ARGS...: print statistics of the agent NAME.
stats() {
	"$weft" stats -i "${agent_iface[$1]}" --set "control.dir=$work/control" "${@:2}"
}

# start_weft NAME MODE: start the agent NAME.
start_weft() {
	local name=$1 try
	ip netns exec "${agent_ns[$name]}" nice -n -10 "$weft" run -i "${agent_iface[$name]}" \
		--mode "$2" --streams "$work/$name" --events "$work/$name.json" \
		--set "control.dir=$work/control" --set capture.ring_frames=8192 \
		--set delivery.queue_bytes=64M 2>"$work/$name.log" &
	agent_pid[$name]=$!
	pids+=($!)
	for try in {1..300}; do
		stats "$name" >/dev/null 2>&1 && break
		kill -0 "${agent_pid[$name]}" 2>/dev/null || break
		sleep 0.1
	done
	sed 's/^weft: /  /' "$work/$name.log"
	stats "$name" >/dev/null 2>&1 || die "the agent did not start; its messages are above"
}

# ---- traffic ----

# download ARGS...: download each file over its own connection; print "name client-port
# header-bytes" for the comparison.
download() {
	ip netns exec "$client" curl -s -S --no-progress-meter --retry 3 -H 'Connection: close' \
		-w '%{filename_effective} %{local_port} %{size_header}\n' "$@" | sed 's|.*/||'
}
one_file() { download -o "$work/got/$1" "http://$server_ip/$1" "${@:2}"; }

download_small() {
	find "$work/www" -name 'small-*' -printf '%f\n' |
		sed "s|.*|url = \"http://$server_ip/&\"\noutput = \"$work/got/&\"|" >"$work/curl.conf"
	download --parallel --parallel-max 20 -K "$work/curl.conf"
}

download_all() {
	one_file big --limit-rate "$rate" >"$work/list.big" &
	one_file middle --limit-rate "$rate" >"$work/list.middle" &
	one_file one-byte >"$work/list.one-byte" &
	download_small >"$work/list.small"
	wait
	cat "$work"/list.* >"$work/list"
}

# ---- comparison ----

# is_in_stream NAME PORT HEADER: check that the stream to the client's port consists of HEADER bytes
# and the file NAME.
is_in_stream() {
	cmp -s -i "$3:0" "$work/server/$server_ip.80-$client_ip.$2" "$work/www/$1"
}

compare_files() {
	local name port header right=0 wrong=0
	diff -rq "$work/www" "$work/got" >"$work/diff" || bad 'files that curl downloaded differ from those of the server'
	while read -r name port header; do
		if is_in_stream "$name" "$port" "$header"; then
			right=$((right + 1))
		else
			wrong=$((wrong + 1))
			[ "$wrong" -le 5 ] && bad "$name (port $port): the extracted stream differs"
		fi
	done <"$work/list"
	[ "$wrong" -gt 5 ] && bad "... and $((wrong - 5)) more"
	if [ "$right" -eq "$file_count" ]; then
		good "all $right downloads, $(cat "$work"/www/* | wc -c) bytes, are in the streams of the server, byte for byte"
	else
		bad "$right of $file_count downloads found in the streams of the server"
	fi
}

streams() { find "$work/$1" -type f ! -name '.*' "${@:2}"; }

compare_modes() {
	local count dropped
	dropped=$(ip netns exec "$switch" cat /sys/class/net/mirror/statistics/tx_dropped)
	[ "$dropped" -eq 0 ] || bad "the mirror port dropped $dropped frames, which no program saw"
	count=$(streams mirror | wc -l)
	if [ "$count" -eq $((2 * file_count)) ] &&
		diff -rq -x '.*' "$work/server" "$work/mirror" >"$work/diff"; then
		good "the mirror port gave the same $count streams, byte for byte"
	else
		bad "the streams of the mirror port differ ($count files):"
		head -n 5 "$work/diff" | sed "s|$work/||g; s/^/    | /"
	fi
}

show_streams() {
	echo "  $(streams server | wc -l) files; one for each direction of each connection, the largest:"
	streams server -printf '%s %f\n' | sort -rn | head -n 3 |
		while read -r size name; do printf '  %12s  %s\n' "$size" "$name"; done
	echo '  one request:'
	grep -lE 'GET /one-byte' "$work/server/$client_ip".*-"$server_ip".80 | head -n 1 |
		xargs head -n 3 | sed 's/\r$//; s/^/    | /'
	echo '  one event:'
	grep '"event_type":"flow"' "$work/server.json" | tail -n 1 | cut -c 1-300 |
		sed 's/.*/    | & .../'
}

show_map() {
	if ! command -v bpftool >/dev/null && [ ! -x /usr/sbin/bpftool ]; then
		echo '  bpftool is not installed'
		return
	fi
	echo "  bpftool map dump pinned /sys/fs/bpf/weft/eth0/flows"
	nsenter -t "${agent_pid[server]}" -m -n -- \
		env PATH="$PATH:/usr/sbin" bpftool map dump pinned /sys/fs/bpf/weft/eth0/flows \
		>"$work/map" 2>&1
	sed '/^    },/{s/,.*/, .../;q}' "$work/map" | sed 's/^/    | /'
	grep -q packets "$work/map" || bad 'the map of flows could not be read'
}

# stop_weft NAME: stop the agent NAME, and check that each frame and byte has exactly one outcome.
stop_weft() {
	local status log=$work/$1.log
	kill -TERM "${agent_pid[$1]}"
	wait "${agent_pid[$1]}"
	status=$?
	grep 'ledger\|packets\|sink' "$log" | sed 's/^weft: /  /'
	if [ "$status" -ne 0 ]; then
		cat "$log" >&2
		bad "the agent ended with status $status"
	fi
	if grep -q 'NOT closed' "$log" || ! grep -q 'ledger payload_bytes closed' "$log"; then
		bad 'some frames or bytes have no outcome, or more than one'
	else
		good 'every frame and every byte has exactly one outcome'
	fi
}

# check_iface NAME: check that the interface of the agent NAME has no XDP program.
check_iface() {
	! ip -n "${agent_ns[$1]}" link show "${agent_iface[$1]}" | grep -q xdp
}

check_nothing_left() {
	if check_iface server && check_iface mirror &&
		[ "$(ip -n "$server" -o link show | grep -cvE ' (lo|eth0)[:@]')" -eq 0 ]; then
		good 'no XDP program is left on the interfaces, and no extra device on the server'
	else
		bad 'devices or a program of weft are left'
	fi
	if ip netns exec "$client" curl -s -o /dev/null "http://$server_ip/one-byte"; then
		good 'the interfaces still carry traffic'
	else
		bad 'the interface no longer carries traffic'
	fi
}

need ip iproute2
need curl curl
need ethtool ethtool
need nsenter util-linux
need diff diffutils
command -v nginx >/dev/null || need python3 python3
[ -x "$weft" ] || die "no program $weft; run make first"
work=$(mktemp -d /tmp/weft-demo-XXXXXX)
chmod 755 "$work"

printf '%s\n' "${bold}weft $("$weft" --version | cut -d' ' -f2) watches a web server${plain}"

step 'A client, a web server, and a switch with a mirror port'
make_namespaces
make_files
start_server
good "$web_name serves $file_count files on $server_ip"

step 'weft on the server (host mode) and on the mirror port (tap mode)'
start_weft server host
start_weft mirror tap

step "curl downloads $big_mb MB, 5 MB, 1 byte and $small_count small files, 20 at a time"
before=$EPOCHREALTIME
(download_all) # in a subshell, whose `wait` does not wait for the server
good "$(wc -l <"$work/list") downloads in $(awk "BEGIN { printf \"%.1f\", $EPOCHREALTIME - $before }") s"

step "The map of flows in the server's kernel"
show_map

step 'Frame and byte accounting of weft on the server'
stop_weft server

step 'Frame and byte accounting of weft on the mirror port'
stop_weft mirror

step 'The streams'
show_streams

step 'Comparison of downloads and streams'
compare_files
compare_modes
check_nothing_left

step 'Done'
if [ "$problems" -gt 0 ]; then
	printf '  %s%d problems%s\n' "$red" "$problems" "$plain"
	exit 1
fi
good 'all checks passed; everything that the demo created is removed now'
