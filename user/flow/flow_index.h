/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow_index.h - a hash table of slab ids, used for flows, handshakes and ended connections.
 *
 * The index stores only ids; the caller compares the keys of the objects. A look-up that finds
 * nothing usually reads one cache line. The size is fixed when the index is created.
 *
 * Thread: the worker.
 */
#ifndef WF_FLOW_FLOW_INDEX_H
#define WF_FLOW_FLOW_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/assert.h"

struct wf_arena;

#define WF_FLOW_BUCKET_IDS 12

/* A bucket of 12 slots, one cache line long. A slot is free if its tag is 0. */
struct wf_flow_bucket {
	uint8_t tag[WF_FLOW_BUCKET_IDS];
	/*
	 * number of entries that belong in this or an earlier bucket, but are stored in a later one
	 */
	uint32_t passed;
	uint32_t id[WF_FLOW_BUCKET_IDS];
};
_Static_assert(sizeof(struct wf_flow_bucket) == WF_CACHE_LINE, "a bucket is a cache line");

struct wf_flow_index {
	struct wf_flow_bucket *buckets; /* owned: a run of the arena */
	uint32_t buckets_count;
	uint32_t ids_count;
	struct wf_arena *arena; /* borrowed */
	uint64_t bytes;		/* size of the array buckets in bytes */
};

/* An iteration over the ids whose hash may match. */
struct wf_flow_cursor {
	uint32_t bucket;
	uint32_t mask; /* bit mask of the bucket's matching slots that were not visited yet */
	uint8_t tag;
	uint8_t slot; /* slot of the id that was returned last */
};

/* Return the size of an index for @ids_max ids. */
uint64_t wf_flow_index_bytes(uint32_t ids_max);

/* Allocate an empty index. Return: 0; -ENOBUFS: not enough adjacent free spans. */
int wf_flow_index_init(struct wf_flow_index *index, struct wf_arena *arena, uint32_t ids_max);
void wf_flow_index_fini(struct wf_flow_index *index);

/* Return the first id whose hash may be @hash, and begin an iteration; 0 if there is none. */
uint32_t wf_flow_index_first(const struct wf_flow_index *index, uint32_t hash,
			     struct wf_flow_cursor *ret_cursor);

/* Return the next id of the iteration; 0 if there are no more. */
uint32_t wf_flow_index_next(const struct wf_flow_index *index, struct wf_flow_cursor *cursor);

/*
 * Add @id, which must not be 0 and must not be in the index. Return: 0; -ENOBUFS: the index is
 * full.
 */
int wf_flow_index_add(struct wf_flow_index *index, uint32_t hash, uint32_t id);

/* Remove @id. @hash: the hash with which it was added. */
void wf_flow_index_remove(struct wf_flow_index *index, uint32_t hash, uint32_t id);

void wf_flow_index_prefetch(const struct wf_flow_index *index, uint32_t hash);

bool wf_flow_index_is_valid(const struct wf_flow_index *index);

#endif
