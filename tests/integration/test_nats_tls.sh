#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_nats_tls.sh - connections to NATS with TLS, client certificates and credentials: files that only root
# can read, names of hosts, and wrong certificates and credentials.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nats.sh"
need_root
need_weft
capture=$root/tests/corpus/captures/data/hole-never-captured.pcap

# ---- certificates ----

tls=$work/tls
mkdir -m 700 "$tls"
authority() { # NAME
	openssl req -x509 -newkey ed25519 -nodes -keyout "$tls/$1-key.pem" -out "$tls/$1.pem" -days 2 -subj "/CN=$1" \
		-addext basicConstraints=critical,CA:true
}
certificate() { # NAME AUTHORITY SUBJECT_ALT_NAME
	openssl req -newkey ed25519 -nodes -keyout "$tls/$1-key.pem" -out "$tls/$1.csr" -subj "/CN=$1" &&
		openssl x509 -req -in "$tls/$1.csr" -CA "$tls/$2.pem" -CAkey "$tls/$2-key.pem" -CAcreateserial -days 2 \
			-extfile <(echo "subjectAltName=$3") -out "$tls/$1.pem"
}
make_all() {
	authority ca && authority stranger &&
		certificate server ca IP:10.79.0.11,DNS:nats.test && certificate sensor ca DNS:sensor &&
		certificate wrong stranger DNS:sensor
}
check 'certificates are made' make_all
check 'credentials are made' python3 "$root/tests/integration/make_nats_creds.py" "$tls"

nats_net && nats_servers 1 "
tls { cert_file: \"$tls/server.pem\", key_file: \"$tls/server-key.pem\", ca_file: \"$tls/ca.pem\", verify: true }
$(cat "$tls/auth.conf")" || exit 1

# publish URL CERTIFICATE CREDENTIALS [ARGS...]: run a replay as another user, who can't read the files. It
# gives up if nothing was acknowledged for $give_up_sec.
publish() {
	nats_exec "$weft" replay "$capture" --nats "$1" --set agent.user=nobody --set sinks.nats.tls_ca_file="$tls/ca.pem" \
		--set sinks.nats.tls_cert_file="$tls/$2.pem" --set sinks.nats.tls_key_file="$tls/$2-key.pem" \
		--set sinks.nats.credentials_file="$tls/$3.creds" --set sinks.nats.flush_timeout_sec="${give_up_sec:-30}" "${@:4}" 2>"$work/err"
}
fails() { # PATTERN ARGS...
	local give_up_sec=4
	publish "${@:2}"
	[ $? -eq 1 ] && grep -qE "$1" "$work/err" || { cat "$work/err" && false; }
}

check 'TLS, a client certificate and credentials, read before the user changes' \
	publish nats://10.79.0.11 sensor user
check 'a name is resolved' unshare -m bash -c "echo '10.79.0.11 nats.test' >'$work/hosts' &&
	mount --bind '$work/hosts' /etc/hosts && $(declare -f publish nats_exec); weft='$weft' nats_hub='$nats_hub'
	capture='$capture' tls='$tls' work='$work'; publish tls://nats.test sensor user"
check 'the messages of both replays are stored' test "$(nats_jsz 1 'accounts=1&streams=1' | jq '[.account_details[].stream_detail[]?.state.messages] | add')" -ge 22
check 'a certificate of another authority is rejected' fails "can't connect to 10.79.0.11:4222: " nats://10.79.0.11 wrong user
check 'credentials of another account are rejected' fails "can't connect to 10.79.0.11:4222: .*[Aa]uth" nats://10.79.0.11 sensor other
ip -n "$(nats_ns 1)" addr add 10.79.0.99/24 dev eth0
check 'a server whose certificate has another address is rejected' fails "can't connect to 10.79.0.99:4222: " \
	nats://10.79.0.99 sensor user
check_weft 'a key without its certificate is refused' 2 'a certificate and its key are needed together' \
	replay "$capture" --nats localhost --set sinks.nats.tls_key_file="$tls/sensor-key.pem"
check_weft 'a file that is not a credentials file is refused' 2 'not a credentials file' \
	replay "$capture" --nats localhost --set sinks.nats.credentials_file="$tls/ca.pem"
finish
