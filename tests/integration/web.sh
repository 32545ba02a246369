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
# only the sum, header length and client port.
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

# web_compare STREAMS COUNT: COUNT downloads were made; each is correct at curl and in STREAMS.
web_compare() {
	local name port header sum want got right=0
	cat "$work"/got/*.line >"$web_list"
	while read -r name port header sum; do
		want=$(sha256sum <"$web_root/$name" | cut -d' ' -f1)
		[ "$sum" = "$want" ] || {
			echo "$name: curl has other bytes"
			return 1
		}
		got=$(tail -c +$((header + 1)) "$1/$ip_a.80-$ip_b.$port" 2>/dev/null | sha256sum | cut -d' ' -f1)
		if [ "$got" = "$want" ]; then
			right=$((right + 1))
		else
			echo "$name: stream of port $port differs," \
				"$(stat -c %s "$1/$ip_a.80-$ip_b.$port" 2>/dev/null || echo no) bytes," \
				"expected $((header + $(stat -c %s "$web_root/$name")))"
		fi
	done <"$web_list"
	echo "$right right"
	cat "$work/agent.err"
	[ "$right" -eq "$2" ]
}
