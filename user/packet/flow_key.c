// SPDX-License-Identifier: BSD-2-Clause
/*
 * flow_key.c - computes the hash and the probable client of a flow key, and converts flow keys to
 * and from struct weft_flow.
 */
#include "packet/flow_key.h"

uint32_t wf_flow_key_hash(const struct weft_hash_secret *secret, const struct weft_flow_key *key)
{
	uint64_t tenant = (uint64_t)((uint32_t)key->vlan[0] << 16 | key->vlan[1]) << 32 | key->vni;
	uint64_t ends[2];

	for (int i = 0; i < 2; i++) {
		uint64_t words[2];

		memcpy(words, key->addr[i], sizeof(words));
		ends[i] = weft_hash_endpoint(secret, words[0], words[1], key->port[i]);
	}
	return weft_hash_flow(secret, ends[0], ends[1], tenant);
}

uint8_t wf_flow_key_guess_client(const struct weft_flow_key *key, uint8_t first_sender)
{
	if (key->port[0] != key->port[1])
		return key->port[0] < key->port[1] ? 1 : 0;
	return first_sender;
}

void wf_flow_key_describe(const struct weft_flow_key *key, uint8_t client,
			  struct weft_flow *ret_flow)
{
	memcpy(ret_flow->src_addr, key->addr[client], sizeof(ret_flow->src_addr));
	memcpy(ret_flow->dst_addr, key->addr[!client], sizeof(ret_flow->dst_addr));
	ret_flow->src_port = key->port[client];
	ret_flow->dst_port = key->port[!client];
	ret_flow->vlan[0] = key->vlan[0];
	ret_flow->vlan[1] = key->vlan[1];
	ret_flow->vni = key->vni;
}

uint8_t wf_flow_key_make(struct weft_flow_key *ret_key, const struct weft_flow *flow)
{
	int order = memcmp(flow->src_addr, flow->dst_addr, sizeof(flow->src_addr));
	uint8_t src = order > 0 || (!order && flow->src_port > flow->dst_port);

	memcpy(ret_key->addr[src], flow->src_addr, sizeof(flow->src_addr));
	memcpy(ret_key->addr[!src], flow->dst_addr, sizeof(flow->dst_addr));
	ret_key->port[src] = flow->src_port;
	ret_key->port[!src] = flow->dst_port;
	ret_key->vlan[0] = flow->vlan[0];
	ret_key->vlan[1] = flow->vlan[1];
	ret_key->vni = flow->vni;
	return src;
}
