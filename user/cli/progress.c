// SPDX-License-Identifier: BSD-2-Clause
/*
 * progress.c - the progress line. The numbers are formatted first; the bar before them gets the
 * remaining width.
 */
#include "cli/progress.h"

#include <stdio.h>
#include <string.h>

#include "agent/report.h"

enum { BAR_MIN_COLUMNS = 8, BAR_MAX_COLUMNS = 40, NUMBERS_BYTES = 160 };

static void format_size(uint64_t bytes, char *buf, size_t buf_bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1024 && unit < 5) {
		value /= 1024;
		unit++;
	}
	snprintf(buf, buf_bytes, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

static void format_left(const struct weft_progress *progress, uint64_t elapsed_ns, char *buf,
			size_t buf_bytes)
{
	uint64_t left_bytes = progress->total_bytes - progress->read_bytes;
	double seconds =
		(double)left_bytes * (double)elapsed_ns / 1e9 / (double)progress->read_bytes;

	if (seconds >= 360000) {
		snprintf(buf, buf_bytes, "days left");
		return;
	}
	snprintf(buf, buf_bytes, "%u:%02u left", (unsigned)seconds / 60, (unsigned)seconds % 60);
}

static void format_bar(unsigned percent, size_t columns, char *buf)
{
	size_t filled = columns * percent / 100;

	memset(buf, '=', filled);
	memset(buf + filled, ' ', columns - filled);
	if (filled < columns)
		buf[filled] = '>';
	buf[columns] = '\0';
}

void wf_progress_format(const struct weft_progress *progress, uint64_t elapsed_ns, size_t columns,
			char *buf, size_t buf_bytes)
{
	uint64_t read_bytes = progress->read_bytes;
	char numbers[NUMBERS_BYTES];
	char bar[BAR_MAX_COLUMNS + 1];
	char size[32];
	char rate[28];
	char left[32] = "";
	unsigned percent;
	size_t room;

	format_size(read_bytes, size, sizeof(size));
	wf_report_number(elapsed_ns ? (int64_t)((double)progress->packets * 1e9 / elapsed_ns) : 0,
			 rate);
	if (progress->total_bytes < read_bytes || progress->total_bytes == 0) {
		snprintf(numbers, sizeof(numbers), "%s  %s packets/s", size, rate);
		snprintf(buf, buf_bytes, "%.*s", (int)(columns ? columns - 1 : 0), numbers);
		return;
	}
	percent = (unsigned)((double)read_bytes * 100 / (double)progress->total_bytes);
	if (read_bytes > 0)
		format_left(progress, elapsed_ns, left, sizeof(left));
	snprintf(numbers, sizeof(numbers), "%3u%%  %s  %s packets/s  %s", percent, size, rate,
		 left);

	/* 4: two brackets, a space, and the last column, which stays empty */
	room = strlen(numbers) + 4;
	if (columns < room + BAR_MIN_COLUMNS) {
		snprintf(buf, buf_bytes, "%.*s", (int)(columns ? columns - 1 : 0), numbers);
		return;
	}
	room = columns - room;
	format_bar(percent, room < BAR_MAX_COLUMNS ? room : BAR_MAX_COLUMNS, bar);
	snprintf(buf, buf_bytes, "[%s] %s", bar, numbers);
}
