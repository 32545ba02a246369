/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow_index.h - a hash table of slab ids, used for flows, half-open connections, ended connections
 * and source addresses.
 *
 * The index stores only ids; the caller compares the keys of the objects. A look-up that finds
 * nothing usually reads one cache line. The maximum size is fixed when the index is created; as
 * long as it holds few ids, it uses a small part of this size.
 *
 * Thread: the worker.
 */
#ifndef WF_FLOW_FLOW_INDEX_H
#define WF_FLOW_FLOW_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/assert.h"

struct wf_arena;
struct wf_slab;

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

/* Largest number of arrays between which an index grows. */
#define WF_FLOW_INDEX_ARRAYS 3

struct wf_flow_array {
	struct wf_flow_bucket *buckets; /* owned: a run of the arena; NULL: was given back */
	uint32_t count;
};

struct wf_flow_index {
	struct wf_flow_bucket *buckets; /* the array in use */
	uint32_t buckets_count;
	uint32_t ids_count;
	uint32_t full_at; /* number of ids at which the next array is used, if there is one */
	uint32_t array;	  /* number of the array in use */
	uint32_t arrays_count;
	struct wf_flow_array arrays[WF_FLOW_INDEX_ARRAYS]; /* in the order of their sizes */
	/* borrowed: the slab of the ids. Each object has its 32-bit hash at offset hash_at. */
	const struct wf_slab *slab;
	size_t hash_at;
	struct wf_arena *arena; /* borrowed */
};

/* An iteration over the ids whose hash may match. */
struct wf_flow_cursor {
	uint32_t bucket;
	uint32_t mask; /* bit mask of the bucket's matching slots that were not visited yet */
	uint8_t tag;
	uint8_t slot; /* slot of the id that was returned last */
};

/*
 * A full index is slower: about one bucket in ten overflows. The index of a table that is full for
 * a long time, because it evicts an entry for each new one, has room for this number of ids instead
 * of @entries_max.
 */
static inline uint32_t wf_flow_index_ids_of_full_table(uint32_t entries_max)
{
	return entries_max < UINT32_MAX / 3 * 2 ? entries_max + entries_max / 2 : entries_max;
}

/*
 * Allocate an empty index of ids of @slab, whose objects have the hash with which they are added at
 * offset @hash_at. Return: 0; -ENOBUFS: not enough adjacent free spans.
 */
int wf_flow_index_init(struct wf_flow_index *index, struct wf_arena *arena, uint32_t ids_max,
		       const struct wf_slab *slab, size_t hash_at);
void wf_flow_index_fini(struct wf_flow_index *index);

static inline uint32_t wf_flow_index_mix(uint32_t hash)
{
	return hash * 0x9e3779b1u;
}

/*
 * Return the tag of @hash. It is derived from bits that hardly influence the choice of the bucket.
 */
static inline uint8_t wf_flow_index_tag(uint32_t hash)
{
	uint32_t mixed = wf_flow_index_mix(hash);
	uint8_t tag = (uint8_t)(mixed ^ mixed >> 16);

	return tag ? tag : 1;
}

/* Return the number of the bucket that @hash selects. */
static inline uint32_t wf_flow_index_home(const struct wf_flow_index *index, uint32_t hash)
{
	return (uint32_t)(((uint64_t)wf_flow_index_mix(hash) * index->buckets_count) >> 32);
}

/* Return a mask whose bit n is set if slot n holds @tag. */
static inline uint32_t wf_flow_bucket_match(const struct wf_flow_bucket *bucket, uint8_t tag)
{
#ifdef __SSE2__
	/*
	 * Compare all 12 tags at once. The result for the other four bytes of the vector is masked
	 * off.
	 */
	__m128i tags = _mm_set1_epi32((int)(tag * 0x01010101u));
	__m128i same = _mm_cmpeq_epi8(_mm_load_si128((const __m128i *)bucket), tags);

	return (uint32_t)_mm_movemask_epi8(same) & ((1u << WF_FLOW_BUCKET_IDS) - 1);
#else
	uint32_t mask = 0;

	for (unsigned int i = 0; i < WF_FLOW_BUCKET_IDS; i++)
		mask |= (uint32_t)(bucket->tag[i] == tag) << i;
	return mask;
#endif
}

/* Return @cursor, moved to the next bucket with a matching slot if its own has no more. */
struct wf_flow_cursor wf_flow_index_continue(const struct wf_flow_index *index,
					     struct wf_flow_cursor cursor);

/* Return the next id of the iteration; 0 if there are no more. */
static inline uint32_t wf_flow_index_next(const struct wf_flow_index *index,
					  struct wf_flow_cursor *cursor)
{
	if (!cursor->mask && wf_unlikely(index->buckets[cursor->bucket].passed))
		*cursor = wf_flow_index_continue(index, *cursor);
	if (!cursor->mask)
		return 0;
	cursor->slot = (uint8_t)__builtin_ctz(cursor->mask);
	cursor->mask &= cursor->mask - 1;
	return index->buckets[cursor->bucket].id[cursor->slot];
}

/*
 * Return the first id whose hash may be @hash, and begin an iteration; 0 if there is none. Inline,
 * because it is called at least twice for each segment.
 */
static inline uint32_t wf_flow_index_first(const struct wf_flow_index *index, uint32_t hash,
					   struct wf_flow_cursor *ret_cursor)
{
	ret_cursor->bucket = wf_flow_index_home(index, hash);
	ret_cursor->tag = wf_flow_index_tag(hash);
	ret_cursor->slot = 0;
	ret_cursor->mask =
		wf_flow_bucket_match(&index->buckets[ret_cursor->bucket], ret_cursor->tag);
	return wf_flow_index_next(index, ret_cursor);
}

/*
 * Return false if no id in the index has a hash that may be @hash. This reads only the bucket that
 * wf_flow_index_prefetch() prefetches.
 */
static inline bool wf_flow_index_may_have(const struct wf_flow_index *index, uint32_t hash)
{
	const struct wf_flow_bucket *bucket = &index->buckets[wf_flow_index_home(index, hash)];

	return wf_flow_bucket_match(bucket, wf_flow_index_tag(hash)) || bucket->passed;
}

/*
 * Add @id, which must not be 0 and must not be in the index. If the index grows, which changes
 * buckets_count, the hashes of all other objects are read, and cursors become invalid. Return: 0;
 * -ENOBUFS: the index is full.
 */
int wf_flow_index_add(struct wf_flow_index *index, uint32_t hash, uint32_t id);

/* Remove @id, which must be in the index. @hash: the hash with which it was added. */
void wf_flow_index_remove(struct wf_flow_index *index, uint32_t hash, uint32_t id);

static inline void wf_flow_index_prefetch(const struct wf_flow_index *index, uint32_t hash)
{
	__builtin_prefetch(&index->buckets[wf_flow_index_home(index, hash)]);
}

bool wf_flow_index_is_valid(const struct wf_flow_index *index);

#endif
