// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <stdlib.h>

#include "memory/arena.h"
#include "memory/slab.h"
#include "reassembly/extent.h"
#include "reassembly/extent_list.h"
#include "unit/support/stream_rig.h"

enum { MANY = 100000, MIB = 1 << 20 };

struct fixture {
	struct wf_arena *arena;
	struct wf_slab *slab;
	uint32_t root;
};

static int setup(void **state)
{
	struct fixture *fix = calloc(1, sizeof(*fix));

	*state = fix;
	return wf_arena_new(16 * MIB, &fix->arena) ||
	       wf_slab_new(fix->arena, sizeof(struct wf_extent), MANY + 1, &fix->slab);
}

static int teardown(void **state)
{
	struct fixture *fix = *state;
	uint32_t id;

	while ((id = wf_extents_take_leaf(fix->slab, &fix->root)) != WF_SLAB_NONE)
		wf_slab_put(fix->slab, id);
	assert_int_equal(wf_slab_taken(fix->slab), 0);
	wf_slab_free(fix->slab);
	assert_int_equal(wf_arena_used_bytes(fix->arena), 0);
	wf_arena_free(fix->arena);
	free(fix);
	return 0;
}

static uint32_t add(struct fixture *fix, uint64_t off, uint32_t len)
{
	uint32_t id = wf_slab_take(fix->slab);
	struct wf_extent *extent = wf_extent_at(fix->slab, id);

	assert_int_not_equal(id, WF_SLAB_NONE);
	*extent = (struct wf_extent){.off = off, .len_bytes = len};
	wf_extents_insert(fix->slab, &fix->root, id);
	return id;
}

static uint64_t off_of(const struct fixture *fix, uint32_t id)
{
	return wf_extent_at(fix->slab, id)->off;
}

/* Asserts that the tree is balanced: an AVL tree of n nodes has a height below 1.44 log2(n + 2). */
static void assert_is_low(const struct fixture *fix, uint32_t count)
{
	double log2 = 0;

	for (uint32_t n = count + 2; n > 1; n /= 2)
		log2++;
	if (fix->root)
		assert_true(wf_extent_at(fix->slab, fix->root)->height <= 1.44 * log2 + 1);
}

TEST_WITH(extents_empty_has_nothing, setup, teardown)
{
	struct fixture *fix = *state;

	assert_int_equal(wf_extents_first(fix->slab, 0), WF_SLAB_NONE);
	assert_int_equal(wf_extents_last(fix->slab, 0), WF_SLAB_NONE);
	assert_int_equal(wf_extents_find(fix->slab, &fix->root, 5).after_id, WF_SLAB_NONE);
	assert_int_equal(wf_extents_take_leaf(fix->slab, &fix->root), WF_SLAB_NONE);
	assert_true(wf_extents_are_valid(fix->slab, 0));
}

TEST_WITH(extents_find_gives_first_that_ends_beyond, setup, teardown)
{
	struct fixture *fix = *state;
	uint32_t a = add(fix, 10, 5);
	uint32_t b = add(fix, 20, 5);

	assert_int_equal(wf_extents_find(fix->slab, &fix->root, 0).after_id, a);
	assert_int_equal(wf_extents_find(fix->slab, &fix->root, 14).after_id, a);
	assert_int_equal(wf_extents_find(fix->slab, &fix->root, 15).after_id, b);
	assert_int_equal(wf_extents_find(fix->slab, &fix->root, 24).after_id, b);
	assert_int_equal(wf_extents_find(fix->slab, &fix->root, 25).after_id, WF_SLAB_NONE);
}

TEST_WITH(extents_beyond_4_gib_stay_in_order, setup, teardown)
{
	struct fixture *fix = *state;
	uint64_t far = 5ull << 32;
	uint32_t high = add(fix, far, 10);
	uint32_t low = add(fix, far - (1ull << 32), 10);

	assert_int_equal(wf_extents_first(fix->slab, fix->root), low);
	assert_int_equal(wf_extents_next(fix->slab, low), high);
	assert_int_equal(wf_extents_prev(fix->slab, high), low);
	assert_int_equal(wf_extents_last(fix->slab, fix->root), high);
}

/* Returns the offset of the @i-th inserted extent; @order selects the order of insertion. */
static uint64_t place(int order, uint32_t i, uint32_t count, const uint32_t *shuffled)
{
	switch (order) {
	case 0:
		return i;
	case 1:
		return count - 1 - i;
	case 2: /* alternately from both ends */
		return i % 2 ? count - 1 - i / 2 : i / 2;
	case 3: /* odd offsets first */
		return i < count / 2 ? 2 * i + 1 : 2 * (i - count / 2);
	default:
		return shuffled[i];
	}
}

static uint32_t *shuffle(uint32_t count, uint64_t seed)
{
	uint32_t *numbers = malloc(count * sizeof(*numbers));

	for (uint32_t i = 0; i < count; i++)
		numbers[i] = i;
	for (uint32_t i = count - 1; i > 0; i--) {
		uint32_t j = stream_rig_random(&seed) % (i + 1);
		uint32_t kept = numbers[i];

		numbers[i] = numbers[j];
		numbers[j] = kept;
	}
	return numbers;
}

static void fill_and_empty(struct fixture *fix, int order, int removal)
{
	uint32_t *shuffled = shuffle(MANY, 1);
	uint32_t *ids = calloc(MANY, sizeof(*ids));
	uint32_t left = MANY;
	uint32_t id;

	for (uint32_t i = 0; i < MANY; i++) {
		uint64_t at = place(order, i, MANY, shuffled);

		ids[at] = add(fix, at * 2, 1);
	}
	assert_true(wf_extents_are_valid(fix->slab, fix->root));
	assert_is_low(fix, MANY);
	id = wf_extents_first(fix->slab, fix->root);
	for (uint32_t i = 0; i < MANY; i++, id = wf_extents_next(fix->slab, id))
		assert_int_equal(off_of(fix, id), i * 2);
	assert_int_equal(id, WF_SLAB_NONE);

	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t gone = ids[place(removal, i, MANY, shuffled)];

		wf_extents_remove(fix->slab, &fix->root, gone);
		wf_slab_put(fix->slab, gone);
		if (--left % 20000 == 0) {
			assert_true(wf_extents_are_valid(fix->slab, fix->root));
			assert_is_low(fix, left);
		}
	}
	assert_int_equal(fix->root, WF_SLAB_NONE);
	free(shuffled);
	free(ids);
}

TEST_WITH(extents_100000_in_any_order_stay_low, setup, teardown)
{
	for (int order = 0; order < 5; order++) {
		fill_and_empty(*state, order, 4);
		fill_and_empty(*state, 4, order);
	}
}

static bool is_listed(const struct fixture *fix)
{
	return wf_extent_is_listed(wf_extent_at(fix->slab, fix->root));
}

static void take_all_in_order(struct fixture *fix, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t id = wf_extents_first(fix->slab, fix->root);

		assert_int_equal(off_of(fix, id), i * 10);
		wf_extents_remove(fix->slab, &fix->root, id);
		wf_slab_put(fix->slab, id);
	}
	assert_int_equal(fix->root, WF_SLAB_NONE);
}

TEST_WITH(extents_appended_are_a_list_of_any_length, setup, teardown)
{
	struct fixture *fix = *state;

	for (uint32_t i = 1; i <= 1000; i++)
		add(fix, i * 10, 10);
	/* fills the hole before the first one */
	add(fix, 0, 10);
	assert_true(is_listed(fix));
	assert_int_equal(off_of(fix, wf_extents_last(fix->slab, fix->root)), 10000);
	assert_true(wf_extents_are_valid(fix->slab, fix->root));
	take_all_in_order(fix, 1001);
}

/* The search for an offset before the last WF_EXTENT_LIST_STEPS extents makes a tree. */
TEST_WITH(extents_are_a_tree_after_a_long_search, setup, teardown)
{
	struct fixture *fix = *state;
	uint32_t count = 1000;
	uint32_t steps = WF_EXTENT_LIST_STEPS;

	for (uint32_t i = 0; i < count; i++)
		add(fix, i * 10, 10);
	assert_int_equal(
		off_of(fix,
		       wf_extents_find(fix->slab, &fix->root, (count - steps) * 10 + 10).after_id),
		(count - steps) * 10 + 10);
	assert_true(is_listed(fix));
	assert_int_equal(
		off_of(fix, wf_extents_find(fix->slab, &fix->root, (count - steps) * 10).after_id),
		(count - steps) * 10);
	assert_false(is_listed(fix));
	assert_true(wf_extents_are_valid(fix->slab, fix->root));
	assert_is_low(fix, count);
	take_all_in_order(fix, count);
}

/* The sets of at most 16 extents are lists, which are filled and emptied in random order. */
TEST_WITH(extents_list_finds_what_a_search_of_all_finds, setup, teardown)
{
	struct fixture *fix = *state;
	uint32_t ids[16] = {0};
	uint64_t seed = 3;

	for (int i = 0; i < 20000; i++) {
		uint32_t at = stream_rig_random(&seed) % 16;
		uint64_t off = stream_rig_random(&seed) % 170;
		struct wf_place place;
		uint32_t below = 0;
		uint32_t after = 0;

		if (ids[at]) {
			wf_extents_remove(fix->slab, &fix->root, ids[at]);
			wf_slab_put(fix->slab, ids[at]);
			ids[at] = 0;
		} else {
			ids[at] = add(fix, at * 10, 5);
		}
		assert_true(wf_extents_are_valid(fix->slab, fix->root));
		for (uint32_t k = 16; k-- > 0;) {
			if (ids[k] && k * 10 + 5 > off)
				after = ids[k];
			else if (ids[k] && !below)
				below = ids[k];
		}
		place = wf_extents_find(fix->slab, &fix->root, off);
		assert_int_equal(place.before_id, below);
		assert_int_equal(place.after_id, after);
		if (below)
			assert_int_equal(wf_extents_next(fix->slab, below), after);
		if (after)
			assert_int_equal(wf_extents_prev(fix->slab, after), below);
	}
}

TEST_WITH(extents_valid_after_every_random_change, setup, teardown)
{
	struct fixture *fix = *state;
	uint32_t ids[64] = {0};
	uint64_t seed = 7;

	for (int i = 0; i < 20000; i++) {
		uint32_t at = stream_rig_random(&seed) % 64;

		if (ids[at]) {
			wf_extents_remove(fix->slab, &fix->root, ids[at]);
			wf_slab_put(fix->slab, ids[at]);
			ids[at] = 0;
		} else {
			ids[at] = add(fix, at * 10, 10);
		}
		assert_true(wf_extents_are_valid(fix->slab, fix->root));
	}
}

TEST_WITH(extents_take_leaf_gives_each_once, setup, teardown)
{
	struct fixture *fix = *state;
	uint32_t count = 0;
	uint32_t id;

	for (uint32_t i = 0; i < 1000; i++)
		add(fix, i * 3, 2);
	while ((id = wf_extents_take_leaf(fix->slab, &fix->root)) != WF_SLAB_NONE) {
		wf_slab_put(fix->slab, id);
		count++;
	}
	assert_int_equal(count, 1000);
	assert_int_equal(fix->root, WF_SLAB_NONE);
}

TEST_WITH(extents_overlap_is_not_valid, setup, teardown)
{
	struct fixture *fix = *state;

	add(fix, 10, 5);
	wf_extent_at(fix->slab, add(fix, 15, 5))->off = 14;
	assert_false(wf_extents_are_valid(fix->slab, fix->root));
}
