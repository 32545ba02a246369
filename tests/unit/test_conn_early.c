// SPDX-License-Identifier: BSD-2-Clause
/* test_conn_early.c - tests data that is captured before its sender's SYN or SYN-ACK. */
#include "unit/support/test.h"
#include "unit/support/rig.h"

#include <string.h>

#include "packet/packet.h"

static struct rig rig;

static int setup(void **state)
{
	rig_start(&rig, NULL);
	*state = &rig;
	return 0;
}

static int teardown(void **state)
{
	rig_stop(&rig);
	return 0;
}

#define ACK (WF_TCP_ACK | WF_TCP_PSH)

static void client_syn(void)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
}

static void server_syn(void)
{
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 0, NULL);
}

static void expect_one_connection(const char *to_client, const char *to_server)
{
	rig_flush(&rig);
	assert_string_equal(rig.stream[1], to_client);
	assert_string_equal(rig.stream[0], to_server);
	assert_int_equal(rig.record.counts[0].gap_bytes + rig.record.counts[1].gap_bytes, 0);
	assert_int_equal(rig.flow.use, 1);
	assert_int_equal(wf_metric_get(&rig.metrics, payload_before_start_bytes), 0);
}

/* ---- one or both SYNs are captured after data ------------------------------------- */

TEST_WITH(early_data_before_the_syn_ack_waits_for_what_precedes_it, setup, teardown)
{
	client_syn();
	rig_segment(&rig, RIG_SERVER, ACK, 5, 0, " world");
	server_syn();
	rig_segment(&rig, RIG_SERVER, ACK, 0, 0, "hello");
	assert_string_equal(rig_log(&rig), "open\n< hello\n<  world\n");
	expect_one_connection("hello world", "");
}

TEST_WITH(early_data_before_both_syns_waits_for_what_precedes_it, setup, teardown)
{
	rig_segment(&rig, RIG_SERVER, ACK, 5, 0, " world");
	client_syn();
	server_syn();
	rig_segment(&rig, RIG_SERVER, ACK, 0, 0, "hello");
	expect_one_connection("hello world", "");
}

TEST_WITH(early_data_of_both_sides_before_both_syns, setup, teardown)
{
	rig_segment(&rig, RIG_SERVER, ACK, 5, 7, " world");
	rig_segment(&rig, RIG_CLIENT, ACK, 3, 0, " you");
	server_syn();
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "hey");
	rig_segment(&rig, RIG_SERVER, ACK, 0, 7, "hello");
	client_syn();
	expect_one_connection("hello world", "hey you");
}

TEST_WITH(early_data_in_any_order_without_any_syn, setup, teardown)
{
	rig_segment(&rig, RIG_SERVER, ACK, 40010, 900, "!");
	rig_segment(&rig, RIG_SERVER, ACK, 40005, 900, "world");
	rig_segment(&rig, RIG_SERVER, ACK, 40000, 900, "hello");
	assert_string_equal(rig_log(&rig), "open\n");
	expect_one_connection("helloworld!", "");
}

TEST_WITH(early_data_overlapping_the_first_seen, setup, teardown)
{
	rig_segment(&rig, RIG_SERVER, ACK, 5, 0, " world");
	rig_segment(&rig, RIG_SERVER, ACK, 0, 0, "hello wo");
	expect_one_connection("hello world", "");
}

TEST_WITH(early_acknowledgement_before_the_syn_ack, setup, teardown)
{
	client_syn();
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 0, 5, NULL);
	server_syn();
	rig_segment(&rig, RIG_SERVER, ACK, 0, 0, "hello");
	expect_one_connection("hello", "");
}

TEST_WITH(early_numbers_wrap, setup, teardown)
{
	rig.isn_seq[RIG_SERVER] = UINT32_MAX - 2;
	rig_segment(&rig, RIG_SERVER, ACK, 5, 0, " world");
	client_syn();
	server_syn();
	rig_segment(&rig, RIG_SERVER, ACK, 0, 0, "hello");
	expect_one_connection("hello world", "");
}

TEST_WITH(early_fin_with_the_last_data, setup, teardown)
{
	client_syn();
	rig_segment(&rig, RIG_SERVER, ACK | WF_TCP_FIN, 5, 0, " world");
	server_syn();
	rig_segment(&rig, RIG_SERVER, ACK, 0, 0, "hello");
	expect_one_connection("hello world", "");
}

TEST_WITH(early_data_on_a_late_syn_is_taken, setup, teardown)
{
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 4, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK, 4, 0, " more");
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, "fast");
	expect_one_connection("", "fast more");
}

/* ---- segments that are missing, and segments that are too late --------------------- */

TEST_WITH(early_data_is_delivered_when_nothing_precedes_it_in_time, setup, teardown)
{
	rig_segment(&rig, RIG_SERVER, ACK, 40000, 900, "hello");
	assert_string_equal(rig_log(&rig), "open\n");
	rig_wait_ms(&rig, WEFT_START_PATIENCE_MS + 1);
	assert_string_equal(rig_log(&rig), "< hello\n");
	rig_segment(&rig, RIG_SERVER, ACK, 40005, 900, "world");
	assert_string_equal(rig_log(&rig), "< world\n");
}

TEST_WITH(early_data_is_delivered_after_so_many_bytes, setup, teardown)
{
	static char bytes[WEFT_START_PATIENCE_BYTES / 2];

	memset(bytes, 'x', sizeof(bytes));
	for (int i = 0; i < 3; i++)
		rig_bytes(&rig, RIG_SERVER, ACK, 40000 + i * (int64_t)sizeof(bytes), 900, bytes,
			  sizeof(bytes));
	assert_int_equal(wf_metric_get(&rig.metrics, payload_delivered_bytes), 3 * sizeof(bytes));
}

TEST_WITH(early_start_without_its_data_is_a_gap, setup, teardown)
{
	rig_segment(&rig, RIG_SERVER, ACK, 5, 0, " world");
	client_syn();
	server_syn();
	rig_flush(&rig);
	assert_string_equal(rig_log(&rig), "open\n< gap 5 closed\n<  world\nclose shutdown\n");
}

TEST_WITH(early_start_that_comes_too_late_is_reported, setup, teardown)
{
	rig_segment(&rig, RIG_SERVER, ACK, 5, 0, " world");
	rig_wait_ms(&rig, WEFT_START_PATIENCE_MS + 1);
	assert_string_equal(rig_log(&rig), "open\n<  world\n");
	rig_segment(&rig, RIG_SERVER, ACK, 0, 0, "hello");
	assert_string_equal(rig_log(&rig), "< anomaly data_before_start\n");
	assert_int_equal(wf_metric_get(&rig.metrics, payload_before_start_bytes), 5);
	assert_int_equal(wf_metric_get(&rig.metrics, payload_duplicate_bytes), 0);
}

TEST_WITH(early_syn_that_comes_too_late_is_reported, setup, teardown)
{
	client_syn();
	rig_segment(&rig, RIG_SERVER, ACK, 5, 0, " world");
	rig_wait_ms(&rig, WEFT_START_PATIENCE_MS + 1);
	assert_string_equal(rig_log(&rig), "open\n<  world\n");
	server_syn();
	assert_string_equal(rig_log(&rig), "< anomaly data_before_start\n");
	rig_segment(&rig, RIG_SERVER, ACK, 11, 0, "!");
	assert_string_equal(rig_log(&rig), "< !\n");
}

TEST_WITH(early_data_far_before_the_first_seen_is_not_believed, setup, teardown)
{
	rig_segment(&rig, RIG_SERVER, ACK, 1000000, 900, "hello");
	rig_segment(&rig, RIG_SERVER, ACK, 10, 900, "forged");
	rig_flush(&rig);
	assert_string_equal(rig.stream[1], "hello");
	assert_int_equal(wf_metric_get(&rig.metrics, payload_before_start_bytes), 6);
}

TEST_WITH(early_whole_handshake_waits_for_nothing, setup, teardown)
{
	rig_handshake(&rig);
	rig_data(&rig, RIG_SERVER, 0, "hello");
	assert_string_equal(rig_log(&rig), "open\n< hello\n");
}

/* ---- with a depth limit ----------------------------------------------------------- */

static int setup_shallow(void **state)
{
	WEFT_OPTS(weft_opts, opts, .depth_bytes = 8, .deliver = WEFT_DELIVER_ACKED);

	rig_start(&rig, &opts);
	*state = &rig;
	return 0;
}

static int setup_shallow_arrival(void **state)
{
	WEFT_OPTS(weft_opts, opts, .depth_bytes = 8);

	rig_start(&rig, &opts);
	*state = &rig;
	return 0;
}

/* The stream holds seven bytes, all within the depth of 8; then five earlier bytes arrive. */
TEST_WITH(early_start_that_moves_back_is_cut_at_the_depth, setup_shallow_arrival, teardown)
{
	rig_segment(&rig, RIG_SERVER, ACK, 5, 0, " world!");
	rig_segment(&rig, RIG_SERVER, ACK, 0, 0, "hello");
	rig_wait_ms(&rig, WEFT_START_PATIENCE_MS + 1);
	assert_string_equal(rig_log(&rig), "open\n< hello\n<  wo\n");
	rig_flush(&rig);
	assert_string_equal(rig_log(&rig), "< gap 4 depth\nclose shutdown\n");
	assert_int_equal(wf_metric_get(&rig.metrics, payload_depth_bytes), 4);
}

/* Two pieces beyond the depth have a hole between them; the stream must not wait for that hole. */
TEST_WITH(early_start_that_moves_back_leaves_nothing_beyond_the_depth, setup_shallow, teardown)
{
	rig_segment(&rig, RIG_CLIENT, ACK, 20, 0, "far");
	rig_segment(&rig, RIG_CLIENT, ACK, 24, 0, "more");
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "hello");
	rig_wait_ms(&rig, 5000);
	rig_flush(&rig);
	assert_string_equal(rig.stream[0], "hello");
	assert_int_equal(wf_metric_get(&rig.metrics, payload_held_bytes), 0);
}

/* ---- deliver: acked ------------------------------------------------------------------ */

static int setup_acked(void **state)
{
	WEFT_OPTS(weft_opts, opts, .deliver = WEFT_DELIVER_ACKED);

	rig_start(&rig, &opts);
	*state = &rig;
	return 0;
}

TEST_WITH(early_acked_data_waits_for_its_start_and_its_acknowledgement, setup_acked, teardown)
{
	rig_segment(&rig, RIG_SERVER, ACK, 5, 0, " world");
	client_syn();
	server_syn();
	rig_segment(&rig, RIG_SERVER, ACK, 0, 0, "hello");
	assert_string_equal(rig_log(&rig), "open\n");
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 0, 5, NULL);
	assert_string_equal(rig_log(&rig), "< hello\n");
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 0, 11, NULL);
	assert_string_equal(rig_log(&rig), "<  world\n");
}

TEST_WITH(early_acked_start_moves_back_though_it_was_acknowledged, setup_acked, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 900, 40011, NULL);
	rig_segment(&rig, RIG_SERVER, ACK, 40005, 900, " world");
	assert_string_equal(rig_log(&rig), "open\n");
	rig_segment(&rig, RIG_SERVER, ACK, 40000, 900, "hello");
	rig_wait_ms(&rig, WEFT_START_PATIENCE_MS + 1);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 900, 40011, NULL);
	assert_string_equal(rig_log(&rig), "< hello\n<  world\n");
}

/*
 * A SYN-ACK that is captured late ends the wait for the start, so later data waits only for its
 * acknowledgement.
 */
TEST_WITH(early_acked_late_syn_ends_the_wait_for_the_start, setup_acked, teardown)
{
	rig_segment(&rig, RIG_SERVER, ACK, 0, 0, "hello");
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 0, 5, NULL);
	server_syn();
	assert_string_equal(rig_log(&rig), "open\n< hello\n");
	rig_segment(&rig, RIG_SERVER, ACK, 5, 0, " world");
	rig_wait_ms(&rig, WEFT_START_PATIENCE_MS + 1);
	assert_string_equal(rig_log(&rig), "");
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 0, 11, NULL);
	assert_string_equal(rig_log(&rig), "<  world\n");
}
