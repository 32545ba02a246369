// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_defrag_lies.c - fragments that are duplicates, overlap, or have wrong lengths.
 *
 * Every test ends with all pages and fragments given back and the ledger closed.
 */
#include "unit/support/test.h"

#include <string.h>

#include "unit/support/defrag_bench.h"

/* ---- duplicates and overlaps ---- */

TEST_BOTH(defrag_exact_duplicate_is_ignored)
{
	struct defrag_bench *bench = *state;

	defrag_build_whole(bench, 300);
	assert_false(defrag_add(bench, 0, 80, true));
	assert_false(defrag_add(bench, 160, 80, true));
	assert_false(defrag_add(bench, 0, 80, true));
	assert_false(defrag_add(bench, 160, 80, true));
	assert_false(defrag_add(bench, 240, 80, false));
	assert_false(defrag_add(bench, 240, 80, false));
	assert_int_equal(metric(bench, fragments_duplicate_fragments), 3);
	assert_true(defrag_add(bench, 80, 80, true));
	defrag_assert_rebuilt(bench, 300);
}

/*
 * As in Linux, a fragment within a contiguous range that arrived in order is a duplicate, whatever
 * its boundaries.
 */
TEST_BOTH(defrag_piece_within_a_run_is_a_duplicate)
{
	struct defrag_bench *bench = *state;

	defrag_build_whole(bench, 300);
	assert_false(defrag_add(bench, 0, 80, true));
	assert_false(defrag_add(bench, 80, 80, true));
	assert_false(defrag_add(bench, 160, 80, true));
	assert_false(defrag_add(bench, 40, 80, true));
	assert_false(defrag_add(bench, 0, 240, true));
	assert_int_equal(metric(bench, fragments_duplicate_fragments), 2);
	assert_true(defrag_add(bench, 240, 80, false));
	defrag_assert_rebuilt(bench, 300);
}

/*
 * Adjacent fragments that did not arrive in order are two ranges: a fragment across both is an
 * overlap.
 */
TEST_BOTH(defrag_piece_across_two_runs_is_an_overlap)
{
	struct defrag_bench *bench = *state;

	defrag_build_whole(bench, 300);
	assert_false(defrag_add(bench, 0, 80, true));
	assert_false(defrag_add(bench, 160, 80, true));
	assert_false(defrag_add(bench, 80, 80, true));
	assert_false(defrag_add(bench, 40, 80, true));
	assert_int_equal(metric(bench, fragments_overlap_fragments), 4);
	assert_int_equal(metric(bench, fragments_held_fragments), 0);
}

/* Tries fragments that overlap [80, 160) in every way without being contained in it. */
TEST_BOTH(defrag_any_overlap_drops_the_datagram)
{
	static const uint32_t ranges[][2] = {{40, 80}, {120, 80}, {0, 240}, {80, 88},
					     {72, 88}, {0, 88},	  {152, 16}};
	struct defrag_bench *bench = *state;
	uint64_t count = 0;

	defrag_build_whole(bench, 300);
	for (unsigned int i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		bench->id++;
		assert_false(defrag_add(bench, 80, 80, true));
		assert_false(defrag_add(bench, ranges[i][0], ranges[i][1], true));
		count += 2;
		assert_int_equal(metric(bench, fragments_overlap_fragments), count);
		assert_int_equal(metric(bench, fragments_held_fragments), 0);
	}
}

/* A fragment after the drop starts a new datagram, which needs all fragments again. */
TEST_BOTH(defrag_rest_after_overlap_makes_no_datagram)
{
	struct defrag_bench *bench = *state;

	defrag_build_whole(bench, 300);
	assert_false(defrag_add(bench, 0, 80, true));
	assert_false(defrag_add(bench, 72, 80, true));
	assert_false(defrag_add(bench, 80, 80, true));
	assert_false(defrag_add(bench, 160, 160, false));
	assert_int_equal(metric(bench, fragments_held_fragments), 2);
	/*
	 * After its first fragment is sent again, the datagram is complete and equals defrag_whole.
	 */
	assert_true(defrag_add(bench, 0, 80, true));
	defrag_assert_rebuilt(bench, 300);
}

/* ---- contradictory headers ---- */

TEST_BOTH(defrag_second_end_elsewhere_drops_the_datagram)
{
	struct defrag_bench *bench = *state;

	defrag_build_whole(bench, 300);
	assert_false(defrag_add(bench, 80, 80, false));
	assert_false(defrag_add(bench, 240, 80, false));
	assert_int_equal(metric(bench, fragments_contradiction_fragments), 2);
	bench->id++;
	assert_false(defrag_add(bench, 240, 80, false));
	assert_false(defrag_add(bench, 80, 80, false));
	assert_int_equal(metric(bench, fragments_contradiction_fragments), 4);
}

TEST_BOTH(defrag_bytes_behind_the_end_drop_the_datagram)
{
	struct defrag_bench *bench = *state;

	defrag_build_whole(bench, 300);
	assert_false(defrag_add(bench, 80, 80, false));
	assert_false(defrag_add(bench, 160, 80, true));
	assert_int_equal(metric(bench, fragments_contradiction_fragments), 2);
}

TEST_BOTH(defrag_empty_fragment_drops_the_datagram)
{
	struct defrag_bench *bench = *state;

	defrag_build_whole(bench, 300);
	assert_false(defrag_add(bench, 0, 80, true));
	assert_false(defrag_add(bench, 80, 0, true));
	assert_int_equal(metric(bench, fragments_contradiction_fragments), 2);
	assert_int_equal(metric(bench, fragments_held_fragments), 0);
}

/* IPv4 ignores the bytes after the last multiple of 8; IPv6 ignores the whole fragment. */
TEST_IPV4(defrag4_odd_length_is_rounded_down)
{
	struct defrag_bench *bench = *state;

	defrag_build_whole(bench, 100);
	assert_false(defrag_add(bench, 0, 87, true));
	assert_true(defrag_add(bench, 80, 40, false));
	defrag_assert_rebuilt(bench, 100);
}

TEST_IPV6(defrag6_odd_length_drops_that_fragment_only)
{
	struct defrag_bench *bench = *state;

	defrag_build_whole(bench, 100);
	assert_false(defrag_add(bench, 80, 40, false));
	assert_false(defrag_add(bench, 0, 87, true));
	assert_int_equal(metric(bench, fragments_contradiction_fragments), 1);
	assert_true(defrag_add(bench, 0, 80, true));
	defrag_assert_rebuilt(bench, 100);
}

static void set_ecn(const struct defrag_bench *bench, uint8_t ecn)
{
	uint8_t *ip = pb_at(&defrag_frame, bench->ip6 ? PB_IPV6 : PB_IPV4, 0);

	if (bench->ip6) {
		ip[1] = (uint8_t)(ecn << 4);
		return;
	}
	ip[1] = ecn;
	pb_fix_checksums(&defrag_frame);
}

/* A router may change ECN from capable to congested, but never from not capable (RFC 3168, 5.3). */
TEST_BOTH(defrag_ecn_bits_must_fit_each_other)
{
	struct defrag_bench *bench = *state;

	defrag_build_whole(bench, 100);
	for (uint8_t a = 0; a < 4; a++) {
		for (uint8_t b = 0; b < 4; b++) {
			bench->id++;
			defrag_build_fragment(bench, 0, 80, true);
			set_ecn(bench, a);
			assert_false(defrag_add_built(bench, NULL));
			defrag_build_fragment(bench, 80, 40, false);
			set_ecn(bench, b);
			assert_int_equal(defrag_add_built(bench, NULL), !a == !b);
		}
	}
	assert_int_equal(metric(bench, fragments_contradiction_fragments), 2 * 6);
}

TEST_BOTH(defrag_cut_fragment_is_not_used)
{
	struct defrag_bench *bench = *state;
	struct wf_decoder decoder = {.secret = decode_secret};
	struct wf_packet packet;
	struct wf_frame frame;

	defrag_build_whole(bench, 100);
	assert_false(defrag_add(bench, 0, 80, true));
	defrag_build_fragment(bench, 80, 40, false);
	pb_frame(&defrag_frame, bench->now_ns, &frame);
	frame.cap_bytes--;
	assert_int_equal(wf_decode(&decoder, &frame, &packet), WF_DECODE_FRAGMENT);
	assert_false(wf_defrag_add(bench->defrag, &packet, &frame));
	assert_int_equal(metric(bench, fragments_cut_fragments), 1);
	/* After the whole fragment is captured, the datagram is complete. */
	assert_true(defrag_add(bench, 80, 40, false));
}

/* ---- UDP that is not a tunnel ---- */

static bool add_udp(struct defrag_bench *bench, uint32_t off, bool more)
{
	pb_init(&defrag_frame);
	pb_ethernet(&defrag_frame);
	pb_ip(&defrag_frame, KIND_SRC, KIND_DST);
	pb_ipv4_set_fragment(&defrag_frame, bench->id, off, more);
	pb_set_proto(&defrag_frame, 17);
	pb_data(&defrag_frame, "\0\1\0\65\0\0\0\0", 8);
	pb_finish(&defrag_frame);
	return defrag_add_built(bench, NULL);
}

TEST_IPV4(defrag4_unwanted_datagram_holds_nothing)
{
	struct defrag_bench *bench = *state;

	assert_false(add_udp(bench, 8, true)); /* the protocol of the datagram is not known yet */
	assert_int_equal(metric(bench, fragments_held_fragments), 1);
	assert_false(add_udp(bench, 0, true));
	assert_int_equal(metric(bench, fragments_held_fragments), 0);
	assert_false(add_udp(bench, 16, true));
	assert_int_equal(metric(bench, fragments_not_tcp_fragments), 3);
	assert_false(add_udp(bench, 24, false));
	assert_int_equal(metric(bench, fragments_not_tcp_fragments), 4);
	/*
	 * All fragments of the unwanted datagram have arrived; a later fragment with its id starts
	 * another datagram.
	 */
	assert_false(add_udp(bench, 8, true));
	assert_int_equal(metric(bench, fragments_held_fragments), 1);
}
