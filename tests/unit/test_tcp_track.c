// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_tcp_track.c - tests the results for single segments, without streams: the test itself sets
 * the progress of each stream.
 */
#include "unit/support/test.h"

#include <string.h>

#include "packet/packet.h"
#include "tcp/tcp_track.h"

enum { CLIENT = 0, SERVER = 1 };

#define CLIENT_SEQ 1001u /* number of the first data byte */
#define SERVER_SEQ 5001u
#define WINDOW	   10000u

struct fixture {
	struct wf_tcp tcp;
	uint64_t next_off[2];
	struct wf_packet packet;
	struct wf_tcp_result result;
};

static struct fixture fixture;

/* Both SYNs were captured; windows have WINDOW bytes without scaling. */
static int setup(void **state)
{
	const struct wf_tcp_syn syn[2] = {
		{.isn_seq = CLIENT_SEQ - 1, .window = WINDOW, .known = true, .seen = true},
		{.isn_seq = SERVER_SEQ - 1, .window = WINDOW, .known = true, .seen = true},
	};

	memset(&fixture, 0, sizeof(fixture));
	wf_tcp_init_handshake(&fixture.tcp, syn);
	fixture.packet.tcp_flags = WF_TCP_ACK;
	fixture.packet.window = WINDOW;
	*state = &fixture;
	return 0;
}

static int setup_midstream(void **state)
{
	setup(state);
	wf_tcp_init_midstream(&fixture.tcp);
	return 0;
}

static const struct wf_tcp_result *track(int from)
{
	wf_tcp_track(&fixture.tcp, (unsigned int)from, &fixture.packet, fixture.next_off,
		     &fixture.result);
	assert_true(wf_tcp_is_valid(&fixture.tcp));
	return &fixture.result;
}

/* Tracks a data segment; accepted data in order advances the stream. */
static const struct wf_tcp_result *data(int from, uint32_t seq, uint32_t ack, uint32_t len)
{
	const struct wf_tcp_result *result;

	fixture.packet.seq = seq;
	fixture.packet.ack = ack;
	fixture.packet.payload_bytes = len;
	fixture.packet.payload_captured_bytes = len;
	result = track(from);
	if (result->verdict == WF_TCP_ACCEPT && result->off <= (int64_t)fixture.next_off[from] &&
	    result->off + result->len_bytes > (int64_t)fixture.next_off[from])
		fixture.next_off[from] = (uint64_t)result->off + result->len_bytes;
	return result;
}

static const struct wf_tcp_result *flagged(int from, uint32_t flags, uint32_t seq, uint32_t ack)
{
	const struct wf_tcp_result *result;

	fixture.packet.tcp_flags = (uint16_t)flags;
	result = data(from, seq, ack, 0);
	fixture.packet.tcp_flags = WF_TCP_ACK;
	return result;
}

static const struct wf_tcp_result *timed(int from, uint32_t ts_val, uint32_t seq, uint32_t ack,
					 uint32_t len)
{
	fixture.packet.options = WF_TCP_OPT_TIMESTAMP;
	fixture.packet.ts_val = ts_val;
	return data(from, seq, ack, len);
}

static bool reported(enum weft_anomaly kind)
{
	return fixture.result.anomalies & (1u << kind);
}

/* ---- data, window ------------------------------------------------------------- */

TEST_WITH(data_in_order_is_placed, setup, NULL)
{
	assert_int_equal(data(CLIENT, CLIENT_SEQ, SERVER_SEQ, 100)->verdict, WF_TCP_ACCEPT);
	assert_int_equal(fixture.result.off, 0);
	assert_int_equal(data(CLIENT, CLIENT_SEQ + 100, SERVER_SEQ, 100)->off, 100);
	assert_int_equal(fixture.result.anomalies, 0);
}

TEST_WITH(data_far_outside_known_window_is_ignored, setup, NULL)
{
	assert_int_equal(data(CLIENT, CLIENT_SEQ + 1000000, SERVER_SEQ, 100)->verdict,
			 WF_TCP_IGNORE);
	assert_true(reported(WEFT_ANOMALY_DATA_OUT_OF_WINDOW));
	assert_int_equal(fixture.tcp.dir[CLIENT].snd_nxt, CLIENT_SEQ);
}

TEST_WITH(data_just_beyond_window_is_kept_in_doubt, setup, NULL)
{
	assert_int_equal(data(CLIENT, CLIENT_SEQ + WINDOW + 1, SERVER_SEQ, 100)->verdict,
			 WF_TCP_ACCEPT);
	assert_true(reported(WEFT_ANOMALY_DATA_OUT_OF_WINDOW));
	assert_int_equal(fixture.tcp.dir[CLIENT].snd_nxt, CLIENT_SEQ);
}

TEST_WITH(data_in_order_beyond_window_makes_it_stale, setup, NULL)
{
	for (uint32_t off = 0; off < 5 * WINDOW; off += 1000) {
		assert_int_equal(data(CLIENT, CLIENT_SEQ + off, SERVER_SEQ, 1000)->verdict,
				 WF_TCP_ACCEPT);
		assert_false(reported(WEFT_ANOMALY_DATA_OUT_OF_WINDOW));
	}
	/*
	 * The peer's acknowledgements are not captured, so it is unknown whether a jump of sequence
	 * numbers is valid.
	 */
	assert_int_equal(data(CLIENT, CLIENT_SEQ + 50 * WINDOW, SERVER_SEQ, 1000)->verdict,
			 WF_TCP_ACCEPT);
}

TEST_WITH(window_scale_of_handshake_widens_the_window, setup, NULL)
{
	const struct wf_tcp_syn syn[2] = {
		{.isn_seq = CLIENT_SEQ - 1,
		 .wscale = 7,
		 .has_wscale = true,
		 .known = true,
		 .seen = true,
		 .window = WINDOW},
		{.isn_seq = SERVER_SEQ - 1,
		 .wscale = 7,
		 .has_wscale = true,
		 .known = true,
		 .seen = true,
		 .window = WINDOW},
	};

	wf_tcp_init_handshake(&fixture.tcp, syn);
	assert_int_equal(data(SERVER, SERVER_SEQ, CLIENT_SEQ, 0)->verdict, WF_TCP_ACCEPT);
	assert_int_equal(data(CLIENT, CLIENT_SEQ + (WINDOW << 7) - 100, SERVER_SEQ, 100)->verdict,
			 WF_TCP_ACCEPT);
	assert_false(reported(WEFT_ANOMALY_DATA_OUT_OF_WINDOW));
	assert_int_equal(data(CLIENT, CLIENT_SEQ + (WINDOW << 9), SERVER_SEQ, 100)->verdict,
			 WF_TCP_IGNORE);
}

TEST_WITH(window_scale_offered_by_one_side_is_not_used, setup, NULL)
{
	const struct wf_tcp_syn syn[2] = {
		{.isn_seq = CLIENT_SEQ - 1, .known = true, .seen = true, .window = WINDOW},
		{.isn_seq = SERVER_SEQ - 1,
		 .wscale = 14,
		 .has_wscale = true,
		 .known = true,
		 .seen = true,
		 .window = WINDOW},
	};

	wf_tcp_init_handshake(&fixture.tcp, syn);
	data(SERVER, SERVER_SEQ, CLIENT_SEQ, 0);
	assert_int_equal(data(CLIENT, CLIENT_SEQ + 20 * WINDOW, SERVER_SEQ, 100)->verdict,
			 WF_TCP_IGNORE);
}

TEST_WITH(window_scale_of_missed_handshake_is_the_largest, setup_midstream, NULL)
{
	data(SERVER, SERVER_SEQ, CLIENT_SEQ, 10);
	data(CLIENT, CLIENT_SEQ, SERVER_SEQ + 10, 10);
	assert_int_equal(data(CLIENT, CLIENT_SEQ + (WINDOW << 13), SERVER_SEQ + 10, 10)->verdict,
			 WF_TCP_ACCEPT);
	assert_false(reported(WEFT_ANOMALY_DATA_OUT_OF_WINDOW));
}

TEST_WITH(lost_stretch_that_both_sides_confirm_is_believed, setup, NULL)
{
	const uint32_t far = 5000000;

	assert_int_equal(data(CLIENT, CLIENT_SEQ + far, SERVER_SEQ, 1000)->verdict, WF_TCP_IGNORE);
	assert_int_equal(data(SERVER, SERVER_SEQ, CLIENT_SEQ + far + 1000, 0)->verdict,
			 WF_TCP_ACCEPT);
	assert_true(fixture.result.acked);
	assert_int_equal(data(CLIENT, CLIENT_SEQ + far + 1000, SERVER_SEQ, 1000)->verdict,
			 WF_TCP_ACCEPT);
}

TEST_WITH(zero_window_probe_of_new_byte_is_accepted, setup, NULL)
{
	data(CLIENT, CLIENT_SEQ, SERVER_SEQ, WINDOW);
	fixture.packet.window = 0;
	data(SERVER, SERVER_SEQ, CLIENT_SEQ + WINDOW, 0);
	fixture.packet.window = WINDOW;
	assert_int_equal(data(CLIENT, CLIENT_SEQ + WINDOW, SERVER_SEQ, 1)->verdict, WF_TCP_ACCEPT);
	assert_int_equal(fixture.result.off, WINDOW);
	assert_int_equal(fixture.result.anomalies, 0);
}

/* ---- keep-alive ------------------------------------------------------------------ */

TEST_WITH(keepalive_without_byte_is_no_data, setup, NULL)
{
	data(CLIENT, CLIENT_SEQ, SERVER_SEQ, 100);
	assert_int_equal(data(CLIENT, CLIENT_SEQ + 99, SERVER_SEQ, 0)->verdict, WF_TCP_KEEPALIVE);
}

TEST_WITH(keepalive_with_garbage_byte_is_no_data, setup, NULL)
{
	data(CLIENT, CLIENT_SEQ, SERVER_SEQ, 100);
	assert_int_equal(data(CLIENT, CLIENT_SEQ + 99, SERVER_SEQ, 1)->verdict, WF_TCP_KEEPALIVE);
}

TEST_WITH(keepalive_before_any_data_is_no_data, setup, NULL)
{
	assert_int_equal(data(CLIENT, CLIENT_SEQ - 1, SERVER_SEQ, 1)->verdict, WF_TCP_KEEPALIVE);
	assert_int_equal(data(CLIENT, CLIENT_SEQ, SERVER_SEQ, 1)->verdict, WF_TCP_ACCEPT);
	assert_int_equal(fixture.result.off, 0);
}

TEST_WITH(keepalive_midstream_does_not_begin_the_stream, setup_midstream, NULL)
{
	data(SERVER, SERVER_SEQ, CLIENT_SEQ, 10);
	assert_int_equal(data(CLIENT, CLIENT_SEQ - 1, SERVER_SEQ + 10, 1)->verdict,
			 WF_TCP_KEEPALIVE);
	assert_int_equal(data(CLIENT, CLIENT_SEQ, SERVER_SEQ + 10, 5)->off, 0);
}

TEST_WITH(keepalive_after_fin_is_no_data, setup, NULL)
{
	flagged(CLIENT, WF_TCP_FIN | WF_TCP_ACK, CLIENT_SEQ, SERVER_SEQ);
	assert_int_equal(data(CLIENT, CLIENT_SEQ, SERVER_SEQ, 1)->verdict, WF_TCP_KEEPALIVE);
	assert_int_equal(fixture.result.anomalies, 0);
}

/* ---- acknowledgements -------------------------------------------------------------- */

TEST_WITH(segment_without_ack_flag_is_ignored, setup, NULL)
{
	fixture.packet.tcp_flags = WF_TCP_PSH;
	assert_int_equal(data(CLIENT, CLIENT_SEQ, SERVER_SEQ, 100)->verdict, WF_TCP_IGNORE);
	fixture.packet.tcp_flags = 0;
	assert_int_equal(data(CLIENT, CLIENT_SEQ, SERVER_SEQ, 100)->verdict, WF_TCP_IGNORE);
}

/*
 * After a gap the last captured window is out of date. The present window may be larger, but only
 * by a bounded amount.
 */
TEST_WITH(far_ack_of_unsent_after_a_gap_is_ignored, setup, NULL)
{
	data(SERVER, SERVER_SEQ, CLIENT_SEQ, 10);
	wf_tcp_note_gap(&fixture.tcp, SERVER);
	assert_int_equal(data(CLIENT, CLIENT_SEQ, SERVER_SEQ + (512u << 20), 10)->verdict,
			 WF_TCP_IGNORE);
	assert_true(reported(WEFT_ANOMALY_ACK_OF_UNSENT));
	assert_int_equal(data(CLIENT, CLIENT_SEQ, SERVER_SEQ + 1000000, 10)->verdict,
			 WF_TCP_ACCEPT);
}

TEST_WITH(far_ack_of_unsent_midstream_is_ignored, setup_midstream, NULL)
{
	data(SERVER, SERVER_SEQ, CLIENT_SEQ, 10);
	assert_int_equal(data(CLIENT, CLIENT_SEQ, SERVER_SEQ + (512u << 20), 10)->verdict,
			 WF_TCP_IGNORE);
	assert_int_equal(data(CLIENT, CLIENT_SEQ, SERVER_SEQ + 1000000, 10)->verdict,
			 WF_TCP_ACCEPT);
}

TEST_WITH(segment_with_ack_of_unsent_is_ignored, setup, NULL)
{
	assert_int_equal(data(CLIENT, CLIENT_SEQ, SERVER_SEQ + 1000000, 100)->verdict,
			 WF_TCP_IGNORE);
	assert_true(reported(WEFT_ANOMALY_ACK_OF_UNSENT));
	assert_int_equal(fixture.tcp.dir[SERVER].snd_una, SERVER_SEQ);
}

TEST_WITH(segment_with_ancient_ack_is_ignored, setup, NULL)
{
	assert_int_equal(data(CLIENT, CLIENT_SEQ, SERVER_SEQ - 0x40000000u, 100)->verdict,
			 WF_TCP_IGNORE);
}

TEST_WITH(ack_of_what_was_not_captured_is_believed, setup, NULL)
{
	assert_int_equal(data(SERVER, SERVER_SEQ, CLIENT_SEQ + 3000, 100)->verdict, WF_TCP_ACCEPT);
	assert_true(fixture.result.acked);
	assert_int_equal(wf_tcp_acked_off(&fixture.tcp.dir[CLIENT], 0), 3000);
}

/* ---- PAWS ------------------------------------------------------------------------- */

TEST_WITH(paws_older_timestamp_is_ignored, setup, NULL)
{
	timed(CLIENT, 1000, CLIENT_SEQ, SERVER_SEQ, 100);
	assert_int_equal(timed(CLIENT, 500, CLIENT_SEQ + 100, SERVER_SEQ, 100)->verdict,
			 WF_TCP_IGNORE);
	assert_true(reported(WEFT_ANOMALY_PAWS));
}

TEST_WITH(paws_one_tick_older_is_accepted_as_linux_does, setup, NULL)
{
	timed(CLIENT, 1000, CLIENT_SEQ, SERVER_SEQ, 100);
	assert_int_equal(timed(CLIENT, 999, CLIENT_SEQ + 100, SERVER_SEQ, 100)->verdict,
			 WF_TCP_ACCEPT);
}

TEST_WITH(paws_timestamp_wrap_is_newer, setup, NULL)
{
	timed(CLIENT, 0xfffffff0u, CLIENT_SEQ, SERVER_SEQ, 100);
	assert_int_equal(timed(CLIENT, 5, CLIENT_SEQ + 100, SERVER_SEQ, 100)->verdict,
			 WF_TCP_ACCEPT);
}

TEST_WITH(paws_reordered_segments_are_accepted, setup, NULL)
{
	timed(CLIENT, 1000, CLIENT_SEQ, SERVER_SEQ, 100);
	timed(CLIENT, 1010, CLIENT_SEQ + 200, SERVER_SEQ, 100);
	assert_int_equal(timed(CLIENT, 1005, CLIENT_SEQ + 100, SERVER_SEQ, 100)->verdict,
			 WF_TCP_ACCEPT);
}

TEST_WITH(paws_data_the_receiver_acknowledged_is_taken, setup, NULL)
{
	timed(SERVER, 7, SERVER_SEQ, CLIENT_SEQ + 200, 0);
	timed(CLIENT, 1020, CLIENT_SEQ + 200, SERVER_SEQ, 100);
	/* The tap captured these two segments late; the receiver got them in order. */
	assert_int_equal(timed(CLIENT, 1000, CLIENT_SEQ, SERVER_SEQ, 100)->verdict, WF_TCP_ACCEPT);
	assert_int_equal(timed(CLIENT, 1010, CLIENT_SEQ + 100, SERVER_SEQ, 100)->verdict,
			 WF_TCP_ACCEPT);
}

/* ---- RST -------------------------------------------------------------------------- */

TEST_WITH(rst_with_exact_number_resets, setup, NULL)
{
	data(CLIENT, CLIENT_SEQ, SERVER_SEQ, 100);
	assert_int_equal(flagged(CLIENT, WF_TCP_RST, CLIENT_SEQ + 100, 0)->verdict, WF_TCP_RESET);
}

TEST_WITH(rst_inside_window_but_not_exact_is_ignored, setup, NULL)
{
	data(CLIENT, CLIENT_SEQ, SERVER_SEQ, 100);
	assert_int_equal(flagged(CLIENT, WF_TCP_RST, CLIENT_SEQ + 101, 0)->verdict, WF_TCP_IGNORE);
	assert_true(reported(WEFT_ANOMALY_RST_OUT_OF_WINDOW));
}

TEST_WITH(rst_answering_an_older_ack_resets, setup, NULL)
{
	data(CLIENT, CLIENT_SEQ, SERVER_SEQ, 100);
	data(SERVER, SERVER_SEQ, CLIENT_SEQ + 100, 0);
	data(CLIENT, CLIENT_SEQ + 100, SERVER_SEQ, 50);
	assert_int_equal(flagged(CLIENT, WF_TCP_RST, CLIENT_SEQ + 100, 0)->verdict, WF_TCP_RESET);
}

TEST_WITH(rst_behind_a_hole_resets_at_the_end_seen, setup, NULL)
{
	data(CLIENT, CLIENT_SEQ + 500, SERVER_SEQ, 100);
	assert_int_equal(flagged(CLIENT, WF_TCP_RST, CLIENT_SEQ + 600, 0)->verdict, WF_TCP_RESET);
}

TEST_WITH(rst_after_fin_counts_the_fin, setup, NULL)
{
	flagged(CLIENT, WF_TCP_FIN | WF_TCP_ACK, CLIENT_SEQ, SERVER_SEQ);
	assert_int_equal(flagged(CLIENT, WF_TCP_RST, CLIENT_SEQ + 1, 0)->verdict, WF_TCP_RESET);
}

TEST_WITH(rst_midstream_matches_the_peers_ack, setup_midstream, NULL)
{
	data(SERVER, SERVER_SEQ, CLIENT_SEQ, 10);
	assert_int_equal(flagged(CLIENT, WF_TCP_RST, CLIENT_SEQ + 7, 0)->verdict, WF_TCP_IGNORE);
	assert_int_equal(flagged(CLIENT, WF_TCP_RST, CLIENT_SEQ, 0)->verdict, WF_TCP_RESET);
}

/* ---- SYN -------------------------------------------------------------------------- */

TEST_WITH(syn_of_the_same_handshake_is_ignored, setup, NULL)
{
	assert_int_equal(flagged(CLIENT, WF_TCP_SYN, CLIENT_SEQ - 1, 0)->verdict, WF_TCP_IGNORE);
	assert_int_equal(
		flagged(SERVER, WF_TCP_SYN | WF_TCP_ACK, SERVER_SEQ - 1, CLIENT_SEQ)->verdict,
		WF_TCP_IGNORE);
}

TEST_WITH(syn_with_another_number_is_of_another_connection, setup, NULL)
{
	assert_int_equal(flagged(CLIENT, WF_TCP_SYN, CLIENT_SEQ + 5000, 0)->verdict,
			 WF_TCP_SYN_OTHER);
}

TEST_WITH(syn_with_ecn_and_accurate_ecn_flags_is_a_syn, setup, NULL)
{
	assert_int_equal(flagged(CLIENT, WF_TCP_SYN | WF_TCP_ECE | WF_TCP_CWR | WF_TCP_AE,
				 CLIENT_SEQ + 5000, 0)
				 ->verdict,
			 WF_TCP_SYN_OTHER);
}

/* ---- FIN -------------------------------------------------------------------------- */

TEST_WITH(fin_with_data_ends_behind_it, setup, NULL)
{
	fixture.packet.tcp_flags = WF_TCP_FIN | WF_TCP_ACK;
	data(CLIENT, CLIENT_SEQ, SERVER_SEQ, 100);
	assert_true(fixture.result.fin);
	assert_int_equal(wf_tcp_fin_off(&fixture.tcp.dir[CLIENT], 0), 100);
}

TEST_WITH(fin_far_outside_known_window_is_ignored, setup, NULL)
{
	assert_int_equal(
		flagged(CLIENT, WF_TCP_FIN | WF_TCP_ACK, CLIENT_SEQ + 1000000, SERVER_SEQ)->verdict,
		WF_TCP_IGNORE);
	assert_false(wf_tcp_knows(&fixture.tcp.dir[CLIENT], WF_TCP_KNOWS_FIN));
}

TEST_WITH(fin_just_beyond_window_counts_once_acknowledged, setup, NULL)
{
	const uint32_t beyond = CLIENT_SEQ + WINDOW + 1;

	flagged(CLIENT, WF_TCP_FIN | WF_TCP_ACK, beyond, SERVER_SEQ);
	assert_false(wf_tcp_knows(&fixture.tcp.dir[CLIENT], WF_TCP_KNOWS_FIN));
	data(SERVER, SERVER_SEQ, beyond, 0);
	assert_false(wf_tcp_knows(&fixture.tcp.dir[CLIENT], WF_TCP_KNOWS_FIN));
	data(SERVER, SERVER_SEQ, beyond + 1, 0);
	assert_true(wf_tcp_knows(&fixture.tcp.dir[CLIENT], WF_TCP_KNOWS_FIN | WF_TCP_FIN_ACKED));
}

TEST_WITH(fin_at_the_edge_of_a_full_window_is_taken, setup, NULL)
{
	data(CLIENT, CLIENT_SEQ, SERVER_SEQ, WINDOW);
	flagged(CLIENT, WF_TCP_FIN | WF_TCP_ACK, CLIENT_SEQ + WINDOW, SERVER_SEQ);
	assert_true(fixture.result.fin);
	assert_int_equal(fixture.result.anomalies, 0);
}

TEST_WITH(data_behind_fin_is_ignored, setup, NULL)
{
	flagged(CLIENT, WF_TCP_FIN | WF_TCP_ACK, CLIENT_SEQ, SERVER_SEQ);
	assert_int_equal(data(CLIENT, CLIENT_SEQ + 1, SERVER_SEQ, 100)->len_bytes, 0);
	assert_int_equal(fixture.result.cut_bytes, 100);
	assert_int_equal(fixture.tcp.dir[CLIENT].snd_nxt, CLIENT_SEQ);
	assert_true(reported(WEFT_ANOMALY_DATA_AFTER_FIN));
}

TEST_WITH(data_across_fin_is_cut, setup, NULL)
{
	flagged(CLIENT, WF_TCP_FIN | WF_TCP_ACK, CLIENT_SEQ + 50, SERVER_SEQ);
	assert_int_equal(data(CLIENT, CLIENT_SEQ, SERVER_SEQ, 80)->verdict, WF_TCP_ACCEPT);
	assert_int_equal(fixture.result.len_bytes, 50);
	assert_int_equal(fixture.result.cut_bytes, 30);
	assert_true(reported(WEFT_ANOMALY_DATA_AFTER_FIN));
}

TEST_WITH(fin_is_acknowledged_by_the_number_behind_it, setup, NULL)
{
	flagged(CLIENT, WF_TCP_FIN | WF_TCP_ACK, CLIENT_SEQ, SERVER_SEQ);
	data(SERVER, SERVER_SEQ, CLIENT_SEQ, 0);
	assert_false(wf_tcp_knows(&fixture.tcp.dir[CLIENT], WF_TCP_FIN_ACKED));
	data(SERVER, SERVER_SEQ, CLIENT_SEQ + 1, 0);
	assert_true(wf_tcp_knows(&fixture.tcp.dir[CLIENT], WF_TCP_FIN_ACKED));
	assert_int_equal(wf_tcp_acked_off(&fixture.tcp.dir[CLIENT], 0), 0);
}

TEST_WITH(fin_that_the_receiver_never_took_is_forgotten, setup, NULL)
{
	flagged(CLIENT, WF_TCP_FIN | WF_TCP_ACK, CLIENT_SEQ, SERVER_SEQ);
	data(SERVER, SERVER_SEQ, CLIENT_SEQ + 500, 0);
	assert_int_equal(data(CLIENT, CLIENT_SEQ, SERVER_SEQ, 100)->verdict, WF_TCP_ACCEPT);
}

/* ---- urgent ----------------------------------------------------------------------- */

TEST_WITH(urgent_data_is_in_line_and_reported_once, setup, NULL)
{
	fixture.packet.tcp_flags = WF_TCP_URG | WF_TCP_ACK;
	fixture.packet.urgent = 3;
	assert_int_equal(data(CLIENT, CLIENT_SEQ, SERVER_SEQ, 10)->verdict, WF_TCP_ACCEPT);
	assert_int_equal(fixture.result.len_bytes, 10);
	assert_true(reported(WEFT_ANOMALY_URGENT));
	data(CLIENT, CLIENT_SEQ + 10, SERVER_SEQ, 10);
	assert_false(reported(WEFT_ANOMALY_URGENT));
}

/* ---- numbers ---------------------------------------------------------------------- */

TEST_WITH(numbers_wrap_within_a_stream, setup, NULL)
{
	const struct wf_tcp_syn syn[2] = {
		{.isn_seq = UINT32_MAX - 50, .window = WINDOW, .known = true, .seen = true},
		{.isn_seq = UINT32_MAX, .window = WINDOW, .known = true, .seen = true},
	};

	wf_tcp_init_handshake(&fixture.tcp, syn);
	data(CLIENT, UINT32_MAX - 49, 0, 100);
	assert_int_equal(fixture.result.off, 0);
	data(CLIENT, 50, 0, 100);
	assert_int_equal(fixture.result.off, 100);
	assert_int_equal(fixture.result.verdict, WF_TCP_ACCEPT);
}
