// SPDX-License-Identifier: BSD-2-Clause
/* test_look_ahead.c - steps ahead of the parser through the records of mapped captures. */
#include "unit/support/test.h"

#include <string.h>
#include <unistd.h>

#include "capture/file/pcap_file.h"
#include "packet/look_ahead.h"
#include "unit/support/capture_reader.h"

enum { RECORDS = 12, TAKEN = 4, STEPS = 6 };

/* Sizes that repeat after three records, then are small, and then change. */
static const uint32_t sizes[RECORDS] = {300, 300, 60, 300, 300, 60, 60, 60, 60, 500, 70, 300};

static const char zeros[500];

/* Takes TAKEN frames, then compares each step with the records that the next frames are in. */
static void assert_steps_follow_records(const struct capture_writer *writer, uint32_t header_bytes)
{
	const uint8_t *steps[STEPS];
	struct wf_frame frames[STEPS];
	struct wf_source *source;
	char path[64];

	capture_write_file(writer, path);
	assert_int_equal(wf_pcap_file_open(path, capture_pool, &source), 0);
	unlink(path);
	assert_int_equal(source->ops->recv(source, frames, TAKEN), TAKEN);
	for (int i = 0; i < STEPS; i++) {
		steps[i] = source->ahead.at;
		wf_look_ahead_step(&source->ahead);
	}
	assert_int_equal(source->ops->recv(source, frames, STEPS), STEPS);
	for (int i = 0; i < STEPS; i++)
		assert_ptr_equal(steps[i], frames[i].bytes - header_bytes);
	source->ops->close(source);
}

TEST_WITH(look_ahead_follows_the_records_of_pcap, capture_setup, NULL)
{
	for (int swapped = 0; swapped < 2; swapped++) {
		struct capture_writer writer = {.swapped = swapped};

		capture_pcap_header(&writer, MICRO, ETHERNET);
		for (uint32_t i = 0; i < RECORDS; i++)
			capture_pcap_packet(&writer, i, 0, zeros, sizes[i], sizes[i]);
		assert_steps_follow_records(&writer, 16);
		capture_writer_fini(&writer);
	}
}

TEST_WITH(look_ahead_follows_the_blocks_of_pcapng, capture_setup, NULL)
{
	for (int swapped = 0; swapped < 2; swapped++) {
		struct capture_writer writer = {.swapped = swapped};

		capture_section(&writer);
		capture_interface(&writer, ETHERNET, 0, 9, 0);
		for (uint32_t i = 0; i < RECORDS; i++)
			capture_enhanced(&writer, 0, i, zeros, sizes[i], sizes[i]);
		assert_steps_follow_records(&writer, 28);
		capture_writer_fini(&writer);
	}
}

TEST(look_ahead_length_beyond_the_end_stops_it)
{
	static const uint32_t lens[] = {400, 384, UINT32_MAX};
	uint8_t bytes[400] = {0};

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct wf_look_ahead ahead = {
			.at = bytes, .end = bytes + sizeof(bytes), .len_off = 8, .extra = 16};

		memcpy(bytes + 8, &lens[i], sizeof(lens[i]));
		wf_look_ahead_step(&ahead);
		assert_ptr_equal(ahead.at, ahead.end);
	}
}

/* The bytes at the end are not a whole header, so the length must not be read. */
TEST(look_ahead_incomplete_header_is_not_read)
{
	static const uint8_t bytes[WF_LOOK_AHEAD_HEADER - 1];
	struct wf_look_ahead ahead = {.at = bytes, .end = bytes + sizeof(bytes), .len_off = 8};
	struct wf_look_ahead none = {0};

	wf_look_ahead_step(&ahead);
	assert_ptr_equal(ahead.at, bytes);
	wf_look_ahead_step(&none);
	assert_null(none.at);
}

TEST(look_ahead_length_of_zero_is_no_progress)
{
	static const uint8_t bytes[400];
	struct wf_look_ahead ahead = {.at = bytes, .end = bytes + sizeof(bytes), .len_off = 4};

	wf_look_ahead_step(&ahead);
	assert_ptr_equal(ahead.at, bytes);
}

TEST_GROUP(capture_group_setup, capture_group_teardown);
