// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_defrag_limits.c - defragmentation at its limits of number, time and memory.
 *
 * Every test ends with all pages and fragments given back and the ledger closed.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "memory/arena.h"
#include "memory/page.h"
#include "unit/support/defrag_bench.h"

/* ---- limits and time ---- */

TEST_BOTH(defrag_too_many_datagrams_drop_the_oldest)
{
	struct defrag_bench *bench = *state;

	defrag_build_whole(bench, 300);
	for (uint32_t i = 0; i < bench->opts.datagrams_max; i++) {
		bench->id = (uint16_t)(100 + i);
		assert_false(defrag_add(bench, 0, 80, true));
	}
	assert_int_equal(metric(bench, fragments_evicted_fragments), 0);
	bench->id = 99;
	assert_false(defrag_add(bench, 0, 80, true));
	assert_int_equal(metric(bench, fragments_evicted_fragments), 1);
	assert_int_equal(metric(bench, fragments_held_fragments), bench->opts.datagrams_max);
	/* The oldest datagram was evicted; the second oldest was not. */
	bench->id = 101;
	assert_true(defrag_add(bench, 80, 240, false));
	bench->id = 100;
	assert_false(defrag_add(bench, 80, 240, false));
}

TEST_BOTH(defrag_too_many_fragments_of_one_datagram_drop_it)
{
	struct defrag_bench *bench = *state;
	uint32_t limit = 10;

	wf_defrag_free(bench->defrag);
	bench->opts.per_datagram_max = limit;
	defrag_open(bench);
	defrag_build_whole(bench, 4000);
	for (uint32_t i = 0; i < limit; i++)
		assert_false(defrag_add(bench, 40 + 16 * i, 8, true));
	assert_int_equal(metric(bench, fragments_held_fragments), limit);
	assert_false(defrag_add(bench, 40 + 16 * limit, 8, true));
	assert_int_equal(metric(bench, fragments_held_fragments), 0);
	assert_int_equal(metric(bench, fragments_evicted_fragments), limit + 1);
}

TEST_BOTH(defrag_too_many_fragments_drop_the_oldest_datagram)
{
	struct defrag_bench *bench = *state;

	wf_defrag_free(bench->defrag);
	bench->opts.fragments_max = 4;
	defrag_open(bench);
	defrag_build_whole(bench, 300);
	assert_false(defrag_add(bench, 0, 80, true));
	assert_false(defrag_add(bench, 160, 80, true));
	bench->id++;
	assert_false(defrag_add(bench, 0, 80, true));
	assert_false(defrag_add(bench, 160, 80, true));
	assert_false(defrag_add(bench, 240, 80, false));
	assert_int_equal(metric(bench, fragments_evicted_fragments), 2);
	assert_true(defrag_add(bench, 80, 80, true));
	/* A single datagram that exceeds the limit is dropped. */
	bench->id++;
	for (uint32_t i = 1; i <= 5; i++)
		assert_false(defrag_add(bench, 40 * i, 8, true));
	assert_int_equal(metric(bench, fragments_evicted_fragments), 2 + 5);
	assert_int_equal(metric(bench, fragments_held_fragments), 0);
}

TEST_BOTH(defrag_expires_after_its_timeout)
{
	struct defrag_bench *bench = *state;
	uint64_t timeout_ns = bench->opts.timeout_ms * WF_NS_PER_MS, begin = bench->now_ns;

	defrag_build_whole(bench, 300);
	assert_false(defrag_add(bench, 0, 80, true));
	bench->now_ns = begin + timeout_ns - 1;
	assert_false(defrag_add(bench, 80, 80, true)); /* a fragment does not restart the timeout */
	wf_defrag_tick(bench->defrag, bench->now_ns);
	assert_int_equal(metric(bench, fragments_held_fragments), 2);
	wf_defrag_tick(bench->defrag, begin + timeout_ns);
	assert_int_equal(metric(bench, fragments_held_fragments), 0);
	assert_int_equal(metric(bench, fragments_incomplete_fragments), 2);
}

/*
 * A fragment after the timeout does not complete the datagram, even if wf_defrag_tick() has not
 * run.
 */
TEST_BOTH(defrag_late_fragment_finds_its_datagram_expired)
{
	struct defrag_bench *bench = *state;

	defrag_build_whole(bench, 100);
	assert_false(defrag_add(bench, 0, 80, true));
	bench->now_ns += bench->opts.timeout_ms * WF_NS_PER_MS;
	assert_false(defrag_add(bench, 80, 40, false));
	assert_int_equal(metric(bench, fragments_incomplete_fragments), 1);
	assert_int_equal(metric(bench, fragments_held_fragments), 1);
}

/* Some captures have a clock that was set back during the capture. */
TEST_BOTH(defrag_time_going_back_expires_nothing)
{
	struct defrag_bench *bench = *state;

	defrag_build_whole(bench, 100);
	assert_false(defrag_add(bench, 0, 80, true));
	bench->now_ns -= 100 * WF_NS_PER_SEC;
	wf_defrag_tick(bench->defrag, bench->now_ns);
	assert_true(defrag_add(bench, 80, 40, false));
}

/* ---- memory ---- */

/* Receive frames are needed for receiving, so held fragments are copied to pages. */
TEST_BOTH(defrag_bytes_of_received_frames_are_copied)
{
	struct defrag_bench *bench = *state;
	uint64_t frames[2];

	defrag_build_whole(bench, 100);
	assert_int_equal(wf_page_pool_take_frames(bench->pages, frames, 2), 2);
	for (int i = 0; i < 2; i++) {
		struct wf_page *page = wf_arena_page_at(bench->arena, frames[i]);

		defrag_build_fragment(bench, i ? 0 : 80, i ? 80 : 40, i);
		assert_int_equal(defrag_add_built(bench, page), i);
		assert_true(wf_page_is_sole(page));
		memset(wf_page_bytes(page), 0xee, wf_page_capacity(page));
		wf_page_put(page);
	}
	defrag_assert_rebuilt(bench, 100);
}

TEST_BOTH(defrag_without_pages_counts_no_memory)
{
	struct defrag_bench *bench = *state;
	struct wf_page *taken[600];
	unsigned int count = 0;

	defrag_build_whole(bench, DATA_BYTES);
	defrag_build_fragment(bench, 0, 2000, true);
	assert_false(defrag_add_built(bench, NULL));
	defrag_build_fragment(bench, 2000, SEGMENT_BYTES - 2000, false);
	while (count < 600 && (taken[count] = wf_page_pool_take(bench->pages, WEFT_SPAN_BYTES)))
		count++;
	while (count < 600 && (taken[count] = wf_page_pool_take(bench->pages, 9000)))
		count++;
	assert_true(count < 600);
	assert_false(defrag_add_built(bench, NULL));
	assert_int_equal(metric(bench, fragments_no_memory_fragments), 2);
	assert_int_equal(metric(bench, fragments_held_fragments), 0);
	while (count)
		wf_page_put(taken[--count]);
}

TEST_IPV4(defrag_new_refuses_zero_limits)
{
	struct defrag_bench *bench = *state;
	struct wf_defrag *defrag = NULL;
	struct wf_defrag_opts opts = bench->opts;

	opts.timeout_ms = 0;
	assert_int_equal(wf_defrag_new(&opts, &defrag), -EINVAL);
	opts = bench->opts;
	opts.datagrams_max = 0;
	assert_int_equal(wf_defrag_new(&opts, &defrag), -EINVAL);
	assert_null(defrag);
	wf_defrag_free(NULL);
}

TEST_BOTH(defrag_flush_drops_all)
{
	struct defrag_bench *bench = *state;

	defrag_build_whole(bench, 300);
	assert_false(defrag_add(bench, 0, 80, true));
	bench->id++;
	assert_false(defrag_add(bench, 0, 80, true));
	assert_false(defrag_add(bench, 80, 80, true));
	wf_defrag_flush(bench->defrag);
	assert_int_equal(metric(bench, fragments_incomplete_fragments), 3);
	assert_int_equal(metric(bench, fragments_held_fragments), 0);
}
