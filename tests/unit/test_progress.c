// SPDX-License-Identifier: BSD-2-Clause
/* Tests of cli/progress.c: the progress line has the correct text and fits the terminal. */
#include "unit/support/test.h"

#include <string.h>

#include "cli/progress.h"

static const char *format(uint64_t read_bytes, uint64_t total_bytes, size_t columns)
{
	static char buf[256];
	struct weft_progress progress = {
		.read_bytes = read_bytes,
		.total_bytes = total_bytes,
		.packets = 3000000,
	};

	wf_progress_format(&progress, 2000000000, columns, buf, sizeof(buf));
	return buf;
}

TEST(progress_of_file_shows_share_rate_and_time_left)
{
	const char *line = format(1 << 20, 4 << 20, 100);

	assert_non_null(strstr(line, " 25%  1.0 MiB  1,500,000 packets/s  0:06 left"));
	assert_non_null(strstr(line, "=>"));
}

TEST(progress_of_pipe_shows_no_share)
{
	assert_string_equal(format(2048, 0, 100), "2.0 KiB  1,500,000 packets/s");
}

TEST(progress_fits_any_width)
{
	for (size_t columns = 0; columns < 200; columns++) {
		assert_in_range(strlen(format(1 << 20, 4 << 20, columns)), 0,
				columns ? columns - 1 : 0);
		assert_in_range(strlen(format(0, 0, columns)), 0, columns ? columns - 1 : 0);
	}
}

TEST(progress_at_both_ends_is_sane)
{
	assert_non_null(strstr(format(0, 100, 100), "  0%"));
	assert_non_null(strstr(format(100, 100, 100), "100%"));
	assert_non_null(strstr(format(1, UINT64_MAX, 100), "days left"));
	/* the file grew during the replay */
	assert_non_null(strstr(format(200, 100, 100), "packets/s"));
}
