#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# host.sh BUILD_DIR [OTHER_BUILD_DIR] - measures the cost of observing a host's own traffic: no
# observer, tcpdump, weft in host mode with full reassembly, weft with --depth 64K, and another
# build of weft. For bulk and requests, all are measured in turn, RUNS times; medians are printed, those of
# ratios from the ratios of each run.
#
#   bulk      iperf3, one connection, from the observed host
#   requests  wrk, 32 connections at a time, one small request on each
#   latency   from a segment's arrival to the inline callback of libweft: with a pause of 10 ms
#             after each request, then with the load of `bulk`, one run each
#   agents    the load of `requests`, observed by both builds at the same time, one at each end of
#             the link, in turn: CPU time and context switches of each for a connection. Other load
#             of the host concerns both alike, so the ratio is more exact than that of two runs.
#             Not measured unless KINDS names it
#
#   RUNS, SECONDS_EACH   number and length of the runs (default: 5 and 5)
#   KINDS                some of: bulk requests latency agents (default: the first three)
#   OBSERVERS            none, tcpdump and some of: weft depth other (default: all)
#
# Server and observer are in one of two network namespaces of this script, joined by a veth pair.
set -u
cd "$(dirname "$0")/../.." || exit 1
out=${1:-build}
other=${2:-}
runs=${RUNS:-5}
seconds=${SECONDS_EACH:-5}
kinds=${KINDS:-bulk requests latency}
[ "$(id -u)" -eq 0 ] || {
	echo "host.sh: needs root" >&2
	exit 4
}
server=weft-bench-server-$$
client=weft-bench-client-$$
ip_server=10.79.0.1
work=$(mktemp -d)
pids=()

cleanup() {
	trap - EXIT INT TERM
	local pid
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; done
	ip netns del "$server" 2>/dev/null
	ip netns del "$client" 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

in_client() { ip netns exec "$client" "$@"; }

prepare() {
	ip netns add "$server" && ip netns add "$client" || exit 4
	ip -n "$server" link add eth0 type veth peer name eth0 netns "$client"
	local ns
	for ns in "$server" "$client"; do
		ip netns exec "$ns" sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1 \
			net.ipv4.tcp_tw_reuse=1 net.ipv4.ip_local_port_range='1024 65535'
		ip -n "$ns" link set lo up
		ip -n "$ns" link set eth0 up
	done
	ip -n "$server" addr add $ip_server/24 dev eth0
	ip -n "$client" addr add 10.79.0.2/24 dev eth0
	mkdir -p "$work/www" "$work/nginx"
	echo hello >"$work/www/small"
	cat >"$work/nginx.conf" <<-CONF
		user root;
		daemon off;
		worker_processes 1;
		pid $work/nginx/pid;
		error_log $work/nginx/log;
		events { worker_connections 2048; }
		http {
		  access_log off;
		  client_body_temp_path $work/nginx/body;
		  proxy_temp_path $work/nginx/proxy;
		  fastcgi_temp_path $work/nginx/fastcgi;
		  uwsgi_temp_path $work/nginx/uwsgi;
		  scgi_temp_path $work/nginx/scgi;
		  server { listen 80 backlog=1024; root $work/www; }
		}
	CONF
	ip netns exec "$server" nginx -p "$work/nginx" -c "$work/nginx.conf" 2>/dev/null &
	pids+=($!)
	ip netns exec "$server" iperf3 -s >/dev/null &
	pids+=($!)
	sleep 1
}

# ---- observers: start_NAME starts the observer NAME; its pid is $observer ----

# start COMMAND...: start an observer in the server's namespace.
start() {
	ip netns exec "$server" "$@" >"$work/out" 2>"$work/err" &
	observer=$!
	sleep 1
	kill -0 "$observer" 2>/dev/null && return
	cat "$work/err" >&2
	exit 1
}

start_weft_of() {
	local build=$1
	shift
	start "$build/weft" run -i eth0 --mode host --set control.dir="$work" "$@"
}

start_none() { observer=; }
start_tcpdump() { start tcpdump -i eth0 -w /dev/null tcp; }
start_weft() { start_weft_of "$out"; }
start_depth() { start_weft_of "$out" --depth 64K; }
start_other() { start_weft_of "$other"; }

observer_ticks() {
	[ -n "$observer" ] && awk '{ print $14 + $15 }' "/proc/$observer/stat" || echo 0
}

stop_observer() {
	[ -n "$observer" ] || return
	kill "$observer"
	wait "$observer"
	observer=
}

# Print the losses that the observer reported on standard error.
losses() {
	awk '/received by filter/ { all = $1 } /dropped by kernel/ && $1 { printf "%d of %d dropped;", $1, all }' "$work/err"
	grep -q 'NOT closed' "$work/err" && printf 'a ledger is NOT closed; '
	grep ledger "$work/err" | grep -oE '[0-9,]+ (ring full|shed|failed|lost|fill empty)' | sort -u |
		tr '\n' ';'
}

# ---- loads: each prints the rate, then the amount (GB, or connections) ----

load_bulk() {
	in_client iperf3 -c $ip_server -R -t "$seconds" -J |
		jq -r '.end.sum_received | "\(.bits_per_second / 1e9) \(.bytes / 1e9)"'
}

load_requests() {
	in_client wrk -t1 -c32 -d "$seconds" -H 'Connection: close' "http://$ip_server/small" |
		awk '/requests in/ { n = $1 } /Requests\/sec/ { print $2, n }'
}

# measure KIND OBSERVER: append "rate CPU-seconds-per-unit" to $work/KIND.OBSERVER.
measure() {
	local kind=$1 observer rate amount before after
	"start_$2"
	before=$(observer_ticks)
	read -r rate amount < <("load_$kind")
	sleep 0.2
	after=$(observer_ticks)
	stop_observer
	echo "$rate $(awk -v t=$((after - before)) -v n="$amount" -v hz="$(getconf CLK_TCK)" \
		'BEGIN { print t / hz / n }')" >>"$work/$kind.$2"
	case $2 in weft | depth | other) losses >>"$work/$kind.$2.lost" ;; esac
}

median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
column() { cut -d' ' -f"$2" "$work/$1" | median; }

# ratio KIND OBSERVER OTHER: print the median of the ratios of their rates in the same run, or "-" if
# OTHER was not measured. Runs of a minute ago were in another state of the host, so the ratio of two
# medians is less exact.
ratio() {
	[ -e "$work/$1.$3" ] || {
		echo -
		return
	}
	paste "$work/$1.$2" "$work/$1.$3" | awk '{ printf "%.3f\n", $1 / $3 }' | median
}

# show KIND UNIT CPU-UNIT FACTOR: print the medians of each observer; CPU time is multiplied by
# FACTOR.
show() {
	local kind=$1 unit=$2 cpu_unit=$3 factor=$4 name rate
	for name in "${observers[@]}"; do
		rate=$(column "$kind.$name" 1)
		printf '%-9s %-8s %9.2f %s  %s of none  %s of tcpdump  %7.1f %s  %s\n' "$kind" "$name" \
			"$rate" "$unit" "$(ratio "$kind" "$name" none)" "$(ratio "$kind" "$name" tcpdump)" \
			"$(awk -v a="$(column "$kind.$name" 2)" -v f="$factor" 'BEGIN { print a * f }')" \
			"$cpu_unit" "$(sort -u "$work/$kind.$name.lost" 2>/dev/null | tr '\n' ' ')"
	done
}

# measure_all KIND: each run begins with another observer, so that no observer always follows the
# same one, or is always the first.
measure_all() {
	local run i count=${#observers[@]}
	for ((run = 0; run < runs; run++)); do
		for ((i = 0; i < count; i++)); do measure "$1" "${observers[(run + i) % count]}"; done
	done
}

# ---- latency ----

latency() {
	start "$out/bench/host_latency" eth0
	"$2"
	kill "$observer"
	wait "$observer"
	awk -v name="$1" '{ printf "latency   %-8s %8d events  median %d us  99 %% %d us  longest %d us\n",
		name, $1, $2, $3, $4 }' "$work/out"
	observer=
}

one_request_each_10_ms() {
	local end=$((SECONDS + seconds))
	while [ $SECONDS -lt $end ]; do
		in_client curl -s -o /dev/null "http://$ip_server/small"
		sleep 0.01
	done
}

# ---- two agents at the same time ----

# start_agent NAMESPACE BUILD: start an agent in the namespace; its pid is appended to agents.
start_agent() {
	local dir=$work/$1
	mkdir -p "$dir"
	ip netns exec "$1" "$2/weft" run -i eth0 --mode host --set control.dir="$dir" \
		--set agent.state_dir="$dir" >/dev/null 2>"$dir/err" &
	agents+=($!)
	pids+=($!)
}

# Print the CPU time of each agent in ns, and how often its threads were switched to.
agents_used() {
	local pid
	for pid in "${agents[@]}"; do
		awk '{ ns += $1; switches += $3 } END { printf "%d %d ", ns, switches }' \
			/proc/"$pid"/task/*/schedstat
	done
}

# compare_agents RUN: append "us switches us switches", for each connection, of this build and of
# the other one to $work/agents.
compare_agents() {
	local ends=("$server" "$client") agents=() before after rate conns
	start_agent "${ends[$1 % 2]}" "$out"
	start_agent "${ends[($1 + 1) % 2]}" "$other"
	sleep 2
	before=$(agents_used)
	read -r rate conns < <(load_requests)
	sleep 0.2
	after=$(agents_used)
	echo "$before $after $conns" | awk 'NF == 9 {
		printf "%.2f %.4f %.2f %.4f\n", ($5 - $1) / 1000 / $9, ($6 - $2) / $9,
			($7 - $3) / 1000 / $9, ($8 - $4) / $9 }' >>"$work/agents"
	kill "${agents[@]}"
	wait "${agents[@]}"
}

agents() {
	local run
	[ -n "$other" ] || return
	for ((run = 0; run < runs; run++)); do compare_agents "$run"; done
	printf 'agents    %.2f and %.2f CPU us/conn (ratio %.3f), %.4f and %.4f switches/conn\n' \
		"$(column agents 1)" "$(column agents 3)" \
		"$(awk '{ print $1 / $3 }' "$work/agents" | median)" \
		"$(column agents 2)" "$(column agents 4)"
}

read -ra observers <<<"${OBSERVERS:-none tcpdump weft depth${other:+ other}}"
prepare
for kind in $kinds; do
	case $kind in
	bulk) measure_all bulk && show bulk Gbit/s 'CPU ms/GB' 1000 ;;
	requests) measure_all requests && show requests conn/s 'CPU us/conn' 1000000 ;;
	latency)
		latency idle one_request_each_10_ms
		latency busy load_bulk >"$work/busy" && grep latency "$work/busy"
		;;
	agents) agents ;;
	*) echo "host.sh: unknown kind $kind" >&2 && exit 2 ;;
	esac
done
