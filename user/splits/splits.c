// SPDX-License-Identifier: BSD-2-Clause
/*
 * splits.c - finds connections whose two directions have different VLAN ids.
 */
#include "splits/splits.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "bpf/shared.h"
#include "packet/flow_key.h"

#define VLANS_MASK   0xffffffull
#define ENDPOINT_BIT (1ull << 24)
#define HASH_MASK    (~0ull << 25)

static uint64_t hash_endpoint(const struct wf_splits *splits, const struct weft_flow_key *key,
			      unsigned int endpoint)
{
	uint64_t words[2];

	memcpy(words, key->addr[endpoint], sizeof(words));
	return weft_hash_endpoint(&splits->secret, words[0], words[1], key->port[endpoint]);
}

static uint64_t hash_without_vlan(const struct wf_splits *splits, const struct weft_flow_key *key)
{
	return weft_hash_flow_long(&splits->secret, hash_endpoint(splits, key, 0),
				   hash_endpoint(splits, key, 1), weft_hash_tenant(0, 0, key->vni));
}

/* ---- the report ---- */

enum { VLANS_TEXT_BYTES = 32 };

static void print_vlans(uint64_t vlans, char text[VLANS_TEXT_BYTES])
{
	unsigned int outer = (unsigned int)(vlans >> 12 & 0xfff), inner = vlans & 0xfff;

	if (inner)
		snprintf(text, VLANS_TEXT_BYTES, "in VLANs %u and %u", outer, inner);
	else if (outer)
		snprintf(text, VLANS_TEXT_BYTES, "in VLAN %u", outer);
	else
		snprintf(text, VLANS_TEXT_BYTES, "without a VLAN");
}

static void print_addr(const struct weft_flow_key *key, unsigned int endpoint,
		       char text[INET6_ADDRSTRLEN])
{
	bool is_ipv4 = wf_flow_key_is_ipv4(key);

	inet_ntop(is_ipv4 ? AF_INET : AF_INET6, key->addr[endpoint] + (is_ipv4 ? 12 : 0), text,
		  INET6_ADDRSTRLEN);
}

/* Log the first split connection. @vlans: VLAN ids of the segments that each endpoint sends. */
static void report_once(struct wf_splits *splits, const struct weft_flow_key *key,
			const uint64_t vlans[2])
{
	char addr[2][INET6_ADDRSTRLEN], tags[2][VLANS_TEXT_BYTES];

	if (atomic_exchange_explicit(&splits->is_reported, true, memory_order_relaxed))
		return;
	for (unsigned int i = 0; i < 2; i++) {
		print_addr(key, i, addr[i]);
		print_vlans(vlans[i], tags[i]);
	}
	wf_warn("vlan: %s port %u sends %s, but %s port %u answers %s: each direction of "
		"such a connection is tracked as a connection of its own; use --vlan-in-key no to "
		"ignore VLAN ids, --vlan-in-key yes if these are different networks",
		addr[0], key->port[0], tags[0], addr[1], key->port[1], tags[1]);
}

/* ---- the table ---- */

bool wf_splits_add(struct wf_splits *splits, const struct weft_flow_key *key, uint8_t endpoint)
{
	uint64_t hash = hash_without_vlan(splits, key);
	uint64_t half = (hash & HASH_MASK) | (endpoint ? ENDPOINT_BIT : 0) |
			(uint64_t)key->vlan[0] << 12 | key->vlan[1];
	uint64_t other = atomic_exchange_explicit(&splits->slots[hash % WF_SPLITS_SLOTS], half,
						  memory_order_relaxed);
	uint64_t differs = half ^ other;

	if (differs & HASH_MASK || !(differs & ENDPOINT_BIT) || !(differs & VLANS_MASK))
		return false;
	report_once(splits, key,
		    (const uint64_t[2]){endpoint ? other & VLANS_MASK : half & VLANS_MASK,
					endpoint ? half & VLANS_MASK : other & VLANS_MASK});
	return true;
}
