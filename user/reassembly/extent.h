/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * extent.h - the held ranges of one stream, in order: a list of slab objects while searches of it
 * are short (extent_list.h), else an AVL tree.
 *
 *   Extents never overlap, and their order is that of off.
 *
 * Links are 32-bit slab ids. Parent links make recursion unnecessary. The height is at most 1.44
 * log2(n), so every operation is O(log n) for any order of offsets, except the search that turns a
 * list of n extents into a tree: O(n log n), at most once in n insertions.
 *
 * Thread: the worker.
 */
#ifndef WF_REASSEMBLY_EXTENT_H
#define WF_REASSEMBLY_EXTENT_H

#include "reassembly/extent_object.h"

/* Return the neighbours of @off. May turn the list at @root into a tree; ids stay valid. */
struct wf_place wf_extents_find(const struct wf_slab *slab, uint32_t *root, uint64_t off);

/* Return the first extent in order; WF_SLAB_NONE if there is none. */
uint32_t wf_extents_first(const struct wf_slab *slab, uint32_t root);

/* Return the extent after @id; WF_SLAB_NONE if @id is the last one. */
uint32_t wf_extents_next(const struct wf_slab *slab, uint32_t id);

/* Return the extent before @id; WF_SLAB_NONE if @id is the first one. */
uint32_t wf_extents_prev(const struct wf_slab *slab, uint32_t id);

/* Return the last extent in order; WF_SLAB_NONE if there is none. */
uint32_t wf_extents_last(const struct wf_slab *slab, uint32_t root);

/* Insert extent @id, whose off and len_bytes are set and overlap no other extent. */
void wf_extents_insert(struct wf_slab *slab, uint32_t *root, uint32_t id);

/* Insert extent @id between the two extents of @place, without searching the tree. */
void wf_extents_insert_at(struct wf_slab *slab, uint32_t *root, uint32_t id,
			  const struct wf_place *place);

/* Remove extent @id from the set, but do not free the object. */
void wf_extents_remove(struct wf_slab *slab, uint32_t *root, uint32_t id);

/*
 * Remove any extent without balancing the tree. After the first call, only this function may be
 * called for the set, until it is empty. Return: id of the extent; WF_SLAB_NONE if the set is
 * empty.
 */
uint32_t wf_extents_take_leaf(struct wf_slab *slab, uint32_t *root);

/* Return true if order, links and heights are correct and no ranges overlap. */
bool wf_extents_are_valid(const struct wf_slab *slab, uint32_t root);

#endif
