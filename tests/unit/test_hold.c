// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_hold.c - segments that share a page: merged as long as there is room, never a byte beyond.
 */
#include "unit/support/cmocka.h"

#include <string.h>

#include "memory/arena.h"
#include "memory/page.h"
#include "memory/page_pool.h"
#include "metrics/metrics.h"
#include "reassembly/hold.h"
#include "reassembly/stream.h"

enum { PAGE = 256, FILL = 4 /* at the page's start: how much is used */, LEN_MAX = 2000 };

static struct wf_arena *arena;
static struct wf_metrics metrics;
static struct wf_stream_env env;
static struct wf_page *from; /* what is held lies in it, and must leave it */
static uint8_t pattern[LEN_MAX];

static int setup(void **state)
{
	const struct wf_page_pool_opts opts = {
		.small_bytes = PAGE, .medium_bytes = 1500, .large_bytes = 9000};

	memset(&metrics, 0, sizeof(metrics));
	memset(&env, 0, sizeof(env));
	for (int i = 0; i < LEN_MAX; i++)
		pattern[i] = (uint8_t)(i * 7 + 1);
	if (wf_arena_new(8 << 20, &arena) || wf_page_pool_new(arena, &opts, &metrics, &env.pages))
		return -1;
	env.metrics = &metrics;
	wf_page_pool_adopt(env.pages);
	from = wf_page_pool_take(env.pages, LEN_MAX);
	assert_int_equal(wf_page_copy_in(from, 0, pattern, LEN_MAX), 0);
	return 0;
}

static int teardown(void **state)
{
	wf_page_put(from);
	assert_int_equal(wf_page_pool_taken(env.pages), 0);
	wf_page_pool_free(env.pages);
	wf_arena_free(arena);
	return 0;
}

/* Hold the first @len_bytes of the pattern, beside @near. */
static void hold(struct wf_extent *extent, uint32_t len_bytes, const struct wf_extent *near)
{
	const struct wf_hold_source source = {
		.bytes = wf_page_bytes(from),
		.len_bytes = len_bytes,
		.page = from,
		.leave = true,
		.near = {near},
	};

	memset(extent, 0, sizeof(*extent));
	assert_true(wf_hold_take(&env, &source, extent));
	assert_int_equal(extent->len_bytes, len_bytes);
}

static void assert_holds(const struct wf_extent *extent, uint32_t first, uint32_t len_bytes)
{
	const uint8_t *bytes = extent->flags & WF_EXTENT_TINY ? extent->tiny : extent->bytes;

	assert_int_equal(extent->len_bytes, len_bytes);
	assert_memory_equal(bytes, pattern + first, len_bytes);
}

static void test_hold_merge_up_to_the_last_byte_shares_the_page(void **state)
{
	struct wf_extent first;
	struct wf_extent second;

	hold(&first, 100, NULL);
	assert_int_equal(wf_hold_room(&first), PAGE - FILL - 100);
	hold(&second, PAGE - FILL - 100, &first);
	assert_ptr_equal(second.page, first.page);
	assert_int_equal(wf_hold_room(&second), 0);
	assert_int_equal(wf_hold_room(&first), 0); /* others' bytes follow its own */
	assert_holds(&first, 0, 100);
	assert_holds(&second, 0, PAGE - FILL - 100);
	wf_hold_put(&first);
	assert_holds(&second, 0, PAGE - FILL - 100);
	wf_hold_put(&second);
}

static void test_hold_merge_one_byte_too_much_takes_another_page(void **state)
{
	struct wf_extent first;
	struct wf_extent second;

	hold(&first, 100, NULL);
	hold(&second, PAGE - FILL - 100 + 1, &first);
	assert_ptr_not_equal(second.page, first.page);
	assert_holds(&first, 0, 100);
	assert_holds(&second, 0, PAGE - FILL - 100 + 1);
	assert_int_equal(wf_hold_room(&first), PAGE - FILL - 100);
	wf_hold_put(&first);
	wf_hold_put(&second);
}

static void test_hold_merge_with_a_full_page_takes_another(void **state)
{
	struct wf_extent first;
	struct wf_extent second;

	hold(&first, PAGE - FILL, NULL);
	assert_int_equal(wf_hold_room(&first), 0);
	hold(&second, WF_EXTENT_TINY_BYTES + 1, &first);
	assert_ptr_not_equal(second.page, first.page);
	assert_holds(&first, 0, PAGE - FILL);
	wf_hold_put(&first);
	wf_hold_put(&second);
}

static void test_hold_of_what_fits_the_extent_takes_no_page(void **state)
{
	uint64_t taken = wf_page_pool_taken(env.pages);
	struct wf_extent tiny;
	struct wf_extent more;

	hold(&tiny, WF_EXTENT_TINY_BYTES, NULL);
	assert_true(tiny.flags & WF_EXTENT_TINY);
	assert_holds(&tiny, 0, WF_EXTENT_TINY_BYTES);
	assert_int_equal(wf_hold_room(&tiny), 0);
	assert_int_equal(wf_page_pool_taken(env.pages), taken);
	hold(&more, WF_EXTENT_TINY_BYTES + 1, &tiny); /* nothing to merge with */
	assert_false(more.flags & WF_EXTENT_TINY);
	wf_hold_put(&tiny);
	wf_hold_put(&more);
}

static void test_hold_extend_by_nothing_and_by_all_there_is(void **state)
{
	struct wf_extent extent;
	uint32_t room;

	hold(&extent, 100, NULL);
	room = wf_hold_room(&extent);
	wf_hold_extend(&extent, pattern + 100, 0);
	assert_int_equal(wf_hold_room(&extent), room);
	wf_hold_extend(&extent, pattern + 100, room - 1);
	assert_int_equal(wf_hold_room(&extent), 1);
	wf_hold_extend(&extent, pattern + 100 + room - 1, 1);
	assert_int_equal(wf_hold_room(&extent), 0);
	assert_holds(&extent, 0, PAGE - FILL);
	wf_hold_put(&extent);
}

static void test_hold_split_and_cut_keep_each_byte_once(void **state)
{
	for (uint32_t len = 2; len <= 40; len += 19) {
		for (uint32_t at = 1; at < len; at++) {
			struct wf_extent left;
			struct wf_extent right;

			hold(&left, len, NULL);
			wf_hold_split(&left, at, &right);
			assert_holds(&left, 0, at);
			assert_holds(&right, at, len - at);
			if (at > 1) {
				wf_hold_cut_head(&left, at - 1);
				assert_holds(&left, at - 1, 1);
			}
			wf_hold_cut_tail(&right, len - at - 1);
			assert_holds(&right, at, 1);
			wf_hold_put(&left);
			wf_hold_put(&right);
		}
	}
}

/* Bytes behind those of a piece that was cut off belong to it no more, nor to another. */
static void test_hold_room_of_what_was_cut_is_none(void **state)
{
	struct wf_extent extent;

	hold(&extent, 100, NULL);
	wf_hold_cut_tail(&extent, 1);
	assert_int_equal(wf_hold_room(&extent), 0);
	wf_hold_put(&extent);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_hold_merge_up_to_the_last_byte_shares_the_page),
		TEST(test_hold_merge_one_byte_too_much_takes_another_page),
		TEST(test_hold_merge_with_a_full_page_takes_another),
		TEST(test_hold_of_what_fits_the_extent_takes_no_page),
		TEST(test_hold_extend_by_nothing_and_by_all_there_is),
		TEST(test_hold_split_and_cut_keep_each_byte_once),
		TEST(test_hold_room_of_what_was_cut_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
