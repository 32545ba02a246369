// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_defrag.c - rebuilds datagrams from fragments in any order.
 *
 * Every test ends with all pages and fragments given back and the ledger closed.
 */
#include "unit/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "unit/support/defrag_bench.h"

/* ---- rebuilding ---- */

TEST_BOTH(defrag_in_order_gives_the_datagram)
{
	struct defrag_bench *bench = *state;

	defrag_build_whole(bench, DATA_BYTES);
	assert_false(defrag_add(bench, 0, 1480, true));
	assert_false(defrag_add(bench, 1480, 1480, true));
	assert_int_equal(metric(bench, fragments_held_fragments), 2);
	assert_true(defrag_add(bench, 2960, SEGMENT_BYTES - 2960, false));
	defrag_assert_rebuilt(bench, DATA_BYTES);
	assert_int_equal(metric(bench, fragments_rebuilt_fragments), 3);
	assert_int_equal(metric(bench, datagrams_rebuilt_datagrams), 1);
	assert_int_equal(metric(bench, fragments_held_fragments), 0);
}

TEST_BOTH(defrag_every_order_of_five_gives_the_datagram)
{
	struct defrag_bench *bench = *state;

	defrag_build_whole(bench, DATA_BYTES);
	for (unsigned int order = 0; order < 120; order++) {
		unsigned int left[5] = {0, 1, 2, 3, 4}, rest = order;
		bool done = false;

		bench->id++;
		for (unsigned int n = 5; n > 0; n--) {
			unsigned int pick = rest % n, at = left[pick];

			rest /= n;
			memmove(left + pick, left + pick + 1, (4 - pick) * sizeof(left[0]));
			assert_false(done);
			done = defrag_add(bench, at * 808, at == 4 ? SEGMENT_BYTES - 4 * 808 : 808,
					  at != 4);
		}
		assert_true(done);
		defrag_assert_rebuilt(bench, DATA_BYTES);
	}
	assert_int_equal(metric(bench, datagrams_rebuilt_datagrams), 120);
}

TEST_BOTH(defrag_smallest_pieces_of_an_mtu_are_put_together)
{
	struct defrag_bench *bench = *state;
	bool done = false;

	defrag_build_whole(bench, 1440);
	for (uint32_t at = 1456; at > 0; at -= 8)
		done = defrag_add(bench, at, at == 1456 ? 4 : 8, at != 1456);
	assert_false(done);
	/* IPv6 requires that the first fragment has the whole TCP header. */
	done = bench->ip6 ? false : defrag_add(bench, 0, 8, true);
	assert_int_equal(done, !bench->ip6);
	if (done)
		defrag_assert_rebuilt(bench, 1440);
}

TEST_BOTH(defrag_largest_datagram)
{
	struct defrag_bench *bench = *state;
	uint32_t data_bytes = 65535 - 20 - (bench->ip6 ? 40 : 20), segment_bytes = data_bytes + 20;
	bool done = false;

	defrag_build_whole(bench, data_bytes);
	for (uint32_t at = 0; at < segment_bytes; at += 8000)
		done = defrag_add(bench, at, at + 8000 < segment_bytes ? 8000 : segment_bytes - at,
				  at + 8000 < segment_bytes);
	assert_true(done);
	defrag_assert_rebuilt(bench, data_bytes);
}

TEST_BOTH(defrag_too_large_datagram_is_dropped)
{
	struct defrag_bench *bench = *state;

	defrag_build_whole(bench, 65000);
	for (uint32_t at = 0; at < 64000; at += 8000)
		assert_false(defrag_add(bench, at, 8000, true));
	assert_false(defrag_add(bench, 64000, 1000, true));
	assert_false(defrag_add(bench, 65000, 1000, false));
	assert_int_equal(metric(bench, datagrams_rebuilt_datagrams), 0);
	assert_int_not_equal(metric(bench, fragments_contradiction_fragments), 0);
}

/* A datagram can be valid in IPv6 but too long for the page in which it is rebuilt. */
TEST_IPV6(defrag6_beyond_a_page_is_no_memory)
{
	struct defrag_bench *bench = *state;

	defrag_build_whole(bench, 65500);
	for (uint32_t at = 0; at < 64000; at += 8000)
		assert_false(defrag_add(bench, at, 8000, true));
	assert_false(defrag_add(bench, 64000, 1515, false));
	assert_int_equal(metric(bench, fragments_no_memory_fragments), 9);
}

TEST_IPV4(defrag4_header_options_of_the_first_fragment_stay)
{
	struct defrag_bench *bench = *state;

	defrag_build_whole(bench, 100);
	defrag_add(bench, 80, 40, false);
	defrag_build_outside();
	pb_ipv4_options(&defrag_frame, KIND_SRC, KIND_DST, "\x94\x04\0\0", 4);
	pb_ipv4_set_fragment(&defrag_frame, bench->id, 0, true);
	pb_set_proto(&defrag_frame, 6);
	pb_data(&defrag_frame, pb_at(&defrag_whole, PB_TCP, 0), 80);
	pb_finish(&defrag_frame);
	assert_true(defrag_add_built(bench, NULL));
	defrag_assert_rebuilt(bench, 100);
	assert_int_equal(bench->rebuilt.bytes[0], 0x46);
	assert_memory_equal(bench->rebuilt.bytes + 20, "\x94\x04\0\0", 4);
}

TEST_IPV6(defrag6_headers_in_front_stay_and_fragment_header_goes)
{
	struct defrag_bench *bench = *state;

	defrag_build_whole(bench, 100);
	for (int i = 1; i >= 0; i--) {
		defrag_build_outside();
		pb_ip(&defrag_frame, KIND_SRC6, KIND_DST6);
		pb_ipv6_ext(&defrag_frame, 60, NULL, 14);
		pb_ipv6_fragment(&defrag_frame, 9, i ? 80 : 0, !i);
		pb_set_proto(&defrag_frame, 6);
		pb_data(&defrag_frame, pb_at(&defrag_whole, PB_TCP, 0) + (i ? 80 : 0), i ? 40 : 80);
		pb_finish(&defrag_frame);
		assert_int_equal(defrag_add_built(bench, NULL), !i);
	}
	defrag_assert_rebuilt(bench, 100);
	assert_int_equal(bench->rebuilt.cap_bytes, 40 + 16 + 120);
	assert_int_equal(bench->rebuilt.bytes[40], 6);
}

/* ---- names ---- */

TEST_BOTH(defrag_vlan_and_vni_reach_the_rebuilt_frame)
{
	struct defrag_bench *bench = *state;
	struct decoded decoded;

	defrag_build_whole(bench, 100);
	for (int i = 0; i < 2; i++) {
		pb_init(&defrag_frame);
		pb_ethernet(&defrag_frame);
		pb_ip(&defrag_frame, "192.0.2.1", "192.0.2.2");
		pb_udp(&defrag_frame, 1, 4789);
		pb_vxlan(&defrag_frame, 0xabcde);
		pb_ethernet(&defrag_frame);
		pb_vlan(&defrag_frame, 0x88a8, 5);
		pb_vlan(&defrag_frame, 0x8100, 6);
		defrag_build_inside(bench, i ? 80 : 0, i ? 40 : 80, !i);
		defrag_add_built(bench, NULL);
	}
	defrag_assert_rebuilt(bench, 100);
	decoded_init(&decoded, &bench->rebuilt, WEFT_CHECKSUM_VERIFY);
	assert_int_equal(decoded.packet.key.vlan[0], 5);
	assert_int_equal(decoded.packet.key.vlan[1], 6);
	assert_int_equal(decoded.packet.key.vni, 0xabcde);
	decoded_fini(&decoded);
}

TEST_BOTH(defrag_fragments_of_other_vlans_do_not_mix)
{
	struct defrag_bench *bench = *state;

	defrag_build_whole(bench, 100);
	for (int i = 0; i < 2; i++) {
		pb_init(&defrag_frame);
		pb_ethernet(&defrag_frame);
		pb_vlan(&defrag_frame, 0x8100, (uint16_t)(1 + i));
		defrag_build_inside(bench, i ? 80 : 0, i ? 40 : 80, !i);
		assert_false(defrag_add_built(bench, NULL));
	}
	assert_int_equal(metric(bench, fragments_held_fragments), 2);
}

TEST_BOTH(defrag_fragments_of_other_ids_do_not_mix)
{
	struct defrag_bench *bench = *state;

	defrag_build_whole(bench, 100);
	defrag_add(bench, 0, 80, true);
	bench->id++;
	assert_false(defrag_add(bench, 80, 40, false));
	assert_int_equal(metric(bench, fragments_held_fragments), 2);
}

TEST_BOTH(defrag_both_directions_with_one_id_do_not_mix)
{
	struct defrag_bench *bench = *state;
	uint8_t swap[32], *addrs;
	size_t bytes = bench->ip6 ? 16 : 4;

	defrag_build_whole(bench, 100);
	assert_false(defrag_add(bench, 0, 80, true));
	defrag_build_fragment(bench, 80, 40, false);
	addrs = bench->ip6 ? pb_at(&defrag_frame, PB_IPV6, 0) + 8
			   : pb_at(&defrag_frame, PB_IPV4, 0) + 12;
	memcpy(swap, addrs, 2 * bytes);
	memcpy(addrs, swap + bytes, bytes);
	memcpy(addrs + bytes, swap, bytes);
	assert_false(defrag_add_built(bench, NULL));
	assert_int_equal(metric(bench, fragments_held_fragments), 2);
}

/*
 * In IPv6 the id alone identifies a datagram; "next header" is read from the first fragment only.
 */
TEST_IPV6(defrag6_next_header_of_later_fragments_is_ignored)
{
	struct defrag_bench *bench = *state;

	defrag_build_whole(bench, 100);
	assert_false(defrag_add(bench, 0, 80, true));
	defrag_build_fragment(bench, 80, 40, false);
	pb_at(&defrag_frame, PB_IPV6_FRAGMENT, 0)[0] = 17;
	assert_true(defrag_add_built(bench, NULL));
	defrag_assert_rebuilt(bench, 100);
}

TEST_IPV4(defrag4_protocol_is_part_of_the_name)
{
	struct defrag_bench *bench = *state;

	defrag_build_whole(bench, 100);
	assert_false(defrag_add(bench, 0, 80, true));
	defrag_build_fragment(bench, 80, 40, false);
	pb_at(&defrag_frame, PB_IPV4, 0)[9] = 47;
	pb_fix_checksums(&defrag_frame);
	assert_false(defrag_add_built(bench, NULL));
	assert_int_equal(metric(bench, fragments_held_fragments), 2);
}

/* ---- against a model ---- */

/*
 * Sends the fragments of many datagrams in random order, some of them twice: each datagram must be
 * rebuilt exactly once.
 */
TEST_BOTH(defrag_random_orders_of_many_datagrams)
{
	enum { DATAGRAMS = 12, PIECES = 16 };
	struct defrag_bench *bench = *state;
	unsigned int seed = 42;

	defrag_build_whole(bench, 16 * 80 - 20);
	for (int round = 0; round < 40; round++) {
		uint8_t todo[DATAGRAMS * PIECES];
		unsigned int left = 0, whole_count = 0;

		for (unsigned int i = 0; i < DATAGRAMS * PIECES; i++)
			todo[left++] = (uint8_t)i;
		while (left) {
			unsigned int pick = (unsigned int)rand_r(&seed) % left;
			unsigned int piece = todo[pick] % PIECES;
			bool again = rand_r(&seed) % 8 == 0;

			bench->id = (uint16_t)(round * 100 + todo[pick] / PIECES);
			if (defrag_add(bench, piece * 80, 80, piece != PIECES - 1)) {
				whole_count++;
				defrag_assert_rebuilt(bench, 16 * 80 - 20);
			} else if (again) {
				assert_false(
					defrag_add(bench, piece * 80, 80, piece != PIECES - 1));
			}
			todo[pick] = todo[--left];
		}
		assert_int_equal(whole_count, DATAGRAMS);
	}
	assert_int_equal(metric(bench, fragments_held_fragments), 0);
	assert_int_equal(metric(bench, fragments_overlap_fragments), 0);
}
