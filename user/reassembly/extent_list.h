/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * extent_list.h - the held ranges of a stream as a linked list, used while searches are short.
 *
 * Most streams that hold data append at the end and take from the front. A list of any length does
 * both in O(1) and accesses only its first and last extents, while a tree must be searched and
 * balanced. extent.c turns the list into a tree if a search visits more than
 * WF_EXTENT_LIST_STEPS extents.
 *
 *   first extent: child[0] is the last one, parent is 1
 *   all extents:  child[1] is the next one, height is 0, which no extent of a tree has
 *   the others:   child[0] is the previous one, parent is 0
 *
 * Thread: the worker.
 */
#ifndef WF_REASSEMBLY_EXTENT_LIST_H
#define WF_REASSEMBLY_EXTENT_LIST_H

#include "reassembly/extent_object.h"

/* Maximum number of extents that a search of a list visits. */
#define WF_EXTENT_LIST_STEPS 32u

static inline bool wf_extent_is_listed(const struct wf_extent *extent)
{
	return !extent->height;
}

static inline uint32_t wf_extent_list_next(const struct wf_extent *extent)
{
	return extent->child[1];
}

static inline uint32_t wf_extent_list_prev(const struct wf_extent *extent)
{
	return extent->parent ? WF_SLAB_NONE : extent->child[0];
}

static inline uint32_t wf_extent_list_last(const struct wf_extent *first)
{
	return first->child[0];
}

/* The functions below correspond to those of extent.h. @root: id of the first extent. */

/* Return: false if the search ended after WF_EXTENT_LIST_STEPS extents without a result. */
bool wf_extent_list_find(const struct wf_slab *slab, uint32_t root, uint64_t off,
			 struct wf_place *ret_place);

void wf_extent_list_insert_at(const struct wf_slab *slab, uint32_t *root, uint32_t id,
			      const struct wf_place *place);

void wf_extent_list_remove(const struct wf_slab *slab, uint32_t *root, uint32_t id);

bool wf_extent_list_is_valid(const struct wf_slab *slab, uint32_t root);

#endif
