// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_hold.c - segments that share a page are merged while the page has room, and never write
 * beyond it.
 */
#include "unit/support/test.h"

#include <string.h>

#include "memory/arena.h"
#include "memory/page.h"
#include "memory/page_pool.h"
#include "metrics/metrics.h"
#include "reassembly/hold.h"
#include "reassembly/stream.h"

enum { PAGE = 256, FILL = 4 /* bytes of the page that are already used */, LEN_MAX = 2000 };

static struct wf_arena *arena;
static struct wf_metrics metrics;
static struct wf_stream_env env;
static struct wf_page *from; /* held bytes lie in this page and must move out of it */
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

/* Holds the first @len_bytes of the pattern; @near: adjacent extent to merge with. */
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

TEST_WITH(hold_merge_up_to_the_last_byte_shares_the_page, setup, teardown)
{
	struct wf_extent first;
	struct wf_extent second;

	hold(&first, 100, NULL);
	assert_int_equal(wf_hold_room(&first), PAGE - FILL - 100);
	hold(&second, PAGE - FILL - 100, &first);
	assert_ptr_equal(second.page, first.page);
	assert_int_equal(wf_hold_room(&second), 0);
	assert_int_equal(wf_hold_room(&first), 0); /* bytes of other extents follow in the page */
	assert_holds(&first, 0, 100);
	assert_holds(&second, 0, PAGE - FILL - 100);
	wf_hold_put(&first);
	assert_holds(&second, 0, PAGE - FILL - 100);
	wf_hold_put(&second);
}

TEST_WITH(hold_merge_one_byte_too_much_takes_another_page, setup, teardown)
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

TEST_WITH(hold_merge_with_a_full_page_takes_another, setup, teardown)
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

TEST_WITH(hold_of_what_fits_the_extent_takes_no_page, setup, teardown)
{
	uint64_t taken = wf_page_pool_taken(env.pages);
	struct wf_extent tiny;
	struct wf_extent more;

	hold(&tiny, WF_EXTENT_TINY_BYTES, NULL);
	assert_true(tiny.flags & WF_EXTENT_TINY);
	assert_holds(&tiny, 0, WF_EXTENT_TINY_BYTES);
	assert_int_equal(wf_hold_room(&tiny), 0);
	assert_int_equal(wf_page_pool_taken(env.pages), taken);
	hold(&more, WF_EXTENT_TINY_BYTES + 1, &tiny); /* a tiny extent has no page to share */
	assert_false(more.flags & WF_EXTENT_TINY);
	wf_hold_put(&tiny);
	wf_hold_put(&more);
}

TEST_WITH(hold_extend_by_nothing_and_by_all_there_is, setup, teardown)
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

TEST_WITH(hold_split_and_cut_keep_each_byte_once, setup, teardown)
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

/* An extent may be extended in place only if no other extent uses the page. */
TEST_WITH(hold_room_behind_a_cut_is_only_of_a_page_of_ones_own, setup, teardown)
{
	struct wf_extent first;
	struct wf_extent second;

	hold(&first, 100, NULL);
	wf_hold_cut_tail(&first, 1);
	assert_int_equal(wf_hold_room(&first), PAGE - FILL - 99);
	hold(&second, 50, &first);
	assert_ptr_equal(second.page, first.page);
	wf_hold_cut_tail(&second, 1);
	assert_int_equal(wf_hold_room(&second), 0);
	assert_int_equal(wf_hold_room(&first), 0);
	wf_hold_put(&second);
	assert_int_equal(wf_hold_room(&first), PAGE - FILL - 99);
	wf_hold_put(&first);
}

TEST_WITH(hold_beside_one_that_grew_alone_follows_it, setup, teardown)
{
	struct wf_extent first;
	struct wf_extent second;

	hold(&first, 100, NULL);
	wf_hold_extend(&first, pattern + 100, 60);
	hold(&second, 30, &first);
	assert_ptr_equal(second.page, first.page);
	assert_holds(&first, 0, 160);
	assert_holds(&second, 0, 30);
	assert_int_equal(wf_hold_room(&second), PAGE - FILL - 190);
	wf_hold_put(&first);
	wf_hold_put(&second);
}

TEST_WITH(hold_beside_a_half_follows_both, setup, teardown)
{
	struct wf_extent left;
	struct wf_extent right;
	struct wf_extent third;

	hold(&left, 100, NULL);
	wf_hold_extend(&left, pattern + 100, 60);
	wf_hold_split(&left, 20, &right);
	hold(&third, 30, &left);
	assert_holds(&left, 0, 20);
	assert_holds(&right, 20, 140);
	assert_holds(&third, 0, 30);
	wf_hold_put(&left);
	wf_hold_put(&right);
	wf_hold_put(&third);
}

/* A consumer still reads the delivered part of an extent, while the rest of it is held. */
TEST_WITH(hold_beside_one_that_is_read_follows_it, setup, teardown)
{
	struct wf_extent first;
	struct wf_extent second;
	struct wf_page *page;
	const uint8_t *read;

	hold(&first, 100, NULL);
	wf_hold_extend(&first, pattern + 100, 60);
	page = first.page;
	read = first.bytes;
	wf_page_get(page);
	wf_hold_cut_head(&first, 10);
	hold(&second, 30, &first);
	assert_ptr_equal(second.page, page);
	assert_memory_equal(read, pattern, 10);
	assert_holds(&first, 10, 150);
	assert_holds(&second, 0, 30);
	wf_hold_put(&first);
	wf_hold_put(&second);
	assert_memory_equal(read, pattern, 10);
	wf_page_put(page);
}

/* ---- random operations in any order ---- */

enum { EXTENTS = 6, READERS = 3, STEPS = 200000 };

static struct {
	struct wf_extent extent;
	uint32_t first; /* offset in the pattern */
	bool used;
} held[EXTENTS];

static struct {
	struct wf_page *page; /* page that the consumer reads; NULL: it reads nothing */
	const uint8_t *bytes;
	uint32_t first, len_bytes;
} readers[READERS];

static uint32_t draw(uint32_t below)
{
	static uint64_t seed = 1;

	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 33) % below;
}

static void put_held(uint32_t i)
{
	wf_hold_put(&held[i].extent);
	held[i].used = false;
}

static void grow(uint32_t i)
{
	uint32_t room = wf_hold_room(&held[i].extent);
	uint32_t end = held[i].first + held[i].extent.len_bytes;

	if (room && end + room <= LEN_MAX)
		wf_hold_extend(&held[i].extent, pattern + end, 1 + draw(room));
}

static void split(uint32_t i)
{
	uint32_t len_bytes = held[i].extent.len_bytes, free = 0;

	while (free < EXTENTS && held[free].used)
		free++;
	if (free == EXTENTS || len_bytes < 2)
		return;
	len_bytes = 1 + draw(len_bytes - 1);
	wf_hold_split(&held[i].extent, len_bytes, &held[free].extent);
	held[free].first = held[i].first + len_bytes;
	held[free].used = true;
}

/* Delivers the first bytes of extent @i to a consumer. */
static void deliver(uint32_t i)
{
	uint32_t reader = draw(READERS), bytes = held[i].extent.len_bytes;

	if (readers[reader].page || held[i].extent.flags & WF_EXTENT_TINY || bytes < 2)
		return;
	bytes = 1 + draw(bytes - 1);
	readers[reader].page = held[i].extent.page;
	readers[reader].bytes = held[i].extent.bytes;
	readers[reader].first = held[i].first;
	readers[reader].len_bytes = bytes;
	wf_page_get(readers[reader].page);
	wf_hold_cut_head(&held[i].extent, bytes);
	held[i].first += bytes;
}

static void end_reading(uint32_t reader)
{
	wf_page_put(readers[reader].page);
	readers[reader].page = NULL;
}

static void step(uint32_t i)
{
	uint32_t near = draw(EXTENTS);

	if (!held[i].used) {
		hold(&held[i].extent, 1 + draw(90), held[near].used ? &held[near].extent : NULL);
		held[i].first = 0;
		held[i].used = true;
		return;
	}
	switch (draw(7)) {
	case 0:
		put_held(i);
		break;
	case 1:
		split(i);
		break;
	case 2:
		deliver(i);
		break;
	case 3:
		end_reading(draw(READERS));
		break;
	case 4:
		if (held[i].extent.len_bytes > 1)
			wf_hold_cut_tail(&held[i].extent, 1);
		break;
	default:
		grow(i);
	}
}

TEST_WITH(hold_random_use_never_touches_what_others_hold, setup, teardown)
{
	for (int n = 0; n < STEPS; n++) {
		step(draw(EXTENTS));
		for (int i = 0; i < EXTENTS; i++)
			if (held[i].used)
				assert_holds(&held[i].extent, held[i].first,
					     held[i].extent.len_bytes);
		for (int i = 0; i < READERS; i++)
			if (readers[i].page)
				assert_memory_equal(readers[i].bytes, pattern + readers[i].first,
						    readers[i].len_bytes);
	}
	for (uint32_t i = 0; i < EXTENTS; i++)
		if (held[i].used)
			put_held(i);
	for (uint32_t i = 0; i < READERS; i++)
		end_reading(i);
}
