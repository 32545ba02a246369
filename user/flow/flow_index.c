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
 * Most indexes hold much less than their maximum, and buckets chosen by a hash are spread over the
 * whole array: nearly each one would be a cache miss and a TLB miss. Therefore a large index begins
 * with a small array, which stays in the cache, and moves its entries to a larger one when that is
 * full. All arrays are taken at the start, so growing can't fail; the smaller ones add at most 1/7
 * to the size of the largest, and are given back when the index has outgrown them. The largest move
 * is that of 64 Ki entries, which takes 2 to 3 ms. An index does not shrink.
 *
 * Invariant: an entry is stored in the bucket that its hash selects, or in a later one. Each bucket
 * from the selected one to the last one before the entry's bucket counts the entry in `passed`.
 */
#include "flow/flow_index.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "memory/arena.h"
#include "memory/slab.h"

#define LOAD_NUM 2u /* load factor of the index: 8.5 ids for each bucket */
#define LOAD_DEN 17u

enum {
	SMALL_LOAD = 8,	 /* average number of ids in a bucket at which an array is outgrown */
	SMALL_SHARE = 8, /* a smaller array has at most this part of the largest one's buckets */
};

static uint32_t bucket_after(const struct wf_flow_index *index, uint32_t bucket)
{
	return bucket + 1 == index->buckets_count ? 0 : bucket + 1;
}

static uint32_t buckets_for(uint32_t ids_max)
{
	return (uint32_t)((uint64_t)ids_max * LOAD_NUM / LOAD_DEN) + 1;
}

static uint64_t bytes_of(uint32_t buckets)
{
	return (uint64_t)buckets * sizeof(struct wf_flow_bucket);
}

/* ---- arrays -------------------------------------------------------------------------- */

static int take_array(struct wf_flow_index *index, uint32_t buckets)
{
	struct wf_flow_array *array = &index->arrays[index->arrays_count];

	array->buckets = wf_arena_take_zeroed_run(index->arena, bytes_of(buckets));
	if (!array->buckets)
		return -ENOBUFS;
	array->count = buckets;
	index->arrays_count++;
	return 0;
}

static void put_array(struct wf_flow_index *index, struct wf_flow_array *array)
{
	wf_arena_put_run(index->arena, array->buckets, bytes_of(array->count));
	array->buckets = NULL;
}

/* Use array @number, which is empty. */
static void use_array(struct wf_flow_index *index, uint32_t number)
{
	bool is_last = number + 1 == index->arrays_count;

	index->array = number;
	index->buckets = index->arrays[number].buckets;
	index->buckets_count = index->arrays[number].count;
	/* At least one of the 12 slots of a bucket stays free on average, so that insert() ends. */
	index->full_at = index->buckets_count * (is_last ? WF_FLOW_BUCKET_IDS - 1 : SMALL_LOAD);
	index->ids_count = 0;
}

int wf_flow_index_init(struct wf_flow_index *index, struct wf_arena *arena, uint32_t ids_max,
		       const struct wf_slab *slab, size_t hash_at)
{
	static const uint32_t small_buckets[] = {1024, 8192};
	uint32_t buckets = buckets_for(ids_max);
	int err = 0;

	*index = (struct wf_flow_index){.arena = arena, .slab = slab, .hash_at = hash_at};
	for (size_t i = 0; !err && i < sizeof(small_buckets) / sizeof(small_buckets[0]); i++)
		if (small_buckets[i] <= buckets / SMALL_SHARE)
			err = take_array(index, small_buckets[i]);
	if (!err)
		err = take_array(index, buckets);
	if (err) {
		wf_flow_index_fini(index);
		return err;
	}
	use_array(index, 0);
	return 0;
}

void wf_flow_index_fini(struct wf_flow_index *index)
{
	for (uint32_t i = 0; i < index->arrays_count; i++)
		if (index->arrays[i].buckets)
			put_array(index, &index->arrays[i]);
	index->arrays_count = 0;
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

static inline __attribute__((always_inline)) void insert(struct wf_flow_index *index, uint32_t hash,
							 uint32_t id)
{
	uint32_t at = wf_flow_index_home(index, hash);
	uint32_t free_slots;

	while (!(free_slots = wf_flow_bucket_match(&index->buckets[at], 0))) {
		index->buckets[at].passed++;
		at = bucket_after(index, at);
	}
	index->buckets[at].tag[__builtin_ctz(free_slots)] = wf_flow_index_tag(hash);
	index->buckets[at].id[__builtin_ctz(free_slots)] = id;
	index->ids_count++;
}

static const uint8_t *hash_of(const struct wf_flow_index *index, uint32_t id)
{
	return (const uint8_t *)wf_slab_at(index->slab, id) + index->hash_at;
}

static void prefetch_hashes(const struct wf_flow_index *index, const struct wf_flow_bucket *bucket)
{
	for (unsigned int slot = 0; slot < WF_FLOW_BUCKET_IDS; slot++)
		if (bucket->id[slot])
			__builtin_prefetch(hash_of(index, bucket->id[slot]));
}

/* Insert all entries of @bucket, which is in a smaller array. */
static void insert_all(struct wf_flow_index *index, const struct wf_flow_bucket *bucket)
{
	uint32_t hash;

	for (unsigned int slot = 0; slot < WF_FLOW_BUCKET_IDS; slot++) {
		if (!bucket->id[slot])
			continue;
		memcpy(&hash, hash_of(index, bucket->id[slot]), sizeof(hash));
		insert(index, hash, bucket->id[slot]);
	}
}

/* Move all entries to the next array. */
static void grow(struct wf_flow_index *index)
{
	struct wf_flow_array *from = &index->arrays[index->array];

	use_array(index, index->array + 1);
	for (uint32_t i = 0; i < from->count; i++) {
		if (i + 1 < from->count)
			prefetch_hashes(index, &from->buckets[i + 1]);
		insert_all(index, &from->buckets[i]);
	}
	put_array(index, from);
}

/* The part of wf_flow_index_add() for a full array. */
static __attribute__((noinline)) int add_to_full(struct wf_flow_index *index, uint32_t hash,
						 uint32_t id)
{
	if (index->array + 1 == index->arrays_count)
		return -ENOBUFS;
	grow(index);
	insert(index, hash, id);
	return 0;
}

int wf_flow_index_add(struct wf_flow_index *index, uint32_t hash, uint32_t id)
{
	if (wf_unlikely(index->ids_count >= index->full_at))
		return add_to_full(index, hash, id);
	insert(index, hash, id);
	return 0;
}

/* Remove @id from @bucket. Return: false if it is in another bucket. */
static inline bool remove_from(struct wf_flow_bucket *bucket, uint8_t tag, uint32_t id)
{
	uint32_t mask = wf_flow_bucket_match(bucket, tag);

	for (; mask; mask &= mask - 1) {
		unsigned int slot = (unsigned int)__builtin_ctz(mask);

		if (wf_unlikely(bucket->id[slot] != id))
			continue;
		bucket->tag[slot] = 0;
		bucket->id[slot] = 0;
		return true;
	}
	return false;
}

void wf_flow_index_remove(struct wf_flow_index *index, uint32_t hash, uint32_t id)
{
	uint32_t at = wf_flow_index_home(index, hash);
	uint8_t tag = wf_flow_index_tag(hash);

	while (wf_unlikely(!remove_from(&index->buckets[at], tag, id))) {
		wf_assert(index->buckets[at].passed);
		if (!index->buckets[at].passed)
			return;
		index->buckets[at].passed--;
		at = bucket_after(index, at);
	}
	index->ids_count--;
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
