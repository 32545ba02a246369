// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <weft/limits.h>

#include "memory/arena.h"
#include "memory/budget.h"
#include "metrics/metrics.h"
#include "unit/support/run_off.h"

enum { SPAN = WEFT_SPAN_BYTES, MIB = 1 << 20 };

static int setup(void **state)
{
	struct wf_arena *arena;

	assert_int_equal(wf_arena_new(4 * MIB, &arena), 0);
	*state = arena;
	return 0;
}

static int teardown(void **state)
{
	assert_int_equal(wf_arena_used_bytes(*state), 0);
	assert_true(wf_arena_is_valid(*state));
	wf_arena_free(*state);
	return 0;
}

static uint32_t spans_of(struct wf_arena *arena)
{
	return (uint32_t)(wf_arena_bytes(arena) / SPAN);
}

/* Returns the bytes of the arena that the kernel has backed with memory. */
static uint64_t resident_bytes(struct wf_arena *arena)
{
	static unsigned char pages[64 * MIB / 4096];
	uint64_t count = wf_arena_bytes(arena) / 4096;
	uint64_t resident = 0;

	assert_int_equal(mincore(wf_arena_base(arena), wf_arena_bytes(arena), pages), 0);
	for (uint64_t i = 0; i < count; i++)
		resident += pages[i] & 1;
	return resident * 4096;
}

static void fill(struct wf_arena *arena, int64_t off, uint32_t spans)
{
	memset((uint8_t *)wf_arena_base(arena) + off, 0xab, (size_t)spans * SPAN);
}

TEST(arena_with_room_for_no_span_is_refused)
{
	struct wf_arena *arena;

	assert_int_equal(wf_arena_new(0, &arena), -EINVAL);
	assert_int_equal(wf_arena_new(SPAN, &arena), -EINVAL);
	assert_int_equal(wf_arena_new(UINT64_MAX, &arena), -EINVAL);
}

TEST(arena_free_null_does_nothing)
{
	wf_arena_free(NULL);
}

TEST_WITH(arena_tables_come_out_of_the_limit, setup, teardown)
{
	struct wf_budget *budget = wf_arena_budget(*state);

	assert_true(wf_budget_held(budget, WF_BUDGET_TABLES) > 0);
	assert_true(wf_arena_bytes(*state) + wf_budget_held(budget, WF_BUDGET_TABLES) <= 4 * MIB);
	assert_true(wf_arena_bytes(*state) >= 4 * MIB * 95 / 100);
}

TEST_WITH(arena_take_all_then_one_more_is_refused, setup, teardown)
{
	uint32_t spans = spans_of(*state);

	for (uint32_t i = 0; i < spans; i++)
		assert_true(take_run_off(*state, 1) >= 0);
	assert_int_equal(wf_arena_used_bytes(*state), wf_arena_bytes(*state));
	assert_int_equal(take_run_off(*state, 1), -ENOBUFS);
	for (uint32_t i = 0; i < spans; i++)
		put_run_off(*state, (uint64_t)i * SPAN, 1);
}

TEST_WITH(arena_take_zero_spans_is_refused, setup, teardown)
{
	assert_int_equal(take_run_off(*state, 0), -ENOBUFS);
}

TEST_WITH(arena_run_longer_than_arena_is_refused, setup, teardown)
{
	assert_int_equal(take_run_off(*state, spans_of(*state) + 1), -ENOBUFS);
	assert_int_equal(take_run_off(*state, UINT32_MAX), -ENOBUFS);
}

TEST_WITH(arena_run_of_everything_is_taken, setup, teardown)
{
	uint32_t spans = spans_of(*state);

	assert_int_equal(take_run_off(*state, spans), 0);
	put_run_off(*state, 0, spans);
}

TEST_WITH(arena_run_skips_a_hole_too_small, setup, teardown)
{
	int64_t a = take_run_off(*state, 1);
	int64_t b = take_run_off(*state, 2);
	int64_t c = take_run_off(*state, 1);
	int64_t run;

	put_run_off(*state, (uint64_t)b, 2);
	run = take_run_off(*state, 3);
	assert_true(run > c);
	assert_int_equal(take_run_off(*state, 2), b);
	put_run_off(*state, (uint64_t)a, 1);
	put_run_off(*state, (uint64_t)b, 2);
	put_run_off(*state, (uint64_t)c, 1);
	put_run_off(*state, (uint64_t)run, 3);
}

TEST(arena_run_spans_words_of_the_bitmap)
{
	struct wf_arena *arena;
	int64_t first;
	int64_t run;

	assert_int_equal(wf_arena_new(16 * MIB, &arena), 0);
	first = take_run_off(arena, 60);
	run = take_run_off(arena, 70);
	assert_int_equal(run, 60 * SPAN);
	assert_true(wf_arena_is_valid(arena));
	put_run_off(arena, (uint64_t)first, 60);
	put_run_off(arena, (uint64_t)run, 70);
	wf_arena_free(arena);
}

TEST_WITH(arena_untouched_has_no_memory, setup, teardown)
{
	assert_int_equal(resident_bytes(*state), 0);
}

TEST_WITH(arena_trim_hands_memory_back, setup, teardown)
{
	struct wf_budget *budget = wf_arena_budget(*state);
	int64_t off = take_run_off(*state, 8);

	fill(*state, off, 8);
	put_run_off(*state, (uint64_t)off, 8);
	assert_int_equal(resident_bytes(*state), 8 * SPAN);
	assert_int_equal(wf_budget_held(budget, WF_BUDGET_FREE_SPANS), 8 * SPAN);

	assert_int_equal(wf_arena_trim(*state, 3 * SPAN), 5 * SPAN);
	assert_int_equal(resident_bytes(*state), 3 * SPAN);
	assert_int_equal(wf_arena_trim(*state, 0), 3 * SPAN);
	assert_int_equal(resident_bytes(*state), 0);
	assert_int_equal(wf_budget_held(budget, WF_BUDGET_FREE_SPANS), 0);
}

TEST_WITH(arena_take_prefers_spans_that_have_memory, setup, teardown)
{
	int64_t low = take_run_off(*state, 1);
	int64_t high = take_run_off(*state, 1);

	put_run_off(*state, (uint64_t)low, 1);
	wf_arena_trim(*state, 0);
	put_run_off(*state, (uint64_t)high, 1);
	assert_int_equal(take_run_off(*state, 1), high);
	put_run_off(*state, (uint64_t)high, 1);
}

TEST_WITH(arena_reservation_takes_memory_from_free_spans, setup, teardown)
{
	struct wf_budget *budget = wf_arena_budget(*state);
	uint32_t spans = spans_of(*state);
	uint64_t left;

	fill(*state, take_run_off(*state, spans), spans);
	put_run_off(*state, 0, spans);
	left = 4 * MIB - wf_budget_used(budget);
	assert_int_equal(wf_budget_reserve(budget, WF_BUDGET_QUEUES, MIB), 0);
	assert_true(resident_bytes(*state) <= wf_arena_bytes(*state) - (MIB - left));
	assert_true(wf_budget_used(budget) <= 4 * MIB);
	wf_budget_release(budget, WF_BUDGET_QUEUES, MIB);
}

TEST_WITH(arena_take_beyond_what_reservations_leave_is_refused, setup, teardown)
{
	struct wf_budget *budget = wf_arena_budget(*state);
	uint64_t left = 4 * MIB - wf_budget_used(budget);
	int64_t off;

	assert_int_equal(wf_budget_reserve(budget, WF_BUDGET_STATE, left - SPAN), 0);
	off = take_run_off(*state, 1);
	assert_true(off >= 0);
	assert_int_equal(take_run_off(*state, 1), -ENOBUFS);
	assert_int_equal(take_run_off(*state, 2), -ENOBUFS);
	put_run_off(*state, (uint64_t)off, 1);
	wf_budget_release(budget, WF_BUDGET_STATE, left - SPAN);
}

TEST_WITH(arena_pinned_never_loses_memory, setup, teardown)
{
	struct wf_budget *budget = wf_arena_budget(*state);
	int64_t off;

	assert_int_equal(wf_arena_pin(*state, 0), 0);
	off = take_run_off(*state, 4);
	fill(*state, off, 4);
	put_run_off(*state, (uint64_t)off, 4);
	assert_int_equal(wf_arena_trim(*state, 0), 0);
	assert_true(resident_bytes(*state) >= 4 * SPAN);
	assert_int_equal(((uint8_t *)wf_arena_base(*state))[off], 0xab);
	assert_int_equal(
		wf_budget_reserve(budget, WF_BUDGET_OTHER, 4 * MIB - wf_budget_used(budget) + 1),
		-ENOBUFS);
	assert_int_equal(((uint8_t *)wf_arena_base(*state))[off], 0xab);
}

TEST_WITH(arena_pin_charges_all_and_leaves_headroom, setup, teardown)
{
	struct wf_budget *budget = wf_arena_budget(*state);

	assert_int_equal(wf_arena_pin(*state, MIB), 0);
	assert_true(wf_arena_bytes(*state) <= 3 * MIB);
	assert_int_equal(wf_budget_held(budget, WF_BUDGET_FREE_SPANS), wf_arena_bytes(*state));
	assert_int_equal(wf_budget_reserve(budget, WF_BUDGET_QUEUES, MIB), 0);
	assert_int_equal(take_run_off(*state, spans_of(*state)), 0);
	assert_int_equal(take_run_off(*state, 1), -ENOBUFS);
	put_run_off(*state, 0, spans_of(*state));
	wf_budget_release(budget, WF_BUDGET_QUEUES, MIB);
}

TEST_WITH(arena_pin_without_room_is_refused, setup, teardown)
{
	assert_int_equal(wf_arena_pin(*state, 4 * MIB), -ENOBUFS);
}

TEST_WITH(arena_pin_with_last_span_in_use_is_refused, setup, teardown)
{
	uint32_t spans = spans_of(*state);

	assert_int_equal(take_run_off(*state, spans), 0);
	put_run_off(*state, 0, spans - 1);
	assert_int_equal(wf_arena_pin(*state, MIB), -ENOBUFS);
	put_run_off(*state, (uint64_t)(spans - 1) * SPAN, 1);
}

TEST_WITH(arena_pin_twice_is_once, setup, teardown)
{
	uint64_t bytes;

	assert_int_equal(wf_arena_pin(*state, 0), 0);
	bytes = wf_arena_bytes(*state);
	assert_int_equal(wf_arena_pin(*state, MIB), 0);
	assert_int_equal(wf_arena_bytes(*state), bytes);
}

static uint64_t free_huge_pages(void)
{
	FILE *file = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "r");
	unsigned long long count = 0;

	if (!file || fscanf(file, "%llu", &count) != 1)
		count = 0;
	if (file)
		fclose(file);
	return count;
}

/*
 * A queue exists before the arena is pinned. Pinning must preserve the queue's bytes. If the system
 * has huge pages, the bytes move into them (tests/integration/test_huge_pages.sh).
 */
TEST_WITH(arena_pin_beside_spans_in_use_keeps_their_bytes, setup, teardown)
{
	const uint8_t *base = wf_arena_base(*state);
	uint64_t before = free_huge_pages();
	int64_t off;

	off = take_run_off(*state, 3);
	fill(*state, off, 3);
	assert_int_equal(wf_arena_pin(*state, MIB), 0);
	assert_ptr_equal(wf_arena_base(*state), base);
	if (before > 2) {
		assert_int_equal(wf_arena_bytes(*state), 2 * MIB);
		assert_int_equal(free_huge_pages(), before - 1);
	}
	for (size_t i = 0; i < 3 * SPAN; i++)
		assert_int_equal(base[off + (int64_t)i], 0xab);
	assert_int_equal(base[off + 3 * SPAN], 0);
	assert_true(wf_arena_is_valid(*state));
	put_run_off(*state, (uint64_t)off, 3);
}

/*
 * If whole huge pages would cut off spans in use, the arena uses plain pages and pinning still
 * succeeds.
 */
TEST_WITH(arena_pin_with_the_end_in_use_stays_in_plain_pages, setup, teardown)
{
	uint64_t before = free_huge_pages();
	uint32_t spans = spans_of(*state);
	int64_t off = take_run_off(*state, spans);

	assert_true(spans % (2 * MIB / SPAN));
	put_run_off(*state, (uint64_t)off, spans - 1);
	fill(*state, off + (int64_t)(spans - 1) * SPAN, 1);
	assert_int_equal(wf_arena_pin(*state, 0), 0);
	assert_int_equal(wf_arena_bytes(*state), (uint64_t)spans * SPAN);
	assert_int_equal(free_huge_pages(), before);
	put_run_off(*state, (uint64_t)(off + (int64_t)(spans - 1) * SPAN), 1);
}

TEST_WITH(arena_pin_beside_spans_in_use_charges_the_rest, setup, teardown)
{
	int64_t off = take_run_off(*state, 5);
	struct wf_budget *budget = wf_arena_budget(*state);

	assert_int_equal(wf_arena_pin(*state, MIB), 0);
	assert_int_equal(wf_budget_held(budget, WF_BUDGET_FREE_SPANS),
			 wf_arena_bytes(*state) - 5 * SPAN);
	assert_true(wf_arena_is_valid(*state));
	put_run_off(*state, (uint64_t)off, 5);
}

/*
 * The parts of an arena consist of groups of 64 spans. An arena of 16 MiB has four groups: with the
 * weights 2 and 1, the second part begins at the third group.
 */
TEST_WITH(arena_threads_spans_come_from_its_part_first, setup, teardown)
{
	static const struct wf_arena_part parts[] = {{-1, 2}, {0, 1}};
	struct wf_arena *arena;
	int64_t first, second, run, last;
	uint32_t count = 0;

	assert_int_equal(wf_arena_new(16 * MIB, &arena), 0);
	wf_arena_divide(arena, parts, 2);
	wf_arena_prefer(arena, 1);
	first = take_run_off(arena, 1);
	run = take_run_off(arena, 3);
	wf_arena_prefer(arena, 0);
	second = take_run_off(arena, 1);
	assert_int_equal(second, 0);
	assert_true(first >= 2 * 64 * SPAN);
	assert_int_equal(run, first + SPAN);

	/* If all spans of its own part are used, a worker takes a span from another part. */
	wf_arena_prefer(arena, 1);
	for (last = run; last >= 0; count++)
		last = take_run_off(arena, 1);
	assert_int_equal(count - 1, spans_of(arena) - 5);
	wf_arena_prefer(arena, 0);
	wf_arena_free(arena);
}

TEST_WITH(arena_run_that_its_part_has_not_comes_from_another, setup, teardown)
{
	static const struct wf_arena_part parts[] = {{-1, 3}, {-1, 1}};
	struct wf_arena *arena;

	assert_int_equal(wf_arena_new(16 * MIB, &arena), 0);
	wf_arena_divide(arena, parts, 2);
	wf_arena_prefer(arena, 1);
	assert_int_equal(take_run_off(arena, 100), 0);
	wf_arena_prefer(arena, 0);
	put_run_off(arena, 0, 100);
	wf_arena_free(arena);
}

TEST_WITH(arena_smaller_than_its_parts_serves_all, setup, teardown)
{
	static const struct wf_arena_part parts[] = {{-1, 1}, {-1, 1}, {0, 1}, {-1, 1}};
	/* Parts begin at multiples of 64 spans. The arena has no more spans, so three are empty. */
	struct wf_arena *arena = *state;

	wf_arena_divide(arena, parts, 4);
	for (uint32_t part = 0; part < 4; part++) {
		int64_t off;

		wf_arena_prefer(arena, part);
		off = take_run_off(arena, 2);
		assert_true(off >= 0);
		put_run_off(arena, (uint64_t)off, 2);
	}
	wf_arena_prefer(arena, 0);
}

TEST_WITH(arena_publish_shows_budget, setup, teardown)
{
	struct wf_metrics metrics = {};
	int64_t off = take_run_off(*state, 2);

	wf_arena_publish(*state, &metrics);
	assert_int_equal(wf_metric_get(&metrics, memory_limit_bytes), 4 * MIB);
	assert_int_equal(wf_metric_get(&metrics, memory_runs_bytes), 2 * SPAN);
	put_run_off(*state, (uint64_t)off, 2);
	wf_arena_trim(*state, 0);
	wf_arena_publish(*state, &metrics);
	assert_int_equal(wf_metric_get(&metrics, memory_runs_bytes), 0);
	assert_int_equal(wf_metric_get(&metrics, memory_trimmed_bytes), 2 * SPAN);
}

/* Four threads take and put while one trims: each span has at most one owner at any time. */
enum { ROUNDS = 4000 };

static void *take_and_put(void *ctx)
{
	struct wf_arena *arena = ctx;

	for (int i = 0; i < ROUNDS; i++) {
		uint32_t count = 1 + (uint32_t)i % 3;
		int64_t off = take_run_off(arena, count);
		uint64_t *word;

		if (off < 0)
			continue;
		word = (uint64_t *)((uint8_t *)wf_arena_base(arena) + off);
		*word = (uintptr_t)&word;
		assert_true(*word == (uintptr_t)&word);
		put_run_off(arena, (uint64_t)off, count);
	}
	return NULL;
}

static void *trim_often(void *ctx)
{
	for (int i = 0; i < ROUNDS / 8; i++)
		wf_arena_trim(ctx, (uint64_t)(i % 4) * SPAN);
	return NULL;
}

TEST_WITH(arena_used_by_many_threads_stays_valid, setup, teardown)
{
	pthread_t threads[5];

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, take_and_put, *state);
	pthread_create(&threads[4], NULL, trim_often, *state);
	for (int i = 0; i < 5; i++)
		pthread_join(threads[i], NULL);
	assert_true(wf_arena_is_valid(*state));
}
