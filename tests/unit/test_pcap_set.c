// SPDX-License-Identifier: BSD-2-Clause
/* test_pcap_set.c - several files as one source: their order, and their monotonic time. */
#include "unit/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/set/pcap_list.h"
#include "capture/set/pcap_set.h"
#include "unit/support/capture_reader.h"

enum { FILES_MAX = 3, STAMPS_MAX = 64 };

struct stamps {
	uint32_t count;
	uint32_t sec[STAMPS_MAX];
};

static void write_stamps(const struct stamps *stamps, char *ret_path)
{
	struct capture_writer writer = {0};

	capture_pcap_header(&writer, MICRO, ETHERNET);
	for (uint32_t i = 0; i < stamps->count; i++)
		capture_pcap_packet(&writer, stamps->sec[i], 0, "frame", 5, 100);
	capture_write_file(&writer, ret_path);
	capture_writer_fini(&writer);
}

static struct capture_result read_set(const struct stamps *files, unsigned int count)
{
	struct capture_result result = {0};
	struct wf_pcap_list list;
	struct wf_source *source;
	int err;
	char names[FILES_MAX][64];
	char *paths[FILES_MAX];

	for (unsigned int i = 0; i < count; i++) {
		paths[i] = names[i];
		write_stamps(&files[i], names[i]);
	}
	err = wf_pcap_list_init(&list, paths, count);
	result.open_err = wf_pcap_set_open(&list, err, capture_pool, &source);
	assert_int_equal(result.open_err, 0);
	capture_read_all(source, &result);
	assert_int_equal(result.end, -ENODATA);
	for (unsigned int i = 0; i < count; i++)
		unlink(paths[i]);
	wf_pcap_list_fini(&list);
	return result;
}

/* Asserts the order of the packets, and the monotonic time of each. */
static void assert_times(const struct capture_result *result, const struct stamps *passed)
{
	assert_int_equal(result->count, passed->count);
	for (uint32_t i = 0; i < passed->count; i++)
		assert_int_equal(result->frames[i].time_ns - result->frames[i].skew_ns,
				 passed->sec[i] * SEC);
}

/*
 * The last packet of the second file follows a silence that the time stamps of the third file
 * confirm.
 */
TEST_WITH(set_has_one_monotonic_time_over_all_files, capture_setup, NULL)
{
	const struct stamps files[] = {{2, {100, 101}}, {2, {102, 4000}}, {2, {4001, 4002}}};
	const struct stamps passed = {6, {100, 101, 102, 4000, 4001, 4002}};
	struct capture_result result = read_set(files, 3);

	assert_times(&result, &passed);
	capture_result_fini(&result);
}

TEST_WITH(set_last_packet_that_nothing_confirms_moves_no_time, capture_setup, NULL)
{
	const struct stamps files[] = {{2, {100, 102}}, {2, {101, 4000}}};
	const struct stamps passed = {4, {100, 101, 102, 102}};
	struct capture_result result = read_set(files, 2);

	assert_times(&result, &passed);
	assert_int_equal(result.frames[3].time_ns, 102 * SEC);
	capture_result_fini(&result);
}

/* A single wrong time stamp must not move the rest of the first file behind the second file. */
TEST_WITH(set_single_wrong_stamp_does_not_delay_its_file, capture_setup, NULL)
{
	const struct stamps files[] = {{4, {100, 101, 5000, 102}}, {2, {103, 104}}};
	const struct stamps passed = {6, {100, 101, 101, 102, 103, 104}};
	struct capture_result result = read_set(files, 2);

	assert_times(&result, &passed);
	capture_result_fini(&result);
}

/*
 * A file is read in batches; the wrong stamp is at each place of the file except its first and
 * last.
 */
TEST_WITH(set_wrong_stamp_at_the_end_of_a_batch_does_not_delay_its_file, capture_setup, NULL)
{
	for (uint32_t wrong = 1; wrong < 39; wrong++) {
		struct stamps files[] = {{.count = 40}, {2, {300, 301}}};
		struct stamps passed = {.count = 42};
		struct capture_result result;

		for (uint32_t i = 0; i < 40; i++) {
			files[0].sec[i] = i == wrong ? 5000 : 100 + i;
			passed.sec[i] = 100 + i - (i == wrong);
		}
		passed.sec[40] = 300;
		passed.sec[41] = 301;
		result = read_set(files, 2);
		assert_times(&result, &passed);
		capture_result_fini(&result);
	}
}

/* Both clocks are right: one file is silent for longer than the other. */
TEST_WITH(set_silence_of_one_file_keeps_the_order, capture_setup, NULL)
{
	const struct stamps files[] = {{3, {100, 130, 131}}, {5, {101, 110, 120, 129, 140}}};
	const struct stamps passed = {8, {100, 101, 110, 120, 129, 130, 131, 140}};
	struct capture_result result = read_set(files, 2);

	assert_times(&result, &passed);
	capture_result_fini(&result);
}

/* The directory can be listed, but the path of its file does not fit in PATH_MAX. */
/* The files may be closed before the next call, so nothing may be prefetched from them. */
TEST_WITH(set_after_its_last_packet_has_no_records_ahead, capture_setup, NULL)
{
	struct stamps files[] = {{1, {1}}, {STAMPS_MAX, {0}}};
	struct wf_frame frames[STAMPS_MAX];
	char names[2][64];
	char *paths[] = {names[0], names[1]};
	struct wf_pcap_list list;
	struct wf_source *source;
	int err;

	for (uint32_t i = 0; i < STAMPS_MAX; i++)
		files[1].sec[i] = 2 + i;
	for (int i = 0; i < 2; i++)
		write_stamps(&files[i], names[i]);
	err = wf_pcap_list_init(&list, paths, 2);
	assert_int_equal(wf_pcap_set_open(&list, err, capture_pool, &source), 0);
	assert_int_equal(source->ops->recv(source, frames, 4), 4);
	assert_true(source->ahead.at < source->ahead.end);
	assert_int_equal(source->ops->recv(source, frames, STAMPS_MAX), STAMPS_MAX + 1 - 4);
	assert_ptr_equal(source->ahead.at, source->ahead.end);
	source->ops->close(source);
	for (int i = 0; i < 2; i++)
		unlink(names[i]);
	wf_pcap_list_fini(&list);
}

TEST_WITH(set_directory_with_too_long_a_path_is_refused, capture_setup, NULL)
{
	static char dir[PATH_MAX];
	char *paths[] = {dir};
	struct wf_pcap_list list;
	struct wf_source *source;
	char name[] = "/tmp/weft-long-XXXXXX";
	char file[64];
	int err;

	assert_non_null(mkdtemp(name));
	snprintf(file, sizeof(file), "%s/any.pcap", name);
	close(open(file, O_CREAT | O_WRONLY, 0600));
	dir[0] = '/';
	while (strlen(dir) + strlen(name) + 2 < sizeof(dir))
		strcat(dir, "./");
	strcat(dir, name + 1);
	err = wf_pcap_list_init(&list, paths, 1);
	assert_int_equal(wf_pcap_set_open(&list, err, capture_pool, &source), -ENAMETOOLONG);
	wf_pcap_list_fini(&list);
	assert_non_null(strstr(capture_last_log, "longer than 4095 bytes: any.pcap in /"));
	unlink(file);
	rmdir(name);
}

TEST_GROUP(capture_group_setup, capture_group_teardown);
