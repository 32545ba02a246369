// SPDX-License-Identifier: BSD-2-Clause
/* test_late.c - bytes that arrive after they were reported as a gap do not count as duplicates. */
#include "unit/support/test.h"

#include "flow/late.h"
#include "metrics/metrics.h"
#include "packet/packet.h"
#include "unit/support/rig.h"

static struct rig rig;

#define ACK (WF_TCP_ACK | WF_TCP_PSH)

static int setup(void **state)
{
	rig_start(&rig, NULL);
	rig_handshake(&rig);
	*state = &rig;
	return 0;
}

static int teardown(void **state)
{
	rig_stop(&rig);
	return 0;
}

#define LATE()	    wf_metric_get(&rig.metrics, payload_late_bytes)
#define DUPLICATE() wf_metric_get(&rig.metrics, payload_duplicate_bytes)

/* Makes the client's bytes below @off a gap; the bytes from @off on are "data". */
static void give_up_below(int64_t off)
{
	rig_segment(&rig, RIG_CLIENT, ACK, off, 0, "data");
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, off + 4, NULL);
	rig_wait_ms(&rig, 200);
}

TEST_WITH(late_bytes_are_counted_apart_from_duplicates, setup, teardown)
{
	rig_data(&rig, RIG_CLIENT, 0, "one");
	give_up_below(6);
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "oneTWO");
	assert_int_equal(LATE(), 3);
	assert_int_equal(DUPLICATE(), 3);
	rig_flush(&rig);
	assert_string_equal(rig.stream[WEFT_TO_SERVER], "onedata");
	assert_int_equal(rig.record.counts[WEFT_TO_SERVER].late_bytes, 3);
	assert_int_equal(rig.record.counts[WEFT_TO_CLIENT].late_bytes, 0);
}

TEST_WITH(late_segment_is_not_a_retransmission_of_received_data, setup, teardown)
{
	give_up_below(3);
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "one");
	rig_segment(&rig, RIG_CLIENT, ACK, 3, 0, "data");
	rig_flush(&rig);
	assert_int_equal(LATE(), 3);
	assert_int_equal(DUPLICATE(), 4);
	assert_int_equal(rig.record.counts[WEFT_TO_SERVER].retransmitted_segments, 1);
}

TEST_WITH(late_segment_with_new_data_delivers_the_new_data, setup, teardown)
{
	give_up_below(3);
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "onedata more");
	assert_int_equal(LATE(), 3);
	assert_int_equal(DUPLICATE(), 4);
	rig_flush(&rig);
	assert_string_equal(rig.stream[WEFT_TO_SERVER], "data more");
}

/*
 * The hole [0, 6) becomes two gaps, because the receiver first acknowledges 4 bytes. Bytes that
 * arrive later for either gap count as late.
 */
TEST_WITH(late_bytes_of_a_gap_in_two_parts, setup, teardown)
{
	rig_segment(&rig, RIG_CLIENT, ACK, 6, 0, "data");
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, 4, NULL);
	rig_wait_ms(&rig, 200);
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, 10, NULL);
	rig_wait_ms(&rig, 200);
	rig_segment(&rig, RIG_CLIENT, ACK, 2, 0, "late");
	assert_int_equal(LATE(), 4);
	assert_int_equal(DUPLICATE(), 0);
}

TEST_WITH(late_bytes_of_more_gaps_than_are_kept_count_as_duplicates, setup, teardown)
{
	for (int64_t i = 0; i <= WF_LATE_GAPS; i++)
		give_up_below(5 * i + 1);
	for (int64_t i = 0; i <= WF_LATE_GAPS; i++)
		rig_segment(&rig, RIG_CLIENT, ACK, 5 * i, 0, "?dat");
	assert_int_equal(LATE(), WF_LATE_GAPS);
	assert_int_equal(DUPLICATE(), 4 * (WF_LATE_GAPS + 1) - WF_LATE_GAPS);
}
