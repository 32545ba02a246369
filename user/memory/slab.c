// SPDX-License-Identifier: BSD-2-Clause
/*
 * slab.c - fixed-size objects of one worker, named by 32-bit ids, in spans of the arena.
 *
 *   id << granule_shift == offset of the object in the arena
 *
 * So wf_slab_at() is one shift and one addition, and an id does not depend on the address of the
 * mapping. The object at offset 0 would have id 0, which is reserved, so the first slot of the
 * arena's first span is never used. Free objects of a span are linked through their first 4 bytes.
 * A span whose objects are all free is given back to the arena. One such span is kept as a spare
 * while any object is taken.
 *
 * Bound: objects_max, and each span is charged to the arena's budget.
 */
#include "memory/slab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "memory/arena_internal.h"
#include "memory/fault.h"

struct wf_slab {
	struct wf_slab_map map;
	uint32_t object_bytes;
	struct wf_span_list partial; /* spans with both free and taken objects */
	struct wf_span_list full;
	/* one empty span, which is kept and is used next; NULL: no empty span is kept */
	struct wf_span *spare;
	struct wf_arena *arena;
	uint32_t objects_max;
	uint32_t taken;
	uint32_t objects; /* number of objects in a span */
};

/* LARGE_OBJECTS: number of objects of a slab that soon uses all of its next span */
enum { GRANULE_SHIFT_MIN = 3, LARGE_OBJECTS = 4096 };

int wf_slab_new(struct wf_arena *arena, size_t object_bytes, uint32_t objects_max,
		struct wf_slab **ret_slab)
{
	uint32_t shift = GRANULE_SHIFT_MIN;
	struct wf_slab *slab;
	int err;

	while (wf_arena_bytes(arena) >> shift > UINT32_MAX)
		shift++;
	if (!object_bytes || object_bytes > WEFT_SPAN_BYTES / 2 || !objects_max)
		return -EINVAL;

	err = wf_budget_reserve(&arena->budget, WF_BUDGET_TABLES, sizeof(*slab));
	if (err)
		return err;
	slab = calloc(1, sizeof(*slab));
	if (!slab) {
		wf_budget_release(&arena->budget, WF_BUDGET_TABLES, sizeof(*slab));
		return -ENOMEM;
	}

	slab->arena = arena;
	slab->map.base = arena->base;
	slab->map.granule_shift = shift;
	slab->object_bytes = (uint32_t)((object_bytes + (1u << shift) - 1) >> shift << shift);
	slab->objects = WEFT_SPAN_BYTES / slab->object_bytes;
	slab->objects_max = objects_max;
	*ret_slab = slab;
	return 0;
}

static void put_list(struct wf_arena *arena, struct wf_span *span)
{
	while (span) {
		struct wf_span *next = span->next;

		wf_arena_put(arena, span, 1);
		span = next;
	}
}

void wf_slab_free(struct wf_slab *slab)
{
	if (!slab)
		return;

	put_list(slab->arena, slab->partial.head);
	put_list(slab->arena, slab->full.head);
	if (slab->spare)
		wf_arena_put(slab->arena, slab->spare, 1);
	wf_budget_release(&slab->arena->budget, WF_BUDGET_TABLES, sizeof(*slab));
	free(slab);
}

static uint32_t slot_id(const struct wf_slab *slab, const struct wf_span *span, uint32_t slot)
{
	uint64_t off =
		((uint64_t)span->index << WF_SPAN_SHIFT) + (uint64_t)slot * slab->object_bytes;

	return (uint32_t)(off >> slab->map.granule_shift);
}

static struct wf_span *span_of(const struct wf_slab *slab, uint32_t id)
{
	return wf_arena_span(slab->arena,
			     (uint32_t)((uint64_t)id << slab->map.granule_shift >> WF_SPAN_SHIFT));
}

/* Return the number of slots of @span that are never used, because their id would be 0. */
static uint32_t reserved_slots(const struct wf_span *span)
{
	return span->index == 0;
}

static struct wf_span *fetch_span(struct wf_slab *slab)
{
	struct wf_span *span = slab->spare;

	if (span) {
		slab->spare = NULL;
	} else {
		span = wf_arena_take(slab->arena, WF_SPAN_SLAB, 1);
		if (!span)
			return NULL;
		/* This saves a page fault for each page. If it fails, page faults map them. */
		if (slab->taken >= LARGE_OBJECTS)
			madvise(span->data, WEFT_SPAN_BYTES, MADV_POPULATE_WRITE);
		span->pages = (uint16_t)(slab->objects - reserved_slots(span));
		span->free_pages = span->pages;
		span->fresh_pages = (uint16_t)reserved_slots(span);
		span->free_head = WF_SLAB_NONE;
	}
	wf_span_list_append(&slab->partial, span);
	return span;
}

uint32_t wf_slab_take(struct wf_slab *slab)
{
	struct wf_span *span = slab->partial.head;
	uint32_t id;

	if (slab->taken >= slab->objects_max || wf_fault_hit())
		return WF_SLAB_NONE;
	if (wf_unlikely(!span)) {
		span = fetch_span(slab);
		if (!span)
			return WF_SLAB_NONE;
	}

	id = span->free_head;
	if (id == WF_SLAB_NONE) {
		id = slot_id(slab, span, span->fresh_pages++);
	} else {
		memcpy(&span->free_head, wf_slab_at(slab, id), sizeof(span->free_head));
		/* Prefetch the object that is taken next: its link is read, then it is filled. */
		for (uint32_t at = 0; span->free_head != WF_SLAB_NONE && at < slab->object_bytes;
		     at += WF_CACHE_LINE)
			__builtin_prefetch((uint8_t *)wf_slab_at(slab, span->free_head) + at, 1);
	}
	slab->taken++;
	if (!--span->free_pages) {
		wf_span_list_remove(&slab->partial, span);
		wf_span_list_append(&slab->full, span);
	}
	return id;
}

void wf_slab_put(struct wf_slab *slab, uint32_t id)
{
	struct wf_span *span = span_of(slab, id);

	wf_assert(id != WF_SLAB_NONE && span->use == WF_SPAN_SLAB);
	memcpy(wf_slab_at(slab, id), &span->free_head, sizeof(span->free_head));
	span->free_head = id;
	slab->taken--;

	if (!span->free_pages++) {
		wf_span_list_remove(&slab->full, span);
		wf_span_list_append(&slab->partial, span);
	}
	/* The first comparison usually ends this without reading another line of the span. */
	if (span->free_pages + 1u < slab->objects || span->free_pages < span->pages)
		return;

	wf_span_list_remove(&slab->partial, span);
	if (slab->taken && !slab->spare)
		slab->spare = span;
	else
		wf_arena_put(slab->arena, span, 1);
	if (!slab->taken && slab->spare) {
		wf_arena_put(slab->arena, slab->spare, 1);
		slab->spare = NULL;
	}
}

void wf_slab_prefetch_put(const struct wf_slab *slab, uint32_t id)
{
	__builtin_prefetch(&span_of(slab, id)->free_pages, 1);
}

uint32_t wf_slab_taken(const struct wf_slab *slab)
{
	return slab->taken;
}
