// SPDX-License-Identifier: BSD-2-Clause
/*
 * flow_index.c - a hash table whose buckets are one cache line each: 12 tags of 8 bits, 12 ids, and
 * the number of entries that overflowed.
 *
 *   hash ──► bucket: [t t t t t t t t t t t t][passed][id id id ... id]
 *            if it is full, the entry is stored in a later bucket, and `passed`
 *            is incremented so that a search continues; removal decrements it
 *
 * Bound: one bucket for each 8.5 ids, which is 7.5 bytes for each id. At this load, which only a
 * full index reaches, about one bucket in ten overflows. The hash is mixed again here, because the
 * bits that selected the worker are similar in all entries. The hash is keyed, so an attacker can't
 * choose keys of one bucket.
 *
 * Invariant: an entry is stored in the bucket that its hash selects, or in a later one. Each bucket
 * from the selected one to the last one before the entry's bucket counts the entry in `passed`.
 */
#include "flow/flow_index.h"

#include <errno.h>
#include <stddef.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <weft/limits.h>

#include "memory/arena.h"

#define LOAD_NUM 2u /* load factor of the index: 8.5 ids for each bucket */
#define LOAD_DEN 17u

static uint32_t mix(uint32_t hash)
{
	hash *= 0x9e3779b1u;
	return hash ^ (hash >> 16);
}

/*
 * Return the tag of @hash. It is derived from bits that hardly influence the choice of the bucket.
 */
static uint8_t tag_of(uint32_t hash)
{
	uint8_t tag = (uint8_t)mix(hash);

	return tag ? tag : 1;
}

static uint32_t home_of(const struct wf_flow_index *index, uint32_t hash)
{
	return (uint32_t)(((uint64_t)(hash * 0x9e3779b1u) * index->buckets_count) >> 32);
}

static uint32_t bucket_after(const struct wf_flow_index *index, uint32_t bucket)
{
	return bucket + 1 == index->buckets_count ? 0 : bucket + 1;
}

/* Return a mask whose bit n is set if slot n holds @tag. */
static inline uint32_t match(const struct wf_flow_bucket *bucket, uint8_t tag)
{
#ifdef __SSE2__
	/*
	 * Compare all 12 tags at once. The result for the other four bytes of the vector is masked
	 * off.
	 */
	__m128i same =
		_mm_cmpeq_epi8(_mm_load_si128((const __m128i *)bucket), _mm_set1_epi8((char)tag));

	return (uint32_t)_mm_movemask_epi8(same) & ((1u << WF_FLOW_BUCKET_IDS) - 1);
#else
	uint32_t mask = 0;

	for (unsigned int i = 0; i < WF_FLOW_BUCKET_IDS; i++)
		mask |= (uint32_t)(bucket->tag[i] == tag) << i;
	return mask;
#endif
}

static uint32_t buckets_for(uint32_t ids_max)
{
	return (uint32_t)((uint64_t)ids_max * LOAD_NUM / LOAD_DEN) + 1;
}

uint64_t wf_flow_index_bytes(uint32_t ids_max)
{
	uint64_t bytes = (uint64_t)buckets_for(ids_max) * sizeof(struct wf_flow_bucket);

	return (bytes + WEFT_SPAN_BYTES - 1) / WEFT_SPAN_BYTES * WEFT_SPAN_BYTES;
}

int wf_flow_index_init(struct wf_flow_index *index, struct wf_arena *arena, uint32_t ids_max)
{
	index->bytes = wf_flow_index_bytes(ids_max);
	index->buckets = wf_arena_take_zeroed_run(arena, index->bytes);
	if (!index->buckets)
		return -ENOBUFS;
	index->arena = arena;
	index->buckets_count = buckets_for(ids_max);
	index->ids_count = 0;
	return 0;
}

void wf_flow_index_fini(struct wf_flow_index *index)
{
	if (index->buckets)
		wf_arena_put_run(index->arena, index->buckets, index->bytes);
	index->buckets = NULL;
}

uint32_t wf_flow_index_first(const struct wf_flow_index *index, uint32_t hash,
			     struct wf_flow_cursor *ret_cursor)
{
	ret_cursor->bucket = home_of(index, hash);
	ret_cursor->tag = tag_of(hash);
	ret_cursor->mask = match(&index->buckets[ret_cursor->bucket], ret_cursor->tag);
	return wf_flow_index_next(index, ret_cursor);
}

uint32_t wf_flow_index_next(const struct wf_flow_index *index, struct wf_flow_cursor *cursor)
{
	const struct wf_flow_bucket *bucket = &index->buckets[cursor->bucket];

	while (!cursor->mask) {
		if (wf_likely(!bucket->passed))
			return 0;
		cursor->bucket = bucket_after(index, cursor->bucket);
		bucket = &index->buckets[cursor->bucket];
		cursor->mask = match(bucket, cursor->tag);
	}
	cursor->slot = (uint8_t)__builtin_ctz(cursor->mask);
	cursor->mask &= cursor->mask - 1;
	return bucket->id[cursor->slot];
}

int wf_flow_index_add(struct wf_flow_index *index, uint32_t hash, uint32_t id)
{
	uint32_t at = home_of(index, hash);
	uint32_t free_slots;

	/* At least one slot of twelve stays free, so that every search ends. */
	if (index->ids_count >= index->buckets_count * (WF_FLOW_BUCKET_IDS - 1))
		return -ENOBUFS;
	while (!(free_slots = match(&index->buckets[at], 0))) {
		index->buckets[at].passed++;
		at = bucket_after(index, at);
	}
	index->buckets[at].tag[__builtin_ctz(free_slots)] = tag_of(hash);
	index->buckets[at].id[__builtin_ctz(free_slots)] = id;
	index->ids_count++;
	return 0;
}

void wf_flow_index_remove(struct wf_flow_index *index, uint32_t hash, uint32_t id)
{
	struct wf_flow_cursor cursor;
	uint32_t found = wf_flow_index_first(index, hash, &cursor);

	while (found && found != id)
		found = wf_flow_index_next(index, &cursor);
	wf_assert(found == id);
	if (!found)
		return;
	index->buckets[cursor.bucket].tag[cursor.slot] = 0;
	index->buckets[cursor.bucket].id[cursor.slot] = 0;
	index->ids_count--;
	for (uint32_t at = home_of(index, hash); at != cursor.bucket; at = bucket_after(index, at))
		index->buckets[at].passed--;
}

void wf_flow_index_prefetch(const struct wf_flow_index *index, uint32_t hash)
{
	__builtin_prefetch(&index->buckets[home_of(index, hash)]);
}

bool wf_flow_index_is_valid(const struct wf_flow_index *index)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < index->buckets_count; i++) {
		for (unsigned int slot = 0; slot < WF_FLOW_BUCKET_IDS; slot++) {
			if (!index->buckets[i].tag[slot] != !index->buckets[i].id[slot])
				return false;
			count += index->buckets[i].id[slot] != 0;
		}
	}
	return count == index->ids_count;
}
