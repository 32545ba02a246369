// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <stdlib.h>

#include "sink/table/stream_set.h"

enum { KEYS = 4096 };

/* Adds and takes keys at random, many of which collide, and compares with an array. */
TEST(stream_set_random_use_keeps_each_number)
{
	static uint32_t expected[KEYS];
	struct wf_stream_set set;
	unsigned int seed = 1;
	uint32_t count = 0;

	assert_int_equal(wf_stream_set_init(&set), 0);
	for (int i = 0; i < 200000; i++) {
		uint32_t k = (uint32_t)rand_r(&seed) % KEYS;
		uint64_t key = (uint64_t)k * (2 * WF_STREAM_SET_MAX) + 1;

		if (expected[k]) {
			assert_int_equal(wf_stream_set_take(&set, key), expected[k]);
			expected[k] = 0;
			count--;
		} else {
			assert_int_equal(wf_stream_set_take(&set, key), 0);
			expected[k] = (uint32_t)rand_r(&seed) % WF_STREAM_NUMBER_MAX + 1;
			assert_true(wf_stream_set_add(&set, key, expected[k]));
			count++;
		}
		assert_int_equal(set.count, count);
	}
	wf_stream_set_fini(&set);
}

TEST(stream_set_full_set_takes_no_more)
{
	struct wf_stream_set set;

	assert_int_equal(wf_stream_set_init(&set), 0);
	for (uint64_t key = 1; key <= WF_STREAM_SET_MAX; key++)
		assert_true(wf_stream_set_add(&set, key, 1));
	assert_false(wf_stream_set_add(&set, WF_STREAM_SET_MAX + 1, 1));
	assert_int_equal(wf_stream_set_take(&set, 5), 1);
	assert_true(wf_stream_set_add(&set, WF_STREAM_SET_MAX + 1, 9));
	assert_int_equal(wf_stream_set_take(&set, WF_STREAM_SET_MAX + 1), 9);
	wf_stream_set_fini(&set);
}

/* The kept number is sufficient to continue a file under the same name. */
TEST(stream_set_kept_file_is_recalled)
{
	static const struct wf_stream_file files[] = {
		{.key = 1, .number = 1, .made = true},
		{.key = 2, .number = 254, .made = true, .by_tenant = true},
		{.key = 3, .number = 2, .failed = true},
		{.key = 4, .number = 255, .made = true}, /* too large to be kept */
		{.key = 5},
	};
	struct wf_stream_set set;

	assert_int_equal(wf_stream_set_init(&set), 0);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		const struct wf_stream_file *file = &files[i];
		struct wf_stream_file again = {.key = file->key};

		assert_true(wf_stream_set_keep(&set, file));
		assert_int_equal(wf_stream_set_recall(&set, &again), file->number != 255);
		assert_int_equal(again.made, file->made || file->failed);
		assert_int_equal(again.failed, file->failed || file->number == 255);
		if (again.failed) {
			assert_true(wf_stream_set_keep(&set, &again));
			assert_true(wf_stream_set_recall(&set, &again));
			assert_true(again.failed);
			continue;
		}
		assert_int_equal(again.number, file->number);
		assert_int_equal(again.by_tenant, file->by_tenant);
	}
	assert_int_equal(set.count, 0);
	wf_stream_set_fini(&set);
}
