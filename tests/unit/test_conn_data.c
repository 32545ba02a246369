// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_conn_data.c - data of a connection: order, copies, windows, timestamps, acknowledgement.
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

static int setup_pages(void **state)
{
	begin(state, NULL);
	rig.use_pages = true;
	return 0;
}

static int setup_acked(void **state)
{
	WEFT_OPTS(weft_opts, opts, .deliver = WEFT_DELIVER_ACKED);

	return begin(state, &opts);
}

static int setup_acked_midstream(void **state)
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

/* ---- order --------------------------------------------------------------------------- */

TEST_WITH(data_out_of_order_is_put_in_order, setup, teardown)
{
	rig_data(&rig, RIG_CLIENT, 6, "three");
	rig_data(&rig, RIG_CLIENT, 3, "two");
	rig_data(&rig, RIG_CLIENT, 0, "one");
	rig_flush(&rig);
	assert_string_equal(rig.stream[WEFT_TO_SERVER], "onetwothree");
	assert_int_equal(rig.record.counts[0].out_of_order_segments, 2);
	assert_int_equal(rig.record.counts[0].stream_bytes, 11);
}

TEST_WITH(data_retransmitted_comes_once, setup, teardown)
{
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	rig_data(&rig, RIG_CLIENT, 0, "HELLO");
	rig_data(&rig, RIG_CLIENT, 3, "lo again");
	rig_flush(&rig);
	assert_string_equal(rig_log(&rig), "> hello\n>  again\nclose shutdown\n");
	assert_int_equal(rig.record.counts[0].retransmitted_segments, 1);
}

TEST_WITH(data_of_a_keepalive_never_reaches_the_stream, setup, teardown)
{
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 4, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 4, 0, "X");
	rig_data(&rig, RIG_CLIENT, 5, " again");
	assert_string_equal(rig_log(&rig), "> hello\n>  again\n");
}

TEST_WITH(data_of_a_zero_window_probe_comes_once, setup, teardown)
{
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	rig.window[RIG_SERVER] = 0;
	rig_ack(&rig, RIG_SERVER, 5);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 5, 0, "w");
	rig_ack(&rig, RIG_SERVER, 5);
	rig.window[RIG_SERVER] = 65535;
	rig_ack(&rig, RIG_SERVER, 5);
	rig_data(&rig, RIG_CLIENT, 5, "world");
	assert_string_equal(rig_log(&rig), "> hello\n> w\n> orld\n");
}

TEST_WITH(data_urgent_is_in_line, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, ACK | WF_TCP_URG, 0, 0, "hello");
	rig_data(&rig, RIG_CLIENT, 5, " again");
	assert_string_equal(rig_log(&rig), "> anomaly urgent\n> hello\n>  again\n");
}

TEST_WITH(data_far_outside_the_window_is_not_delivered, setup, teardown)
{
	rig_data(&rig, RIG_CLIENT, 10000000, "evil");
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	rig_flush(&rig);
	assert_string_equal(rig_log(&rig),
			    "> anomaly data_out_of_window\n> hello\nclose shutdown\n");
	assert_int_equal(wf_metric_get(&rig.metrics, payload_out_of_window_bytes), 4);
}

TEST_WITH(data_beyond_the_window_of_a_waiting_receiver_is_not_delivered, setup, teardown)
{
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	rig_ack(&rig, RIG_SERVER, 5);
	rig_data(&rig, RIG_CLIENT, 70000, "evil");
	rig_wait_ms(&rig, 5000);
	rig_flush(&rig);
	assert_string_equal(rig_log(&rig),
			    "> hello\n> anomaly data_out_of_window\nclose shutdown\n");
	assert_int_equal(wf_metric_get(&rig.metrics, payload_unaccepted_bytes), 4);
}

TEST_WITH(data_with_impossible_ack_is_ignored, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 1000000, "evil!");
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "hello");
	assert_string_equal(rig_log(&rig), "> anomaly ack_of_unsent\n> hello\n");
}

TEST_WITH(data_without_ack_flag_is_ignored, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_PSH, 0, 0, "evil!");
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "hello");
	assert_string_equal(rig_log(&rig), "> hello\n");
}

TEST_WITH(data_with_old_timestamp_is_ignored, setup, teardown)
{
	static const uint8_t now[] = {1, 1, 8, 10, 0, 0, 16, 0, 0, 0, 0, 1};
	static const uint8_t old[] = {1, 1, 8, 10, 0, 0, 1, 0, 0, 0, 0, 1};

	rig.tcp_options = now;
	rig.tcp_options_bytes = sizeof(now);
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	rig.tcp_options = old;
	rig_data(&rig, RIG_CLIENT, 5, " evil!");
	rig.tcp_options = now;
	rig_data(&rig, RIG_CLIENT, 5, " again");
	assert_string_equal(rig_log(&rig), "> hello\n> anomaly paws\n>  again\n");
}

static void send_stamped(uint32_t ts_val, int64_t off, const char *payload)
{
	uint8_t options[] = {1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 1};

	for (int i = 0; i < 4; i++)
		options[4 + i] = (uint8_t)(ts_val >> (24 - 8 * i));
	rig.tcp_options = options;
	rig.tcp_options_bytes = sizeof(options);
	rig_data(&rig, RIG_CLIENT, off, payload);
	rig.tcp_options_bytes = 0;
}

TEST_WITH(paws_after_silence_accepts_any_timestamp, setup, teardown)
{
	send_stamped(5000, 0, "hello");
	rig.now_ns += 2146 * WF_NS_PER_SEC;
	send_stamped(4000, 5, " evil!");
	rig.now_ns += 2147 * WF_NS_PER_SEC;
	send_stamped(4000, 5, " again");
	send_stamped(3000, 11, " evil!");
	assert_string_equal(rig_log(&rig), "> hello\n> anomaly paws\n>  again\n> anomaly paws\n");
}

TEST_WITH(data_conflicting_copies_are_reported, setup, teardown)
{
	rig_data(&rig, RIG_CLIENT, 3, "AAAA");
	rig_data(&rig, RIG_CLIENT, 3, "BBBB");
	rig_data(&rig, RIG_CLIENT, 0, "one");
	rig_flush(&rig);
	assert_string_equal(rig_log(&rig),
			    "> anomaly overlap_conflict\n> one\n> AAAA\nclose shutdown\n");
	assert_int_equal(rig.record.counts[0].overlap_segments, 1);
	assert_int_equal(rig.record.counts[0].conflict_segments, 1);
}

/* ---- deliver: acked -------------------------------------------------------------------- */

TEST_WITH(acked_data_waits_for_its_acknowledgement, setup_acked, teardown)
{
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	rig_data(&rig, RIG_CLIENT, 5, " again");
	assert_string_equal(rig_log(&rig), "");
	rig_ack(&rig, RIG_SERVER, 5);
	assert_string_equal(rig_log(&rig), "> hello\n");
	rig_ack(&rig, RIG_SERVER, 11);
	assert_string_equal(rig_log(&rig), ">  again\n");
}

TEST_WITH(acked_part_of_a_segment_is_delivered, setup_acked, teardown)
{
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	rig_ack(&rig, RIG_SERVER, 2);
	assert_string_equal(rig_log(&rig), "> he\n");
	rig_ack(&rig, RIG_SERVER, 5);
	assert_string_equal(rig_log(&rig), "> llo\n");
}

TEST_WITH(acked_rest_is_delivered_at_the_end, setup_acked, teardown)
{
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	rig_flush(&rig);
	assert_string_equal(rig_log(&rig), "> hello\nclose shutdown\n");
}

TEST_WITH(acked_one_sided_is_delivered_after_the_gap_timeout, setup_acked_midstream, teardown)
{
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "hello");
	rig_wait_ms(&rig, 9900);
	assert_string_equal(rig_log(&rig), "open\n");
	rig_wait_ms(&rig, 200);
	assert_string_equal(rig_log(&rig), "> hello\n");
}

TEST_WITH(acked_late_data_below_the_acknowledgement_comes_at_once, setup_acked, teardown)
{
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, 5, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "hello");
	assert_string_equal(rig_log(&rig), "> hello\n");
}

TEST_WITH(acked_by_what_looks_like_a_keepalive_is_delivered, setup_acked, teardown)
{
	rig_data(&rig, RIG_SERVER, 0, "one");
	rig_ack(&rig, RIG_CLIENT, 3);
	assert_string_equal(rig_log(&rig), "< one\n");
	rig_data(&rig, RIG_CLIENT, 0, "ask");
	rig_ack(&rig, RIG_SERVER, 3);
	assert_string_equal(rig_log(&rig), "> ask\n");
	rig_data(&rig, RIG_SERVER, 3, "two");
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 2, 6, NULL);
	assert_string_equal(rig_log(&rig), "< two\n");
}

TEST_ALSO(data_out_of_order_is_put_in_order, setup_pages, teardown);

TEST_ALSO(data_conflicting_copies_are_reported, setup_pages, teardown);
