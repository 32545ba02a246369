// SPDX-License-Identifier: BSD-2-Clause
/*
 * extent.c - the ordered set of held ranges: a list (extent_list.h), or an AVL tree with parent
 * links, over slab ids.
 *
 * A set begins as a list, becomes a tree when a search of the list takes too many steps, and stays
 * one until it is empty. So a stream that appends at the end and takes from the front, or fills its
 * first hole, has a list of any length.
 *
 * Why AVL: no order of segments makes it higher than 1.44 log2(n), while a treap or skip list
 * bounds its height only on average. Why iterative: the stack depth must not depend on the number
 * of extents. After an insertion or removal, balance() walks up from the lowest changed node until
 * a height has not changed.
 */
#include "reassembly/extent.h"

#include <stddef.h>

#include "reassembly/extent_list.h"

static uint8_t height_of(const struct wf_slab *slab, uint32_t id)
{
	return id ? wf_extent_at(slab, id)->height : 0;
}

static void set_height(const struct wf_slab *slab, struct wf_extent *extent)
{
	uint8_t left = height_of(slab, extent->child[0]);
	uint8_t right = height_of(slab, extent->child[1]);

	extent->height = (uint8_t)((left > right ? left : right) + 1);
}

/* Replace @old by @new as a child of @parent, or as the root. */
static void replace_child(const struct wf_slab *slab, uint32_t *root, uint32_t parent, uint32_t old,
			  uint32_t new)
{
	if (!parent) {
		*root = new;
	} else {
		struct wf_extent *above = wf_extent_at(slab, parent);

		above->child[above->child[1] == old] = new;
	}
	if (new)
		wf_extent_at(slab, new)->parent = parent;
}

/*
 * Rotate the subtree at @id, so that its child at @side becomes the root of the subtree. Return:
 * this child.
 */
static uint32_t rotate(const struct wf_slab *slab, uint32_t *root, uint32_t id, int side)
{
	struct wf_extent *low = wf_extent_at(slab, id);
	uint32_t lifted = low->child[side];
	struct wf_extent *high = wf_extent_at(slab, lifted);
	uint32_t middle = high->child[!side];

	replace_child(slab, root, low->parent, id, lifted);
	low->child[side] = middle;
	if (middle)
		wf_extent_at(slab, middle)->parent = id;
	high->child[!side] = id;
	low->parent = lifted;
	set_height(slab, low);
	set_height(slab, high);
	return lifted;
}

/* Restore the balance of the subtree at @id, without its ancestors. Return: id of its new root. */
static uint32_t balance_one(const struct wf_slab *slab, uint32_t *root, uint32_t id)
{
	struct wf_extent *extent = wf_extent_at(slab, id);
	int lean = height_of(slab, extent->child[1]) - height_of(slab, extent->child[0]);
	int side = lean > 0;
	struct wf_extent *child;

	if (lean >= -1 && lean <= 1) {
		set_height(slab, extent);
		return id;
	}
	child = wf_extent_at(slab, extent->child[side]);
	if (height_of(slab, child->child[!side]) > height_of(slab, child->child[side]))
		rotate(slab, root, extent->child[side], !side);
	return rotate(slab, root, id, side);
}

/* Restore the balance from @id upwards, until the height of a subtree does not change. */
static void balance(const struct wf_slab *slab, uint32_t *root, uint32_t id)
{
	while (id) {
		uint8_t height = wf_extent_at(slab, id)->height;

		id = balance_one(slab, root, id);
		if (wf_extent_at(slab, id)->height == height)
			return;
		id = wf_extent_at(slab, id)->parent;
	}
}

static bool is_list(const struct wf_slab *slab, uint32_t root)
{
	return root && wf_extent_is_listed(wf_extent_at(slab, root));
}

/* Return the first (@side 0) or the last (@side 1) extent of the subtree at @id. */
static uint32_t outermost(const struct wf_slab *slab, uint32_t id, int side)
{
	uint32_t child = id;

	while (child) {
		id = child;
		child = wf_extent_at(slab, id)->child[side];
	}
	return id;
}

static uint32_t neighbour(const struct wf_slab *slab, uint32_t id, int side)
{
	const struct wf_extent *extent = wf_extent_at(slab, id);

	if (extent->child[side])
		return outermost(slab, extent->child[side], !side);
	while (extent->parent) {
		const struct wf_extent *above = wf_extent_at(slab, extent->parent);

		if (above->child[!side] == id)
			return extent->parent;
		id = extent->parent;
		extent = above;
	}
	return WF_SLAB_NONE;
}

uint32_t wf_extents_first(const struct wf_slab *slab, uint32_t root)
{
	if (wf_likely(is_list(slab, root)))
		return root;
	return outermost(slab, root, 0);
}

uint32_t wf_extents_last(const struct wf_slab *slab, uint32_t root)
{
	if (wf_likely(is_list(slab, root)))
		return wf_extent_list_last(wf_extent_at(slab, root));
	return outermost(slab, root, 1);
}

uint32_t wf_extents_next(const struct wf_slab *slab, uint32_t id)
{
	const struct wf_extent *extent = wf_extent_at(slab, id);

	return wf_extent_is_listed(extent) ? wf_extent_list_next(extent) : neighbour(slab, id, 1);
}

uint32_t wf_extents_prev(const struct wf_slab *slab, uint32_t id)
{
	const struct wf_extent *extent = wf_extent_at(slab, id);

	return wf_extent_is_listed(extent) ? wf_extent_list_prev(extent) : neighbour(slab, id, 0);
}

static void insert_in_tree(const struct wf_slab *slab, uint32_t *root, uint32_t id,
			   const struct wf_place *place)
{
	struct wf_extent *extent = wf_extent_at(slab, id);
	uint32_t parent = place->before_id;
	int side = 1;

	/*
	 * One of the two neighbours is in the subtree of the other one: insert the extent below the
	 * lower neighbour.
	 */
	if (!parent || wf_extent_at(slab, parent)->child[1]) {
		parent = place->after_id;
		side = 0;
	}
	extent->child[0] = WF_SLAB_NONE;
	extent->child[1] = WF_SLAB_NONE;
	extent->parent = parent;
	extent->height = 1;
	if (!parent) {
		*root = id;
		return;
	}
	wf_extent_at(slab, parent)->child[side] = id;
	balance(slab, root, parent);
}

static void make_tree(const struct wf_slab *slab, uint32_t *root)
{
	struct wf_place place = {WF_SLAB_NONE, WF_SLAB_NONE};
	uint32_t id = *root;

	*root = WF_SLAB_NONE;
	while (id) {
		uint32_t next_id = wf_extent_list_next(wf_extent_at(slab, id));

		insert_in_tree(slab, root, id, &place);
		place.before_id = id;
		id = next_id;
	}
}

static struct wf_place find_in_tree(const struct wf_slab *slab, uint32_t root, uint64_t off)
{
	struct wf_place place = {WF_SLAB_NONE, WF_SLAB_NONE};

	while (root) {
		const struct wf_extent *extent = wf_extent_at(slab, root);

		if (wf_extent_end(extent) > off) {
			place.after_id = root;
			root = extent->child[0];
		} else {
			place.before_id = root;
			root = extent->child[1];
		}
	}
	return place;
}

struct wf_place wf_extents_find(const struct wf_slab *slab, uint32_t *root, uint64_t off)
{
	struct wf_place place;

	if (wf_likely(is_list(slab, *root))) {
		if (wf_likely(wf_extent_list_find(slab, *root, off, &place)))
			return place;
		make_tree(slab, root);
	}
	return find_in_tree(slab, *root, off);
}

void wf_extents_insert_at(struct wf_slab *slab, uint32_t *root, uint32_t id,
			  const struct wf_place *place)
{
	if (wf_likely(!*root || is_list(slab, *root)))
		wf_extent_list_insert_at(slab, root, id, place);
	else
		insert_in_tree(slab, root, id, place);
}

void wf_extents_insert(struct wf_slab *slab, uint32_t *root, uint32_t id)
{
	struct wf_place place = wf_extents_find(slab, root, wf_extent_at(slab, id)->off);

	wf_extents_insert_at(slab, root, id, &place);
}

/*
 * Replace @id, which has two children, by the next extent in order. Return: the id of the lowest
 * changed extent.
 */
static uint32_t replace_by_next(struct wf_slab *slab, uint32_t *root, uint32_t id)
{
	struct wf_extent *extent = wf_extent_at(slab, id);
	uint32_t next_id = outermost(slab, extent->child[1], 0);
	struct wf_extent *next = wf_extent_at(slab, next_id);
	uint32_t lowest = next_id;

	if (next->parent != id) {
		lowest = next->parent;
		replace_child(slab, root, next->parent, next_id, next->child[1]);
		next->child[1] = extent->child[1];
		wf_extent_at(slab, next->child[1])->parent = next_id;
	}
	next->child[0] = extent->child[0];
	wf_extent_at(slab, next->child[0])->parent = next_id;
	next->height = extent->height;
	replace_child(slab, root, extent->parent, id, next_id);
	return lowest;
}

void wf_extents_remove(struct wf_slab *slab, uint32_t *root, uint32_t id)
{
	struct wf_extent *extent = wf_extent_at(slab, id);
	uint32_t lowest = extent->parent;

	if (wf_likely(wf_extent_is_listed(extent))) {
		wf_extent_list_remove(slab, root, id);
		return;
	}
	if (extent->child[0] && extent->child[1])
		lowest = replace_by_next(slab, root, id);
	else
		replace_child(slab, root, extent->parent, id,
			      extent->child[extent->child[0] == WF_SLAB_NONE]);
	balance(slab, root, lowest);
}

uint32_t wf_extents_take_leaf(struct wf_slab *slab, uint32_t *root)
{
	uint32_t id = *root;
	struct wf_extent *extent;
	uint32_t parent;

	if (!id)
		return WF_SLAB_NONE;
	if (wf_likely(is_list(slab, id))) {
		wf_extent_list_remove(slab, root, id);
		return id;
	}
	for (;;) {
		extent = wf_extent_at(slab, id);
		if (!extent->child[0] && !extent->child[1])
			break;
		id = extent->child[extent->child[0] == WF_SLAB_NONE];
	}
	/*
	 * The parent becomes the root, so that the next search for a leaf begins near the last one.
	 */
	parent = extent->parent;
	replace_child(slab, root, parent, id, WF_SLAB_NONE);
	if (parent)
		*root = parent;
	return id;
}

static bool node_is_valid(const struct wf_slab *slab, uint32_t id)
{
	const struct wf_extent *extent = wf_extent_at(slab, id);
	int left = height_of(slab, extent->child[0]);
	int right = height_of(slab, extent->child[1]);

	for (int side = 0; side < 2; side++) {
		if (extent->child[side] && wf_extent_at(slab, extent->child[side])->parent != id)
			return false;
	}
	return left - right <= 1 && right - left <= 1 &&
	       extent->height == (left > right ? left : right) + 1;
}

/* Return true if the set is a list with correct links, or if @root is a valid root of a tree. */
static bool root_is_valid(const struct wf_slab *slab, uint32_t root)
{
	if (is_list(slab, root))
		return wf_extent_list_is_valid(slab, root);
	return !root || !wf_extent_at(slab, root)->parent;
}

bool wf_extents_are_valid(const struct wf_slab *slab, uint32_t root)
{
	uint64_t end_off = 0;

	bool is_tree = root && !is_list(slab, root);

	if (!root_is_valid(slab, root))
		return false;
	for (uint32_t id = wf_extents_first(slab, root); id; id = wf_extents_next(slab, id)) {
		const struct wf_extent *extent = wf_extent_at(slab, id);

		if ((is_tree && !node_is_valid(slab, id)) || !extent->len_bytes ||
		    extent->off < end_off)
			return false;
		end_off = wf_extent_end(extent);
	}
	return true;
}
