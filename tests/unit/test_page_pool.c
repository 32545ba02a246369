// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <weft/limits.h>

#include "memory/arena.h"
#include "memory/budget.h"
#include "memory/fault.h"
#include "memory/page.h"
#include "memory/page_pool.h"
#include "metrics/metrics.h"
#include "unit/support/run_off.h"

enum { SPAN = WEFT_SPAN_BYTES, MIB = 1 << 20, POOLS = 2 };

struct fixture {
	struct wf_arena *arena;
	struct wf_page_pool *pool; /* the first of the pools */
	struct wf_page_pool *pools[POOLS];
	struct wf_metrics metrics[POOLS];
};

static const struct wf_page_pool_opts class_opts = {
	.small_bytes = WEFT_PAGE_SMALL_BYTES,
	.medium_bytes = WEFT_PAGE_MEDIUM_BYTES,
	.large_bytes = WEFT_PAGE_LARGE_BYTES,
};

static struct fixture *fixture_new(const struct wf_page_pool_opts *opts, int pools)
{
	struct fixture *fix = aligned_alloc(64, (sizeof(*fix) + 63) / 64 * 64);

	memset(fix, 0, sizeof(*fix));
	assert_int_equal(wf_arena_new(8 * MIB, &fix->arena), 0);
	for (int i = 0; i < pools; i++)
		assert_int_equal(
			wf_page_pool_new(fix->arena, opts, &fix->metrics[i], &fix->pools[i]), 0);
	fix->pool = fix->pools[0];
	wf_page_pool_adopt(fix->pool);
	return fix;
}

static void fixture_free(struct fixture *fix)
{
	for (int i = 0; i < POOLS; i++) {
		if (!fix->pools[i])
			continue;
		wf_page_pool_housekeep(fix->pools[i], 0);
		assert_true(wf_page_pool_is_valid(fix->pools[i]));
		assert_int_equal(wf_page_pool_taken(fix->pools[i]), 0);
		wf_page_pool_free(fix->pools[i]);
	}
	assert_int_equal(wf_arena_used_bytes(fix->arena), 0);
	assert_true(wf_arena_is_valid(fix->arena));
	wf_arena_free(fix->arena);
	free(fix);
}

static int setup(void **state)
{
	*state = fixture_new(&class_opts, 1);
	return 0;
}

static int setup_frames(void **state)
{
	struct wf_page_pool_opts opts = class_opts;

	opts.frame_bytes = 2048;
	opts.frames = 512;
	opts.frames_reserve = 256;
	*state = fixture_new(&opts, 2);
	return 0;
}

static int teardown(void **state)
{
	fixture_free(*state);
	return 0;
}

/*
 * Takes pages of @bytes bytes until the pool is empty, and stores them in @pages. Return: number of
 * pages.
 */
static uint32_t take_all(struct wf_page_pool *pool, size_t bytes, struct wf_page **pages)
{
	uint32_t count = 0;

	while ((pages[count] = wf_page_pool_take(pool, bytes)))
		count++;
	return count;
}

static struct wf_page *pages[8 * MIB / 128];

/* ---- classes ---- */

static int no_teardown(void **state)
{
	return 0;
}

TEST_WITH(page_pool_with_sizes_out_of_order_is_refused, setup, teardown)
{
	struct fixture *fix = *state;
	struct wf_page_pool *pool;
	static const uint32_t bad[][3] = {
		{0, 1500, 9000},	 {127, 1500, 9000},
		{1500, 1500, 9000},	 {256, 9000, 9000},
		{256, 9000, 1500},	 {256, 1500, SPAN},
		{256, 1500, UINT32_MAX}, {256, UINT32_MAX, UINT32_MAX},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct wf_page_pool_opts opts = {
			.small_bytes = bad[i][0],
			.medium_bytes = bad[i][1],
			.large_bytes = bad[i][2],
		};

		assert_int_equal(wf_page_pool_new(fix->arena, &opts, &fix->metrics[1], &pool),
				 -EINVAL);
	}
}

TEST_WITH(page_pool_take_uses_the_smallest_class_that_fits, setup, teardown)
{
	struct fixture *fix = *state;
	static const struct {
		size_t bytes;
		size_t capacity;
	} cases[] = {
		{0, 256},     {1, 256},	    {256, 256},	  {257, 1536},	{1536, 1536},
		{1537, 9024}, {9024, 9024}, {9025, SPAN}, {SPAN, SPAN},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct wf_page *page = wf_page_pool_take(fix->pool, cases[i].bytes);

		assert_non_null(page);
		assert_int_equal(wf_page_capacity(page), cases[i].capacity);
		wf_page_put(page);
	}
}

TEST_WITH(page_pool_take_more_than_a_span_is_refused, setup, teardown)
{
	struct fixture *fix = *state;

	assert_null(wf_page_pool_take(fix->pool, SPAN + 1));
	assert_null(wf_page_pool_take(fix->pool, SIZE_MAX));
	assert_null(wf_page_pool_take(fix->pool, (size_t)1 << 32));
	assert_int_equal(wf_metric_get(&fix->metrics[0], pages_refused_pages), 3);
}

TEST_WITH(page_pool_pages_do_not_overlap, setup, teardown)
{
	struct fixture *fix = *state;
	static const size_t sizes[] = {256, 1500, 9000, SPAN};
	uint32_t count = 0;

	for (int round = 0; round < 200; round++, count++) {
		pages[count] = wf_page_pool_take(fix->pool, sizes[round % 3]);
		assert_non_null(pages[count]);
		memset(wf_page_bytes(pages[count]), (int)count % 251,
		       wf_page_capacity(pages[count]));
	}
	for (uint32_t i = 0; i < count; i++) {
		for (size_t b = 0; b < wf_page_capacity(pages[i]); b++)
			assert_int_equal(wf_page_bytes(pages[i])[b], i % 251);
		wf_page_put(pages[i]);
	}
}

TEST_WITH(page_pool_when_all_is_taken_refuses_and_recovers, setup, teardown)
{
	struct fixture *fix = *state;
	uint32_t count = take_all(fix->pool, 256, pages);

	assert_int_equal(count, wf_arena_bytes(fix->arena) / 256);
	assert_true(wf_metric_get(&fix->metrics[0], pages_small_failed_pages) > 0);
	assert_int_equal(wf_metric_get(&fix->metrics[0], pages_small_used_pages), count);
	assert_int_equal(wf_metric_get(&fix->metrics[0], pages_small_free_pages), 0);
	wf_page_put(pages[--count]);
	pages[count] = wf_page_pool_take(fix->pool, 1);
	assert_non_null(pages[count++]);
	while (count)
		wf_page_put(pages[--count]);
	assert_int_equal(wf_metric_get(&fix->metrics[0], pages_small_used_pages), 0);
}

TEST_WITH(page_pool_spans_change_class, setup, teardown)
{
	struct fixture *fix = *state;
	uint32_t count = take_all(fix->pool, 256, pages);

	while (count)
		wf_page_put(pages[--count]);
	count = take_all(fix->pool, 1500, pages);
	assert_int_equal(count, wf_arena_bytes(fix->arena) / SPAN * (SPAN / 1536));
	while (count)
		wf_page_put(pages[--count]);
	count = take_all(fix->pool, SPAN, pages);
	assert_int_equal(count, wf_arena_bytes(fix->arena) / SPAN);
	while (count)
		wf_page_put(pages[--count]);
}

TEST_WITH(page_pool_without_spans_borrows_a_larger_page, setup, teardown)
{
	struct fixture *fix = *state;
	struct wf_page *medium = wf_page_pool_take(fix->pool, 1500);
	uint32_t count = take_all(fix->pool, SPAN, pages);
	struct wf_page *page = wf_page_pool_take(fix->pool, 10);

	assert_non_null(page);
	assert_int_equal(wf_page_capacity(page), 1536);
	assert_int_equal(wf_metric_get(&fix->metrics[0], pages_borrowed_pages), 1);
	wf_page_put(page);
	wf_page_put(medium);
	while (count)
		wf_page_put(pages[--count]);
}

TEST_WITH(page_pool_at_its_span_limit_refuses, setup, teardown)
{
	struct fixture *fix = *state;
	struct wf_page_pool_opts opts = class_opts;
	uint32_t count;

	opts.max_bytes = 2 * SPAN;
	assert_int_equal(wf_page_pool_new(fix->arena, &opts, &fix->metrics[1], &fix->pools[1]), 0);
	wf_page_pool_adopt(fix->pools[1]);
	count = take_all(fix->pools[1], 256, pages);
	assert_int_equal(count, 2 * SPAN / 256);
	while (count)
		wf_page_put(pages[--count]);
	/* The pool reuses the empty spans of its small pages for large pages. */
	count = take_all(fix->pools[1], 9000, pages);
	assert_int_equal(count, 2 * (SPAN / 9024));
	while (count)
		wf_page_put(pages[--count]);
}

/* Receiving must not use the last part of the budget, which is reserved for processing. */
TEST_WITH(page_pool_short_of_memory_gives_none_to_what_comes_in, setup, teardown)
{
	struct fixture *fix = *state;
	uint64_t limit_bytes = wf_arena_budget(fix->arena)->limit_bytes;
	uint32_t count = 0;

	while ((pages[count] = wf_page_pool_take_incoming(fix->pool, SPAN)))
		count++;
	assert_true(count > 0);
	assert_true(wf_budget_left(wf_arena_budget(fix->arena)) <
		    limit_bytes / WEFT_SHORT_PARTS + SPAN);
	pages[count] = wf_page_pool_take(fix->pool, SPAN);
	assert_non_null(pages[count++]);
	while (count)
		wf_page_put(pages[--count]);
}

TEST_WITH(page_pool_at_its_class_limit_refuses, setup, teardown)
{
	struct fixture *fix = *state;
	struct wf_page_pool_opts opts = class_opts;
	uint32_t count;

	opts.max_class_pages = 10;
	assert_int_equal(wf_page_pool_new(fix->arena, &opts, &fix->metrics[1], &fix->pools[1]), 0);
	wf_page_pool_adopt(fix->pools[1]);
	count = take_all(fix->pools[1], 9000, pages);
	assert_int_equal(count, 10);
	assert_int_equal(wf_metric_get(&fix->metrics[1], pages_large_failed_pages), 1);
	while (count)
		wf_page_put(pages[--count]);
}

TEST_WITH(page_pool_fixed_has_one_size, setup, teardown)
{
	struct fixture *fix = *state;
	struct wf_page_pool_opts opts = {.medium_bytes = 1900, .keeps_spans = true};
	struct wf_page *page;

	assert_int_equal(wf_page_pool_new(fix->arena, &opts, &fix->metrics[1], &fix->pools[1]), 0);
	wf_page_pool_adopt(fix->pools[1]);
	page = wf_page_pool_take(fix->pools[1], 1);
	assert_int_equal(wf_page_capacity(page), 1920);
	wf_page_put(page);
	page = wf_page_pool_take(fix->pools[1], 1900);
	assert_int_equal(wf_page_capacity(page), 1920);
	wf_page_put(page);
	page = wf_page_pool_take(fix->pools[1], 1921);
	assert_int_equal(wf_page_capacity(page), SPAN);
	wf_page_put(page);
}

/* A pool with fixed page sizes keeps its spans until it is freed. */
TEST_WITH(page_pool_fixed_never_shrinks, setup, teardown)
{
	enum { PAGES = 34 * 20 };
	struct fixture *fix = *state;
	struct wf_page_pool_opts opts = {.medium_bytes = 1900, .keeps_spans = true};
	struct wf_metrics *metrics = &fix->metrics[1];
	struct wf_page *taken[PAGES];
	uint64_t used;

	assert_int_equal(wf_page_pool_new(fix->arena, &opts, metrics, &fix->pools[1]), 0);
	wf_page_pool_adopt(fix->pools[1]);
	for (int i = 0; i < PAGES; i++)
		taken[i] = wf_page_pool_take(fix->pools[1], 1);
	used = wf_arena_used_bytes(fix->arena);
	for (int i = 0; i < PAGES; i++)
		wf_page_put(taken[i]);
	assert_int_equal(wf_arena_used_bytes(fix->arena), used);

	wf_arena_set_pressure_level(fix->arena, WF_ARENA_PRESSURE_MAX);
	for (uint64_t now_ns = 1; now_ns < 10; now_ns++)
		wf_page_pool_housekeep(fix->pools[1], now_ns * 1000000000);
	assert_int_equal(wf_page_pool_halve(fix->pools[1]), 0);
	assert_int_equal(wf_page_pool_shrink(fix->pools[1]), 0);
	assert_int_equal(wf_arena_used_bytes(fix->arena), used);
	assert_true(wf_page_pool_is_valid(fix->pools[1]));

	for (int i = 0; i < PAGES; i++)
		taken[i] = wf_page_pool_take(fix->pools[1], 1);
	assert_int_equal(wf_arena_used_bytes(fix->arena), used);
	assert_int_equal(wf_metric_get(metrics, page_cache_misses), 20);
	for (int i = 0; i < PAGES; i++)
		wf_page_put(taken[i]);
	wf_arena_set_pressure_level(fix->arena, 0);
}

TEST_WITH(page_pool_counts_what_pages_waste, setup, teardown)
{
	struct fixture *fix = *state;
	struct wf_page *page = wf_page_pool_take(fix->pool, 200);

	assert_int_equal(wf_metric_get(&fix->metrics[0], pages_small_unused_bytes), 56);
	wf_page_put(page);
}

TEST_WITH(page_pool_idle_gives_its_spans_back, setup, teardown)
{
	struct fixture *fix = *state;
	uint64_t now_ns = 1;

	for (int i = 0; i < 2000; i++)
		pages[i] = wf_page_pool_take(fix->pool, 256);
	for (int i = 0; i < 2000; i++)
		wf_page_put(pages[i]);
	for (int i = 0; i < 100; i++)
		wf_page_pool_housekeep(fix->pool, now_ns += 1000 * 1000 * 1000);
	assert_int_equal(wf_arena_used_bytes(fix->arena), 0);
	assert_int_equal(wf_metric_get(&fix->metrics[0], pages_small_spans), 0);
}

TEST_WITH(page_pool_shrink_gives_empty_spans_back_at_once, setup, teardown)
{
	struct fixture *fix = *state;

	wf_page_put(wf_page_pool_take(fix->pool, 1));
	assert_int_equal(wf_arena_used_bytes(fix->arena), SPAN);
	wf_page_pool_shrink(fix->pool);
	assert_int_equal(wf_arena_used_bytes(fix->arena), 0);
}

TEST_WITH(page_pool_churn_is_served_from_cache, setup, teardown)
{
	struct fixture *fix = *state;

	for (int i = 0; i < 1000; i++)
		wf_page_put(wf_page_pool_take(fix->pool, 1500));
	assert_int_equal(wf_metric_get(&fix->metrics[0], page_cache_misses), 1);
}

/*
 * A request counts as a cache miss if it fetched a span from the arena. If no span was left, the
 * request counts as a failure, but not as a miss.
 */
TEST_WITH(page_pool_request_without_memory_is_no_cache_miss, setup, teardown)
{
	enum { SPANS = 8 * MIB / SPAN };
	struct fixture *fix = *state;
	struct wf_page *taken[SPANS];
	int count = 0;

	while (count < SPANS && (taken[count] = wf_page_pool_take(fix->pool, SPAN)))
		count++;
	assert_null(wf_page_pool_take(fix->pool, SPAN));
	assert_int_equal(wf_metric_get(&fix->metrics[0], page_cache_misses), count);
	while (count)
		wf_page_put(taken[--count]);
}

/* Tunes the pool by taking and putting one page many times; no page stays in use. */
static void tune_to(struct wf_page_pool *pool, size_t bytes)
{
	for (int i = 0; i < 3000; i++)
		wf_page_put(wf_page_pool_take(pool, bytes));
}

TEST_WITH(page_pool_traffic_of_one_size_gets_pages_of_it, setup, teardown)
{
	struct fixture *fix = *state;
	struct wf_page *page;

	tune_to(fix->pool, 536);
	page = wf_page_pool_take(fix->pool, 536);
	assert_int_equal(wf_page_capacity(page), 576);
	wf_page_put(page);
	page = wf_page_pool_take(fix->pool, 577);
	assert_int_equal(wf_page_capacity(page), 1536);
	wf_page_put(page);
	page = wf_page_pool_take(fix->pool, 200);
	assert_int_equal(wf_page_capacity(page), 256);
	wf_page_put(page);
	assert_int_equal(wf_metric_get(&fix->metrics[0], pages_recuts), 1);
}

TEST_WITH(page_pool_retuned_keeps_pages_of_the_old_size, setup, teardown)
{
	struct fixture *fix = *state;
	enum { HELD = 500 };

	tune_to(fix->pool, 536);
	for (int i = 0; i < HELD; i++) {
		pages[i] = wf_page_pool_take(fix->pool, 536);
		assert_int_equal(wf_page_capacity(pages[i]), 576);
		memset(wf_page_bytes(pages[i]), i % 251, 576);
	}
	tune_to(fix->pool, 1000);
	assert_true(wf_page_pool_is_valid(fix->pool));
	pages[HELD] = wf_page_pool_take(fix->pool, 1000);
	assert_int_equal(wf_page_capacity(pages[HELD]), 1024);
	assert_int_equal(wf_page_pool_taken(fix->pool), HELD + 1);
	/* Changes the classes back while pages of the first classes are still in use. */
	tune_to(fix->pool, 536);
	for (int i = 0; i < HELD; i++) {
		for (int b = 0; b < 576; b++)
			assert_int_equal(wf_page_bytes(pages[i])[b], i % 251);
		wf_page_put(pages[i]);
		assert_true(wf_page_pool_is_valid(fix->pool));
	}
	wf_page_put(pages[HELD]);
	wf_page_pool_shrink(fix->pool);
	assert_int_equal(wf_arena_used_bytes(fix->arena), 0);
	assert_int_equal(wf_metric_get(&fix->metrics[0], pages_tuned_spans), 0);
	assert_int_equal(wf_metric_get(&fix->metrics[0], pages_tuned_used_pages), 0);
	assert_int_equal(wf_metric_get(&fix->metrics[0], pages_tuned_free_pages), 0);
}

TEST_WITH(page_pool_metrics_agree_with_the_arena, setup, teardown)
{
	struct fixture *fix = *state;
	struct wf_metrics *metrics = &fix->metrics[0];
	uint64_t seed = 7;
	uint64_t spans;

	memset(pages, 0, sizeof(pages));
	for (int i = 0; i < 50000; i++) {
		uint32_t slot;

		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		slot = (uint32_t)(seed >> 40) % 700;
		if (pages[slot]) {
			wf_page_put(pages[slot]);
			pages[slot] = NULL;
		} else {
			pages[slot] = wf_page_pool_take(
				fix->pool, (seed >> 20) % (1u << (1 + (seed >> 33) % 14)));
		}
		if (i % 1000 == 0)
			assert_true(wf_page_pool_is_valid(fix->pool));
	}
	spans = wf_metric_get(metrics, pages_small_spans) +
		wf_metric_get(metrics, pages_medium_spans) +
		wf_metric_get(metrics, pages_large_spans) +
		wf_metric_get(metrics, pages_span_spans) +
		wf_metric_get(metrics, pages_tuned_spans);
	assert_int_equal(spans * SPAN, wf_arena_used_bytes(fix->arena));
	assert_int_equal(wf_metric_get(metrics, pages_taken_pages),
			 wf_metric_get(metrics, pages_small_taken_pages) +
				 wf_metric_get(metrics, pages_medium_taken_pages) +
				 wf_metric_get(metrics, pages_large_taken_pages) +
				 wf_metric_get(metrics, pages_span_taken_pages) +
				 wf_metric_get(metrics, pages_tuned_taken_pages));
	for (int i = 0; i < 700; i++)
		wf_page_put(pages[i]);
}

TEST_WITH(page_pool_advice_shrinks_with_pressure_and_recovers, setup, teardown)
{
	struct fixture *fix = *state;

	assert_int_equal(wf_page_pool_advise(fix->pool, 100, 9000), 9024);
	wf_arena_set_pressure_level(fix->arena, 1);
	assert_int_equal(wf_page_pool_advise(fix->pool, 100, 2000), 1536);
	wf_arena_set_pressure_level(fix->arena, 3);
	assert_int_equal(wf_page_pool_advise(fix->pool, 100, 9000), 256);
	wf_arena_set_pressure_level(fix->arena, 0);
	assert_int_equal(wf_page_pool_advise(fix->pool, 100, 9000), 9024);
	assert_int_equal(wf_page_pool_advise(fix->pool, 100, 50), 256);
	assert_int_equal(wf_page_pool_advise(fix->pool, 100, SIZE_MAX), SPAN);
	assert_int_equal(wf_page_pool_advise(fix->pool, SPAN + 1, 0), SPAN + 1);
}

TEST_WITH(page_pool_free_with_a_page_out_lets_it_be_put_later, setup, no_teardown)
{
	struct fixture *fix = *state;
	struct wf_page *page = wf_page_pool_take(fix->pool, 1);

	wf_page_pool_free(fix->pool);
	fix->pools[0] = NULL;
	memset(wf_page_bytes(page), 0, wf_page_capacity(page));
	wf_page_put(page);
	/* The page's span stays in use, because a leak is better than a span with two owners. */
	assert_int_equal(wf_arena_used_bytes(fix->arena), SPAN);
	wf_arena_free(fix->arena);
	free(fix);
}

/* ---- frames ---- */

static uint64_t offs[2048];

static void put_frames(struct fixture *fix, uint32_t first, uint32_t count)
{
	for (uint32_t i = first; i < first + count; i++)
		wf_page_put(wf_arena_page_at(fix->arena, offs[i]));
}

TEST_WITH(page_pool_with_bad_frames_is_refused, setup, teardown)
{
	struct fixture *fix = *state;
	struct wf_page_pool_opts opts = class_opts;
	struct wf_page_pool *pool;

	opts.frames = 16;
	opts.frame_bytes = 1024;
	assert_int_equal(wf_page_pool_new(fix->arena, &opts, &fix->metrics[1], &pool), -EINVAL);
	opts.frame_bytes = 2048;
	opts.frames_reserve = 17;
	assert_int_equal(wf_page_pool_new(fix->arena, &opts, &fix->metrics[1], &pool), -EINVAL);
	opts.frames_reserve = 1;
	opts.frames = 1 << 20;
	assert_int_equal(wf_page_pool_new(fix->arena, &opts, &fix->metrics[1], &pool), -ENOBUFS);
	assert_int_equal(wf_arena_used_bytes(fix->arena), 0);
}

/* After the failure, the next caller may choose another frame size. */
TEST_WITH(page_pool_without_a_span_for_its_stock_has_no_frames, setup, teardown)
{
	struct fixture *fix = *state;
	struct wf_page_pool_opts opts = class_opts;
	struct wf_page_pool *pool;
	int64_t spans[8 * MIB / SPAN + 1];
	uint32_t count = 0;

	opts.frames = 16;
	opts.frame_bytes = 2048;
	while ((spans[count] = take_run_off(fix->arena, 1)) >= 0)
		count++;
	assert_int_equal(wf_page_pool_new(fix->arena, &opts, &fix->metrics[1], &pool), -ENOBUFS);
	while (count)
		put_run_off(fix->arena, (uint64_t)spans[--count], 1);
	opts.frame_bytes = 4096;
	assert_int_equal(wf_page_pool_new(fix->arena, &opts, &fix->metrics[1], &pool), 0);
	wf_page_pool_free(pool);
	assert_int_equal(wf_arena_used_bytes(fix->arena), 0);
}

TEST_WITH(page_pool_frames_of_two_sizes_are_refused, setup_frames, teardown)
{
	struct fixture *fix = *state;
	struct wf_page_pool_opts opts = class_opts;
	struct wf_page_pool *pool;

	opts.frames = 16;
	opts.frame_bytes = 4096;
	assert_int_equal(wf_page_pool_new(fix->arena, &opts, &fix->metrics[1], &pool), -EINVAL);
}

TEST_WITH(page_pool_frames_are_distinct_and_come_back, setup_frames, teardown)
{
	struct fixture *fix = *state;

	assert_int_equal(wf_page_pool_take_frames(fix->pool, offs, 512), 512);
	for (int i = 0; i < 512; i++) {
		struct wf_page *page = wf_arena_page_at(fix->arena, offs[i] + 300);

		assert_int_equal(offs[i] % 2048, 0);
		assert_ptr_equal(wf_arena_page_at(fix->arena, offs[i]), page);
		assert_ptr_equal(wf_arena_page_at(fix->arena, offs[i] + 2047), page);
		assert_ptr_equal(wf_page_bytes(page),
				 (uint8_t *)wf_arena_base(fix->arena) + offs[i]);
		assert_true(wf_page_is_frame(page));
		assert_true(wf_page_is_sole(page));
		assert_int_equal(wf_page_capacity(page), 2048);
		memset(wf_page_bytes(page), i % 251, 2048);
	}
	for (int i = 0; i < 512; i++) {
		uint8_t *bytes = (uint8_t *)wf_arena_base(fix->arena) + offs[i];

		for (int b = 0; b < 2048; b++)
			assert_int_equal(bytes[b], i % 251);
	}
	put_frames(fix, 0, 512);
	assert_int_equal(wf_page_pool_take_frames(fix->pool, offs, 512), 512);
	put_frames(fix, 0, 512);
}

TEST_WITH(page_pool_short_of_frames_counts_what_is_missing, setup_frames, teardown)
{
	struct fixture *fix = *state;
	uint32_t got = wf_page_pool_take_frames(fix->pool, offs, 1000);

	/* The other pool offers only the frames that exceed its own need. */
	assert_int_equal(got, 512);
	assert_int_equal(wf_metric_get(&fix->metrics[0], rx_short_frames), 488);
	put_frames(fix, 0, got);
}

TEST_WITH(page_pool_may_keep_frames_until_free_ones_run_low, setup_frames, teardown)
{
	struct fixture *fix = *state;

	assert_true(wf_page_pool_may_keep_frame(fix->pool));
	assert_int_equal(wf_page_pool_take_frames(fix->pool, offs, 256), 256);
	assert_true(wf_page_pool_may_keep_frame(fix->pool));
	assert_int_equal(wf_page_pool_take_frames(fix->pool, offs + 256, 250), 250);
	assert_false(wf_page_pool_may_keep_frame(fix->pool));
	put_frames(fix, 0, 506);
	assert_true(wf_page_pool_may_keep_frame(fix->pool));
}

static void *put_from_thread(void *ctx)
{
	put_frames(ctx, 0, 512);
	return NULL;
}

TEST_WITH(page_pool_frames_put_by_another_thread_come_back, setup_frames, teardown)
{
	struct fixture *fix = *state;
	pthread_t thread;

	assert_int_equal(wf_page_pool_take_frames(fix->pool, offs, 512), 512);
	pthread_create(&thread, NULL, put_from_thread, fix);
	pthread_join(thread, NULL);
	assert_int_equal(wf_page_pool_take_frames(fix->pool, offs, 512), 512);
	put_frames(fix, 0, 512);
}

TEST_WITH(page_pool_frames_hoarded_by_one_reach_the_other, setup_frames, teardown)
{
	struct fixture *fix = *state;
	uint32_t got = 0;

	/* Worker 1 receives all frames and worker 0 puts them: worker 0 must not hoard them. */
	assert_int_equal(wf_page_pool_take_frames(fix->pools[1], offs, 512), 512);
	put_frames(fix, 0, 512);
	got = wf_page_pool_take_frames(fix->pools[1], offs, 512);
	assert_true(got >= 512);
	assert_true(wf_metric_get(&fix->metrics[1], rx_borrowed_frames) > 0);
	assert_true(wf_metric_get(&fix->metrics[0], rx_spilled_frames) > 0);
	put_frames(fix, 0, got);
}

TEST_WITH(page_pool_free_with_frames_in_rings_returns_their_spans, setup_frames, teardown)
{
	struct fixture *fix = *state;

	assert_int_equal(wf_page_pool_take_frames(fix->pool, offs, 100), 100);
	/* The teardown function asserts that the arena is empty. */
}

TEST_WITH(page_pool_with_frames_keeps_all_memory, setup_frames, teardown)
{
	struct fixture *fix = *state;
	int64_t off = take_run_off(fix->arena, 1);

	((uint8_t *)wf_arena_base(fix->arena))[off] = 0x42;
	put_run_off(fix->arena, (uint64_t)off, 1);
	/*
	 * The kernel may have mapped these pages: after a hole punch, kernel and process would use
	 * different pages.
	 */
	assert_int_equal(wf_arena_trim(fix->arena, 0), 0);
	assert_int_equal(((uint8_t *)wf_arena_base(fix->arena))[off], 0x42);
}

/* ---- threads ---- */

enum { RING = 256, TURNS = 30000, SINKS = 2 };

/* There is one ring per sink: a worker sends pages, and the sink puts them. */
struct ring {
	_Atomic(struct wf_page *) slots[RING];
	_Atomic bool done;
};

static void *sink(void *ctx)
{
	struct ring *ring = ctx;
	bool done;

	do {
		done = atomic_load(&ring->done);
		for (int i = 0; i < RING; i++) {
			struct wf_page *page = atomic_exchange(&ring->slots[i], NULL);

			if (!page)
				continue;
			assert_int_equal(wf_page_bytes(page)[0], wf_page_bytes(page)[1]);
			wf_page_put(page);
		}
	} while (!done);
	return NULL;
}

static bool offer(struct ring *ring, int slot, struct wf_page *page)
{
	struct wf_page *none = NULL;

	return atomic_compare_exchange_strong(&ring->slots[slot], &none, page);
}

struct worker {
	struct fixture *fix;
	struct wf_page_pool *pool;
	struct ring rings[SINKS];
	pthread_t thread;
};

static void pass_on(struct worker *worker, struct wf_page *page, int turn)
{
	wf_page_bytes(page)[0] = (uint8_t)turn;
	wf_page_bytes(page)[1] = (uint8_t)turn;
	for (int i = 0; i < SINKS; i++) {
		wf_page_get(page);
		if (!offer(&worker->rings[i], turn % RING, page))
			wf_page_put(page);
	}
	wf_page_put(page);
}

static void *work(void *ctx)
{
	struct worker *worker = ctx;

	wf_page_pool_adopt(worker->pool);
	for (int turn = 0; turn < TURNS; turn++) {
		struct wf_page *page = wf_page_pool_take(worker->pool, 1u << (turn % 17));
		uint64_t got[4];
		uint32_t count = wf_page_pool_take_frames(worker->pool, got, 4);

		if (page)
			pass_on(worker, page, turn);
		for (uint32_t i = 0; i < count; i++)
			pass_on(worker, wf_arena_page_at(worker->fix->arena, got[i]), turn + 1);
		if (turn % 64 == 0)
			wf_page_pool_housekeep(worker->pool, (uint64_t)turn * 1000000);
	}
	wf_page_pool_adopt(NULL);
	return NULL;
}

TEST_WITH(page_pool_pages_put_by_sinks_all_come_home, setup_frames, teardown)
{
	struct fixture *fix = *state;
	static struct worker workers[POOLS];
	pthread_t sinks[POOLS][SINKS];

	wf_page_pool_adopt(NULL);
	memset(workers, 0, sizeof(workers));
	for (int w = 0; w < POOLS; w++) {
		workers[w].fix = fix;
		workers[w].pool = fix->pools[w];
		for (int s = 0; s < SINKS; s++)
			pthread_create(&sinks[w][s], NULL, sink, &workers[w].rings[s]);
		pthread_create(&workers[w].thread, NULL, work, &workers[w]);
	}
	for (int w = 0; w < POOLS; w++) {
		pthread_join(workers[w].thread, NULL);
		for (int s = 0; s < SINKS; s++)
			atomic_store(&workers[w].rings[s].done, true);
		for (int s = 0; s < SINKS; s++)
			pthread_join(sinks[w][s], NULL);
	}
	/* No frame was lost: both pools together have all frames. */
	wf_page_pool_adopt(fix->pool);
	{
		uint32_t got = wf_page_pool_take_frames(fix->pools[0], offs, 1024);

		got += wf_page_pool_take_frames(fix->pools[1], offs + got, 1024 - got);
		assert_int_equal(got, 1024);
		put_frames(fix, 0, got);
	}
}

/* ---- faults: only in builds that have the hook (memory/fault.h) ---- */
#if WF_DEBUG >= 1

TEST(page_pool_each_fault_in_turn_leaves_all_sound)
{
	struct wf_page_pool_opts opts = class_opts;
	bool reached = true;

	opts.frame_bytes = 4096;
	opts.frames = 64;
	for (uint64_t nth = 1; reached; nth++) {
		static struct wf_metrics metrics;
		struct wf_arena *arena = NULL;
		struct wf_page_pool *pool = NULL;
		uint32_t count = 0;

		wf_fault_arm(nth);
		if (!wf_arena_new(2 * MIB, &arena) &&
		    !wf_page_pool_new(arena, &opts, &metrics, &pool)) {
			for (int i = 0; i < 40; i++) {
				pages[count] = wf_page_pool_take(pool, 200u << (i % 8));
				count += pages[count] != NULL;
			}
			while (count)
				wf_page_put(pages[--count]);
			assert_true(wf_page_pool_is_valid(pool));
		}
		reached = wf_fault_disarm();
		wf_page_pool_free(pool);
		if (arena) {
			assert_int_equal(wf_arena_used_bytes(arena), 0);
			assert_true(wf_arena_is_valid(arena));
		}
		wf_arena_free(arena);
	}
}

#endif
