// SPDX-License-Identifier: BSD-2-Clause
/*
 * stream_set.c - open addressing with linear probing. Half of the slots are free at least, so that
 * a search is short; removal moves later entries back, so that none becomes unreachable.
 */
#include "sink/table/stream_set.h"

#include <errno.h>
#include <stdlib.h>

enum { NUMBER_SHIFT = 56 };

static uint64_t key_at(const struct wf_stream_set *set, uint32_t slot)
{
	return set->slots[slot] & ((1ull << NUMBER_SHIFT) - 1);
}

/* weft assigns flow ids, so the hash needs no secret. */
static uint32_t home_of(uint64_t key)
{
	return (uint32_t)(key * 0x9e3779b97f4a7c15ull >> 32) & (WF_STREAM_SET_SLOTS - 1);
}

static uint32_t after(uint32_t slot)
{
	return (slot + 1) & (WF_STREAM_SET_SLOTS - 1);
}

/* Return the slot of @key, or the free slot that ends the search. */
static uint32_t find(const struct wf_stream_set *set, uint64_t key)
{
	uint32_t slot = home_of(key);

	while (set->slots[slot] && key_at(set, slot) != key)
		slot = after(slot);
	return slot;
}

int wf_stream_set_init(struct wf_stream_set *set)
{
	*set = (struct wf_stream_set){
		.slots = calloc(WF_STREAM_SET_SLOTS, sizeof(*set->slots)),
	};
	return set->slots ? 0 : -ENOMEM;
}

void wf_stream_set_fini(struct wf_stream_set *set)
{
	free(set->slots);
	*set = (struct wf_stream_set){0};
}

bool wf_stream_set_add(struct wf_stream_set *set, uint64_t key, uint32_t number)
{
	if (set->count == WF_STREAM_SET_MAX)
		return false;
	set->slots[find(set, key)] = key | (uint64_t)number << NUMBER_SHIFT;
	set->count++;
	return true;
}

/* Free @hole, and move the entries after it whose search would end there. */
static void close_hole(struct wf_stream_set *set, uint32_t hole)
{
	const uint32_t mask = WF_STREAM_SET_SLOTS - 1;

	for (uint32_t slot = after(hole); set->slots[slot]; slot = after(slot)) {
		uint32_t home = home_of(key_at(set, slot));

		if (((slot - home) & mask) < ((slot - hole) & mask))
			continue;
		set->slots[hole] = set->slots[slot];
		hole = slot;
	}
	set->slots[hole] = 0;
}

uint32_t wf_stream_set_take(struct wf_stream_set *set, uint64_t key)
{
	uint32_t slot = find(set, key);
	uint32_t number = (uint32_t)(set->slots[slot] >> NUMBER_SHIFT);

	if (!number)
		return 0;
	close_hole(set, slot);
	set->count--;
	return number;
}
