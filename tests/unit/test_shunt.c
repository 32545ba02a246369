// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_shunt.c - tests the bypass of a direction that reached its depth: the request, late
 * segments, the end of the connection, eviction by the kernel and a repeated request. A struct
 * replaces the kernel.
 */
#include "unit/support/test.h"
#include "unit/support/rig.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "packet/packet.h"
#include "conn/conn.h"
#include "worker/pipeline.h"

#define ACK	 (WF_TCP_ACK | WF_TCP_PSH)
#define GIB	 (1ll << 30)
#define IPTCP	 40
#define ETHERNET 14

static struct rig rig;

/* The kernel's entry of one flow. Endpoint 0 is the client, 10.0.0.1. */
static struct kernel {
	enum weft_verdict verdict[2];
	uint64_t packets[2];
	uint64_t bytes[2];
	uint64_t idle_ns;
	bool knows;
	bool is_counting; /* the counts are being moved: verdicts are set, but counts not known */
	unsigned int calls;
} kernel;

static int set_verdict(void *ctx, const struct weft_flow_key *key,
		       const enum weft_verdict verdict[2], struct wf_kept *ret_kept)
{
	kernel.calls++;
	if (!kernel.knows)
		return -ENOENT;
	memset(ret_kept, 0, sizeof(*ret_kept));
	for (int i = 0; i < 2; i++) {
		ret_kept->was[i] = kernel.verdict[i];
		ret_kept->packets[i] = kernel.packets[i];
		ret_kept->bytes[i] = kernel.bytes[i];
		if (verdict[i] != WEFT_VERDICT_KEEP)
			kernel.verdict[i] = verdict[i];
	}
	ret_kept->idle_ns = kernel.idle_ns;
	return kernel.is_counting ? -EAGAIN : 0;
}

static const struct rig_kernel fake = {.set_verdict = set_verdict};

static int begin(void **state, bool in_ip)
{
	WEFT_OPTS(weft_opts, opts, .depth_bytes = 8, .timeout_established_sec = 60);

	memset(&kernel, 0, sizeof(kernel));
	kernel.knows = true;
	kernel.packets[1] = 3; /* counts of an earlier connection */
	kernel.bytes[1] = 300;
	rig_start_live(&rig, &opts, &fake);
	rig.in_ip = in_ip;
	rig_handshake(&rig);
	assert_string_equal(rig_log(&rig), "open\n");
	*state = &rig;
	return 0;
}

static int setup(void **state)
{
	return begin(state, false);
}

static int setup_in_tunnel(void **state)
{
	return begin(state, true);
}

static int teardown(void **state)
{
	rig_stop(&rig);
	return 0;
}

/*
 * Simulates that the server sends @packets more segments with @bytes of payload, all bypassed in
 * the kernel.
 */
static void keep_back(int64_t packets, int64_t bytes)
{
	kernel.packets[1] += (uint64_t)packets;
	kernel.bytes[1] += (uint64_t)(bytes + packets * IPTCP);
}

static void reach_depth(void)
{
	rig_data(&rig, RIG_SERVER, 0, "12345678");
	assert_int_equal(kernel.verdict[1], WEFT_VERDICT_SHUNT);
	assert_string_equal(rig_log(&rig), "< 12345678\n");
}

TEST_WITH(shunt_is_asked_for_once_the_depth_is_reached, setup, teardown)
{
	rig_data(&rig, RIG_SERVER, 0, "1234567");
	assert_int_equal(kernel.calls, 0);
	rig_data(&rig, RIG_SERVER, 7, "89");
	assert_int_equal(kernel.verdict[1], WEFT_VERDICT_SHUNT);
	assert_int_equal(kernel.verdict[0], WEFT_VERDICT_STEER);
	rig_data(&rig, RIG_SERVER, 9, "on its way");
	assert_int_equal(kernel.calls, 1);
	assert_int_equal(wf_metric_get(&rig.metrics, shunts_set_directions), 1);
	assert_int_equal(wf_metric_get(&rig.metrics, shunts_late_segments), 1);
	assert_int_equal(wf_metric_get(&rig.metrics, payload_depth_bytes), 11);
}

TEST_WITH(shunt_of_data_that_ended_is_not_asked_for, setup, teardown)
{
	rig_segment(&rig, RIG_SERVER, ACK | WF_TCP_FIN, 0, 0, "12345678");
	assert_int_equal(kernel.calls, 0);
}

TEST_WITH(shunt_end_offset_and_counts_are_exact, setup, teardown)
{
	reach_depth();
	for (int64_t off = 8; off < 5 * GIB; off += GIB / 2) {
		keep_back(370000, GIB / 2);
		rig_ack(&rig, RIG_CLIENT, off + GIB / 2);
	}
	/* The stream has 8 bytes and 10 * 512 MiB so far. The last segment has the FIN. */
	rig_segment(&rig, RIG_SERVER, ACK | WF_TCP_FIN, 5 * GIB + 8, 0, "bye");
	rig_segment(&rig, RIG_CLIENT, ACK | WF_TCP_FIN, 0, 5 * GIB + 12, NULL);
	/* The connection ends without the last acknowledgement, which is bypassed in the kernel. */
	assert_string_equal(rig_log(&rig), "< gap 5368709123 depth\nclose fin\n");
	assert_int_equal(rig.record.counts[WEFT_TO_CLIENT].stream_bytes, 8);
	assert_int_equal(rig.record.counts[WEFT_TO_CLIENT].gap_bytes, 5 * GIB + 3);
	assert_int_equal(rig.record.counts[WEFT_TO_CLIENT].packets, 3 + 3700000);
	assert_int_equal(rig.record.counts[WEFT_TO_CLIENT].bytes,
			 3 * (ETHERNET + IPTCP) + 8 + 3 + 5 * GIB + 3700000ll * (ETHERNET + IPTCP));
	assert_int_equal(rig.record.counts[WEFT_TO_CLIENT].bypassed_packets, 3700000);
	assert_int_equal(rig.record.counts[WEFT_TO_CLIENT].bypassed_bytes,
			 5 * GIB + 3700000ll * (ETHERNET + IPTCP));
	assert_int_equal(rig.record.counts[WEFT_TO_SERVER].bypassed_packets, 0);
	assert_true(rig.record.bypassed[WEFT_TO_CLIENT]);
	assert_false(rig.record.bypassed[WEFT_TO_SERVER]);
}

/* Segments in a tunnel count with their IP length, also those that the kernel bypasses. */
TEST_WITH(shunt_in_a_tunnel_adds_no_link_header, setup_in_tunnel, teardown)
{
	reach_depth();
	keep_back(10, 1000);
	rig_ack(&rig, RIG_CLIENT, 1008);
	rig_segment(&rig, RIG_SERVER, ACK | WF_TCP_FIN, 1008, 0, "bye");
	rig_segment(&rig, RIG_CLIENT, ACK | WF_TCP_FIN, 0, 1012, NULL);
	assert_int_equal(rig.record.counts[WEFT_TO_CLIENT].packets, 3 + 10);
	assert_int_equal(rig.record.counts[WEFT_TO_CLIENT].bypassed_bytes, 1000 + 10 * IPTCP);
	assert_int_equal(rig.record.counts[WEFT_TO_CLIENT].bytes, 13 * IPTCP + 8 + 3 + 1000);
}

TEST_WITH(shunt_of_both_directions_finds_the_end_by_the_kernels_count, setup, teardown)
{
	reach_depth();
	rig_data(&rig, RIG_CLIENT, 0, "abcdefgh");
	assert_int_equal(kernel.verdict[0], WEFT_VERDICT_SHUNT);
	/*
	 * No acknowledgements are captured; the kernel counts 7 GiB, and 1 % more that was sent
	 * twice.
	 */
	keep_back(7 * 740000, 7 * GIB + 7 * GIB / 100);
	rig_segment(&rig, RIG_SERVER, ACK | WF_TCP_FIN, 7 * GIB, 8, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK | WF_TCP_FIN, 8, 7 * GIB + 1, NULL);
	assert_string_equal(rig_log(&rig), "> abcdefgh\n< gap 7516192760 depth\nclose fin\n");
}

TEST_WITH(shunt_reset_beyond_the_last_acknowledgement_ends_the_flow, setup, teardown)
{
	reach_depth();
	rig_ack(&rig, RIG_CLIENT, 1000);
	rig_segment(&rig, RIG_SERVER, WF_TCP_RST, 3000, 0, NULL);
	assert_string_equal(rig_log(&rig), "< gap 2992 depth\nclose rst\n");
}

TEST_WITH(shunt_forged_reset_beyond_the_window_is_refused, setup, teardown)
{
	reach_depth();
	rig_ack(&rig, RIG_CLIENT, 1000);
	rig_segment(&rig, RIG_SERVER, WF_TCP_RST, 1000 + 65536 + 10, 0, NULL);
	assert_string_equal(rig_log(&rig), "< anomaly rst_out_of_window\n");
}

TEST_WITH(shunt_that_the_kernel_forgot_is_asked_for_again, setup, teardown)
{
	reach_depth();
	keep_back(10, 1000);
	rig_ack(&rig, RIG_CLIENT, 1008);

	/* Simulates that the entry was evicted and the next segment made a new entry. */
	kernel.verdict[1] = WEFT_VERDICT_STEER;
	kernel.packets[1] = kernel.bytes[1] = 0;
	rig_wait_ms(&rig, 20);
	rig_data(&rig, RIG_SERVER, 1008, "again");
	assert_int_equal(kernel.verdict[1], WEFT_VERDICT_SHUNT);
	assert_int_equal(wf_metric_get(&rig.metrics, shunts_repeated_directions), 1);
	assert_int_equal(wf_metric_get(&rig.metrics, shunts_set_directions), 1);
	rig_flush(&rig);
	assert_string_equal(rig_log(&rig), "< gap 1005 depth\nclose shutdown\n");
}

TEST_WITH(shunt_of_a_flow_the_kernel_does_not_know_is_asked_for_with_its_next_data, setup, teardown)
{
	kernel.knows = false;
	rig_data(&rig, RIG_SERVER, 0, "12345678");
	assert_int_equal(wf_metric_get(&rig.metrics, shunts_failed_directions), 1);
	kernel.knows = true;
	rig_wait_ms(&rig, 20);
	rig_data(&rig, RIG_SERVER, 8, "9");
	assert_int_equal(kernel.verdict[1], WEFT_VERDICT_SHUNT);
	assert_int_equal(wf_metric_get(&rig.metrics, shunts_set_directions), 1);
}

TEST_WITH(shunt_flow_busy_in_the_kernel_does_not_time_out, setup, teardown)
{
	reach_depth();
	rig_data(&rig, RIG_CLIENT, 0, "abcdefgh");
	rig_log(&rig);
	kernel.idle_ns = WF_NS_PER_SEC;
	rig_wait_ms(&rig, 61000);
	assert_string_equal(rig_log(&rig), "");
	kernel.idle_ns = 70 * WF_NS_PER_SEC;
	rig_wait_ms(&rig, 61000);
	assert_string_equal(rig_log(&rig), "close timeout\n");
}

/* ---- verdicts that the user sets ---- */

static int by_hand(enum weft_verdict verdict, unsigned int dirs)
{
	struct wf_conns *conns = wf_pipeline_conns(rig.pipeline);
	struct wf_flow_request request = {.verdict = verdict};
	struct wf_flow *flow = NULL;

	assert_int_equal(wf_flow_table_sample(&conns->table, &flow, 1), 1);
	request.key = flow->key;
	request.hash = flow->hash;
	for (int dir = 0; dir < 2; dir++)
		if (dirs & 1u << dir)
			request.endpoints |= 1u << wf_kernel_endpoint(flow, (enum weft_dir)dir);
	return wf_pipeline_request(rig.pipeline, &request);
}

TEST_WITH(shunt_by_hand_is_one_gap_until_taken_back, setup, teardown)
{
	rig_data(&rig, RIG_SERVER, 0, "one");
	assert_int_equal(by_hand(WEFT_VERDICT_SHUNT, 1u << WEFT_TO_CLIENT), 0);
	assert_int_equal(kernel.verdict[1], WEFT_VERDICT_SHUNT);
	rig_ack(&rig, RIG_CLIENT, 5);
	assert_int_equal(by_hand(WEFT_VERDICT_STEER, 1u << WEFT_TO_CLIENT), 0);
	assert_int_equal(kernel.verdict[1], WEFT_VERDICT_STEER);
	rig_data(&rig, RIG_SERVER, 6, "so");
	rig_data(&rig, RIG_CLIENT, 0, "on");
	assert_string_equal(rig_log(&rig), "< one\n< gap 2 shunted\n< gap 1 shunted\n< so\n> on\n");
}

TEST_WITH(shunt_by_hand_drops_what_waits_behind_a_hole, setup, teardown)
{
	rig_data(&rig, RIG_SERVER, 3, "later");
	assert_int_equal(by_hand(WEFT_VERDICT_SHUNT, 1u << WEFT_TO_CLIENT), 0);
	rig_flush(&rig);
	assert_string_equal(rig_log(&rig), "< gap 8 shunted\nclose shutdown\n");
}

TEST_WITH(shunt_by_hand_taken_back_beyond_the_depth_is_two_gaps, setup, teardown)
{
	rig_data(&rig, RIG_SERVER, 0, "ab");
	assert_int_equal(by_hand(WEFT_VERDICT_SHUNT, 1u << WEFT_TO_CLIENT), 0);
	assert_int_equal(by_hand(WEFT_VERDICT_STEER, 1u << WEFT_TO_CLIENT), 0);
	rig_data(&rig, RIG_SERVER, 12, "x");
	rig_flush(&rig);
	assert_string_equal(rig_log(&rig),
			    "< ab\n< gap 6 shunted\n< gap 5 depth\nclose shutdown\n");
	assert_int_equal(rig.record.counts[WEFT_TO_CLIENT].gap_bytes, 11);
}

/* The bypass ends below the depth; the only sign of the later data is its acknowledgement. */
TEST_WITH(shunt_by_hand_taken_back_then_acknowledged_beyond_the_depth_is_two_gaps, setup, teardown)
{
	rig_data(&rig, RIG_SERVER, 0, "ab");
	assert_int_equal(by_hand(WEFT_VERDICT_SHUNT, 1u << WEFT_TO_CLIENT), 0);
	assert_int_equal(by_hand(WEFT_VERDICT_STEER, 1u << WEFT_TO_CLIENT), 0);
	rig_ack(&rig, RIG_CLIENT, 12);
	rig_flush(&rig);
	assert_string_equal(rig_log(&rig),
			    "< ab\n< gap 6 not_captured\n< gap 4 depth\nclose shutdown\n");
}

TEST_WITH(shunt_by_hand_that_the_kernel_forgot_keeps_the_verdict_pass, setup, teardown)
{
	rig_data(&rig, RIG_SERVER, 0, "one");
	assert_int_equal(by_hand(WEFT_VERDICT_PASS, 1u << WEFT_TO_CLIENT), 0);
	kernel.verdict[1] = WEFT_VERDICT_STEER;
	rig_wait_ms(&rig, 20);
	rig_data(&rig, RIG_SERVER, 3, "two");
	assert_int_equal(kernel.verdict[1], WEFT_VERDICT_PASS);
	assert_int_equal(wf_metric_get(&rig.metrics, shunts_repeated_directions), 1);
}

TEST_WITH(shunt_by_hand_whose_counts_are_not_known_is_set, setup, teardown)
{
	rig_data(&rig, RIG_SERVER, 0, "one");
	kernel.is_counting = true;
	assert_int_equal(by_hand(WEFT_VERDICT_SHUNT, 1u << WEFT_TO_CLIENT), 0);
	kernel.is_counting = false;
	assert_int_equal(wf_metric_get(&rig.metrics, shunts_failed_directions), 0);
	assert_int_equal(wf_metric_get(&rig.metrics, shunts_set_directions), 1);
	rig_data(&rig, RIG_SERVER, 3, "two");
	rig_flush(&rig);
	assert_string_equal(rig_log(&rig), "< one\n< gap 3 shunted\nclose shutdown\n");
}

static int setup_midstream(void **state)
{
	memset(&kernel, 0, sizeof(kernel));
	kernel.knows = true;
	rig_start_live(&rig, NULL, &fake);
	*state = &rig;
	return 0;
}

/* The first delivered byte keeps stream offset 0, also for segments after the bypass. */
TEST_WITH(shunt_by_hand_settles_the_start_of_the_stream, setup_midstream, teardown)
{
	rig_segment(&rig, RIG_SERVER, ACK, 3, 0, "defgh");
	assert_int_equal(by_hand(WEFT_VERDICT_SHUNT, 1u << WEFT_TO_CLIENT), 0);
	rig_segment(&rig, RIG_SERVER, ACK, 0, 0, "abc");
	assert_int_equal(by_hand(WEFT_VERDICT_STEER, 1u << WEFT_TO_CLIENT), 0);
	rig_segment(&rig, RIG_SERVER, ACK, 8, 0, "ij");
	assert_string_equal(rig_log(&rig), "open\n< defgh\n< anomaly data_before_start\n< ij\n");
}

TEST_WITH(shunt_by_hand_cannot_take_back_the_depth_limit, setup, teardown)
{
	reach_depth();
	assert_int_equal(by_hand(WEFT_VERDICT_STEER, 1u << WEFT_TO_CLIENT), -EALREADY);
	assert_int_equal(kernel.verdict[1], WEFT_VERDICT_SHUNT);
}

TEST_WITH(shunt_by_hand_of_what_the_kernel_does_not_know_is_refused, setup, teardown)
{
	kernel.knows = false;
	assert_int_equal(by_hand(WEFT_VERDICT_SHUNT, 3), -ENOENT);
	rig_data(&rig, RIG_SERVER, 0, "all");
	assert_string_equal(rig_log(&rig), "< all\n");
}

/* ---- packets of weft_submit() beside those of interfaces ---- */

static int setup_submitted(void **state)
{
	WEFT_OPTS(weft_opts, opts, .depth_bytes = 8);

	memset(&kernel, 0, sizeof(kernel));
	rig_start_live(&rig, &opts, &fake);
	rig.iface = 0;
	rig_handshake(&rig);
	*state = &rig;
	return 0;
}

TEST_WITH(shunt_of_a_submitted_flow_is_done_in_user_space, setup_submitted, teardown)
{
	rig_data(&rig, RIG_SERVER, 0, "one");
	assert_int_equal(by_hand(WEFT_VERDICT_SHUNT, 1u << WEFT_TO_CLIENT), 0);
	rig_data(&rig, RIG_SERVER, 3, "no");
	assert_int_equal(by_hand(WEFT_VERDICT_STEER, 1u << WEFT_TO_CLIENT), 0);
	rig_data(&rig, RIG_SERVER, 5, "so");
	assert_string_equal(rig_log(&rig), "open\n< one\n< gap 2 shunted\n< so\n");
	assert_int_equal(kernel.calls, 0);
}

/* The client's frames have 54 bytes and their payload: SYN, ACK, and one with seven bytes. */
TEST_WITH(shunt_ignored_segments_count_the_bytes_of_their_frames, setup_submitted, teardown)
{
	assert_int_equal(by_hand(WEFT_VERDICT_PASS, 3), 0);
	rig_data(&rig, RIG_CLIENT, 0, "ignored");
	rig_flush(&rig);
	assert_int_equal(rig.record.counts[0].packets, 3);
	assert_int_equal(rig.record.counts[0].bytes, 3 * 54 + 7);
}

TEST_WITH(shunt_of_a_submitted_flow_beyond_its_depth_asks_no_kernel, setup_submitted, teardown)
{
	rig_data(&rig, RIG_SERVER, 0, "12345678");
	rig_data(&rig, RIG_SERVER, 8, "9");
	assert_int_equal(by_hand(WEFT_VERDICT_PASS, 3), 0);
	rig_data(&rig, RIG_CLIENT, 0, "ignored");
	rig_flush(&rig);
	assert_string_equal(rig_log(&rig), "open\n< 12345678\n< gap 1 depth\nclose shutdown\n");
	assert_int_equal(kernel.calls, 0);
	assert_int_equal(wf_metric_get(&rig.metrics, shunts_failed_directions), 0);
}
