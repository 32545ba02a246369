// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <string.h>

#include <weft/limits.h>

#include "memory/sizing.h"

static const uint32_t sizes[] = {256, 1536, 9024, WEFT_SPAN_BYTES};
enum { SIZES = 4 };

static struct wf_sizing sizing;

static int setup(void **state)
{
	memset(&sizing, 0, sizeof(sizing));
	return 0;
}

static void note(uint32_t bytes, uint32_t times)
{
	while (times--)
		wf_sizing_note(&sizing, bytes);
}

static uint32_t best(uint32_t *ret_saved_percent)
{
	return wf_sizing_best(&sizing, sizes, SIZES, 128, ret_saved_percent);
}

TEST_WITH(sizing_each_size_lies_in_its_bucket, setup, NULL)
{
	uint32_t last = 0;

	for (uint32_t bytes = 1; bytes <= WEFT_SPAN_BYTES; bytes++) {
		uint32_t bucket = wf_sizing_bucket(bytes);

		assert_true(bucket < WF_SIZING_BUCKETS);
		assert_true(bucket == last || bucket == last + 1);
		assert_true(bytes > wf_sizing_floor(bucket));
		assert_true(bytes <= wf_sizing_floor(bucket + 1));
		last = bucket;
	}
	assert_int_equal(last, WF_SIZING_BUCKETS - 1);
	assert_int_equal(wf_sizing_floor(WF_SIZING_BUCKETS), WEFT_SPAN_BYTES);
}

TEST_WITH(sizing_note_returns_true_when_a_period_is_over, setup, NULL)
{
	for (int i = 1; i < WF_SIZING_PERIOD; i++)
		assert_false(wf_sizing_note(&sizing, 100));
	assert_true(wf_sizing_note(&sizing, 100));
	wf_sizing_decay(&sizing);
	assert_false(wf_sizing_note(&sizing, 100));
}

TEST_WITH(sizing_forgets, setup, NULL)
{
	note(100, 1000);
	assert_true(wf_sizing_ready(&sizing, 0, 256, 8) > 0);
	for (int i = 0; i < 10; i++)
		wf_sizing_decay(&sizing);
	assert_int_equal(wf_sizing_ready(&sizing, 0, 256, 8), 0);
}

TEST_WITH(sizing_ready_goes_by_bytes_needed, setup, NULL)
{
	note(200, 150); /* 150 * 256 = 38400 */
	note(1500, 25); /* 25 * 1536 = 38400 */
	assert_int_equal(wf_sizing_ready(&sizing, 0, 256, 8), 4);
	assert_int_equal(wf_sizing_ready(&sizing, 256, 1536, 8), 4);
	assert_int_equal(wf_sizing_ready(&sizing, 1536, 9024, 8), 0);
	assert_int_equal(wf_sizing_ready(&sizing, 9024, WEFT_SPAN_BYTES, 8), 0);
	assert_int_equal(wf_sizing_ready(&sizing, 0, 256, 0), 0);
}

TEST_WITH(sizing_ready_counts_a_size_for_the_class_that_serves_it, setup, NULL)
{
	note(9000, 10);
	assert_int_equal(wf_sizing_ready(&sizing, 1536, 9024, 8), 8);
	assert_int_equal(wf_sizing_ready(&sizing, 9024, WEFT_SPAN_BYTES, 8), 0);
}

TEST_WITH(sizing_ready_of_a_class_not_in_use_is_none, setup, NULL)
{
	note(100, 10);
	assert_int_equal(wf_sizing_ready(&sizing, 0, 0, 8), 0);
}

TEST_WITH(sizing_best_of_nothing_is_none, setup, NULL)
{
	uint32_t saved_percent = 1;

	assert_int_equal(best(&saved_percent), 0);
	assert_int_equal(saved_percent, 0);
}

TEST_WITH(sizing_best_of_sizes_that_fit_is_none, setup, NULL)
{
	uint32_t saved_percent;

	note(256, 10);
	note(1500, 10);
	note(9000, 10);
	note(WEFT_SPAN_BYTES, 10);
	assert_int_equal(best(&saved_percent), 0);
}

TEST_WITH(sizing_best_fits_the_common_size, setup, NULL)
{
	uint32_t saved_percent;

	note(536, 100);
	assert_int_equal(best(&saved_percent), 576);
	assert_int_equal(saved_percent, (1536 - 576) * 100 / 1536);
}

TEST_WITH(sizing_best_weighs_two_sizes, setup, NULL)
{
	uint32_t saved_percent;

	/* A page size of 320 saves 1216 * 10 bytes; a size of 1024 saves 512 * (10 + 100). */
	note(300, 10);
	note(1000, 100);
	assert_int_equal(best(&saved_percent), 1024);
	/* A page size of 320 now saves 1216 * 310 bytes. */
	note(300, 300);
	assert_int_equal(best(&saved_percent), 320);
}

TEST_WITH(sizing_best_is_never_below_the_minimum, setup, NULL)
{
	uint32_t saved_percent;

	note(1, 100);
	assert_int_equal(best(&saved_percent), 128);
	assert_int_equal(saved_percent, 50);
}

TEST_WITH(sizing_best_covers_jumbo_sizes, setup, NULL)
{
	uint32_t saved_percent;

	note(4100, 50);
	assert_int_equal(best(&saved_percent), 4608);
	setup(state);
	note(30000, 50);
	assert_int_equal(best(&saved_percent), 32768);
}

TEST_WITH(sizing_saved_by_no_size_is_none, setup, NULL)
{
	assert_int_equal(wf_sizing_saved_percent(&sizing, sizes, SIZES, 576), 0);
	note(536, 100);
	assert_int_equal(wf_sizing_saved_percent(&sizing, sizes, SIZES, 0), 0);
	assert_int_equal(wf_sizing_saved_percent(&sizing, sizes, SIZES, 1536), 0);
	assert_int_equal(wf_sizing_saved_percent(&sizing, sizes, SIZES, 512), 0);
	assert_int_equal(wf_sizing_saved_percent(&sizing, sizes, SIZES, 768), 50);
}
