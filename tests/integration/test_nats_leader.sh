#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_nats_leader.sh - of three servers, a sensor connects to the one that leads the stream; with
# TLS, and when the servers are elected anew. If the leader is not in the list of URLs, another
# server of the list is used.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nats.sh"
need_root
need_weft
tool=$(dirname "$weft")/helpers/bus_read
capture=$root/tests/corpus/captures/data/hole-never-captured.pcap
rounds=4

# publish NAME URL ARGS...: a replay as the sensor NAME.
publish() {
	nats_exec "$weft" replay "$capture" --nats "$2" --set "sinks.nats.sensor=$1" --set sinks.nats.replicas=3 \
		--quiet "${@:3}"
}

# received N NAME: number of messages that server N received on connections of the sensor NAME.
received() {
	ip netns exec "$(nats_ns "$1")" curl -sf -m 2 'http://127.0.0.1:8222/connz?state=closed&limit=1000' |
		jq --arg name "weft $2" '[.connections[]? | select(.name == $name) | .in_msgs] | add // 0'
}

# leader_received NAME: the leader of the stream has received the messages of the sensor NAME. A
# connection that was not used to publish has two or three messages: questions about the stream.
leader_received() { [ "$(received "$(nats_leader WEFT)" "$1")" -ge 6 ]; }

# in_each_round NAME ARGS...: publish, and let another server be elected, several times.
in_each_round() {
	local round
	for ((round = 0; round < rounds; round++)); do
		publish "$1$round" "$nats_url" "${@:2}" || return 1
		wait_until 50 leader_received "$1$round" || return 1
		step_down || return 1
	done
}
step_down() { wait_until 300 nats_exec "$tool" "$nats_url" WEFT --step-down; }

nats_net && nats_servers 3 || exit 1
check 'the first replay creates the stream' publish first "$nats_url"
check 'the messages of later replays are sent to the leader' in_each_round a

leader=$(nats_leader WEFT)
others=
for n in 1 2 3; do
	[ "$n" -eq "$leader" ] || others+=${others:+,}nats://$(nats_ip "$n"):4222
done
check 'without the leader in the list, a replay is published' publish others "$others"
check 'its messages are sent to another server' test "$(received "$leader" others)" -eq 0
nats_end

# ---- TLS ----

tls=$work/tls
mkdir -m 700 "$tls"
make_certificates() {
	openssl req -x509 -newkey ed25519 -nodes -keyout "$tls/ca-key.pem" -out "$tls/ca.pem" -days 2 -subj /CN=ca \
		-addext basicConstraints=critical,CA:true &&
		openssl req -newkey ed25519 -nodes -keyout "$tls/key.pem" -out "$tls/csr.pem" -subj /CN=server &&
		openssl x509 -req -in "$tls/csr.pem" -CA "$tls/ca.pem" -CAkey "$tls/ca-key.pem" -CAcreateserial -days 2 \
			-extfile <(echo "subjectAltName=IP:$(nats_ip 1),IP:$(nats_ip 2),IP:$(nats_ip 3)") -out "$tls/cert.pem"
}
check 'certificates are made' make_certificates
nats_servers 3 "
tls { cert_file: \"$tls/cert.pem\", key_file: \"$tls/key.pem\" }
authorization { user: sensor, password: secret }" || exit 1
nats_url=${nats_url//nats:\/\//nats://sensor:secret@}
# Only the sensor has the certificate of the authority, so the leader is asked to step down by no tool.
rounds=1
step_down() { :; }
for i in 1 2 3; do
	check "with TLS and a password, messages are sent to the leader ($i)" in_each_round "tls$i" \
		--set "sinks.nats.tls_ca_file=$tls/ca.pem"
done
finish
