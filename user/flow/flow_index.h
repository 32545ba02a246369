/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow_index.h - hash to id: the hash table under flows, handshakes and recent closings.
 *
 * It holds ids only; the owner of the objects compares their keys. A look-up that
 * finds nothing reads one cache line. Sized once, for a fixed number of ids.
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

/* One cache line. A slot is free if its tag is 0. */
struct wf_flow_bucket {
	uint8_t tag[WF_FLOW_BUCKET_IDS];
	uint32_t passed; /* entries that wanted this bucket and went further */
	uint32_t id[WF_FLOW_BUCKET_IDS];
};
_Static_assert(sizeof(struct wf_flow_bucket) == WF_CACHE_LINE, "a bucket is a cache line");

struct wf_flow_index {
	struct wf_flow_bucket *buckets; /* owned: a run of the arena */
	uint32_t buckets_count;
	uint32_t ids_count;
	struct wf_arena *arena; /* borrowed */
	uint64_t bytes;		/* of buckets */
};

/* Walks the ids whose hash may be the one looked for. */
struct wf_flow_cursor {
	uint32_t bucket;
	uint32_t mask; /* slots of the bucket still to look at */
	uint8_t tag;
	uint8_t slot; /* of the id last given */
};

/* Bytes of the arena that an index of @ids_max takes. */
uint64_t wf_flow_index_bytes(uint32_t ids_max);

/* Return: 0; -ENOBUFS: not enough adjacent free spans. */
int wf_flow_index_init(struct wf_flow_index *index, struct wf_arena *arena, uint32_t ids_max);
void wf_flow_index_fini(struct wf_flow_index *index);

/* Return: first, next candidate for @hash; 0: there is none (more). */
uint32_t wf_flow_index_first(const struct wf_flow_index *index, uint32_t hash,
			     struct wf_flow_cursor *ret_cursor);
uint32_t wf_flow_index_next(const struct wf_flow_index *index, struct wf_flow_cursor *cursor);

/* @id is not 0 and not in it. Return: 0; -ENOBUFS: as full as it may be. */
int wf_flow_index_add(struct wf_flow_index *index, uint32_t hash, uint32_t id);

/* @id was added with @hash. */
void wf_flow_index_remove(struct wf_flow_index *index, uint32_t hash, uint32_t id);

void wf_flow_index_prefetch(const struct wf_flow_index *index, uint32_t hash);

bool wf_flow_index_is_valid(const struct wf_flow_index *index);

#endif
