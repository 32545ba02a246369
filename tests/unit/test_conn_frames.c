// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_conn_frames.c - queued payload stays in its receive frame, unless too few frames are left
 * for the receive ring.
 */
#include "unit/support/test.h"
#include "unit/support/rig.h"

#include <stdio.h>
#include <string.h>

#include <weft/subscribe.h>

#include "packet/packet.h"
#include "worker/mailbox.h"
#include "worker/pipeline.h"
#include "memory/arena_internal.h"
#include "memory/page.h"
#include "memory/page_pool.h"
#include "pressure/pressure.h"

enum {
	FRAMES = 64,
	KEEP = FRAMES / 16, /* number of frames that stay free: wf_page_pool_may_keep_frame() */
	SEGMENTS = 100,
};

static struct rig rig;
static struct wf_mailbox mailbox;
static struct wf_span *taken[1024];
static uint32_t taken_count;

#define METRIC(name) wf_metric_get(&rig.metrics, name)

static int setup(void **state)
{
	memset(&mailbox, 0, sizeof(mailbox));
	rig_start_queued(&rig, NULL, FRAMES);
	wf_page_pool_adopt(rig.pages);
	rig_handshake(&rig);
	rig_read(&rig);
	assert_string_equal(rig_log(&rig), "open\n");
	return 0;
}

static void give_memory_back(void)
{
	while (taken_count)
		wf_arena_put(rig.arena, taken[--taken_count], 1);
}

static int teardown(void **state)
{
	give_memory_back();
	rig_read(&rig);
	rig_stop(&rig);
	return 0;
}

static void take_all_memory(void)
{
	while (taken_count < 1024 &&
	       (taken[taken_count] = wf_arena_take(rig.arena, WF_SPAN_RUN, 1)))
		taken_count++;
	assert_in_range(taken_count, 1, 1023);
}

static void set_level(enum weft_pressure_level level)
{
	atomic_store(&mailbox.level, level);
	wf_mailbox_post(&mailbox, WF_REQUEST_LEVEL);
	while (wf_pipeline_handle(rig.pipeline, &mailbox))
		;
}

/*
 * Sends segments of three bytes with indexes @first to @first + @count - 1; the reader does not
 * read.
 */
static void send(int first, int count)
{
	for (int i = first; i < first + count; i++) {
		char text[8];

		snprintf(text, sizeof(text), "%03d", i);
		rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, i * 3, 0, text);
	}
}

/* Returns the expected transcript of the segments of send(). */
static const char *sent(int first, int count)
{
	static char text[8192];
	size_t len = 0;

	*text = 0;
	for (int i = first; i < first + count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "> %03d\n", i);
	return text;
}

/* Asserts that no frame is held any more, by taking all frames of the pool. */
static void assert_all_frames_are_free(void)
{
	uint64_t offs[FRAMES];

	assert_int_equal(wf_page_pool_take_frames(rig.pages, offs, FRAMES), FRAMES);
	for (int i = 0; i < FRAMES; i++)
		wf_page_put(wf_arena_page_at(rig.arena, offs[i]));
}

TEST_WITH(frames_in_plenty_queued_bytes_stay_where_they_were_received, setup, teardown)
{
	send(0, 20);
	assert_int_equal(METRIC(segments_copied_segments), 0);
	assert_int_equal(METRIC(pages_taken_pages), 0);
	rig_read(&rig);
	assert_string_equal(rig_log(&rig), sent(0, 20));
	assert_all_frames_are_free();
}

/* If the pipeline kept every frame, there would be no free frame for the 65th segment. */
TEST_WITH(frames_that_run_low_are_left_by_queued_bytes, setup, teardown)
{
	send(0, SEGMENTS);
	assert_int_equal(METRIC(segments_copied_segments), SEGMENTS - (FRAMES - KEEP));
	assert_int_equal(METRIC(payload_delivered_bytes), SEGMENTS * 3);
	assert_int_equal(METRIC(relief_moved_segments), 0);
	assert_true(wf_page_pool_taken(rig.pages) > 0);
	rig_read(&rig);
	assert_string_equal(rig_log(&rig), sent(0, SEGMENTS));
	assert_int_equal(wf_page_pool_taken(rig.pages), 0);
	assert_all_frames_are_free();
}

TEST_WITH(frames_that_came_back_hold_queued_bytes_again, setup, teardown)
{
	uint64_t copied;

	send(0, SEGMENTS);
	rig_read(&rig);
	copied = METRIC(segments_copied_segments);
	send(SEGMENTS, 20);
	assert_int_equal(METRIC(segments_copied_segments), copied);
}

/*
 * The lost bytes are counted and reported as a gap with cause memory at their offset; receiving
 * continues.
 */
TEST_WITH(frames_low_and_no_page_the_bytes_are_lost_and_reported, setup, teardown)
{
	char expected[8192];

	take_all_memory();
	send(0, FRAMES - KEEP + 10);
	assert_int_equal(METRIC(payload_no_memory_bytes), 10 * 3);
	assert_int_equal(METRIC(payload_delivered_bytes), (FRAMES - KEEP) * 3);
	assert_int_equal(METRIC(gaps), 10);
	assert_int_equal(METRIC(gaps_bytes), 10 * 3);
	give_memory_back();
	send(FRAMES - KEEP + 10, 1);
	rig_read(&rig);
	snprintf(expected, sizeof(expected), "%s", sent(0, FRAMES - KEEP));
	for (int i = 0; i < 10; i++)
		strcat(expected, "> gap 3 memory\n");
	strcat(expected, sent(FRAMES - KEEP + 10, 1));
	assert_string_equal(rig_log(&rig), expected);
	assert_all_frames_are_free();
}

/*
 * If payload is lost because there is no memory, the worker gives up held data at any pressure
 * level.
 */
TEST_WITH(frames_low_and_no_page_requests_that_held_data_be_freed, setup, teardown)
{
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 10, 0, "behind a hole");
	assert_int_equal(METRIC(payload_held_bytes), 13);
	take_all_memory();
	send(0, FRAMES);
	assert_true(METRIC(payload_no_memory_bytes) > 0);
	while (wf_pipeline_handle(rig.pipeline, &mailbox))
		;
	assert_int_equal(METRIC(relief_sacrificed_streams), 1);
	assert_int_equal(METRIC(payload_held_bytes), 0);
}

TEST_WITH(frames_under_pressure_are_left_by_small_segments_only, setup, teardown)
{
	char large[WEFT_PAGE_SMALL_BYTES + 2];

	memset(large, 'x', sizeof(large));
	large[sizeof(large) - 1] = 0;
	set_level(WEFT_PRESSURE_LOW);
	send(0, 1);
	assert_int_equal(METRIC(relief_moved_segments), 1);
	assert_int_equal(METRIC(segments_copied_segments), 1);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 3, 0, large);
	assert_int_equal(METRIC(relief_moved_segments), 1);
	set_level(WEFT_PRESSURE_NORMAL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 3 + WEFT_PAGE_SMALL_BYTES + 1, 0, "abc");
	assert_int_equal(METRIC(relief_moved_segments), 1);
	assert_int_equal(METRIC(segments_copied_segments), 1);
}

/*
 * Under pressure, payload moves from its frame to a page. If no page is free, the payload stays in
 * its frame.
 */
TEST_WITH(frames_under_pressure_without_a_page_keep_their_bytes, setup, teardown)
{
	set_level(WEFT_PRESSURE_LOW);
	take_all_memory();
	send(0, 3);
	assert_int_equal(METRIC(relief_moved_segments), 0);
	assert_int_equal(METRIC(payload_no_memory_bytes), 0);
	rig_read(&rig);
	assert_string_equal(rig_log(&rig), sent(0, 3));
}

/* Payload that no subscription wants holds no frame. */
TEST_WITH(frames_low_of_who_wants_no_data_are_not_copied, setup, teardown)
{
	uint64_t offs[FRAMES];
	uint32_t count = wf_page_pool_take_frames(rig.pages, offs, FRAMES - KEEP + 1);

	rig.dispatch.takers[WEFT_TO_SERVER][WEFT_EVENT_DATA] = 0;
	send(0, 5);
	assert_int_equal(METRIC(segments_copied_segments), 0);
	assert_int_equal(METRIC(payload_delivered_bytes), 15);
	while (count)
		wf_page_put(wf_arena_page_at(rig.arena, offs[--count]));
}
