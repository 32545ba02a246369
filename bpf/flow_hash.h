/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * flow_hash.h - the hash of hash.h for the BPF programs, with the secret that user space chooses
 * at start.
 */
#ifndef WEFT_BPF_FLOW_HASH_H
#define WEFT_BPF_FLOW_HASH_H

#include "bpf/hash.h"
#include "bpf/parse.h"

const volatile struct weft_hash_secret weft_secret;

static __always_inline struct weft_hash_secret secret_now(void)
{
	return (struct weft_hash_secret){
		.key = {weft_secret.key[0], weft_secret.key[1], weft_secret.key[2],
			weft_secret.key[3]},
	};
}

/* 64-bit hashes of the source endpoint and of the flow. */
struct hashes {
	__u64 from;
	__u64 flow;
};

static __always_inline struct hashes hash_ends(const __u64 *from, const __u64 *to, __u16 from_port,
					       __u16 to_port, __u64 tenant)
{
	struct weft_hash_secret secret = secret_now();
	__u64 a = weft_hash_endpoint(&secret, from[0], from[1], from_port);
	__u64 b = weft_hash_endpoint(&secret, to[0], to[1], to_port);

	return (struct hashes){.from = a, .flow = weft_hash_flow_long(&secret, a, b, tenant)};
}

/*
 * Return the hashes of the packet's source endpoint (member from) and of its flow. If the packet is
 * a fragment, member flow is a hash of its addresses and of the id of its datagram.
 */
static __always_inline struct hashes hash_packet(const struct packet *packet)
{
	__u64 tenant = weft_hash_tenant(packet->vlan[0], packet->vlan[1], packet->vni);

	return hash_ends(packet->addr[0], packet->addr[1], packet->port[0], packet->port[1],
			 tenant ^ packet->fragment_id);
}

/*
 * Return the hashes of the key's endpoint 0 (member from) and of the flow. The flow's hash is that
 * of hash_packet() for a packet of either direction.
 */
static __always_inline struct hashes hash_key(const struct weft_flow_key *key)
{
	return hash_ends((const void *)key->addr[0], (const void *)key->addr[1], key->port[0],
			 key->port[1], weft_hash_tenant(key->vlan[0], key->vlan[1], key->vni));
}

#endif
