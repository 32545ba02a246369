// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_pcap_pipe.c - reads captures through a pipe, with and without enough memory.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "capture/file/pcap_file.h"
#include "memory/page.h"
#include "memory/page_pool.h"
#include "unit/support/capture_reader.h"
#include "unit/support/rich_section.h"

TEST_WITH(pipe_byte_by_byte_equals_file, capture_setup, NULL)
{
	struct capture_writer writer = {0};
	struct capture_result result;

	rich_put_section(&writer);
	writer.swapped = true;
	rich_put_section(&writer);
	result = capture_read_pipe(&writer, 1);
	assert_int_equal(result.open_err, 0);
	assert_int_equal(result.end, -ENODATA);
	assert_int_equal(result.count, 2 * RICH_PACKETS);
	rich_assert_section(&result, 0);
	rich_assert_section(&result, RICH_PACKETS);
	assert_non_null(result.frames[0].page);
	capture_result_fini(&result);
	capture_writer_fini(&writer);
}

TEST_WITH(pipe_skips_a_block_larger_than_its_buffer, capture_setup, NULL)
{
	struct capture_writer writer = {0};
	struct capture_result result;

	capture_section(&writer);
	capture_interface(&writer, ETHERNET, 0, 0, 0);
	rich_put_unknown(&writer, 3 << 20);
	capture_enhanced(&writer, 0, 1, "after", 5, 5);
	result = capture_read_pipe(&writer, 65536);
	assert_int_equal(result.end, -ENODATA);
	assert_int_equal(result.count, 1);
	capture_assert_frame(&result, 0, "after", 1000);
	capture_result_fini(&result);
	capture_writer_fini(&writer);
}

TEST_WITH(pipe_packet_beyond_a_page_gives_up_its_link_header, capture_setup, NULL)
{
	uint32_t len = 14 + 65535;
	uint8_t *packet = calloc(1, len);
	struct capture_writer writer = {0};
	struct capture_result result;

	packet[12] = 0x08;
	packet[14] = 0x45;
	packet[len - 1] = 0x77;
	capture_pcap_header(&writer, MICRO, ETHERNET);
	capture_pcap_packet(&writer, 1, 1, packet, len, len);
	result = capture_read_pipe(&writer, 65536);
	assert_int_equal(result.end, -ENODATA);
	assert_int_equal(result.count, 1);
	assert_int_equal(result.frames[0].link, WEFT_LINK_RAW);
	assert_int_equal(result.frames[0].cap_bytes, 65535);
	assert_int_equal(result.frames[0].wire_bytes, 65535);
	assert_int_equal(result.frames[0].bytes[0], 0x45);
	assert_int_equal(result.frames[0].bytes[65534], 0x77);
	capture_result_fini(&result);
	capture_writer_fini(&writer);
	free(packet);
}

/*
 * The source waits one second for memory. Then it delivers every packet, truncated to its headers.
 */
TEST_WITH(pipe_without_memory_cuts_packets_to_their_headers, capture_setup, NULL)
{
	struct capture_writer writer = {0};
	uint8_t packet[30000] = {0};
	struct capture_result result;

	capture_pcap_header(&writer, MICRO, ETHERNET);
	for (uint32_t i = 0; i < 300; i++)
		capture_pcap_packet(&writer, i, 0, packet, sizeof(packet), sizeof(packet));
	result = capture_read_starved_pipe(&writer, 65536, true);
	assert_int_equal(result.end, -ENODATA);
	assert_int_equal(result.count, 300);
	assert_true(result.frames[0].cap_bytes < 256);
	assert_int_equal(result.frames[0].wire_bytes, sizeof(packet));
	assert_non_null(strstr(capture_last_log, "packets truncated to headers, 0 lost"));
	capture_result_fini(&result);
	capture_writer_fini(&writer);
}

enum { STARVED_PACKETS = 300, STARVED_BYTES = 30000, HOLDERS_MAX = 1024 };

static struct wf_page *holders[HOLDERS_MAX];
static unsigned int holders_count;

static void hold(struct wf_page *page)
{
	assert_true(holders_count < HOLDERS_MAX);
	holders[holders_count++] = page;
}

static void hold_all_memory(void)
{
	struct wf_page *page;

	while ((page = wf_page_pool_take(capture_pool, WEFT_SPAN_BYTES)))
		hold(page);
}

static struct wf_source *open_starved(pid_t *ret_child, char path[64])
{
	struct capture_writer writer = {0};
	uint8_t packet[STARVED_BYTES] = {0};
	struct wf_source *source;

	snprintf(path, 64, "/tmp/weft-pipe-%d", getpid());
	capture_pcap_header(&writer, MICRO, ETHERNET);
	for (uint32_t i = 0; i < STARVED_PACKETS; i++)
		capture_pcap_packet(&writer, i, 0, packet, sizeof(packet), sizeof(packet));
	*ret_child = capture_feed_pipe(&writer, 65536, path);
	assert_int_equal(wf_pcap_file_open(path, capture_pool, &source), 0);
	capture_writer_fini(&writer);
	hold_all_memory();
	return source;
}

static void close_starved(struct wf_source *source, pid_t child, const char *path)
{
	source->ops->close(source);
	while (holders_count)
		wf_page_put(holders[--holders_count]);
	waitpid(child, NULL, 0);
	unlink(path);
}

/*
 * Return: the result of recv(). If it is 0, waits 1 ms, so that the caller can try again at once.
 */
static int recv_one(struct wf_source *source, struct wf_frame *frame)
{
	int got = source->ops->recv(source, frame, 1);

	if (!got)
		poll(NULL, 0, 1);
	return got;
}

/* No page is put back: packets that get no page are counted, so that the ledger closes. */
TEST_WITH(pipe_packets_lost_for_want_of_memory_are_counted, capture_setup, NULL)
{
	unsigned int received = 0;
	struct wf_frame frame;
	char path[64];
	pid_t child;
	struct wf_source *source = open_starved(&child, path);
	int got;

	while ((got = recv_one(source, &frame)) >= 0) {
		if (!got)
			continue;
		received++;
		hold(frame.page);
	}
	assert_int_equal(got, -ENODATA);
	assert_true(received > 0);
	assert_true(source->lost_frames > 0);
	assert_true(source->starved);
	assert_int_equal(received + source->lost_frames, STARVED_PACKETS);
	close_starved(source, child, path);
}

/*
 * Each page is put half a second after the wait for it began; nevertheless the sum of all waits is
 * bounded.
 */
TEST_WITH(pipe_waits_for_memory_are_bounded_as_a_whole, capture_setup, NULL)
{
	uint64_t start_ns = wf_clock_monotonic_ns();
	uint64_t wait_ns = start_ns;
	unsigned int received = 0;
	struct wf_frame frame;
	char path[64];
	pid_t child;
	struct wf_source *source = open_starved(&child, path);
	int got;

	while ((got = recv_one(source, &frame)) >= 0) {
		if (got) {
			received++;
			wf_page_put(frame.page);
			hold_all_memory();
			wait_ns = wf_clock_monotonic_ns();
		} else if (wf_clock_monotonic_ns() - wait_ns > SEC / 2 && holders_count) {
			wf_page_put(holders[--holders_count]);
		}
	}
	assert_int_equal(got, -ENODATA);
	assert_int_equal(received + source->lost_frames, STARVED_PACKETS);
	assert_true(wf_clock_monotonic_ns() - start_ns < 10 * (uint64_t)SEC);
	close_starved(source, child, path);
}

TEST_GROUP(capture_group_setup, capture_group_teardown);
