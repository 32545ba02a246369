// SPDX-License-Identifier: BSD-2-Clause
/* test_conn_close.c - tests each way in which a connection ends. */
#include "unit/support/test.h"
#include "unit/support/rig.h"

#include <string.h>

#include "base/clock.h"
#include "packet/packet.h"

static struct rig rig;

#define ACK (WF_TCP_ACK | WF_TCP_PSH)
#define FIN (WF_TCP_ACK | WF_TCP_FIN)

static int setup(void **state)
{
	rig_start(&rig, NULL);
	rig_handshake(&rig);
	assert_string_equal(rig_log(&rig), "open\n");
	*state = &rig;
	return 0;
}

static int setup_empty(void **state)
{
	rig_start(&rig, NULL);
	*state = &rig;
	return 0;
}

static int setup_acked(void **state)
{
	WEFT_OPTS(weft_opts, opts, .deliver = WEFT_DELIVER_ACKED);

	rig_start(&rig, &opts);
	*state = &rig;
	return 0;
}

static int teardown(void **state)
{
	rig_stop(&rig);
	return 0;
}

TEST_WITH(close_fin_both_ways_at_the_last_acknowledgement, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, FIN, 0, 0, NULL);
	rig_segment(&rig, RIG_SERVER, FIN, 0, 1, NULL);
	assert_string_equal(rig_log(&rig), "");
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 1, 1, NULL);
	assert_string_equal(rig_log(&rig), "close fin\n");
	assert_int_equal(rig.record.counts[WEFT_TO_SERVER].packets, 4);
	assert_int_equal(rig.record.counts[WEFT_TO_CLIENT].packets, 2);
	assert_int_equal(rig.record.counts[WEFT_TO_SERVER].bytes, 160 + 4 * 14);
	assert_int_equal(rig.record.counts[WEFT_TO_SERVER].tcp_flags,
			 WF_TCP_SYN | WF_TCP_ACK | WF_TCP_FIN);
	assert_int_equal(rig.record.counts[WEFT_TO_CLIENT].tcp_flags,
			 WF_TCP_SYN | WF_TCP_ACK | WF_TCP_FIN);
	assert_int_equal(rig.record.state, WEFT_FLOW_CLOSED);
	assert_int_equal(rig.record.end_ns - rig.record.start_ns, 5 * WF_NS_PER_MS);
}

TEST_WITH(close_fin_with_data, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, FIN, 0, 0, "bye");
	rig_segment(&rig, RIG_SERVER, FIN, 0, 4, "bye too");
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 4, 8, NULL);
	assert_string_equal(rig_log(&rig), "> bye\n< bye too\nclose fin\n");
}

TEST_WITH(close_half_closed_side_still_receives, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, FIN, 0, 0, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, 1, NULL);
	rig.now_ns += 600 * WF_NS_PER_SEC;
	rig_segment(&rig, RIG_SERVER, ACK, 0, 1, "hello");
	rig_segment(&rig, RIG_SERVER, FIN, 5, 1, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 1, 6, NULL);
	assert_string_equal(rig_log(&rig), "< hello\nclose fin\n");
}

TEST_WITH(close_fin_before_its_data_waits_for_it, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, FIN, 5, 0, NULL);
	rig_segment(&rig, RIG_SERVER, FIN, 0, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "hello");
	assert_string_equal(rig_log(&rig), "> hello\n");
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 1, 6, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 6, 1, NULL);
	assert_string_equal(rig_log(&rig), "close fin\n");
}

TEST_WITH(close_fin_whose_data_never_comes_is_a_gap, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, FIN, 5, 0, NULL);
	rig_segment(&rig, RIG_SERVER, FIN, 0, 6, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 6, 1, NULL);
	assert_string_equal(rig_log(&rig), "");
	rig_wait_ms(&rig, 200);
	assert_string_equal(rig_log(&rig), "> gap 5 not_captured\n");
	rig_wait_ms(&rig, 61000);
	assert_string_equal(rig_log(&rig), "close fin\n");
}

TEST_WITH(close_one_sided_fin_whose_data_does_not_come_in_time_is_a_gap, setup_empty, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, FIN, 5, 0, NULL);
	rig_wait_ms(&rig, 9900);
	assert_string_equal(rig_log(&rig), "open\n");
	rig_wait_ms(&rig, 200);
	assert_string_equal(rig_log(&rig), "> gap 5 timeout\n");
	rig_wait_ms(&rig, 61000);
	assert_string_equal(rig_log(&rig), "close fin\n");
}

/*
 * Both streams are complete only when the gap is reported; the short time-out of a finished
 * connection has passed by then.
 */
TEST_WITH(close_by_the_short_timeout_after_a_gap_that_is_noticed_late, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, FIN, 5, 0, NULL);
	rig_segment(&rig, RIG_SERVER, FIN, 0, 6, NULL);
	rig_wait_ms(&rig, 100000);
	assert_string_equal(rig_log(&rig), "> gap 5 not_captured\nclose fin\n");
}

TEST_WITH(close_fin_waits_two_minutes_for_its_data, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, FIN, 5, 0, NULL);
	rig_segment(&rig, RIG_SERVER, FIN, 0, 0, NULL);
	rig_wait_ms(&rig, 120000);
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "hello");
	assert_string_equal(rig_log(&rig), "> hello\n");
	rig_wait_ms(&rig, 61000);
	assert_string_equal(rig_log(&rig), "close fin\n");
}

TEST_WITH(close_at_the_end_before_the_data_of_the_fin_is_a_gap, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, FIN, 5, 0, NULL);
	rig_flush(&rig);
	assert_string_equal(rig_log(&rig), "> gap 5 closed\nclose shutdown\n");
}

TEST_WITH(close_late_data_before_fin_in_patience_is_not_lost, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, FIN, 5, 0, NULL);
	rig_segment(&rig, RIG_SERVER, FIN, 0, 6, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 6, 1, NULL);
	rig_wait_ms(&rig, 50);
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "hello");
	assert_string_equal(rig_log(&rig), "> hello\nclose fin\n");
}

TEST_WITH(close_without_the_last_acknowledgement_by_the_short_timeout, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, FIN, 0, 0, NULL);
	rig_segment(&rig, RIG_SERVER, FIN, 0, 1, NULL);
	rig_wait_ms(&rig, 61000);
	assert_string_equal(rig_log(&rig), "close fin\n");
}

TEST_WITH(close_acked_is_by_fin_though_the_last_data_was_not_acknowledged, setup_acked, teardown)
{
	rig_handshake(&rig);
	rig_segment(&rig, RIG_CLIENT, FIN, 0, 0, "bye");
	rig_segment(&rig, RIG_SERVER, FIN, 0, 4, "bye too");
	assert_string_equal(rig_log(&rig), "open\n> bye\n");
	rig_flush(&rig);
	assert_string_equal(rig_log(&rig), "< bye too\nclose fin\n");
	assert_int_equal(rig.record.state, WEFT_FLOW_CLOSED);
}

/* The capture ends while both directions still wait for the start of their stream. */
TEST_WITH(close_midstream_is_by_fin_though_its_start_was_not_settled, setup_empty, teardown)
{
	rig_segment(&rig, RIG_CLIENT, FIN, 100, 100, "bye");
	rig_segment(&rig, RIG_SERVER, FIN, 100, 104, "bye too");
	rig_flush(&rig);
	assert_string_equal(rig_log(&rig), "open\n> bye\n< bye too\nclose fin\n");
}

TEST_WITH(close_one_sided_fin_by_the_short_timeout, setup_empty, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "hello");
	rig_segment(&rig, RIG_CLIENT, FIN, 5, 0, NULL);
	rig_wait_ms(&rig, 61000);
	assert_string_equal(rig_log(&rig), "open\n> hello\nclose fin\n");
}

TEST_WITH(close_data_behind_fin_is_not_delivered, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, FIN, 0, 0, "bye");
	rig_segment(&rig, RIG_CLIENT, ACK, 4, 0, "evil");
	assert_string_equal(rig_log(&rig), "> bye\n> anomaly data_after_fin\n");
}

TEST_WITH(close_acknowledgement_of_data_behind_fin_is_processed, setup_acked, teardown)
{
	rig_handshake(&rig);
	rig_segment(&rig, RIG_CLIENT, FIN, 0, 0, NULL);
	rig_segment(&rig, RIG_SERVER, FIN, 0, 1, "hello");
	assert_string_equal(rig_log(&rig), "open\n");
	rig_segment(&rig, RIG_CLIENT, ACK, 1, 6, "evil");
	assert_string_equal(rig_log(&rig), "> anomaly data_after_fin\n< hello\nclose fin\n");
	assert_int_equal(wf_metric_get(&rig.metrics, payload_out_of_window_bytes), 4);
}

TEST_WITH(close_exact_rst_at_once, setup, teardown)
{
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	rig_segment(&rig, RIG_CLIENT, WF_TCP_RST, 5, 0, NULL);
	assert_string_equal(rig_log(&rig), "> hello\nclose rst\n");
	assert_int_equal(rig.record.state, WEFT_FLOW_CLOSED);
}

TEST_WITH(close_not_by_inexact_rst, setup, teardown)
{
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	rig_segment(&rig, RIG_CLIENT, WF_TCP_RST, 6, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_RST, 100000000, 0, NULL);
	rig_data(&rig, RIG_CLIENT, 5, " again");
	assert_string_equal(rig_log(&rig), "> hello\n> anomaly rst_out_of_window\n"
					   "> anomaly rst_out_of_window\n>  again\n");
}

TEST_WITH(close_rst_flushes_what_came_before, setup, teardown)
{
	rig_data(&rig, RIG_CLIENT, 3, "two");
	rig_data(&rig, RIG_SERVER, 0, "hello");
	rig_segment(&rig, RIG_SERVER, WF_TCP_RST, 5, 0, NULL);
	assert_string_equal(rig_log(&rig), "< hello\n> gap 3 closed\n> two\nclose rst\n");
}

TEST_WITH(close_idle_by_timeout, setup, teardown)
{
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	rig_wait_ms(&rig, 3599000);
	assert_string_equal(rig_log(&rig), "> hello\n");
	rig_wait_ms(&rig, 2000);
	assert_string_equal(rig_log(&rig), "close timeout\n");
	assert_int_equal(rig.record.state, WEFT_FLOW_ESTABLISHED);
}

TEST_WITH(close_timeout_acts_before_the_next_packet_of_the_flow, setup, teardown)
{
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	rig.now_ns += 3601 * WF_NS_PER_SEC;
	rig_segment(&rig, RIG_CLIENT, ACK, 5, 0, " again");
	rig_wait_ms(&rig, WEFT_START_PATIENCE_MS + 1);
	assert_string_equal(rig_log(&rig), "> hello\nclose timeout\nopen #2\n>  again #2\n");
	assert_int_equal(rig.flow.use, 2);
}

TEST_WITH(close_at_the_end_reports_every_flow_once, setup, teardown)
{
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	rig_flush(&rig);
	rig_flush(&rig);
	assert_string_equal(rig_log(&rig), "> hello\nclose shutdown\n");
}

TEST_WITH(close_time_running_backwards_harms_nothing, setup, teardown)
{
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	rig.now_ns -= 7200 * WF_NS_PER_SEC;
	rig_data(&rig, RIG_CLIENT, 5, " again");
	rig_segment(&rig, RIG_CLIENT, WF_TCP_RST, 11, 0, NULL);
	assert_string_equal(rig_log(&rig), "> hello\n>  again\nclose rst\n");
}
