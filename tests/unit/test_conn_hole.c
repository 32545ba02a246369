// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_conn_hole.c - the filling of holes, the end of holes, and the causes of the resulting gaps.
 */
#include "unit/support/test.h"
#include "unit/support/rig.h"

#include <string.h>

#include "base/clock.h"
#include "packet/packet.h"
#include "worker/pipeline.h"

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

static int setup(void **state)
{
	return begin(state, NULL);
}

static int setup_empty(void **state)
{
	rig_start(&rig, NULL);
	*state = &rig;
	return 0;
}

static int setup_timeout(void **state)
{
	WEFT_OPTS(weft_opts, opts, .gap_timeout_ms = 500);

	return begin(state, &opts);
}

static int setup_timeout_empty(void **state)
{
	WEFT_OPTS(weft_opts, opts, .gap_timeout_ms = 500);

	rig_start(&rig, &opts);
	*state = &rig;
	return 0;
}

static int teardown(void **state)
{
	rig_stop(&rig);
	return 0;
}

/* ---- holes -------------------------------------------------------------------------- */

TEST_WITH(hole_not_acknowledged_ends_by_time, setup_timeout, teardown)
{
	rig_data(&rig, RIG_CLIENT, 3, "two");
	rig_wait_ms(&rig, 490);
	assert_string_equal(rig_log(&rig), "");
	rig_wait_ms(&rig, 20);
	assert_string_equal(rig_log(&rig), "> gap 3 timeout\n> two\n");
}

TEST_WITH(hole_not_acknowledged_is_not_ended_by_time, setup, teardown)
{
	rig_data(&rig, RIG_CLIENT, 3, "two");
	rig_wait_ms(&rig, 61000);
	rig_data(&rig, RIG_CLIENT, 6, "three");
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 10, 0, NULL);
	rig_wait_ms(&rig, 61000);
	assert_string_equal(rig_log(&rig), "");
	rig_data(&rig, RIG_CLIENT, 0, "one");
	assert_string_equal(rig_log(&rig), "> one\n> two\n> three\n");
}

TEST_WITH(hole_one_sided_ends_after_ten_seconds, setup_empty, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK, 3, 0, "two");
	rig_wait_ms(&rig, 9900);
	assert_string_equal(rig_log(&rig), "open\n");
	rig_wait_ms(&rig, 200);
	assert_string_equal(rig_log(&rig), "> gap 3 timeout\n> two\n");
}

TEST_WITH(hole_one_sided_waits_on_once_the_other_side_is_seen, setup_empty, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK, 3, 0, "two");
	rig_wait_ms(&rig, 5000);
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, 0, NULL);
	rig_wait_ms(&rig, 61000);
	assert_string_equal(rig_log(&rig), "open\n");
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "one");
	assert_string_equal(rig_log(&rig), "> one\n> two\n");
}

/* A reset that is rejected acknowledges nothing, but it shows that the other side is captured. */
TEST_WITH(hole_one_sided_waits_on_after_a_rejected_segment, setup_empty, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK, 3, 0, "two");
	rig_segment(&rig, RIG_SERVER, WF_TCP_RST, 100000, 0, NULL);
	rig_wait_ms(&rig, 61000);
	assert_string_equal(rig_log(&rig), "open\n< anomaly rst_out_of_window\n");
}

TEST_WITH(hole_one_sided_uses_the_gap_timeout_if_that_is_shorter, setup_timeout_empty, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK, 3, 0, "two");
	rig_wait_ms(&rig, 510);
	assert_string_equal(rig_log(&rig), "open\n> gap 3 timeout\n> two\n");
}

TEST_WITH(hole_times_out_before_the_next_packet_is_seen, setup_timeout, teardown)
{
	rig_data(&rig, RIG_CLIENT, 3, "two");
	rig.now_ns += 600 * WF_NS_PER_MS;
	rig_data(&rig, RIG_CLIENT, 0, "one");
	assert_string_equal(rig_log(&rig), "> gap 3 timeout\n> two\n");
	assert_int_equal(wf_metric_get(&rig.metrics, payload_duplicate_bytes), 0);
	assert_int_equal(wf_metric_get(&rig.metrics, payload_late_bytes), 3);
}

TEST_WITH(hole_that_is_being_filled_does_not_time_out, setup_timeout, teardown)
{
	rig_data(&rig, RIG_CLIENT, 9, "four");
	rig_wait_ms(&rig, 400);
	rig_data(&rig, RIG_CLIENT, 6, "333");
	rig_wait_ms(&rig, 400);
	rig_data(&rig, RIG_CLIENT, 3, "222");
	rig_wait_ms(&rig, 400);
	assert_string_equal(rig_log(&rig), "");
	rig_data(&rig, RIG_CLIENT, 0, "111");
	assert_string_equal(rig_log(&rig), "> 111\n> 222\n> 333\n> four\n");
}

TEST_WITH(hole_acknowledged_ends_after_patience, setup, teardown)
{
	rig_data(&rig, RIG_CLIENT, 3, "two");
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, 6, NULL);
	rig_wait_ms(&rig, 90);
	assert_string_equal(rig_log(&rig), "");
	rig_wait_ms(&rig, 20);
	assert_string_equal(rig_log(&rig), "> gap 3 not_captured\n> two\n");
}

TEST_WITH(hole_acknowledged_in_part_ends_as_far_as_that, setup, teardown)
{
	rig_data(&rig, RIG_CLIENT, 6, "two");
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, 4, NULL);
	rig_wait_ms(&rig, 200);
	assert_string_equal(rig_log(&rig), "> gap 4 not_captured\n");
	rig_segment(&rig, RIG_CLIENT, ACK, 4, 0, "as");
	assert_string_equal(rig_log(&rig), "> as\n> two\n");
}

/* A tap captures two late segments, one after the other: each hole has its own timeout. */
TEST_WITH(hole_acknowledged_behind_another_has_patience_of_its_own, setup, teardown)
{
	rig_data(&rig, RIG_CLIENT, 3, "two");
	rig_data(&rig, RIG_CLIENT, 9, "four");
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, 13, NULL);
	rig_wait_ms(&rig, 80);
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "one");
	rig_wait_ms(&rig, 80);
	assert_string_equal(rig_log(&rig), "> one\n> two\n");
	rig_segment(&rig, RIG_CLIENT, ACK, 6, 0, "333");
	assert_string_equal(rig_log(&rig), "> 333\n> four\n");
}

TEST_WITH(hole_acknowledged_at_the_end_was_not_captured, setup, teardown)
{
	rig_data(&rig, RIG_CLIENT, 6, "two");
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, 4, NULL);
	rig_flush(&rig);
	assert_string_equal(rig_log(&rig),
			    "> gap 4 not_captured\n> gap 2 closed\n> two\nclose shutdown\n");
}

TEST_WITH(hole_acknowledged_may_still_be_filled_in_patience, setup, teardown)
{
	rig_data(&rig, RIG_CLIENT, 3, "two");
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, 6, NULL);
	rig_wait_ms(&rig, 50);
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "one");
	rig_wait_ms(&rig, 500);
	assert_string_equal(rig_log(&rig), "> one\n> two\n");
}

TEST_WITH(hole_acknowledged_while_rings_overflow_ends_soon, setup, teardown)
{
	wf_pipeline_note_overrun(rig.pipeline);
	rig_data(&rig, RIG_CLIENT, 3, "two");
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, 6, NULL);
	assert_string_equal(rig_log(&rig), "");
	rig_wait_ms(&rig, WEFT_OVERRUN_PATIENCE_MS + 1);
	assert_string_equal(rig_log(&rig), "> gap 3 not_captured\n> two\n");
}

TEST_WITH(hole_acknowledged_behind_another_while_rings_overflow_ends_with_it, setup, teardown)
{
	wf_pipeline_note_overrun(rig.pipeline);
	rig.step_ns = WF_NS_PER_MS / 100;
	rig_data(&rig, RIG_CLIENT, 3, "two");
	rig_data(&rig, RIG_CLIENT, 9, "four");
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, 13, NULL);
	rig_wait_ms(&rig, WEFT_OVERRUN_PATIENCE_MS - 1);
	assert_string_equal(rig_log(&rig), "");
	rig_wait_ms(&rig, 2);
	assert_string_equal(rig_log(&rig),
			    "> gap 3 not_captured\n> two\n> gap 3 not_captured\n> four\n");
}

TEST_WITH(hole_acknowledged_later_while_rings_overflow_has_patience_of_its_own, setup, teardown)
{
	wf_pipeline_note_overrun(rig.pipeline);
	rig.step_ns = WF_NS_PER_MS / 100;
	rig_data(&rig, RIG_CLIENT, 3, "two");
	rig_data(&rig, RIG_CLIENT, 9, "four");
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, 6, NULL);
	rig_wait_ms(&rig, WEFT_OVERRUN_PATIENCE_MS - 1);
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, 13, NULL);
	rig_wait_ms(&rig, 2);
	assert_string_equal(rig_log(&rig), "> gap 3 not_captured\n> two\n");
	rig_segment(&rig, RIG_CLIENT, ACK, 6, 0, "333");
	assert_string_equal(rig_log(&rig), "> 333\n> four\n");
}

TEST_WITH(hole_acknowledged_after_rings_overflowed_has_all_patience, setup, teardown)
{
	wf_pipeline_note_overrun(rig.pipeline);
	rig_wait_ms(&rig, WEFT_OVERRUN_MS + 1);
	rig_data(&rig, RIG_CLIENT, 3, "two");
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, 6, NULL);
	rig_wait_ms(&rig, 90);
	assert_string_equal(rig_log(&rig), "");
}

TEST_WITH(hole_unacknowledged_while_rings_overflow_waits_as_ever, setup, teardown)
{
	wf_pipeline_note_overrun(rig.pipeline);
	rig_data(&rig, RIG_CLIENT, 3, "two");
	rig_wait_ms(&rig, 900);
	rig_data(&rig, RIG_CLIENT, 0, "one");
	assert_string_equal(rig_log(&rig), "> one\n> two\n");
}

TEST_WITH(hole_acknowledged_ends_after_so_many_bytes, setup, teardown)
{
	static char block[32768];
	int64_t off = 3;

	memset(block, 'x', sizeof(block));
	rig.step_ns = 1000;
	rig_bytes(&rig, RIG_CLIENT, ACK, off, 0, "two", 3);
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, off + 3, NULL);
	for (off = 6; off < 6 + WEFT_ACK_PATIENCE_BYTES; off += (int64_t)sizeof(block)) {
		assert_string_equal(rig_log(&rig), "");
		rig_bytes(&rig, RIG_CLIENT, ACK, off, 0, block, sizeof(block));
		rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, off + (int64_t)sizeof(block), NULL);
	}
	assert_memory_equal(rig_log(&rig), "> gap 3 not_captured\n> two\n", 27);
}

TEST_WITH(ack_beyond_all_seen_gives_nothing_up, setup, teardown)
{
	rig_data(&rig, RIG_CLIENT, 0, "one");
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, 500, NULL);
	rig_wait_ms(&rig, 5000);
	rig_segment(&rig, RIG_CLIENT, ACK, 3, 0, "two");
	assert_string_equal(rig_log(&rig), "> one\n> two\n");
}

TEST_WITH(hole_at_the_end_of_the_connection_is_a_gap, setup, teardown)
{
	rig_data(&rig, RIG_CLIENT, 3, "two");
	rig_flush(&rig);
	assert_string_equal(rig_log(&rig), "> gap 3 closed\n> two\nclose shutdown\n");
	assert_int_equal(rig.record.counts[0].gap_count, 1);
	assert_int_equal(rig.record.counts[0].gap_bytes, 3);
	assert_int_equal(rig.record.counts[0].stream_bytes, 3);
}

TEST_WITH(acknowledged_tail_never_seen_is_a_gap, setup, teardown)
{
	rig_data(&rig, RIG_CLIENT, 0, "one");
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, 50, NULL);
	rig_flush(&rig);
	assert_string_equal(rig_log(&rig), "> one\n> gap 47 not_captured\nclose shutdown\n");
}

TEST_WITH(cut_capture_is_a_gap_of_its_own_cause, setup, teardown)
{
	rig.cut_bytes = 4;
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "hello");
	rig.cut_bytes = 0;
	rig_segment(&rig, RIG_CLIENT, ACK, 5, 0, " again");
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, 11, NULL);
	rig_wait_ms(&rig, 200);
	assert_string_equal(rig_log(&rig), "> h\n> gap 4 snapped\n>  again\n");
}

TEST_WITH(cut_segment_seen_whole_later_is_whole, setup, teardown)
{
	rig.cut_bytes = 4;
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "hello");
	rig.cut_bytes = 0;
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "hello");
	rig_segment(&rig, RIG_CLIENT, ACK, 5, 0, " again");
	assert_string_equal(rig_log(&rig), "> h\n> ello\n>  again\n");
}
