// SPDX-License-Identifier: BSD-2-Clause
/*
 * stream_set.c - open addressing with linear probing. About half of the slots or more are free, so
 * that a search is short: the array doubles when half of it is used. Removal moves later entries
 * back, so that a search still finds each of them.
 */
#include "sink/table/stream_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_SHIFT = 55, SLOTS_MIN = 1024 };

static uint64_t key_at(const struct wf_stream_set *set, uint32_t slot)
{
	return set->slots[slot] & ((1ull << NUMBER_SHIFT) - 1);
}

/* weft assigns flow ids, so the hash needs no secret. */
static uint32_t home_of(const struct wf_stream_set *set, uint64_t key)
{
	return (uint32_t)(key * 0x9e3779b97f4a7c15ull >> 32) & set->mask;
}

static uint32_t after(const struct wf_stream_set *set, uint32_t slot)
{
	return (slot + 1) & set->mask;
}

/* Return the slot of @key, or the free slot that ends the search. */
static uint32_t find(const struct wf_stream_set *set, uint64_t key)
{
	uint32_t slot = home_of(set, key);

	while (set->slots[slot] && key_at(set, slot) != key)
		slot = after(set, slot);
	return slot;
}

static int take_slots(struct wf_stream_set *set, uint32_t count)
{
	set->slots = calloc(count, sizeof(*set->slots));
	set->mask = count - 1;
	return set->slots ? 0 : -ENOMEM;
}

int wf_stream_set_init(struct wf_stream_set *set)
{
	*set = (struct wf_stream_set){0};
	return take_slots(set, SLOTS_MIN);
}

void wf_stream_set_fini(struct wf_stream_set *set)
{
	free(set->slots);
	*set = (struct wf_stream_set){0};
}

void wf_stream_set_clear(struct wf_stream_set *set)
{
	memset(set->slots, 0, ((size_t)set->mask + 1) * sizeof(*set->slots));
	set->count = 0;
}

/* Move all entries to twice as many slots. Return: false if there is no memory. */
static bool grow(struct wf_stream_set *set)
{
	struct wf_stream_set larger = {.count = set->count};

	if (take_slots(&larger, 2 * (set->mask + 1)))
		return false;
	for (uint32_t slot = 0; slot <= set->mask; slot++)
		if (set->slots[slot])
			larger.slots[find(&larger, key_at(set, slot))] = set->slots[slot];
	free(set->slots);
	*set = larger;
	return true;
}

bool wf_stream_set_add(struct wf_stream_set *set, uint64_t key, uint32_t number)
{
	if (set->count == WF_STREAM_SET_MAX || (set->count > set->mask / 2 && !grow(set)))
		return false;
	set->slots[find(set, key)] = key | (uint64_t)number << NUMBER_SHIFT;
	set->count++;
	return true;
}

/* Free the slot @hole, and move later entries back whose search would end at it. */
static void close_hole(struct wf_stream_set *set, uint32_t hole)
{
	for (uint32_t slot = after(set, hole); set->slots[slot]; slot = after(set, slot)) {
		uint32_t home = home_of(set, key_at(set, slot));

		if (((slot - home) & set->mask) < ((slot - hole) & set->mask))
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

/* ---- files as numbers ---- */

enum {
	NUMBER_FAILED = WF_STREAM_NUMBER_LOST, /* the file failed: nothing more is written */
	NUMBER_BY_TENANT = 256,		       /* added if the name has VLAN ids or the VNI */
	/* kept for a file that has not failed, but whose number is too large to be kept */
	NUMBER_TOO_LARGE = NUMBER_BY_TENANT + NUMBER_FAILED,
};

bool wf_stream_set_keep(struct wf_stream_set *set, const struct wf_stream_file *file)
{
	uint32_t number = file->number + (file->by_tenant ? NUMBER_BY_TENANT : 0);

	if (!file->made && !file->failed)
		return true;
	if (file->failed)
		number = NUMBER_FAILED;
	else if (file->number >= WF_STREAM_NUMBER_LOST)
		number = NUMBER_TOO_LARGE;
	return wf_stream_set_add(set, file->key, number);
}

bool wf_stream_set_recall(struct wf_stream_set *set, struct wf_stream_file *file)
{
	uint32_t number = wf_stream_set_take(set, file->key);

	file->number = number % NUMBER_BY_TENANT;
	file->by_tenant = number >= NUMBER_BY_TENANT;
	file->made = file->wrote = number > 0;
	file->failed = file->number == NUMBER_FAILED;
	return number != NUMBER_TOO_LARGE;
}
