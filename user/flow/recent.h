/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recent.h - four-tuples whose connection has ended, for two questions.
 *
 * - Is this segment a late one of it (a stray final acknowledgement, a retransmitted FIN)?
 *   Then it must not look like a new connection. Asked for a short time only.
 * - How many connections has this four-tuple had, so that the next one gets its number?
 *
 * Bound: @entries_max entries of 96 bytes; beyond that the oldest is forgotten, and so is an entry
 * older than WEFT_RECENT_TTL_SEC. The next connection on a forgotten four-tuple is reported as its
 * first.
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
	uint32_t irs[2];     /* by endpoint index */
	uint32_t snd_nxt[2]; /* by endpoint index: number after its last byte */
	struct wf_age_links age;
	uint32_t use;
	bool ended; /* ended by FIN or reset: its later segments are late ones */
	uint8_t pad[3];
};

struct wf_recent {
	struct wf_slab *entries;
	struct wf_flow_index index;
	struct wf_age_list ages;
	uint64_t linger_ns;
	uint64_t ttl_ns; /* older entries are removed */
};

/* Allocate an empty table. Return: 0; -ENOBUFS, -ENOMEM. */
int wf_recent_init(struct wf_recent *recent, struct wf_arena *arena, uint32_t entries_max,
		   uint64_t linger_ns);
void wf_recent_fini(struct wf_recent *recent);

/* Record that @flow ended at @now_ns. */
void wf_recent_add(struct wf_recent *recent, const struct wf_flow *flow, uint64_t now_ns);

/* Return how many ended connections on this four-tuple are known at @now_ns. */
uint32_t wf_recent_uses(const struct wf_recent *recent, const struct weft_flow_key *key,
			uint32_t hash, uint64_t now_ns);

/* Remove up to @max entries that are @ttl_ns or older at @now_ns. Return: number of entries. */
uint32_t wf_recent_forget(struct wf_recent *recent, uint64_t ttl_ns, uint64_t now_ns, uint32_t max);

/* Return true if @packet is a late segment of the connection that has ended, not of a new one. */
bool wf_recent_is_late(const struct wf_recent *recent, const struct wf_packet *packet);

/* As wf_recent_is_late(), but only for a connection that ended after @since_ns. */
bool wf_recent_is_late_since(const struct wf_recent *recent, const struct wf_packet *packet,
			     uint64_t since_ns);

bool wf_recent_is_valid(const struct wf_recent *recent);

#endif
