/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recent.h - four-tuples whose connection has ended. The table answers two questions:
 *
 * - Is this a late segment of the ended connection (a final acknowledgement, a retransmitted FIN)?
 *   Then it must not open a new connection. This is checked only for a short time after the end.
 * - How many connections has this four-tuple had? The next connection gets the next number.
 *
 * Bound: @entries_max entries of 88 bytes; if the table is full, wf_recent_add() removes the oldest
 * one. A cleanup task removes entries older than WEFT_RECENT_TTL_SEC, and under memory pressure
 * also younger ones. The next connection of a removed four-tuple is reported as its first one.
 * Thread: the worker.
 */
#ifndef WF_FLOW_RECENT_H
#define WF_FLOW_RECENT_H

#include <stdbool.h>
#include <stdint.h>

#include "packet/packet.h"
#include "flow/age_list.h"
#include "flow/flow_index.h"

struct wf_arena;
struct wf_flow;

struct wf_recent_entry {
	struct weft_flow_key key;
	uint32_t hash;
	uint64_t closed_ns;
	uint32_t irs[2];     /* by endpoint index: sequence number of the endpoint's SYN */
	uint32_t snd_nxt[2]; /* by endpoint index: sequence number after the last byte */
	struct wf_age_links age;
	uint32_t use;
	/* the connection ended by FIN or reset, so later segments with its numbers are late ones */
	bool ended;
	uint8_t pad[3];
};

struct wf_recent {
	struct wf_slab *entries;
	struct wf_flow_index index;
	struct wf_age_list ages;
	uint64_t linger_ns;
	/* entries of this age or more are ignored, and a cleanup task removes them */
	uint64_t ttl_ns;
};

/* Allocate an empty table. Return: 0; -ENOBUFS, -ENOMEM. */
int wf_recent_init(struct wf_recent *recent, struct wf_arena *arena, uint32_t entries_max,
		   uint64_t linger_ns);
void wf_recent_fini(struct wf_recent *recent);

/* Record that @flow ended at @now_ns. */
void wf_recent_add(struct wf_recent *recent, const struct wf_flow *flow, uint64_t now_ns);

/* Return the number of ended connections with this four-tuple that are known at @now_ns. */
uint32_t wf_recent_uses(const struct wf_recent *recent, const struct weft_flow_key *key,
			uint32_t hash, uint64_t now_ns);

/*
 * Remove up to @max entries whose age at @now_ns is @ttl_ns or more. Return: the number of removed
 * entries.
 */
uint32_t wf_recent_forget(struct wf_recent *recent, uint64_t ttl_ns, uint64_t now_ns, uint32_t max);

/* Return true if wf_recent_is_late() returns true and the connection ended after @since_ns. */
bool wf_recent_is_late_since(const struct wf_recent *recent, const struct wf_packet *packet,
			     uint64_t since_ns);

/*
 * Return true if @packet is a late segment of the connection that has ended, and does not open a
 * new one. Inline, because the four-tuple of a SYN usually had no connection.
 */
static inline bool wf_recent_is_late(const struct wf_recent *recent, const struct wf_packet *packet)
{
	return wf_flow_index_may_have(&recent->index, packet->hash) &&
	       wf_recent_is_late_since(recent, packet, 0);
}

/* Prefetch the bucket of the index that the functions above read for @hash. */
static inline void wf_recent_prefetch(const struct wf_recent *recent, uint32_t hash)
{
	wf_flow_index_prefetch(&recent->index, hash);
}

bool wf_recent_is_valid(const struct wf_recent *recent);

#endif
