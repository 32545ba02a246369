// SPDX-License-Identifier: BSD-2-Clause
/*
 * extent_list.c - finds, links and unlinks the extents of a list.
 */
#include "reassembly/extent_list.h"

#include <stddef.h>

bool wf_extent_list_find(const struct wf_slab *slab, uint32_t root, uint64_t off,
			 struct wf_place *ret_place)
{
	const struct wf_extent *first = wf_extent_at(slab, root);
	struct wf_place place = {WF_SLAB_NONE, WF_SLAB_NONE};

	if (wf_extent_end(first) > off) {
		place.after_id = root;
		*ret_place = place;
		return true;
	}
	/* Search backwards; the search ends at the first extent at the latest. */
	place.before_id = wf_extent_list_last(first);
	for (uint32_t steps = 0; steps < WF_EXTENT_LIST_STEPS; steps++) {
		const struct wf_extent *extent = wf_extent_at(slab, place.before_id);

		if (wf_extent_end(extent) <= off) {
			*ret_place = place;
			return true;
		}
		place.after_id = place.before_id;
		place.before_id = extent->child[0];
	}
	return false;
}

/* Insert @id before all others. */
static void insert_first(const struct wf_slab *slab, uint32_t *root, uint32_t id)
{
	struct wf_extent *extent = wf_extent_at(slab, id);
	struct wf_extent *second = *root ? wf_extent_at(slab, *root) : NULL;

	extent->child[0] = second ? wf_extent_list_last(second) : id;
	extent->child[1] = *root;
	extent->parent = 1;
	if (second) {
		second->child[0] = id;
		second->parent = 0;
	}
	*root = id;
}

void wf_extent_list_insert_at(const struct wf_slab *slab, uint32_t *root, uint32_t id,
			      const struct wf_place *place)
{
	struct wf_extent *extent = wf_extent_at(slab, id);

	extent->height = 0;
	if (!place->before_id) {
		insert_first(slab, root, id);
		return;
	}
	extent->child[0] = place->before_id;
	extent->child[1] = place->after_id;
	extent->parent = 0;
	wf_extent_at(slab, place->before_id)->child[1] = id;
	if (place->after_id)
		wf_extent_at(slab, place->after_id)->child[0] = id;
	else
		wf_extent_at(slab, *root)->child[0] = id;
}

static void remove_first(const struct wf_slab *slab, uint32_t *root)
{
	const struct wf_extent *first = wf_extent_at(slab, *root);
	uint32_t next_id = first->child[1];

	if (next_id) {
		struct wf_extent *next = wf_extent_at(slab, next_id);

		next->child[0] = first->child[0];
		next->parent = 1;
		/*
		 * Usually all extents are taken in order, so the extent after the next one is
		 * needed soon.
		 */
		if (next->child[1])
			__builtin_prefetch(wf_extent_at(slab, next->child[1]), 1);
	}
	*root = next_id;
}

void wf_extent_list_remove(const struct wf_slab *slab, uint32_t *root, uint32_t id)
{
	const struct wf_extent *extent = wf_extent_at(slab, id);

	if (id == *root) {
		remove_first(slab, root);
		return;
	}
	wf_extent_at(slab, extent->child[0])->child[1] = extent->child[1];
	if (extent->child[1])
		wf_extent_at(slab, extent->child[1])->child[0] = extent->child[0];
	else
		wf_extent_at(slab, *root)->child[0] = extent->child[0];
}

bool wf_extent_list_is_valid(const struct wf_slab *slab, uint32_t root)
{
	const struct wf_extent *first = wf_extent_at(slab, root);
	uint32_t last_id = WF_SLAB_NONE;

	for (uint32_t id = root; id; id = wf_extent_at(slab, id)->child[1]) {
		const struct wf_extent *extent = wf_extent_at(slab, id);

		if (!wf_extent_is_listed(extent) || extent->parent != (id == root) ||
		    (id != root && extent->child[0] != last_id))
			return false;
		last_id = id;
	}
	return first->child[0] == last_id;
}
