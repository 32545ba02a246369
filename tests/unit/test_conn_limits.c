// SPDX-License-Identifier: BSD-2-Clause
/* test_conn_limits.c - tests limits on the data of a connection: held pages, depth. */
#include "unit/support/test.h"
#include "unit/support/rig.h"

#include <string.h>

#include "packet/packet.h"

static struct rig rig;

#define ACK (WF_TCP_ACK | WF_TCP_PSH)

static int begin(void **state, const struct weft_opts *opts)
{
	rig_start(&rig, opts);
	rig_handshake(&rig);
	assert_string_equal(rig_log(&rig), "open\n");
	*state = &rig;
	return 0;
}

static int setup_depth(void **state)
{
	WEFT_OPTS(weft_opts, opts, .depth_bytes = 8);

	return begin(state, &opts);
}

static int setup_few_pages(void **state)
{
	WEFT_OPTS(weft_opts, opts, .stream_pages_max = 2);

	return begin(state, &opts);
}

static int teardown(void **state)
{
	rig_stop(&rig);
	return 0;
}

/* ---- held pages ----------------------------------------------------------------------- */

TEST_WITH(page_limit_gives_up_the_oldest_hole, setup_few_pages, teardown)
{
	static char block[4000];

	memset(block, 'x', sizeof(block));
	for (int64_t i = 0; i < 6; i++)
		rig_bytes(&rig, RIG_CLIENT, ACK, 10 + i * 4100, 0, block, sizeof(block));
	assert_memory_equal(rig_log(&rig), "> gap 10 limit\n", 15);
	assert_true(wf_metric_get(&rig.metrics, payload_held_bytes) <= 2 * 4096);
}

/* The hole was given up because of the page limit. No packet was missed, so the window is known. */
TEST_WITH(page_limit_does_not_open_the_window_for_what_is_far_outside, setup_few_pages, teardown)
{
	static char block[4000];

	memset(block, 'x', sizeof(block));
	rig_ack(&rig, RIG_SERVER, 0);
	for (int64_t i = 0; i < 3; i++)
		rig_bytes(&rig, RIG_CLIENT, ACK, 10 + i * 4000, 0, block, sizeof(block));
	assert_memory_equal(rig_log(&rig), "> gap 10 limit\n", 15);
	rig_segment(&rig, RIG_CLIENT, ACK, 10000000, 0, "evil");
	assert_string_equal(rig_log(&rig), "> anomaly data_out_of_window\n");
	rig_segment(&rig, RIG_CLIENT, ACK, 12010, 0, "goes on");
	assert_string_equal(rig_log(&rig), "> goes on\n");
}

/* ---- depth ---------------------------------------------------------------------------- */

TEST_WITH(depth_cuts_and_reports_one_gap_at_the_end, setup_depth, teardown)
{
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	rig_data(&rig, RIG_CLIENT, 5, " again");
	rig_segment(&rig, RIG_CLIENT, ACK, 11, 0, "and again");
	assert_string_equal(rig_log(&rig), "> hello\n>  ag\n");
	rig_flush(&rig);
	assert_string_equal(rig_log(&rig), "> gap 12 depth\nclose shutdown\n");
	assert_int_equal(wf_metric_get(&rig.metrics, payload_depth_bytes), 12);
}

TEST_WITH(depth_does_not_hide_the_end_of_the_connection, setup_depth, teardown)
{
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "hello again");
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK | WF_TCP_FIN, 11, 0, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK | WF_TCP_FIN, 0, 12, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 12, 1, NULL);
	assert_string_equal(rig_log(&rig), "> hello ag\n> gap 3 depth\nclose fin\n");
}

static int setup_depth_small_window(void **state)
{
	WEFT_OPTS(weft_opts, opts, .depth_bytes = 8);

	rig_start(&rig, &opts);
	rig.window[RIG_SERVER] = 12;
	rig_handshake(&rig);
	assert_string_equal(rig_log(&rig), "open\n");
	*state = &rig;
	return 0;
}

/*
 * The last data is captured before the segment that opened the window for it; the acknowledgement
 * shows that the receiver accepted the data.
 */
TEST_WITH(depth_end_beyond_the_known_window_is_the_end_once_acknowledged, setup_depth_small_window,
	  teardown)
{
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "hello again!");
	rig_segment(&rig, RIG_CLIENT, ACK | WF_TCP_FIN, 16, 0, "last");
	rig_segment(&rig, RIG_CLIENT, ACK, 12, 0, "four");
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK | WF_TCP_FIN, 0, 21, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 21, 1, NULL);
	assert_string_equal(rig_log(&rig), "> hello ag\n> anomaly data_out_of_window\n"
					   "> gap 12 depth\nclose fin\n");
}

TEST_WITH(depth_tail_acknowledged_but_never_seen_is_reported, setup_depth, teardown)
{
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "hello again");
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, 50, NULL);
	rig_flush(&rig);
	assert_string_equal(rig_log(&rig), "> hello ag\n> gap 42 depth\nclose shutdown\n");
	assert_int_equal(rig.record.counts[0].stream_bytes, 8);
	assert_int_equal(rig.record.counts[0].gap_bytes, 42);
}

TEST_WITH(depth_hole_before_it_still_ends, setup_depth, teardown)
{
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "hi");
	rig_segment(&rig, RIG_CLIENT, ACK, 9, 0, "beyond");
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, 15, NULL);
	rig_wait_ms(&rig, 200);
	assert_string_equal(rig_log(&rig), "> hi\n> gap 6 not_captured\n");
	rig_flush(&rig);
	assert_string_equal(rig_log(&rig), "> gap 7 depth\nclose shutdown\n");
}

static int setup_depth_midstream(void **state)
{
	WEFT_OPTS(weft_opts, opts, .depth_bytes = 8);

	rig_start(&rig, &opts);
	*state = &rig;
	return 0;
}

TEST_WITH(depth_of_a_direction_that_only_acknowledges_is_no_gap, setup_depth_midstream, teardown)
{
	rig_segment(&rig, RIG_SERVER, ACK, 0, 0, "hi");
	rig_ack(&rig, RIG_CLIENT, 2);
	rig_flush(&rig);
	assert_string_equal(rig_log(&rig), "open\n< hi\nclose shutdown\n");
}
