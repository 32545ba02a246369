# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# web.sh - functions for a web server in namespace a, downloads from namespace b, and the comparison
# of every download with the stream that weft extracted. Source it after lib.sh.

web_root=$work/www
web_list=$work/web.list

# web_start: start nginx in namespace a on port 80; it serves $web_root to namespace b.
web_start() { web_serve && wait_until 50 in_b curl -sf "http://$ip_a/ready"; }

# web_serve: run the server; sets web_pid.
web_serve() {
	mkdir -p "$web_root" "$work/got" "$work/nginx"
	cat >"$work/nginx.conf" <<-CONF
		user root;
		daemon off;
		worker_processes 1;
		pid $work/nginx/pid;
		error_log $work/nginx/log;
		events { worker_connections 2048; }
		http {
		  access_log off;
		  sendfile on;
		  client_body_temp_path $work/nginx/body;
		  proxy_temp_path $work/nginx/proxy;
		  fastcgi_temp_path $work/nginx/fastcgi;
		  uwsgi_temp_path $work/nginx/uwsgi;
		  scgi_temp_path $work/nginx/scgi;
		  server { listen 80 backlog=1024; root $web_root; }
		}
	CONF
	touch "$web_root/ready"
	background web_pid ip netns exec "$ns_a" nginx -p "$work/nginx" -c "$work/nginx.conf" 2>"$work/nginx/start.log"
}

# web_file NAME BYTES: make a file with random content.
web_file() { head -c "$2" /dev/urandom >"$web_root/$1"; }

# web_get NAME: download over one connection, at $web_rate bytes per second if that is set; record
# only the checksum, the header length and the client port.
web_get() {
	local name=$1 sum line=$work/got/$1.$BASHPID
	sum=$(in_b curl -s -S ${web_rate:+--limit-rate "$web_rate"} -w "%{stderr}$name %{local_port} %{size_header}\n" \
		"http://$ip_a/$name" 2>"$line.info" | sha256sum | cut -d' ' -f1)
	echo "$(cat "$line.info") $sum" >"$line.line"
}

# web_get_many COUNT PREFIX: download PREFIX-1 ... PREFIX-COUNT, all at once. Runs in a subshell, so
# that its `wait` does not wait for the servers.
web_get_many() (
	local i
	for ((i = 1; i <= $1; i++)); do web_get "$2-$i" & done
	wait
)

# web_record COUNT BYTES FILE: download f-1 ... f-COUNT, of BYTES each, and write the packets to FILE, in
# frames as they are on a wire.
web_record() {
	local i tcpdump_pid
	for ((i = 1; i <= $1; i++)); do web_file "f-$i" "$2"; done
	in_a ethtool -K eth0 tso off gso off gro off tx off >/dev/null
	in_b ethtool -K eth0 tso off gso off gro off tx off >/dev/null
	background tcpdump_pid ip netns exec "$ns_b" tcpdump -i eth0 -s 0 -B 65536 -U -w "$3" tcp 2>"$work/tcpdump.err"
	wait_until 50 grep -q listening "$work/tcpdump.err" || return 1
	web_get_many "$1" f
	wait_until 50 web_is_recorded "$3" $((2 * $1)) || return 1
	kill "$tcpdump_pid" && wait "$tcpdump_pid"
	[ "$(stat -c %s "$3")" -gt $(($1 * $2)) ]
}
# web_is_recorded FILE ENDS: FILE has at least ENDS segments with FIN or RST.
web_is_recorded() { [ "$(tcpdump -nr "$1" 'tcp[tcpflags] & (tcp-fin | tcp-rst) != 0' 2>/dev/null | wc -l)" -ge "$2" ]; }

# web_stream_files STREAMS PORT: print the files in STREAMS of the answers on client port PORT, one
# per connection.
web_stream_files() { find "$1" -name "$ip_a.80-$ip_b.$2" -o -name "$ip_a.80-$ip_b.$2#*"; }

# web_stream_is STREAMS PORT HEADER SUM: a stream file in STREAMS of a connection of PORT has, after
# HEADER bytes, content with the SHA-256 SUM.
web_stream_is() {
	local file
	while read -r file; do
		[ "$(tail -c +$(($3 + 1)) "$file" | sha256sum | cut -d' ' -f1)" = "$4" ] && return
	done < <(web_stream_files "$1" "$2")
	return 1
}

# web_compare STREAMS COUNT: COUNT downloads were made, and the bytes of each are correct as
# received by curl and in STREAMS.
web_compare() {
	local name port header sum want right=0
	cat "$work"/got/*.line >"$web_list"
	while read -r name port header sum; do
		want=$(sha256sum <"$web_root/$name" | cut -d' ' -f1)
		[ "$sum" = "$want" ] || {
			echo "$name: curl has other bytes"
			return 1
		}
		if web_stream_is "$1" "$port" "$header" "$want"; then
			right=$((right + 1))
		else
			echo "$name: no stream of port $port is right:" \
				"$(web_stream_files "$1" "$port" | xargs -r stat -c '%s bytes,')" \
				"expected $((header + $(stat -c %s "$web_root/$name")))"
		fi
	done <"$web_list"
	echo "$right right"
	cat "$work/agent.err"
	[ "$right" -eq "$2" ]
}
