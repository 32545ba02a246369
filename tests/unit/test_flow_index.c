// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "flow/flow_index.h"
#include "memory/arena.h"
#include "memory/slab.h"

enum { IDS_MAX = 600000, SMALL_IDS_MAX = 1000, ADDED = 100000 };

struct object {
	uint32_t number;
	uint32_t hash;
};

struct fixture {
	struct wf_arena *arena;
	struct wf_slab *slab;
	struct wf_flow_index index;
	uint32_t ids[ADDED];
};

static struct fixture fixture;

static void start(uint32_t ids_max)
{
	memset(&fixture, 0, sizeof(fixture));
	assert_int_equal(wf_arena_new(32 << 20, &fixture.arena), 0);
	assert_int_equal(wf_slab_new(fixture.arena, sizeof(struct object), IDS_MAX, &fixture.slab),
			 0);
	assert_int_equal(wf_flow_index_init(&fixture.index, fixture.arena, ids_max, fixture.slab,
					    offsetof(struct object, hash)),
			 0);
}

static int setup(void **state)
{
	*state = &fixture;
	start(IDS_MAX);
	return 0;
}

static int setup_small(void **state)
{
	*state = &fixture;
	start(SMALL_IDS_MAX);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_true(wf_flow_index_is_valid(&fixture.index));
	wf_flow_index_fini(&fixture.index);
	wf_slab_free(fixture.slab);
	assert_int_equal(wf_arena_used_bytes(fixture.arena), 0);
	wf_arena_free(fixture.arena);
	return 0;
}

/* Returns the same hash for three numbers each, so that buckets overflow. */
static uint32_t hash_of(uint32_t number)
{
	return number / 3 * 2654435761u;
}

static void add(uint32_t number)
{
	uint32_t id = wf_slab_take(fixture.slab);
	struct object *object = wf_slab_at(fixture.slab, id);

	*object = (struct object){.number = number, .hash = hash_of(number)};
	fixture.ids[number] = id;
	assert_int_equal(wf_flow_index_add(&fixture.index, object->hash, id), 0);
}

static void remove_number(uint32_t number)
{
	wf_flow_index_remove(&fixture.index, hash_of(number), fixture.ids[number]);
	wf_slab_put(fixture.slab, fixture.ids[number]);
}

static bool has(uint32_t number)
{
	struct wf_flow_cursor cursor;
	uint32_t id = wf_flow_index_first(&fixture.index, hash_of(number), &cursor);

	while (id && ((struct object *)wf_slab_at(fixture.slab, id))->number != number)
		id = wf_flow_index_next(&fixture.index, &cursor);
	return id != 0;
}

static void assert_has_below(uint32_t count)
{
	for (uint32_t number = 0; number < count; number++)
		assert_true(has(number));
	assert_false(has(count));
}

TEST_WITH(flow_index_with_few_ids_uses_a_small_array, setup, teardown)
{
	for (uint32_t number = 0; number < 8000; number++)
		add(number);
	assert_true(fixture.index.buckets_count * sizeof(struct wf_flow_bucket) <= 64 << 10);
	for (uint32_t number = 0; number < 8000; number++)
		remove_number(number);
}

TEST_WITH(flow_index_keeps_all_ids_when_it_grows, setup, teardown)
{
	uint32_t buckets = fixture.index.buckets_count;
	uint32_t grown = 0;

	for (uint32_t number = 0; number < ADDED; number++) {
		add(number);
		if (fixture.index.buckets_count == buckets)
			continue;
		assert_true(fixture.index.buckets_count > buckets);
		buckets = fixture.index.buckets_count;
		grown++;
		assert_has_below(number + 1);
		assert_true(wf_flow_index_is_valid(&fixture.index));
	}
	assert_int_equal(grown, 2);
	assert_has_below(ADDED);
}

TEST_WITH(flow_index_gives_back_the_array_that_it_has_outgrown, setup, teardown)
{
	uint64_t index_bytes = wf_arena_used_bytes(fixture.arena);
	uint64_t object_bytes;

	for (uint32_t number = 0; number < ADDED; number++)
		add(number);
	object_bytes = wf_arena_used_bytes(fixture.arena);
	for (uint32_t number = 0; number < ADDED; number++)
		remove_number(number);
	assert_true(wf_arena_used_bytes(fixture.arena) < index_bytes);
	assert_true(wf_arena_used_bytes(fixture.arena) < object_bytes);
}

TEST_WITH(flow_index_after_growing_and_emptying_has_no_passed_entries, setup, teardown)
{
	for (uint32_t number = 0; number < ADDED; number++)
		add(number);
	for (uint32_t number = 0; number < ADDED; number++)
		remove_number(number);
	for (uint32_t i = 0; i < fixture.index.buckets_count; i++)
		assert_int_equal(fixture.index.buckets[i].passed, 0);
}

TEST_WITH(flow_index_of_few_ids_has_one_array, setup_small, teardown)
{
	uint32_t buckets = fixture.index.buckets_count;
	uint32_t number = 0;

	while (number < SMALL_IDS_MAX)
		add(number++);
	assert_int_equal(fixture.index.buckets_count, buckets);
	assert_has_below(SMALL_IDS_MAX);
}

TEST_WITH(flow_index_smaller_arrays_take_at_most_a_seventh_more, setup, teardown)
{
	const struct wf_flow_array *last = &fixture.index.arrays[fixture.index.arrays_count - 1];
	uint64_t bytes = last->count * sizeof(struct wf_flow_bucket);

	assert_true(wf_arena_used_bytes(fixture.arena) <= bytes + bytes / 7 + WEFT_SPAN_BYTES);
}
