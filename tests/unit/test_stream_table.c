// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <stdlib.h>

#include "sink/table/stream_table.h"

enum { MAX = 64 };

TEST(stream_table_full_table_gives_up_the_oldest)
{
	struct wf_stream_table table;
	struct wf_stream_file *oldest;

	assert_int_equal(wf_stream_table_init(&table, MAX), 0);
	for (uint64_t id = 0; id < MAX; id++)
		assert_non_null(wf_stream_table_add(&table, id, WEFT_TO_CLIENT));
	assert_null(wf_stream_table_add(&table, 999, WEFT_TO_SERVER));
	wf_stream_table_touch(&table, wf_stream_table_find(&table, 0, WEFT_TO_CLIENT));
	oldest = wf_stream_table_oldest(&table);
	assert_ptr_equal(oldest, wf_stream_table_find(&table, 1, WEFT_TO_CLIENT));
	wf_stream_table_remove(&table, oldest);
	assert_null(wf_stream_table_find(&table, 1, WEFT_TO_CLIENT));
	assert_non_null(wf_stream_table_add(&table, 999, WEFT_TO_SERVER));
	assert_true(wf_stream_table_is_valid(&table));
	wf_stream_table_fini(&table);
}

TEST(stream_table_random_use_stays_valid)
{
	struct wf_stream_table table;
	unsigned int seed = 1;

	assert_int_equal(wf_stream_table_init(&table, MAX), 0);
	for (int i = 0; i < 20000; i++) {
		uint64_t id = (uint64_t)rand_r(&seed) % 100;
		enum weft_dir dir = (enum weft_dir)(rand_r(&seed) & 1);
		struct wf_stream_file *file = wf_stream_table_find(&table, id, dir);

		if (!file) {
			file = wf_stream_table_add(&table, id, dir);
			if (!file)
				wf_stream_table_remove(&table, wf_stream_table_oldest(&table));
		} else if (rand_r(&seed) % 3 == 0) {
			wf_stream_table_remove(&table, file);
		} else {
			wf_stream_table_set_fd(&table, file, rand_r(&seed) & 1 ? 5 : -1);
			wf_stream_table_touch(&table, file);
		}
		assert_true(wf_stream_table_is_valid(&table));
	}
	wf_stream_table_fini(&table);
}
