/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow_table.h - all connections of one worker, which are found by key and have timers.
 *
 * The table owns the flows, their extensions, gaps and timers. The caller owns the data in the
 * flows' streams, and must empty a flow's streams before wf_flow_table_remove().
 *
 * Bound: @flows_max flows, each with at most one extension and two records of gaps, in slabs that
 * grow and shrink with their number. The index has a fixed size. Thread: the worker; this is
 * checked if owner is set.
 */
#ifndef WF_FLOW_FLOW_TABLE_H
#define WF_FLOW_FLOW_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/owner.h"
#include "base/timer_wheel.h"
#include "flow/flow.h"
#include "flow/flow_index.h"
#include "flow/late.h"
#include "memory/slab.h"
#include "packet/flow_key.h"

struct wf_arena;
struct wf_claims;

struct wf_flow_table {
	struct wf_slab *flows;
	struct wf_slab *exts;
	struct wf_slab *lates;
	struct wf_flow_index index;
	struct wf_timer_wheel wheel;
	uint64_t added;	  /* number of flows ever added */
	uint32_t changes; /* number of flows added and of flows removed, modulo 2^32 */
	uint64_t id_seed; /* seed of the ids of the flows; see flow_id.h */
	uint32_t flows_max;
	uint32_t hand; /* next bucket that wf_flow_table_sample() reads */
	uint32_t worker;
	struct wf_owner *owner;	  /* borrowed; NULL if the thread is not checked */
	struct wf_claims *claims; /* borrowed; NULL if claims are not checked */
};

/*
 * Allocate an empty table. The ids of its flows follow from @worker and @id_seed (flow_id.h).
 * Return: 0; -ENOBUFS: the index does not fit in the arena, or the memory limit is reached;
 * -ENOMEM.
 */
int wf_flow_table_init(struct wf_flow_table *table, struct wf_arena *arena, uint32_t flows_max,
		       uint32_t worker, uint64_t id_seed);
/*
 * After this call, the table checks that only the thread of @owner uses it, and that no flow
 * belongs to two workers (@claims). Either may be NULL: no such check.
 */
void wf_flow_table_set_owner(struct wf_flow_table *table, struct wf_owner *owner,
			     struct wf_claims *claims);
void wf_flow_table_fini(struct wf_flow_table *table);

static inline bool wf_flow_table_matches(const struct wf_flow *flow,
					 const struct weft_flow_key *key, uint32_t hash)
{
	return flow->hash == hash && wf_flow_key_is_equal(&flow->key, key);
}

/* The part of wf_flow_table_find() for the flows after the first one of the iteration @cursor. */
struct wf_flow *wf_flow_table_find_next(const struct wf_flow_table *table,
					const struct weft_flow_key *key, uint32_t hash,
					struct wf_flow_cursor cursor);

/* Return the flow with @key, whose hash is @hash; NULL if there is none. */
static inline struct wf_flow *wf_flow_table_find(const struct wf_flow_table *table,
						 const struct weft_flow_key *key, uint32_t hash)
{
	struct wf_flow_cursor cursor;
	uint32_t id = wf_flow_index_first(&table->index, hash, &cursor);
	struct wf_flow *flow;

	wf_owner_check(table->owner, "flow find");
	if (!id)
		return NULL;
	flow = wf_slab_at(table->flows, id);
	return wf_likely(wf_flow_table_matches(flow, key, hash))
		       ? flow
		       : wf_flow_table_find_next(table, key, hash, cursor);
}

/* The result of wf_flow_table_prefetch_flow(). */
struct wf_flow_hint {
	struct wf_flow *flow;
	uint32_t changes; /* the hint is valid until this member of the table changes */
};

/* wf_flow_table_find(), not inline. */
struct wf_flow *wf_flow_table_find_unhinted(const struct wf_flow_table *table,
					    const struct weft_flow_key *key, uint32_t hash);

/* Return what wf_flow_table_find() returns; a valid hint for @hash saves reading the index. */
static inline struct wf_flow *wf_flow_table_find_hinted(const struct wf_flow_table *table,
							const struct weft_flow_key *key,
							uint32_t hash,
							const struct wf_flow_hint *hint)
{
	struct wf_flow *flow = hint->flow;

	if (wf_likely(hint->changes == table->changes) &&
	    (!flow || wf_likely(wf_flow_table_matches(flow, key, hash))))
		return flow;
	return wf_flow_table_find_unhinted(table, key, hash);
}

/*
 * Add a flow that is initialised by wf_flow_init(), has a new id, and has no timer. @key must not
 * be in the table. Return: NULL if @flows_max is reached, or if no memory is free.
 */
struct wf_flow *wf_flow_table_add(struct wf_flow_table *table, const struct weft_flow_key *key,
				  uint32_t hash, uint8_t client);

/* Remove @flow from the table and free it, with its timer, its extension and its gaps. */
void wf_flow_table_remove(struct wf_flow_table *table, struct wf_flow *flow);

/* Return the extension of @flow, or NULL if it has none. */
static inline struct wf_flow_ext *wf_flow_table_ext(const struct wf_flow_table *table,
						    const struct wf_flow *flow)
{
	return flow->ext ? wf_slab_at(table->exts, flow->ext) : NULL;
}

/*
 * Return the extension of @flow; allocate it if there is none. Return: NULL if no memory is free.
 */
struct wf_flow_ext *wf_flow_table_need_ext(struct wf_flow_table *table, struct wf_flow *flow);

/* Return the gaps of direction @dir of @flow, or NULL if none were recorded. */
struct wf_late *wf_flow_table_late(const struct wf_flow_table *table, const struct wf_flow *flow,
				   enum weft_dir dir);

/*
 * Return the gaps of direction @dir of @flow; allocate their record if there is none. Return: NULL
 * if no memory is free.
 */
struct wf_late *wf_flow_table_need_late(struct wf_flow_table *table, struct wf_flow *flow,
					enum weft_dir dir);

/*
 * Arm the timer of @flow. pop_due() returns it at most one tick (about 1 ms) after @deadline_ns, or
 * earlier.
 */
void wf_flow_table_arm(struct wf_flow_table *table, struct wf_flow *flow, uint64_t now_ns,
		       uint64_t deadline_ns);

/*
 * Return a flow that may be due at @now_ns, or NULL if there is none. The timer of the flow is then
 * not armed: the caller arms it again, or removes the flow.
 */
struct wf_flow *wf_flow_table_pop_due(struct wf_flow_table *table, uint64_t now_ns);

/*
 * Call pop_due() up to @max times, write the flows that it returns to @ret_flows, and prefetch
 * them. Return: the number of flows.
 */
uint32_t wf_flow_table_pop_due_group(struct wf_flow_table *table, uint64_t now_ns,
				     struct wf_flow **ret_flows, uint32_t max);

/*
 * Write up to @max flows to @ret_flows, in the order of the index, which is random. The next call
 * continues with the next bucket of the index. Return: the number of flows; 0 only if the table is
 * empty.
 */
uint32_t wf_flow_table_sample(struct wf_flow_table *table, struct wf_flow **ret_flows,
			      uint32_t max);

/*
 * Iterate over all flows. _buckets(): return the number of buckets. If it has changed, the flows
 * are in other buckets than before. _bucket(): write the flows of bucket @bucket to @ret_flows, and
 * prefetch those of the next buckets. Return: their number.
 */
uint32_t wf_flow_table_buckets(const struct wf_flow_table *table);
uint32_t wf_flow_table_bucket(const struct wf_flow_table *table, uint32_t bucket,
			      struct wf_flow *ret_flows[WF_FLOW_BUCKET_IDS]);

/*
 * The data of the flow with @hash is prefetched in four steps. First step: prefetch the bucket of
 * the index.
 */
static inline void wf_flow_table_prefetch(const struct wf_flow_table *table, uint32_t hash)
{
	wf_flow_index_prefetch(&table->index, hash);
}

/*
 * Second step: prefetch the first line of the first flow that wf_flow_table_find() would compare,
 * which may be a different flow with a similar hash. Return: this flow; NULL if there is none.
 */
static inline struct wf_flow_hint wf_flow_table_prefetch_flow(const struct wf_flow_table *table,
							      uint32_t hash)
{
	struct wf_flow_hint hint = {.changes = table->changes};
	struct wf_flow_cursor cursor;
	uint32_t id = wf_flow_index_first(&table->index, hash, &cursor);

	if (!id)
		return hint;
	hint.flow = wf_slab_at(table->flows, id);
	__builtin_prefetch(hint.flow);
	return hint;
}

/* Prefetch the timer of @flow, which is not among the members that each segment uses. */
void wf_flow_table_prefetch_timer(const struct wf_flow *flow);

/* Prefetch the timers that are linked with that of @flow. This reads the timer of @flow. */
void wf_flow_table_prefetch_neighbours(const struct wf_flow_table *table,
				       const struct wf_flow *flow);

/* Third step: prefetch the part of the extension of @flow that the segments of a waiting stream
 * use. */
void wf_flow_table_prefetch_ext(const struct wf_flow_table *table, const struct wf_flow *flow);

/* Third step, if @flow may end: prefetch what wf_flow_table_remove() and the flow's record read. */
void wf_flow_table_prefetch_end(const struct wf_flow_table *table, const struct wf_flow *flow);

/* Fourth step: prefetch the records of gaps of @flow. This step reads the extension. */
void wf_flow_table_prefetch_late(const struct wf_flow_table *table, const struct wf_flow *flow);

uint32_t wf_flow_table_count(const struct wf_flow_table *table);

bool wf_flow_table_is_valid(const struct wf_flow_table *table);

#endif
