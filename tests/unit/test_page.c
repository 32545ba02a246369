// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <weft/limits.h>

#include "memory/arena.h"
#include "memory/page.h"
#include "memory/page_pool.h"
#include "metrics/metrics.h"

struct fixture {
	struct wf_arena *arena;
	struct wf_page_pool *pool;
	struct wf_page *page;
	struct wf_metrics metrics;
};

static int setup(void **state)
{
	struct wf_page_pool_opts opts = {
		.small_bytes = WEFT_PAGE_SMALL_BYTES,
		.medium_bytes = WEFT_PAGE_MEDIUM_BYTES,
		.large_bytes = WEFT_PAGE_LARGE_BYTES,
	};
	struct fixture *fix = aligned_alloc(64, (sizeof(*fix) + 63) / 64 * 64);

	memset(fix, 0, sizeof(*fix));
	assert_int_equal(wf_arena_new(1 << 20, &fix->arena), 0);
	assert_int_equal(wf_page_pool_new(fix->arena, &opts, &fix->metrics, &fix->pool), 0);
	wf_page_pool_adopt(fix->pool);
	fix->page = wf_page_pool_take(fix->pool, WEFT_PAGE_SMALL_BYTES);
	assert_non_null(fix->page);
	memset(wf_page_bytes(fix->page), 0x11, wf_page_capacity(fix->page));
	*state = fix;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fix = *state;

	wf_page_put(fix->page);
	assert_int_equal(wf_page_pool_taken(fix->pool), 0);
	wf_page_pool_free(fix->pool);
	assert_int_equal(wf_arena_used_bytes(fix->arena), 0);
	assert_true(wf_arena_is_valid(fix->arena));
	wf_arena_free(fix->arena);
	free(fix);
	return 0;
}

/* Cases: is the range of offset and length within a page of 256 bytes? */
static const struct {
	uint64_t off;
	uint64_t len_bytes;
	int err;
} bounds[] = {
	{0, 0, 0},
	{0, 1, 0},
	{0, 256, 0},
	{0, 257, -ERANGE},
	{255, 1, 0},
	{255, 2, -ERANGE},
	{256, 0, 0},
	{256, 1, -ERANGE},
	{257, 0, -ERANGE},
	{(uint64_t)-1, 0, -ERANGE},
	{(uint64_t)-1, 1, -ERANGE},
	{0, (uint64_t)-1, -ERANGE},
	{1, UINT64_MAX, -ERANGE},
	{UINT64_MAX, 2, -ERANGE},
	{UINT64_MAX - 255, 512, -ERANGE},
	{1ull << 63, 1ull << 63, -ERANGE},
	{1ull << 32, 0, -ERANGE},
	{0, 1ull << 32, -ERANGE},
};

TEST_WITH(page_view_at_bounds_is_checked, setup, teardown)
{
	struct fixture *fix = *state;

	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		const uint8_t *bytes = NULL;

		assert_int_equal(
			wf_page_view(fix->page, bounds[i].off, bounds[i].len_bytes, &bytes),
			bounds[i].err);
		if (bounds[i].err)
			assert_null(bytes);
		else
			assert_ptr_equal(bytes, wf_page_bytes(fix->page) + bounds[i].off);
	}
}

TEST_WITH(page_copy_in_at_bounds_is_checked, setup, teardown)
{
	struct fixture *fix = *state;
	uint8_t source[512];
	uint8_t before[512];
	uint8_t after[512];

	memset(source, 0x77, sizeof(source));
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		memset(wf_page_bytes(fix->page), 0x11, 512); /* also overwrites the next page */
		memset(before, 0x11, sizeof(before));
		if (!bounds[i].err)
			memset(before + bounds[i].off, 0x77, bounds[i].len_bytes);
		assert_int_equal(
			wf_page_copy_in(fix->page, bounds[i].off, source, bounds[i].len_bytes),
			bounds[i].err);
		memcpy(after, wf_page_bytes(fix->page), sizeof(after));
		assert_memory_equal(before, after, sizeof(after));
	}
}

TEST_WITH(page_copy_out_at_bounds_is_checked, setup, teardown)
{
	struct fixture *fix = *state;
	uint8_t out[513];

	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		memset(out, 0x22, sizeof(out));
		assert_int_equal(
			wf_page_copy_out(fix->page, bounds[i].off, out, bounds[i].len_bytes),
			bounds[i].err);
		for (size_t b = 0; b < sizeof(out); b++)
			assert_int_equal(out[b],
					 !bounds[i].err && b < bounds[i].len_bytes ? 0x11 : 0x22);
	}
}

TEST_WITH(page_resize_at_bounds_is_checked, setup, teardown)
{
	struct fixture *fix = *state;
	static const struct {
		uint64_t keep_bytes;
		uint64_t bytes;
		int err;
	} cases[] = {
		{0, WEFT_SPAN_BYTES + 1, -ERANGE},
		{0, UINT64_MAX, -ERANGE},
		{257, 1000, -ERANGE},
		{UINT64_MAX, 1000, -ERANGE},
		{UINT64_MAX, UINT64_MAX, -ERANGE},
		{256, 255, -ERANGE},
		{100, 99, -ERANGE},
		{0, 0, 0},
		{256, 256, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct wf_page *page = fix->page;

		assert_int_equal(
			wf_page_resize(&page, fix->pool, cases[i].keep_bytes, cases[i].bytes),
			cases[i].err);
		assert_ptr_equal(page, fix->page);
	}
}

TEST_WITH(page_resize_grows_and_keeps_bytes, setup, teardown)
{
	struct fixture *fix = *state;
	struct wf_page *old = fix->page;

	memset(wf_page_bytes(old), 0x5a, 200);
	assert_int_equal(wf_page_resize(&fix->page, fix->pool, 200, WEFT_SPAN_BYTES), 0);
	assert_ptr_not_equal(fix->page, old);
	assert_int_equal(wf_page_capacity(fix->page), WEFT_SPAN_BYTES);
	for (int i = 0; i < 200; i++)
		assert_int_equal(wf_page_bytes(fix->page)[i], 0x5a);
	assert_int_equal(wf_page_pool_taken(fix->pool), 1);
}

TEST_WITH(page_resize_shrinks_to_smaller_class, setup, teardown)
{
	struct fixture *fix = *state;

	assert_int_equal(wf_page_resize(&fix->page, fix->pool, 256, 9000), 0);
	assert_true(wf_page_capacity(fix->page) >= 9000);
	assert_int_equal(wf_page_resize(&fix->page, fix->pool, 10, 10), 0);
	assert_int_equal(wf_page_capacity(fix->page), 256);
	assert_int_equal(wf_page_bytes(fix->page)[9], 0x11);
}

TEST_WITH(page_resize_leaves_other_holders_their_page, setup, teardown)
{
	struct fixture *fix = *state;
	struct wf_page *held = fix->page;

	wf_page_get(held);
	assert_int_equal(wf_page_resize(&fix->page, fix->pool, 1, 1000), 0);
	assert_true(wf_page_is_sole(held));
	assert_int_equal(wf_page_bytes(held)[255], 0x11);
	wf_page_put(held);
}

TEST(page_put_null_does_nothing)
{
	wf_page_put(NULL);
}

TEST_WITH(page_with_two_holders_stays_until_the_second_put, setup, teardown)
{
	struct fixture *fix = *state;

	assert_true(wf_page_is_sole(fix->page));
	wf_page_get(fix->page);
	assert_false(wf_page_is_sole(fix->page));
	wf_page_put(fix->page);
	assert_true(wf_page_is_sole(fix->page));
	assert_int_equal(wf_page_pool_taken(fix->pool), 1);
}

TEST_WITH(page_many_references_are_added_and_dropped_at_once, setup, teardown)
{
	struct fixture *fix = *state;

	wf_page_get_many(fix->page, 3);
	wf_page_put(fix->page);
	wf_page_put_many(fix->page, 1);
	assert_false(wf_page_is_sole(fix->page));
	wf_page_put(fix->page);
	assert_true(wf_page_is_sole(fix->page));
	assert_int_equal(wf_page_pool_taken(fix->pool), 1);
}
