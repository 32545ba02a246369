// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_reader.c - a reader gives back its own free pages when memory runs short.
 */
#include "unit/support/test.h"

#include <string.h>

#include <weft/limits.h>

#include "worker/reader.h"
#include "pressure/pressure.h"
#include "memory/arena.h"
#include "memory/page.h"
#include "memory/page_pool.h"

enum { PAGES = 400 };

static struct wf_arena *arena;
static struct wf_reader reader;

/* Takes and puts many pages as the reader does, so that the reader's pool keeps their spans. */
static void use_pages(struct wf_page_pool *pool)
{
	struct wf_page *pages[PAGES];

	for (int i = 0; i < PAGES; i++) {
		pages[i] = wf_page_pool_take(pool, WEFT_PAGE_LARGE_BYTES);
		assert_non_null(pages[i]);
	}
	for (int i = 0; i < PAGES; i++)
		wf_page_put(pages[i]);
}

static void open_pool(void)
{
	const struct wf_page_pool_opts opts = {
		.small_bytes = WEFT_PAGE_SMALL_BYTES,
		.medium_bytes = WEFT_PAGE_MEDIUM_BYTES,
		.large_bytes = WEFT_PAGE_LARGE_BYTES,
	};

	memset(&reader, 0, sizeof(reader));
	assert_int_equal(wf_arena_new(32 << 20, &arena), 0);
	assert_int_equal(wf_page_pool_new(arena, &opts, &reader.metrics, &reader.pages), 0);
}

static void close_pool(void)
{
	wf_page_pool_free(reader.pages);
	wf_arena_free(arena);
}

TEST(reader_asked_to_halve_gives_spans_back_once)
{
	open_pool();
	use_pages(reader.pages);
	wf_reader_housekeep(&reader, 0);
	assert_int_equal(wf_metric_get(&reader.metrics, relief_halved_caches), 0);

	wf_mailbox_post(&reader.mailbox, WF_REQUEST_HALVE_CACHES);
	wf_reader_housekeep(&reader, 0);
	wf_reader_housekeep(&reader, 0);
	assert_int_equal(wf_metric_get(&reader.metrics, relief_halved_caches), 1);
	assert_true(wf_metric_get(&reader.metrics, relief_freed_spans) > 0);
	close_pool();
}

TEST(reader_halves_when_pressure_rises_to_high)
{
	static const struct {
		enum weft_pressure_level level;
		uint64_t halved;
	} steps[] = {
		{WEFT_PRESSURE_LOW, 0},	 {WEFT_PRESSURE_HIGH, 1},   {WEFT_PRESSURE_CRITICAL, 2},
		{WEFT_PRESSURE_HIGH, 2}, {WEFT_PRESSURE_NORMAL, 2}, {WEFT_PRESSURE_CRITICAL, 3},
	};

	open_pool();
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		atomic_store(&reader.mailbox.level, steps[i].level);
		wf_mailbox_post(&reader.mailbox, WF_REQUEST_LEVEL);
		wf_reader_housekeep(&reader, 0);
		assert_int_equal(wf_metric_get(&reader.metrics, relief_halved_caches),
				 steps[i].halved);
	}
	close_pool();
}
