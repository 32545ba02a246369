// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <weft/limits.h>

#include "memory/arena.h"
#include "memory/fault.h"
#include "memory/slab.h"
#include "unit/support/run_off.h"

enum { OBJECT_BYTES = 40, OBJECTS_MAX = 10000 };

struct fixture {
	struct wf_arena *arena;
	struct wf_slab *slab;
};

static int setup(void **state)
{
	struct fixture *fix = calloc(1, sizeof(*fix));

	assert_int_equal(wf_arena_new(1 << 20, &fix->arena), 0);
	assert_int_equal(wf_slab_new(fix->arena, OBJECT_BYTES, OBJECTS_MAX, &fix->slab), 0);
	*state = fix;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fix = *state;

	wf_slab_free(fix->slab);
	assert_int_equal(wf_arena_used_bytes(fix->arena), 0);
	assert_true(wf_arena_is_valid(fix->arena));
	wf_arena_free(fix->arena);
	free(fix);
	return 0;
}

TEST_WITH(slab_with_bad_sizes_is_refused, setup, teardown)
{
	struct fixture *fix = *state;
	struct wf_slab *slab;

	assert_int_equal(wf_slab_new(fix->arena, 0, 1, &slab), -EINVAL);
	assert_int_equal(wf_slab_new(fix->arena, 8, 0, &slab), -EINVAL);
	assert_int_equal(wf_slab_new(fix->arena, WEFT_SPAN_BYTES + 1, 1, &slab), -EINVAL);
}

TEST(slab_free_null_does_nothing)
{
	wf_slab_free(NULL);
}

TEST_WITH(slab_address_gives_the_id, setup, teardown)
{
	struct fixture *fix = *state;
	uint32_t ids[2000];

	for (int i = 0; i < 2000; i++) {
		ids[i] = wf_slab_take(fix->slab);
		assert_int_equal(wf_slab_id(fix->slab, wf_slab_at(fix->slab, ids[i])), ids[i]);
	}
	for (int i = 0; i < 2000; i++)
		wf_slab_put(fix->slab, ids[i]);
}

TEST_WITH(slab_objects_are_distinct_and_aligned, setup, teardown)
{
	struct fixture *fix = *state;
	static uint32_t ids[OBJECTS_MAX];

	for (uint32_t i = 0; i < OBJECTS_MAX; i++) {
		ids[i] = wf_slab_take(fix->slab);
		assert_int_not_equal(ids[i], WF_SLAB_NONE);
		assert_int_equal((uintptr_t)wf_slab_at(fix->slab, ids[i]) % 8, 0);
		memset(wf_slab_at(fix->slab, ids[i]), (int)(i % 251), OBJECT_BYTES);
	}
	for (uint32_t i = 0; i < OBJECTS_MAX; i++) {
		const uint8_t *bytes = wf_slab_at(fix->slab, ids[i]);

		for (int b = 0; b < OBJECT_BYTES; b++)
			assert_int_equal(bytes[b], i % 251);
	}
	for (uint32_t i = 0; i < OBJECTS_MAX; i++)
		wf_slab_put(fix->slab, ids[i]);
	assert_int_equal(wf_arena_used_bytes(fix->arena), 0);
}

TEST_WITH(slab_at_its_limit_refuses_until_one_is_put, setup, teardown)
{
	struct fixture *fix = *state;
	uint32_t last = WF_SLAB_NONE;

	for (uint32_t i = 0; i < OBJECTS_MAX; i++)
		last = wf_slab_take(fix->slab);
	assert_int_equal(wf_slab_taken(fix->slab), OBJECTS_MAX);
	assert_int_equal(wf_slab_take(fix->slab), WF_SLAB_NONE);
	wf_slab_put(fix->slab, last);
	assert_int_equal(wf_slab_take(fix->slab), last);
}

TEST_WITH(slab_without_budget_refuses, setup, teardown)
{
	struct fixture *fix = *state;
	uint32_t spans = (uint32_t)(wf_arena_bytes(fix->arena) / WEFT_SPAN_BYTES);

	assert_int_equal(take_run_off(fix->arena, spans), 0);
	assert_int_equal(wf_slab_take(fix->slab), WF_SLAB_NONE);
	put_run_off(fix->arena, 0, spans);
	assert_int_not_equal(wf_slab_take(fix->slab), WF_SLAB_NONE);
}

TEST_WITH(slab_id_zero_is_never_given, setup, teardown)
{
	struct fixture *fix = *state;
	uint32_t id = wf_slab_take(fix->slab);

	/* The arena's first span contains offset 0, which is not a valid object. */
	assert_true((uint8_t *)wf_slab_at(fix->slab, id) > (uint8_t *)wf_arena_base(fix->arena));
	assert_true((uint8_t *)wf_slab_at(fix->slab, id) <
		    (uint8_t *)wf_arena_base(fix->arena) + WEFT_SPAN_BYTES);
	assert_int_not_equal(id, 0);
}

TEST_WITH(slab_empty_spans_go_back, setup, teardown)
{
	struct fixture *fix = *state;
	static uint32_t ids[OBJECTS_MAX];
	uint64_t full;

	for (uint32_t i = 0; i < OBJECTS_MAX; i++)
		ids[i] = wf_slab_take(fix->slab);
	full = wf_arena_used_bytes(fix->arena);
	for (uint32_t i = 100; i < OBJECTS_MAX; i++)
		wf_slab_put(fix->slab, ids[i]);
	assert_true(full >= 6 * WEFT_SPAN_BYTES);
	/* One span holds the remaining objects, one is spare. */
	assert_int_equal(wf_arena_used_bytes(fix->arena), 2 * WEFT_SPAN_BYTES);
}

TEST_WITH(slab_random_order_keeps_objects, setup, teardown)
{
	struct fixture *fix = *state;
	static uint32_t ids[1000];
	uint64_t seed = 42;

	for (int round = 0; round < 200000; round++) {
		uint32_t i;

		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		i = (uint32_t)(seed >> 33) % 1000;
		if (ids[i]) {
			uint32_t mark;

			memcpy(&mark, (uint8_t *)wf_slab_at(fix->slab, ids[i]) + 4, 4);
			assert_int_equal(mark, i);
			wf_slab_put(fix->slab, ids[i]);
			ids[i] = 0;
		} else {
			ids[i] = wf_slab_take(fix->slab);
			memcpy((uint8_t *)wf_slab_at(fix->slab, ids[i]) + 4, &i, 4);
		}
	}
	for (uint32_t i = 0; i < 1000; i++)
		if (ids[i])
			wf_slab_put(fix->slab, ids[i]);
	assert_int_equal(wf_slab_taken(fix->slab), 0);
	assert_int_equal(wf_arena_used_bytes(fix->arena), 0);
}

/* Return the number of bytes in memory pages that are in use, of the span that contains @object. */
static uint64_t bytes_in_core(const void *object)
{
	uintptr_t start = (uintptr_t)object & ~(uintptr_t)(WEFT_SPAN_BYTES - 1);
	uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
	unsigned char in_core[WEFT_SPAN_BYTES / 4096] = {0};
	uint64_t bytes = 0;

	assert_int_equal(mincore((void *)start, WEFT_SPAN_BYTES, in_core), 0);
	for (size_t i = 0; i < sizeof(in_core); i++)
		bytes += in_core[i] & 1 ? page_bytes : 0;
	return bytes;
}

TEST_WITH(slab_maps_whole_spans_only_if_large, setup, teardown)
{
	struct fixture *fix = *state;
	uint32_t in_span = WEFT_SPAN_BYTES / OBJECT_BYTES;
	static uint32_t ids[OBJECTS_MAX];

	/* Some hosts give shared memory huge pages. */
	madvise(wf_arena_base(fix->arena), wf_arena_bytes(fix->arena), MADV_NOHUGEPAGE);
	for (uint32_t i = 0; i < OBJECTS_MAX; i++) {
		uint8_t *object;

		ids[i] = wf_slab_take(fix->slab);
		object = wf_slab_at(fix->slab, ids[i]);
		*object = 1;
		/* the first object of the second or of the fifth span */
		if (i == in_span)
			assert_int_equal(bytes_in_core(object), sysconf(_SC_PAGESIZE));
		if (i == 4 * in_span)
			assert_int_equal(bytes_in_core(object), WEFT_SPAN_BYTES);
	}
	for (uint32_t i = 0; i < OBJECTS_MAX; i++)
		wf_slab_put(fix->slab, ids[i]);
}

/* The test needs a build with the hook of memory/fault.h. */
#if WF_DEBUG >= 1
TEST_WITH(slab_each_fault_in_turn_leaves_all_sound, setup, teardown)
{
	struct fixture *fix = *state;
	bool reached = true;

	for (uint64_t nth = 1; reached; nth++) {
		struct wf_slab *slab = NULL;
		uint32_t ids[5] = {0};

		wf_fault_arm(nth);
		if (!wf_slab_new(fix->arena, 30000, 100, &slab)) {
			for (int i = 0; i < 5; i++)
				ids[i] = wf_slab_take(slab);
			for (int i = 0; i < 5; i++)
				if (ids[i])
					wf_slab_put(slab, ids[i]);
			assert_int_equal(wf_slab_taken(slab), 0);
		}
		reached = wf_fault_disarm();
		wf_slab_free(slab);
		assert_int_equal(wf_arena_used_bytes(fix->arena), 0);
		assert_true(wf_arena_is_valid(fix->arena));
	}
}
#endif
