/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slab.h - fixed-size objects of one worker, named by 32-bit ids, in spans of the arena.
 *
 * Ids keep structs small, because a link takes 4 bytes. An id is valid while its object is taken.
 * Id 0 is never used. Thread: the worker.
 */
#ifndef WF_MEMORY_SLAB_H
#define WF_MEMORY_SLAB_H

#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"

struct wf_arena;
struct wf_slab;

#define WF_SLAB_NONE 0u

/*
 * Create a slab of at most @objects_max objects. Return: 0; -EINVAL: a size or number is
 * invalid; -ENOBUFS: the limit is reached; -ENOMEM.
 */
int wf_slab_new(struct wf_arena *arena, size_t object_bytes, uint32_t objects_max,
		struct wf_slab **ret_slab);

/* Free the slab and give back all its spans, even spans with taken objects. NULL is allowed. */
void wf_slab_free(struct wf_slab *slab);

/*
 * Take an object; its contents are undefined. Return: its id; WF_SLAB_NONE if the slab's maximum
 * number of objects are taken, or if no span could be taken from the arena.
 */
uint32_t wf_slab_take(struct wf_slab *slab);

void wf_slab_put(struct wf_slab *slab, uint32_t id);

/* Prefetch what wf_slab_put() uses for @id beside the object. */
void wf_slab_prefetch_put(const struct wf_slab *slab, uint32_t id);

/* The members that wf_slab_at() and wf_slab_id() need; the first member of struct wf_slab. */
struct wf_slab_map {
	uint8_t *base;		/* start of the arena */
	uint32_t granule_shift; /* id << granule_shift is the object's offset */
};

/* Return the object @id; its address does not change. */
static inline void *wf_slab_at(const struct wf_slab *slab, uint32_t id)
{
	const struct wf_slab_map *map = (const struct wf_slab_map *)slab;

	wf_assert(id != WF_SLAB_NONE);
	return map->base + ((uint64_t)id << map->granule_shift);
}

/* Return the id of @object, which is an object of @slab. */
static inline uint32_t wf_slab_id(const struct wf_slab *slab, const void *object)
{
	const struct wf_slab_map *map = (const struct wf_slab_map *)slab;

	return (uint32_t)((uint64_t)((const uint8_t *)object - map->base) >> map->granule_shift);
}

/* Return the number of taken objects. */
uint32_t wf_slab_taken(const struct wf_slab *slab);

#endif
