#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# demo.sh - demonstrates weft on real traffic between two network namespaces. The script is part of
# the program: `weft demo` runs it with WEFT set to its own path.
#
#   [client namespace] eth0 <---- veth ----> eth0 [server namespace]
#     curl                                        web server, weft in host mode
#
# Every file that curl downloaded must be found, byte for byte, in the streams that weft extracted.
# The script removes everything that it made. Exit status 0: all files were found.
set -u

weft=${WEFT:-build/weft}
big_mb=${WEFT_DEMO_MB:-50}
small_count=${WEFT_DEMO_SMALL:-200}
server=weft-demo-server-$$
client=weft-demo-client-$$
server_ip=10.77.0.1
client_ip=10.77.0.2
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
	local pid
	for pid in "${pids[@]}"; do
		kill "$pid" 2>/dev/null
	done
	for pid in "${pids[@]}"; do
		wait "$pid" 2>/dev/null
	done
	ip netns del "$client" 2>/dev/null
	ip netns del "$server" 2>/dev/null
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

make_namespaces() {
	{ ip netns add "$server" && ip netns add "$client"; } ||
		die 'can not make network namespaces; run it as root, outside of a container' 4
	ip -n "$server" link add eth0 type veth peer name eth0 netns "$client" ||
		die 'can not make a veth pair' 4
	ip -n "$server" addr add "$server_ip/24" dev eth0
	ip -n "$client" addr add "$client_ip/24" dev eth0
	local ns
	for ns in "$server" "$client"; do
		ip -n "$ns" link set lo up
		ip -n "$ns" link set eth0 up
	done
}

make_files() {
	local i
	mkdir -p "$work/www" "$work/got"
	head -c "$((big_mb * 1000000))" /dev/urandom >"$work/www/big"
	head -c 5000000 /dev/urandom >"$work/www/middle"
	head -c 1 /dev/urandom >"$work/www/one-byte"
	for ((i = 1; i <= small_count; i++)); do
		head -c "$((RANDOM * 2 + 1))" /dev/urandom >"$work/www/small-$i"
	done
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

stats() { "$weft" stats -i eth0 --set "control.dir=$work/control" "$@"; }

start_weft() {
	ip netns exec "$server" nice -n -10 "$weft" run -i eth0 --mode host --streams "$work/streams" \
		--events "$work/events.json" --set "control.dir=$work/control" --max-memory 1G \
		--set delivery.queue_bytes=64M 2>"$work/weft.log" &
	weft_pid=$!
	pids+=("$weft_pid")
	local try
	for try in {1..100}; do
		stats >/dev/null 2>&1 && break
		kill -0 "$weft_pid" 2>/dev/null || try=100
		[ "$try" = 100 ] && break
		sleep 0.1
	done
	sed 's/^/  /' "$work/weft.log"
	stats >/dev/null 2>&1 || die 'the agent did not start; its messages are above'
}

# ---- traffic ----

# Download each file over its own connection; record "name client-port header-bytes" for the
# comparison.
download() {
	ip netns exec "$client" curl -s -S -o "$work/got/$1" -w "$1 %{local_port} %{size_header}\n" \
		"http://$server_ip/$1" >>"$work/got.list.$BASHPID"
}

download_all() {
	local i
	download big &
	download middle &
	download one-byte &
	wait
	for ((i = 1; i <= small_count; i++)); do
		download "small-$i" &
		((i % 20 == 0)) && wait
	done
	wait
}

# ---- comparison ----

sum_of() { sha256sum | cut -d' ' -f1; }

# Print the sum of the stream from the server to client port $1, without its $2 header bytes.
stream_sum() { tail -c +$(($2 + 1)) "$work/streams/$server_ip.80-$client_ip.$1" 2>/dev/null | sum_of; }

compare() {
	local name port header right=0 wrong=0 bytes=0
	while read -r name port header; do
		if [ "$(sum_of <"$work/got/$name")" != "$(sum_of <"$work/www/$name")" ]; then
			wrong=$((wrong + 1))
			[ "$wrong" -le 5 ] && bad "$name: curl got other bytes than the server has"
		elif [ "$(stream_sum "$port" "$header")" = "$(sum_of <"$work/www/$name")" ]; then
			right=$((right + 1))
			bytes=$((bytes + $(stat -c %s "$work/www/$name")))
		else
			wrong=$((wrong + 1))
			[ "$wrong" -le 5 ] && bad "$name (port $port): the extracted stream differs"
		fi
	done < <(cat "$work"/got.list.*)
	[ "$wrong" -gt 5 ] && bad "... and $((wrong - 5)) more"
	if [ "$right" -eq $((small_count + 3)) ]; then
		good "SHA-256 of all $right downloads, $bytes bytes, equals that of their streams"
	else
		bad "$right of $((small_count + 3)) downloads found in the streams"
	fi
}

show_streams() {
	local count
	count=$(find "$work/streams" -type f ! -name '.*' | wc -l)
	echo "  $count files; one for each direction of each connection, the largest:"
	find "$work/streams" -type f ! -name '.*' -printf '%s %f\n' | sort -rn | head -n 4 |
		while read -r size name; do printf '  %12s  %s\n' "$size" "$name"; done
	echo "  one request, as weft saw it:"
	head -n 3 "$(grep -lE 'GET /one-byte' "$work/streams"/"$client_ip".*-"$server_ip".80 | head -n 1)" |
		sed 's/\r$//; s/^/    | /'
	echo '  one of the events:'
	grep '"event_type":"flow"' "$work/events.json" | tail -n 1 | cut -c 1-400 | sed 's/^/    | /'
}

show_map() {
	if ! command -v bpftool >/dev/null && [ ! -x /usr/sbin/bpftool ]; then
		echo '  bpftool is not installed'
		return
	fi
	echo "  bpftool map dump pinned /sys/fs/bpf/weft/eth0/flows"
	nsenter -t "$weft_pid" -m -n -- \
		env PATH="$PATH:/usr/sbin" bpftool map dump pinned /sys/fs/bpf/weft/eth0/flows \
		>"$work/map" 2>&1
	head -n 32 "$work/map" | sed 's/^/    | /'
	grep -q packets "$work/map" || bad 'the map of flows could not be read'
}

stop_weft() {
	local status
	kill -TERM "$weft_pid"
	wait "$weft_pid"
	status=$?
	grep 'ledger\|packets\|sink' "$work/weft.log" | sed 's/^weft: /  /'
	if [ "$status" -ne 0 ]; then
		cat "$work/weft.log" >&2
		bad "the agent ended with status $status"
	fi
	if grep -q 'NOT closed' "$work/weft.log" || ! grep -q 'ledger payload_bytes closed' "$work/weft.log"; then
		bad 'a ledger does not close'
	else
		good 'every frame and every byte has exactly one outcome'
	fi
}

check_nothing_left() {
	local left
	left=$(ip -n "$server" -o link show | grep -cvE ' (lo|eth0)[:@]')
	if [ "$left" -eq 0 ] && ! ip -n "$server" link show eth0 | grep -q xdp; then
		good 'the interface is as it was: no program, no extra device'
	else
		bad "$left devices or a program of weft are left in the server's namespace"
	fi
	if ip netns exec "$client" curl -s -o /dev/null "http://$server_ip/one-byte"; then
		good 'and still carries traffic'
	else
		bad 'the interface carries no traffic any more'
	fi
}

need ip iproute2
need curl curl
need nsenter util-linux
command -v nginx >/dev/null || need python3 python3
[ -x "$weft" ] || die "no program $weft; run make first"
work=$(mktemp -d /tmp/weft-demo-XXXXXX)
chmod 755 "$work"

printf '%s\n' "${bold}weft $("$weft" --version | cut -d' ' -f2) watches a web server${plain}"

step 'Two namespaces, a veth pair, a web server'
make_namespaces
make_files
start_server
good "$web_name serves $((small_count + 3)) files on $server_ip"

step 'weft in host mode on the server'\''s interface'
start_weft

step "curl downloads $big_mb MB, 5 MB, 1 byte and $small_count small files, 20 at a time"
before=$EPOCHREALTIME
(download_all) # a shell of its own: its wait must not wait for the server
good "$(cat "$work"/got.list.* | wc -l) downloads in $(awk "BEGIN { printf \"%.1f\", $EPOCHREALTIME - $before }") s"

step 'What the kernel knows: the map of flows'
show_map

step 'The ledgers, when weft stops'
stop_weft

step 'The streams'
show_streams

step 'The proof'
compare
check_nothing_left

step 'Done'
if [ "$problems" -gt 0 ]; then
	printf '  %s%d problems%s\n' "$red" "$problems" "$plain"
	exit 1
fi
good 'everything was right; nothing is left behind'
