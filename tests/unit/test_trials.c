// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_trials.c - segments with wrong checksums are accepted or dropped, depending on the other
 * segments of their sender.
 */
#include "unit/support/test.h"
#include "unit/support/rig.h"

#include <string.h>

#include "packet/packet.h"
#include "senders/trials.h"

#define ACK (WF_TCP_ACK | WF_TCP_PSH)

static struct rig rig;

static int setup(void **state)
{
	WEFT_OPTS(weft_opts, opts, .checksum = WEFT_CHECKSUM_AUTO);

	rig_start(&rig, &opts);
	*state = &rig;
	return 0;
}

static int setup_pages(void **state)
{
	setup(state);
	rig.use_pages = true;
	return 0;
}

static int teardown(void **state)
{
	rig_stop(&rig);
	return 0;
}

static void wrong(enum rig_side from, uint32_t flags, int64_t seq, int64_t ack, const char *payload)
{
	rig.wrong_checksum = true;
	rig_segment(&rig, from, flags, seq, ack, payload);
	rig.wrong_checksum = false;
}

static uint64_t accepted(void)
{
	return wf_metric_get(&rig.metrics, wrong_checksums_accepted_segments);
}

static uint64_t dropped(void)
{
	return wf_metric_get(&rig.metrics, frames_checksum_frames);
}

static void all_wrong_from_the_server(void)
{
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	wrong(RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 0, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "ask");
	wrong(RIG_SERVER, ACK, 0, 3, "one ");
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 3, 4, NULL);
	wrong(RIG_SERVER, ACK, 4, 3, "two ");
	wrong(RIG_SERVER, ACK, 8, 3, "three");
}

TEST_WITH(trials_sender_of_only_wrong_ones_is_believed_from_its_first, setup, teardown)
{
	all_wrong_from_the_server();
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK | WF_TCP_FIN, 3, 13, NULL);
	wrong(RIG_SERVER, WF_TCP_ACK | WF_TCP_FIN, 13, 4, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_ACK, 4, 14, NULL);
	assert_string_equal(rig_log(&rig),
			    "open\n> ask\n< anomaly wrong_checksums\n< one \n< two \n"
			    "< three\nclose fin\n");
	assert_false(rig.record.wrong_checksums[WEFT_TO_SERVER]);
	assert_true(rig.record.wrong_checksums[WEFT_TO_CLIENT]);
	assert_int_equal(dropped(), 0);
	assert_int_equal(wf_metric_get(&rig.metrics, frames_processed_frames), 10);
	assert_true(rig.marks.is_reported);
}
TEST_ALSO(trials_sender_of_only_wrong_ones_is_believed_from_its_first, setup_pages, teardown);

/*
 * Each segment of a connection in turn has a wrong checksum and is sent again: the wrong copy has
 * no effect.
 */
TEST_WITH(trials_each_wrong_segment_of_a_right_sender_is_dropped, setup, teardown)
{
	static const struct {
		enum rig_side from;
		uint32_t flags;
		int64_t seq;
		int64_t ack;
		const char *payload;
	} segments[] = {
		{RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL},
		{RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 0, NULL},
		{RIG_CLIENT, WF_TCP_ACK, 0, 0, NULL},
		{RIG_CLIENT, ACK, 0, 0, "ask"},
		{RIG_SERVER, ACK, 0, 3, "answer"},
		{RIG_SERVER, ACK, 6, 3, " more"},
		{RIG_CLIENT, WF_TCP_ACK | WF_TCP_FIN, 3, 11, NULL},
		{RIG_SERVER, WF_TCP_ACK | WF_TCP_FIN, 11, 4, NULL},
	};
	enum { COUNT = sizeof(segments) / sizeof(segments[0]) };

	for (unsigned int bad = 0; bad < COUNT; bad++) {
		rig.port[RIG_CLIENT]++;
		for (unsigned int i = 0; i < COUNT; i++) {
			if (i == bad)
				wrong(segments[i].from, segments[i].flags, segments[i].seq,
				      segments[i].ack, segments[i].payload ? "evil!!!" : NULL);
			rig_segment(&rig, segments[i].from, segments[i].flags, segments[i].seq,
				    segments[i].ack, segments[i].payload);
		}
		rig_wait_ms(&rig, 4000);
		assert_int_equal(dropped(), bad + 1);
		assert_null(strstr(rig_log(&rig), "evil"));
	}
	assert_int_equal(accepted(), 0);
	assert_int_equal(wf_metric_get(&rig.metrics, flows_opened_flows), COUNT);
	assert_int_equal(wf_metric_get(&rig.metrics, gaps), 0);
}

/*
 * No further copy is captured: the receiver acknowledged bytes of which only a damaged copy was
 * captured.
 */
TEST_WITH(trials_wrong_segment_without_another_copy_is_a_gap, setup, teardown)
{
	rig_handshake(&rig);
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "one ");
	wrong(RIG_CLIENT, ACK, 4, 0, "evil");
	rig_segment(&rig, RIG_CLIENT, ACK, 8, 0, "three");
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, 13, NULL);
	rig_flush(&rig);
	assert_non_null(strstr(rig_log(&rig), "> one \n> gap 4 not_captured\n> three\n"));
	assert_int_equal(dropped(), 1);
}

TEST_WITH(trials_sender_of_rewritten_payload_is_believed, setup, teardown)
{
	rig_handshake(&rig);
	wrong(RIG_CLIENT, ACK, 0, 0, "a");
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, 1, NULL);
	wrong(RIG_CLIENT, ACK, 1, 0, "b");
	assert_string_equal(rig_log(&rig), "open\n");
	wrong(RIG_CLIENT, ACK, 2, 0, "c");
	wrong(RIG_CLIENT, ACK, 3, 0, "d");
	assert_string_equal(rig_log(&rig), "> anomaly wrong_checksums\n> a\n> b\n> c\n> d\n");
}

/* The trial ends by itself, whether or not another packet of the connection comes. */
TEST_WITH(trials_end_after_three_seconds, setup, teardown)
{
	wrong(RIG_CLIENT, ACK, 0, 0, "alone");
	assert_string_equal(rig_log(&rig), "");
	rig_wait_ms(&rig, 2900);
	assert_string_equal(rig_log(&rig), "");
	rig_wait_ms(&rig, 200);
	assert_string_equal(rig_log(&rig), "open\n> anomaly wrong_checksums\n> alone\n");
	wrong(RIG_CLIENT, ACK, 5, 0, " too");
	assert_string_equal(rig_log(&rig), ">  too\n");
}

/* A damaged port makes a segment of a connection that does not exist. */
TEST_WITH(trials_lone_wrong_segment_of_a_right_address_opens_nothing, setup, teardown)
{
	rig_handshake(&rig);
	rig_data(&rig, RIG_CLIENT, 0, "ask");
	rig.port[RIG_CLIENT] ^= 0x2000;
	wrong(RIG_CLIENT, ACK, 3, 0, "damaged");
	rig.port[RIG_CLIENT] ^= 0x2000;
	rig_flush(&rig);
	assert_int_equal(dropped(), 1);
	assert_int_equal(wf_metric_get(&rig.metrics, flows_opened_flows), 1);
}

/* More connections and packets than fit: the oldest trials end early, and nothing is lost. */
TEST_WITH(trials_more_than_fit_end_early, setup_pages, teardown)
{
	const uint16_t first = rig.port[RIG_CLIENT];

	for (unsigned int round = 0; round < 4; round++)
		for (unsigned int i = 0; i < 2 * WF_TRIALS_MAX; i++) {
			rig.port[RIG_CLIENT] = (uint16_t)(first + i);
			wrong(RIG_CLIENT, ACK, round, 0, "x");
		}
	rig_flush(&rig);
	assert_int_equal(wf_metric_get(&rig.metrics, payload_delivered_bytes),
			 4 * 2 * WF_TRIALS_MAX);
	assert_int_equal(dropped(), 0);
}

TEST_WITH(trials_both_senders_are_believed, setup, teardown)
{
	wrong(RIG_CLIENT, WF_TCP_SYN, -1, 0, NULL);
	wrong(RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 0, NULL);
	wrong(RIG_CLIENT, ACK, 0, 0, "ask");
	wrong(RIG_SERVER, ACK, 0, 3, "answer");
	rig_flush(&rig);
	assert_non_null(strstr(rig_log(&rig), "> ask\n"));
	assert_true(rig.record.wrong_checksums[WEFT_TO_SERVER]);
	assert_true(rig.record.wrong_checksums[WEFT_TO_CLIENT]);
}
