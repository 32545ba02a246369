// SPDX-License-Identifier: BSD-2-Clause
/* test_conn_open.c - tests each way in which a connection begins. */
#include "unit/support/test.h"
#include "unit/support/rig.h"

#include <string.h>

#include "base/clock.h"
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

/* ---- handshakes ------------------------------------------------------------------ */

TEST_WITH(open_handshake_then_data_both_ways, setup, teardown)
{
	rig_handshake(&rig);
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	rig_data(&rig, RIG_SERVER, 0, "world");
	assert_string_equal(rig_log(&rig), "open\n> hello\n< world\n");
	assert_int_equal(rig.flow.src_port, 1025);
	assert_int_equal(rig.flow.use, 1);
}

/* The latest OPEN event. */
static struct weft_open opened;

static void note_open(const struct weft_event *event)
{
	if (event->type == WEFT_EVENT_OPEN)
		opened = event->open;
}

TEST_WITH(open_has_the_numbers_of_both_syns, setup, teardown)
{
	rig.event_fn = note_open;
	rig_handshake(&rig);
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	assert_false(opened.midstream);
	assert_true(opened.has_isn[WEFT_TO_SERVER] && opened.has_isn[WEFT_TO_CLIENT]);
	assert_int_equal(opened.isn[WEFT_TO_SERVER], rig.isn_seq[RIG_CLIENT]);
	assert_int_equal(opened.isn[WEFT_TO_CLIENT], rig.isn_seq[RIG_SERVER]);
}

TEST_WITH(open_midstream_has_no_numbers, setup, teardown)
{
	rig.event_fn = note_open;
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	assert_true(opened.midstream);
	assert_false(opened.has_isn[WEFT_TO_SERVER] || opened.has_isn[WEFT_TO_CLIENT]);
}

TEST_WITH(open_syn_alone_makes_no_flow, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	assert_int_equal(wf_metric_get(&rig.metrics, flows_active_flows), 0);
	assert_int_equal(wf_metric_get(&rig.metrics, embryonic_active_flows), 1);
	rig_wait_ms(&rig, 31000);
	assert_int_equal(wf_metric_get(&rig.metrics, embryonic_active_flows), 0);
	assert_string_equal(rig_log(&rig), "");
}

TEST_WITH(open_answered_syn_without_third_segment_makes_no_flow, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 0, NULL);
	assert_int_equal(wf_metric_get(&rig.metrics, flows_active_flows), 0);
}

TEST_WITH(open_refused_by_server_leaves_nothing, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_RST | WF_TCP_ACK, -5001, 0, NULL);
	assert_int_equal(wf_metric_get(&rig.metrics, embryonic_active_flows), 0);
	assert_string_equal(rig_log(&rig), "");
}

TEST_WITH(open_simultaneous, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN | WF_TCP_ACK, -1, 0, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 0, NULL);
	rig_data(&rig, RIG_SERVER, 0, "one");
	rig_data(&rig, RIG_CLIENT, 0, "two");
	assert_string_equal(rig_log(&rig), "open\n< one\n> two\n");
}

TEST_WITH(open_split_handshake, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, -7000, 0, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN | WF_TCP_ACK, -1, 0, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, 0, NULL);
	rig_data(&rig, RIG_CLIENT, 0, "GET");
	rig_data(&rig, RIG_SERVER, 0, "200");
	assert_string_equal(rig_log(&rig), "open\n> GET\n< 200\n");
	assert_int_equal(rig.flow.src_port, 1025);
}

TEST_WITH(open_syn_retransmitted_with_another_number, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -90000001, 0, NULL);
	rig_handshake(&rig);
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	assert_string_equal(rig_log(&rig), "open\n> hello\n");
}

TEST_WITH(open_first_syn_is_the_one_answered, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, 80000000, 0, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 0, 0, NULL);
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	assert_string_equal(rig_log(&rig), "open\n> hello\n");
}

TEST_WITH(open_syn_ack_retransmitted_with_another_number, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, 70000000, 0, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 0, 0, NULL);
	rig_data(&rig, RIG_SERVER, 0, "hello");
	assert_string_equal(rig_log(&rig), "open\n< hello\n");
}

TEST_WITH(open_ecn_and_accurate_ecn_flags_do_not_confuse, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN | WF_TCP_ECE | WF_TCP_CWR | WF_TCP_AE, -1, 0,
		    NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK | WF_TCP_AE | WF_TCP_CWR, -1, 0,
		    NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK | WF_TCP_AE, 0, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK | WF_TCP_CWR | WF_TCP_ECE, 0, 0, "hello");
	assert_string_equal(rig_log(&rig), "open\n> hello\n");
}

TEST_WITH(open_malformed_options_do_not_lose_data, setup, teardown)
{
	static const uint8_t lies[] = {8, 200, 1, 2, 3, 0, 3, 0};

	rig.tcp_options = lies;
	rig.tcp_options_bytes = sizeof(lies);
	rig_handshake(&rig);
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	assert_string_equal(rig_log(&rig), "open\n> hello\n");
}

TEST_WITH(open_numbers_wrap_in_the_handshake, setup, teardown)
{
	rig.isn_seq[RIG_CLIENT] = UINT32_MAX;
	rig.isn_seq[RIG_SERVER] = UINT32_MAX - 3;
	rig_handshake(&rig);
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	rig_data(&rig, RIG_SERVER, 0, "world");
	rig_data(&rig, RIG_SERVER, 5, "again");
	assert_string_equal(rig_log(&rig), "open\n> hello\n< world\n< again\n");
}

/* ---- data with the handshake --------------------------------------------------- */

TEST_WITH(open_fast_open_data_taken_by_the_server_is_delivered, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, "hello");
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 5, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 5, 0, NULL);
	rig_data(&rig, RIG_CLIENT, 5, " again");
	assert_string_equal(rig_log(&rig), "open\n> hello\n>  again\n");
}

TEST_WITH(open_fast_open_data_cut_and_later_seen_whole_is_whole, setup, teardown)
{
	rig.cut_bytes = 2;
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, "hello");
	rig.cut_bytes = 0;
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, "hello");
	rig.cut_bytes = 3;
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, "hello");
	rig.cut_bytes = 0;
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 5, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 5, 0, NULL);
	rig_data(&rig, RIG_CLIENT, 5, " again");
	assert_string_equal(rig_log(&rig), "open\n> hello\n>  again\n");
}

TEST_WITH(open_fast_open_window_begins_behind_the_data_taken, setup, teardown)
{
	rig.window[RIG_SERVER] = 10;
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, "hello");
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 5, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 5, 0, NULL);
	rig_data(&rig, RIG_CLIENT, 11, "last");
	rig_data(&rig, RIG_CLIENT, 5, " more ");
	assert_string_equal(rig_log(&rig), "open\n> hello\n>  more \n> last\n");
}

TEST_WITH(open_fast_open_data_in_a_page_is_delivered, setup, teardown)
{
	rig.use_pages = true;
	test_open_fast_open_data_taken_by_the_server_is_delivered(state);
}

TEST_WITH(open_data_on_syn_refused_by_the_server_comes_once, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, "wrong");
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 0, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "right");
	assert_string_equal(rig_log(&rig), "open\n> right\n");
	assert_int_equal(wf_metric_get(&rig.metrics, payload_unaccepted_bytes), 5);
}

/* The SYN is captured twice; the following segments are captured out of order. */
TEST_WITH(open_data_on_syn_refused_by_the_server_never_comes_from_a_copy, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, "wrong");
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, "wrong");
	rig_segment(&rig, RIG_CLIENT, ACK, 5, 0, " again");
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "right");
	assert_string_equal(rig_log(&rig), "open\n> right\n>  again\n");
}

TEST_WITH(open_data_on_syn_ack_is_delivered, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, "GET");
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 3, "200");
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 3, 3, NULL);
	rig_data(&rig, RIG_SERVER, 3, "OK");
	assert_string_equal(rig_log(&rig), "open\n> GET\n< 200\n< OK\n");
}

TEST_WITH(open_fast_open_with_the_server_never_seen_is_delivered, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, "hello");
	rig_segment(&rig, RIG_CLIENT, ACK, 5, 0, " again");
	assert_string_equal(rig_log(&rig), "open\n> hello\n>  again\n");
}

TEST_WITH(open_fast_open_of_which_nothing_else_was_seen_is_delivered, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, "hello");
	rig_wait_ms(&rig, 29000);
	assert_string_equal(rig_log(&rig), "");
	rig_wait_ms(&rig, 2000);
	assert_string_equal(rig_log(&rig), "open\n> hello\nclose timeout\n");
	assert_int_equal(rig.record.state, WEFT_FLOW_NEW);
}

TEST_WITH(open_fast_open_refused_delivers_nothing, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, "hello");
	rig_segment(&rig, RIG_SERVER, WF_TCP_RST | WF_TCP_ACK, -5001, 5, NULL);
	rig_flush(&rig);
	assert_string_equal(rig_log(&rig), "");
	assert_int_equal(wf_metric_get(&rig.metrics, payload_unaccepted_bytes), 5);
}

/* ---- parts of the handshake not captured ---------------------------------------- */

TEST_WITH(open_one_sided_client_only, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 0, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "hello");
	rig_segment(&rig, RIG_CLIENT, ACK, 5, 900, " again");
	assert_string_equal(rig_log(&rig), "open\n> hello\n>  again\n");
	rig_flush(&rig);
	assert_false(rig.record.midstream);
}

TEST_WITH(open_one_sided_server_only, setup, teardown)
{
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 0, NULL);
	rig_segment(&rig, RIG_SERVER, ACK, 0, 30, "hello");
	assert_string_equal(rig_log(&rig), "open\n< hello\n");
	assert_int_equal(rig.flow.dst_port, 80);
}

TEST_WITH(open_syn_ack_missed_server_data_has_its_place, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "GET");
	rig_segment(&rig, RIG_SERVER, ACK, 3, 3, "OK");
	rig_segment(&rig, RIG_SERVER, ACK, 0, 3, "200");
	rig_wait_ms(&rig, WEFT_START_PATIENCE_MS + 1);
	assert_string_equal(rig_log(&rig), "open\n> GET\n< 200\n< OK\n");
}

TEST_WITH(open_syn_missed, setup, teardown)
{
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 0, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "hello");
	rig_wait_ms(&rig, WEFT_START_PATIENCE_MS + 1);
	assert_string_equal(rig_log(&rig), "open\n> hello\n");
	rig_flush(&rig);
	assert_false(rig.record.midstream);
}

TEST_WITH(open_first_data_before_the_handshake_segment_waits, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK, 5, 0, " again");
	assert_string_equal(rig_log(&rig), "open\n");
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "hello");
	assert_string_equal(rig_log(&rig), "> hello\n>  again\n");
}

/* ---- midstream ------------------------------------------------------------------- */

TEST_WITH(open_midstream_delivers_from_the_first_segment, setup, teardown)
{
	rig_segment(&rig, RIG_SERVER, ACK, 40000, 900, "hello");
	rig_segment(&rig, RIG_CLIENT, ACK, 900, 40005, "world");
	rig_wait_ms(&rig, WEFT_START_PATIENCE_MS + 1);
	assert_string_equal(rig_log(&rig), "open\n< hello\n> world\n");
	assert_int_equal(rig.flow.src_port, 1025);
	rig_flush(&rig);
	assert_true(rig.record.midstream);
}

TEST_WITH(open_midstream_refused_if_not_wanted, setup, teardown)
{
	rig.opts.midstream = WEFT_OFF;
	rig_segment(&rig, RIG_SERVER, ACK, 40000, 900, "hello");
	assert_string_equal(rig_log(&rig), "");
	assert_int_equal(wf_metric_get(&rig.metrics, payload_no_flow_bytes), 5);
	assert_int_equal(wf_metric_get(&rig.metrics, flows_refused_flows), 1);
}

TEST_WITH(open_midstream_not_by_empty_segments, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 900, 700, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK | WF_TCP_FIN, 900, 700, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_RST, 900, 0, NULL);
	assert_string_equal(rig_log(&rig), "");
}

TEST_WITH(open_midstream_without_any_ack_flag_is_delivered, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, 0, 900, 0, "hello");
	rig_segment(&rig, RIG_CLIENT, WF_TCP_PSH, 905, 0, " again");
	rig_wait_ms(&rig, WEFT_START_PATIENCE_MS + 1);
	assert_string_equal(rig_log(&rig), "open\n> hello\n>  again\n");
	rig_segment(&rig, RIG_CLIENT, ACK, 911, 700, "!");
	rig_segment(&rig, RIG_CLIENT, 0, 912, 700, "evil");
	assert_string_equal(rig_log(&rig), "> !\n");
}

TEST_WITH(open_segment_without_ack_flag_in_a_handshake_is_ignored, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_PSH, 0, 0, "evil!");
	assert_string_equal(rig_log(&rig), "");
	assert_int_equal(wf_metric_get(&rig.metrics, payload_no_flow_bytes), 5);
}

/*
 * Both initial numbers are known, so the peer would reject a segment whose sequence or
 * acknowledgement number is outside its window.
 */
TEST_WITH(open_data_with_impossible_numbers_in_a_handshake_is_ignored, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 90000000, "evil");
	rig_segment(&rig, RIG_CLIENT, ACK, 80000000, 0, "evil");
	rig_segment(&rig, RIG_SERVER, ACK, 80000000, 0, "evil");
	assert_string_equal(rig_log(&rig), "");
	assert_int_equal(wf_metric_get(&rig.metrics, payload_no_flow_bytes), 12);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 0, 0, NULL);
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	assert_string_equal(rig_log(&rig), "open\n> hello\n");
}

TEST_WITH(open_data_behind_much_that_was_missed_is_delivered, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 0, NULL);
	rig_segment(&rig, RIG_SERVER, ACK, 5000000, 300, "hello");
	rig_wait_ms(&rig, WEFT_START_PATIENCE_MS + 1);
	assert_string_equal(rig_log(&rig), "open\n< hello\n");
}

/*
 * Before the SYN-ACK is captured, data with other numbers is accepted; the complete handshake then
 * decides which numbers are valid.
 */
TEST_WITH(open_data_of_other_numbers_before_the_answer_yields_to_the_handshake, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK, 80000000, 90000000, "other");
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 0, 0, NULL);
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	assert_string_equal(rig_log(&rig), "open\n< anomaly syn_in_connection\n> other\n"
					   "close reused\nopen #2\n> hello #2\n");
}

TEST_WITH(open_syn_ack_before_the_syn_that_it_answers, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -90000001, 0, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK, 5, 0, " again");
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "hello");
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK | WF_TCP_FIN, 0, 11, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK | WF_TCP_FIN, 11, 1, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 1, 12, NULL);
	assert_string_equal(rig_log(&rig), "open\n> hello\n>  again\nclose fin\n");
}

TEST_WITH(open_syn_ack_before_the_syn_that_it_answers_shows_where_its_side_begins, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -90000001, 0, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK, 5, 1, " again");
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 1, "hello");
	rig_segment(&rig, RIG_SERVER, ACK, 0, 11, "!"); /* captured after its acknowledgement */
	assert_string_equal(rig_log(&rig), "open\n> hello\n>  again\n< !\n");
}

TEST_WITH(open_data_before_the_syn_that_was_answered, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -90000001, 0, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK, 5, 0, " again");
	rig_segment(&rig, RIG_SERVER, ACK, 3, 0, "lo");
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_wait_ms(&rig, 2 * WEFT_START_PATIENCE_MS);
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "hello");
	rig_segment(&rig, RIG_SERVER, ACK, 0, 11, "hel");
	assert_string_equal(rig_log(&rig), "open\n> hello\n>  again\n< hel\n< lo\n");
}

/* The numbers of the two SYNs are so close that the acknowledgement between them fits both. */
TEST_WITH(open_ack_before_the_syn_that_was_answered_with_a_number_nearby, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -400001, 0, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	assert_string_equal(rig_log(&rig), "open\n> hello\n");
}

/*
 * The SYN-ACK that answers the first SYN decides, although a SYN-ACK for another number came
 * earlier.
 */
TEST_WITH(open_forged_syn_ack_of_a_number_nearby_does_not_count, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, 70000000, 6, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK, 6, 0, "world");
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "hello ");
	assert_string_equal(rig_log(&rig), "open\n> hello \n> world\n");
}

TEST_WITH(open_forged_syn_ack_before_the_answer_does_not_count, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, 70000000, 90000000, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 0, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, 75000000, 95000000, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 0, 0, NULL);
	rig_data(&rig, RIG_SERVER, 0, "hello");
	assert_string_equal(rig_log(&rig), "open\n< hello\n");
}

TEST_WITH(open_forged_syn_ack_without_any_answer_does_not_count, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, 70000000, 90000000, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 0, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "hello");
	assert_string_equal(rig_log(&rig), "open\n> hello\n");
}

TEST_WITH(open_syn_with_fin_or_rst_is_nothing, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN | WF_TCP_FIN, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN | WF_TCP_RST, -1, 0, NULL);
	assert_int_equal(wf_metric_get(&rig.metrics, embryonic_active_flows), 0);
}

/* ---- the same four-tuple again ----------------------------------------------------- */

static void close_by_fin(void)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK | WF_TCP_FIN, 5, 0, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK | WF_TCP_FIN, 0, 6, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 6, 1, NULL);
}

TEST_WITH(reuse_after_fin_is_the_second_connection, setup, teardown)
{
	rig_handshake(&rig);
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	close_by_fin();
	rig.isn_seq[RIG_CLIENT] += 500000;
	rig.isn_seq[RIG_SERVER] += 700000;
	rig_handshake(&rig);
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "again");
	assert_string_equal(rig_log(&rig), "open\n> hello\nclose fin\nopen #2\n> again #2\n");
	assert_int_equal(rig.flow.use, 2);
}

TEST_WITH(reuse_after_rst_is_the_second_connection, setup, teardown)
{
	rig_handshake(&rig);
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	rig_segment(&rig, RIG_CLIENT, WF_TCP_RST, 5, 0, NULL);
	rig.isn_seq[RIG_CLIENT] -= 500000;
	rig_handshake(&rig);
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "again");
	assert_string_equal(rig_log(&rig), "open\n> hello\nclose rst\nopen #2\n> again #2\n");
	assert_int_equal(rig.flow.use, 2);
}

TEST_WITH(reuse_after_timeout_is_the_second_connection, setup, teardown)
{
	rig_handshake(&rig);
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	rig.now_ns += 2 * 3600 * WF_NS_PER_SEC;
	rig.isn_seq[RIG_CLIENT] += 17;
	rig_handshake(&rig);
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "again");
	assert_string_equal(rig_log(&rig), "open\n> hello\nclose timeout\nopen #2\n> again #2\n");
	assert_int_equal(rig.flow.use, 2);
}

TEST_WITH(reuse_in_silence_ends_the_old_when_answered, setup, teardown)
{
	rig_handshake(&rig);
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	rig.isn_seq[RIG_CLIENT] += 100000;
	rig.isn_seq[RIG_SERVER] += 900000;
	rig_handshake(&rig);
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "again");
	assert_string_equal(rig_log(&rig), "open\n> hello\n> anomaly syn_in_connection\n"
					   "close reused\nopen #2\n> again #2\n");
}

TEST_WITH(reuse_one_sided_ends_the_old_at_once, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "hello");
	rig.isn_seq[RIG_CLIENT] += 100000;
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "again");
	assert_string_equal(rig_log(&rig), "open\n> hello\n> anomaly syn_in_connection\n"
					   "close reused\nopen #2\n> again #2\n");
}

TEST_WITH(forged_syn_does_not_end_a_live_connection, setup, teardown)
{
	rig_handshake(&rig);
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, 100, 0, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, 5, NULL);
	rig_data(&rig, RIG_CLIENT, 5, " again");
	rig_data(&rig, RIG_SERVER, 0, "world");
	assert_string_equal(rig_log(&rig),
			    "open\n> hello\n> anomaly syn_in_connection\n>  again\n< world\n");
}

/*
 * Opens a connection with data, and sends a SYN of the client whose next byte would be at stream
 * offset @seq.
 */
static void forge_syn_before(int64_t seq)
{
	rig_handshake(&rig);
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	rig_data(&rig, RIG_SERVER, 0, "world");
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, seq - 1, 0, NULL);
}

TEST_WITH(forged_syn_in_the_window_does_not_end_a_silent_connection, setup, teardown)
{
	forge_syn_before(5);
	rig.now_ns += 10 * WF_NS_PER_SEC;
	rig_data(&rig, RIG_CLIENT, 5, " again");
	rig_data(&rig, RIG_SERVER, 5, " too");
	assert_string_equal(rig_log(&rig), "open\n> hello\n< world\n> anomaly syn_in_connection\n"
					   ">  again\n<  too\n");
}

TEST_WITH(forged_syn_in_the_window_does_not_end_a_half_closed_connection, setup, teardown)
{
	forge_syn_before(8);
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK | WF_TCP_FIN, 5, 5, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK, 8, 6, "ain");
	rig_segment(&rig, RIG_CLIENT, ACK, 5, 6, " ag");
	assert_string_equal(rig_log(&rig), "open\n> hello\n< world\n> anomaly syn_in_connection\n"
					   ">  ag\n> ain\n");
}

TEST_WITH(forged_syn_in_the_window_makes_no_connection_of_late_data, setup, teardown)
{
	forge_syn_before(5);
	rig_segment(&rig, RIG_CLIENT, ACK, 5, 5, " again");
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK | WF_TCP_FIN, 11, 5, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK | WF_TCP_FIN, 5, 12, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 12, 6, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK, 5, 5, " again");
	assert_string_equal(rig_log(&rig), "open\n> hello\n< world\n> anomaly syn_in_connection\n"
					   ">  again\nclose fin\n");
}

TEST_WITH(syn_retransmitted_in_a_connection_is_nothing, setup, teardown)
{
	rig_handshake(&rig);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 0, NULL);
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	assert_string_equal(rig_log(&rig), "open\n> hello\n");
}

TEST_WITH(late_segments_after_close_make_no_connection, setup, teardown)
{
	rig_handshake(&rig);
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	close_by_fin();
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 6, 1, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "hello");
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK | WF_TCP_FIN, 0, 6, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_RST, 6, 0, NULL);
	assert_string_equal(rig_log(&rig), "open\n> hello\nclose fin\n");
	assert_int_equal(wf_metric_get(&rig.metrics, embryonic_active_flows), 0);
	assert_int_equal(wf_metric_get(&rig.metrics, payload_no_flow_bytes), 5);
}

TEST_WITH(late_data_long_after_close_is_a_connection, setup, teardown)
{
	rig_handshake(&rig);
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	close_by_fin();
	rig.now_ns += 11 * WF_NS_PER_SEC;
	rig_segment(&rig, RIG_CLIENT, ACK, 50, 0, "other");
	rig_wait_ms(&rig, 10 * WEFT_START_PATIENCE_MS);
	assert_string_equal(rig_log(&rig), "open\n> hello\nclose fin\nopen #2\n> other #2\n");
	assert_int_equal(rig.flow.use, 2);
}

/* ---- limits ---------------------------------------------------------------------- */

TEST_WITH(flow_limit_evicts_one_flow_for_a_new_one, setup, teardown)
{
	for (int i = 0; i < 1001; i++) {
		rig.port[RIG_CLIENT] = (uint16_t)(2000 + i);
		rig_handshake(&rig);
	}
	assert_int_equal(wf_metric_get(&rig.metrics, flows_active_flows), 1000);
	assert_int_equal(wf_metric_get(&rig.metrics, flows_evicted_flows), 1);
	assert_non_null(strstr(rig_log(&rig), "close evicted"));
}

TEST_WITH(flow_limit_is_not_for_a_syn_with_data_that_nobody_answered, setup, teardown)
{
	for (int i = 0; i < 1000; i++) {
		rig.port[RIG_CLIENT] = (uint16_t)(2000 + i);
		rig_handshake(&rig);
	}
	rig.port[RIG_CLIENT] = 1025;
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, "flood");
	rig_wait_ms(&rig, 31000);
	assert_int_equal(wf_metric_get(&rig.metrics, flows_evicted_flows), 0);
	assert_int_equal(wf_metric_get(&rig.metrics, payload_unaccepted_bytes), 5);
}

TEST_WITH(syn_flood_costs_no_flow_and_leaves_live_ones_alone, setup, teardown)
{
	rig_handshake(&rig);
	rig_data(&rig, RIG_CLIENT, 0, "hello");
	for (int i = 0; i < 20000; i++) {
		rig.port[RIG_CLIENT] = (uint16_t)(2000 + i);
		rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	}
	assert_int_equal(wf_metric_get(&rig.metrics, flows_active_flows), 1);
	assert_true(wf_metric_get(&rig.metrics, embryonic_active_flows) <= 1000);
	rig.port[RIG_CLIENT] = 1025;
	rig_data(&rig, RIG_CLIENT, 5, " again");
	assert_string_equal(rig_log(&rig), "open\n> hello\n>  again\n");
}
