// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_reader.c - the reader's own pages take part when memory is short.
 */
#include "unit/support/cmocka.h"

#include <weft/limits.h>

#include "worker/reader.h"
#include "engine/upkeep_tasks.h"
#include "worker/worker.h"
#include "memory/arena.h"
#include "memory/page.h"
#include "memory/page_pool.h"

enum { PAGES = 400 };

static struct wf_crew crew;
static struct wf_reader reader;

/* Many pages were taken and put: their spans are kept ready. */
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

static void test_reader_asked_to_halve_gives_spans_back_once(void **state)
{
	const struct wf_page_pool_opts opts = {
		.small_bytes = WEFT_PAGE_SMALL_BYTES,
		.medium_bytes = WEFT_PAGE_MEDIUM_BYTES,
		.large_bytes = WEFT_PAGE_LARGE_BYTES,
	};
	struct wf_arena *arena;

	assert_int_equal(wf_arena_new(32 << 20, &arena), 0);
	assert_int_equal(wf_page_pool_new(arena, &opts, &reader.metrics, &reader.pages), 0);
	reader.crew = &crew;
	use_pages(reader.pages);
	wf_reader_tend(&reader, 0);
	assert_int_equal(wf_metric_get(&reader.metrics, relief_halved_caches), 0);

	wf_upkeep_ask_reader(&crew);
	wf_reader_tend(&reader, 0);
	wf_reader_tend(&reader, 0);
	assert_int_equal(wf_metric_get(&reader.metrics, relief_halved_caches), 1);
	assert_true(wf_metric_get(&reader.metrics, relief_freed_spans) > 0);
	wf_page_pool_free(reader.pages);
	wf_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reader_asked_to_halve_gives_spans_back_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
