/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * half_open.h - half-open connections: handshakes that are not completed yet.
 *
 *   SYN ──► entry here (128 bytes, no flow, a page only for payload)
 *   SYN-ACK ──► recorded in the entry
 *   a later segment that fits ──► the entry becomes a flow
 *   time-out, reset, or no room ──► the entry is removed
 *
 * Therefore a flood of SYNs without payload, answered or not, creates no flows. (When a SYN with
 * payload times out, wf_open_fail() opens a flow for this payload and closes it at once.) The
 * number of entries is limited to handshakes_max, and for each source to per_source_max. When all
 * entries are in use, the oldest entry without an answer is evicted, or the oldest answered entry
 * if more than handshakes_max / 2 entries are answered. Therefore a flood of unanswered SYNs leaves
 * up to half of the entries to answered handshakes, and a flood of answered ones leaves up to half
 * to unanswered handshakes. A connection of which only one direction is visible becomes a flow with
 * the next segment of its visible side.
 *
 * Thread: the worker.
 */
#ifndef WF_FLOW_HALF_OPEN_H
#define WF_FLOW_HALF_OPEN_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/age_list.h"
#include "flow/flow_index.h"
#include "flow/handshake.h"
#include "flow/source_count.h"
#include "flow/syn_data.h"
#include "memory/slab.h"

struct wf_arena;
struct wf_metrics;
struct wf_page_pool;

struct wf_half_open_opts {
	uint32_t handshakes_max;
	uint32_t per_source_max;
	uint64_t timeout_ns;
	struct weft_hash_secret secret;
};

struct wf_half_open {
	struct wf_slab *handshakes;
	struct wf_flow_index index;
	struct wf_age_list ages[2]; /* entries by age; [0]: unanswered, [1]: answered */
	uint32_t answered_count;
	uint32_t handshakes_max;
	struct wf_source_count sources;
	struct wf_syn_data_store syn_data;
	struct wf_metrics *metrics; /* borrowed */
	uint64_t timeout_ns;
};

/*
 * Allocate an empty table. @pages and @metrics are borrowed and must outlive it.
 * Return: 0; -ENOBUFS, -ENOMEM.
 */
int wf_half_open_init(struct wf_half_open *table, struct wf_arena *arena,
		      const struct wf_half_open_opts *opts, struct wf_page_pool *pages,
		      struct wf_metrics *metrics);
void wf_half_open_fini(struct wf_half_open *table);

/* The part of wf_half_open_find() that compares entries. */
struct wf_handshake *wf_half_open_search(const struct wf_half_open *table,
					 const struct weft_flow_key *key, uint32_t hash);

/*
 * Return the entry of @key, even if it has timed out; NULL if there is none. Inline, because a SYN
 * usually has none.
 */
static inline struct wf_handshake *wf_half_open_find(const struct wf_half_open *table,
						     const struct weft_flow_key *key, uint32_t hash)
{
	return wf_flow_index_may_have(&table->index, hash) ? wf_half_open_search(table, key, hash)
							   : NULL;
}

/*
 * Return the oldest entry if it has timed out at @now_ns, else NULL. An answered entry may be
 * returned late, by at most the time between its SYN and its SYN-ACK.
 */
struct wf_handshake *wf_half_open_oldest_over(const struct wf_half_open *table, uint64_t now_ns);

/* Return the time at which @handshake times out. */
uint64_t wf_half_open_deadline(const struct wf_half_open *table,
			       const struct wf_handshake *handshake);

/*
 * Record a SYN or SYN-ACK, and count its payload with its outcome. @handshake: the entry of its
 * four-tuple; NULL if there is none. Return: false if the limit of the source is reached, if there
 * is no room, or if the other side's ISN is known and the SYN-ACK answers none of its SYNs.
 */
bool wf_half_open_syn(struct wf_half_open *table, struct wf_handshake *handshake,
		      const struct wf_packet *packet);

/*
 * Prefetch, in two steps, what the processing of @packet reads here: the buckets of the indexes;
 * then the entry.
 */
static inline void wf_half_open_prefetch(const struct wf_half_open *table,
					 const struct wf_packet *packet)
{
	const uint32_t syn = packet->tcp_flags & (WF_TCP_SYN | WF_TCP_ACK);

	wf_flow_index_prefetch(&table->index, packet->hash);
	if (syn == WF_TCP_SYN)
		wf_source_count_prefetch(&table->sources, packet->key.addr[packet->src]);
}

static inline void wf_half_open_prefetch_entry(const struct wf_half_open *table,
					       const struct wf_packet *packet)
{
	struct wf_flow_cursor cursor;
	uint32_t id = wf_flow_index_first(&table->index, packet->hash, &cursor);
	const struct wf_handshake *handshake;

	if (!id)
		return;
	handshake = wf_slab_at(table->handshakes, id);
	__builtin_prefetch(&handshake->key);
	__builtin_prefetch(&handshake->age, 1);
}

void wf_half_open_remove(struct wf_half_open *table, struct wf_handshake *handshake);

/* Remove all entries. */
void wf_half_open_clear(struct wf_half_open *table);

uint32_t wf_half_open_count(const struct wf_half_open *table);
bool wf_half_open_is_valid(const struct wf_half_open *table);

#endif
