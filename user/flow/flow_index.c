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

#include <weft/limits.h>

#include "memory/arena.h"

#define LOAD_NUM 2u /* load factor of the index: 8.5 ids for each bucket */
#define LOAD_DEN 17u

static uint32_t bucket_after(const struct wf_flow_index *index, uint32_t bucket)
{
	return bucket + 1 == index->buckets_count ? 0 : bucket + 1;
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

struct wf_flow_cursor wf_flow_index_continue(const struct wf_flow_index *index,
					     struct wf_flow_cursor cursor)
{
	while (!cursor.mask && index->buckets[cursor.bucket].passed) {
		cursor.bucket = bucket_after(index, cursor.bucket);
		cursor.mask = wf_flow_bucket_match(&index->buckets[cursor.bucket], cursor.tag);
	}
	return cursor;
}

int wf_flow_index_add(struct wf_flow_index *index, uint32_t hash, uint32_t id)
{
	uint32_t at = wf_flow_index_home(index, hash);
	uint32_t free_slots;

	/*
	 * On average, at least one of the 12 slots of a bucket stays free, so that this loop ends.
	 */
	if (index->ids_count >= index->buckets_count * (WF_FLOW_BUCKET_IDS - 1))
		return -ENOBUFS;
	while (!(free_slots = wf_flow_bucket_match(&index->buckets[at], 0))) {
		index->buckets[at].passed++;
		at = bucket_after(index, at);
	}
	index->buckets[at].tag[__builtin_ctz(free_slots)] = wf_flow_index_tag(hash);
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
	for (uint32_t at = wf_flow_index_home(index, hash); at != cursor.bucket;
	     at = bucket_after(index, at))
		index->buckets[at].passed--;
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
