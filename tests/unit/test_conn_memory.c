// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_conn_memory.c - tests the gaps that a connection reports if there is no memory for its data.
 */
#include "unit/support/test.h"
#include "unit/support/rig.h"

#include <weft/limits.h>

#include "memory/arena.h"
#include "memory/arena_internal.h"
#include "memory/budget.h"

static struct rig rig;

static struct wf_span *taken[1024];
static uint32_t taken_count;

static void take_memory_but(uint64_t left_bytes)
{
	while (taken_count < 1024 && wf_budget_left(wf_arena_budget(rig.arena)) > left_bytes &&
	       (taken[taken_count] = wf_arena_take(rig.arena, WF_SPAN_RUN, 1)))
		taken_count++;
}

static void give_memory_back(void)
{
	while (taken_count)
		wf_arena_put(rig.arena, taken[--taken_count], 1);
}

static int setup(void **state)
{
	rig_start(&rig, NULL);
	rig_handshake(&rig);
	assert_string_equal(rig_log(&rig), "open\n");
	*state = &rig;
	return 0;
}

/* Both SYNs were seen; there is no flow yet. */
static int setup_half_open(void **state)
{
	rig_start(&rig, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, "");
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 0, "");
	*state = &rig;
	return 0;
}

static int teardown(void **state)
{
	give_memory_back();
	rig_stop(&rig);
	return 0;
}

/*
 * Bytes [6,9) and [12,15) are lost for lack of memory: the gaps that contain them have the cause
 * memory. The bytes [18,21) were not captured, so their gap has another cause.
 */
TEST_WITH(conn_memory_each_segment_lost_for_memory_is_reported_as_such, setup, teardown)
{
	rig_data(&rig, RIG_CLIENT, 0, "abc");
	rig_data(&rig, RIG_CLIENT, 0, "abc"); /* retransmission allocates the extension */
	take_memory_but(0);
	rig_data(&rig, RIG_CLIENT, 6, "ghi");
	rig_data(&rig, RIG_CLIENT, 12, "mno");
	give_memory_back();
	rig_data(&rig, RIG_CLIENT, 9, "jkl");
	rig_data(&rig, RIG_CLIENT, 15, "pqr");
	rig_data(&rig, RIG_CLIENT, 21, "vwx");
	rig_ack(&rig, RIG_SERVER, 24);
	rig_wait_ms(&rig, 20000);
	assert_string_equal(rig_log(&rig), "> abc\n> gap 6 memory\n> jkl\n> gap 3 memory\n> pqr\n"
					   "> gap 3 not_captured\n> vwx\n");
}

/* The lost data is sent again: a later hole must not get the cause memory. */
TEST_WITH(conn_memory_lost_for_memory_and_sent_again_blames_no_later_hole, setup, teardown)
{
	rig_data(&rig, RIG_CLIENT, 0, "abc");
	rig_data(&rig, RIG_CLIENT, 0, "abc");
	take_memory_but(0);
	rig_data(&rig, RIG_CLIENT, 6, "ghi");
	give_memory_back();
	rig_data(&rig, RIG_CLIENT, 3, "def");
	rig_data(&rig, RIG_CLIENT, 6, "ghi");
	rig_data(&rig, RIG_CLIENT, 12, "mno");
	rig_ack(&rig, RIG_SERVER, 15);
	rig_wait_ms(&rig, 20000);
	assert_string_equal(rig_log(&rig), "> abc\n> def\n> ghi\n> gap 3 not_captured\n> mno\n");
}

/*
 * If less than 1/128 of the memory is left, a stream that holds data reports its hole as a gap and
 * is in order again. A stream that holds nothing may start to hold data.
 */
TEST_WITH(conn_memory_short_of_it_who_holds_gives_up_its_hole, setup, teardown)
{
	uint64_t limit_bytes = wf_arena_budget(rig.arena)->limit_bytes;

	rig_data(&rig, RIG_CLIENT, 3, "def");
	rig_data(&rig, RIG_CLIENT, 9, "jkl");
	take_memory_but(limit_bytes / WEFT_SCARCE_PARTS / 2 - WEFT_SPAN_BYTES);
	rig_data(&rig, RIG_CLIENT, 12, "mno");
	rig_data(&rig, RIG_SERVER, 3, "DEF");
	rig_data(&rig, RIG_SERVER, 0, "ABC");
	assert_string_equal(rig_log(&rig), "> gap 3 memory\n> def\n> gap 3 memory\n> jkl\n> mno\n"
					   "< ABC\n< DEF\n");
}

/* If between 1/128 and 1/64 of the memory is left, a stream with little held data may hold more. */
TEST_WITH(conn_memory_rather_short_of_it_a_little_may_be_held, setup, teardown)
{
	uint64_t limit_bytes = wf_arena_budget(rig.arena)->limit_bytes;

	rig_data(&rig, RIG_CLIENT, 3, "def");
	take_memory_but(limit_bytes / WEFT_SCARCE_PARTS - WEFT_SPAN_BYTES);
	rig_data(&rig, RIG_CLIENT, 9, "jkl");
	rig_data(&rig, RIG_CLIENT, 0, "abc");
	rig_data(&rig, RIG_CLIENT, 6, "ghi");
	assert_string_equal(rig_log(&rig), "> abc\n> def\n> ghi\n> jkl\n");
}

/*
 * There is no memory for a flow at first: the bytes of the segments that arrive then count as lost
 * when the flow begins.
 */
TEST_WITH(conn_memory_lost_before_the_flow_is_reported_as_such, setup_half_open, teardown)
{
	take_memory_but(0);
	rig_data(&rig, RIG_CLIENT, 0, "abc");
	rig_data(&rig, RIG_CLIENT, 3, "def");
	give_memory_back();
	rig_data(&rig, RIG_CLIENT, 6, "ghi");
	rig_data(&rig, RIG_CLIENT, 12, "mno");
	rig_ack(&rig, RIG_SERVER, 15);
	rig_wait_ms(&rig, 20000);
	assert_string_equal(rig_log(&rig),
			    "open\n> gap 6 memory\n> ghi\n> gap 3 not_captured\n> mno\n");
}

/* The payload of a SYN (TCP Fast Open) was accepted by the receiver, but found no memory. */
TEST_WITH(conn_memory_lost_payload_of_a_syn_is_reported_as_such, NULL, teardown)
{
	rig_start(&rig, NULL);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, "");
	take_memory_but(0);
	rig_segment(&rig, RIG_CLIENT, WF_TCP_SYN, -1, 0, "abc");
	give_memory_back();
	rig_segment(&rig, RIG_SERVER, WF_TCP_SYN | WF_TCP_ACK, -1, 3, "");
	rig_data(&rig, RIG_CLIENT, 3, "def");
	rig_data(&rig, RIG_CLIENT, 9, "jkl");
	rig_ack(&rig, RIG_SERVER, 12);
	rig_wait_ms(&rig, 20000);
	assert_string_equal(rig_log(&rig),
			    "open\n> gap 3 memory\n> def\n> gap 3 not_captured\n> jkl\n");
}
