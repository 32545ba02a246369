// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_map_sizes.c - the sizes of BPF maps follow the memory limit, and the predicted bytes match
 * the kernel's.
 */
#include "unit/support/test.h"

#include <weft/limits.h>

#include "bpf/shared.h"
#include "capture/maps/map_sizes.h"
#include "capture/live/umem.h"

#define MIB (1ull << 20)

static struct wf_map_sizes choose(uint64_t limit_mb, uint64_t flows_max, uint32_t interfaces,
				  uint32_t cpus)
{
	const struct wf_map_wants wants = {
		.limit_bytes = limit_mb * MIB,
		.flows_max = flows_max,
		.interfaces = interfaces,
		.cpus = cpus,
	};
	struct wf_map_sizes sizes;

	wf_map_sizes_choose(&wants, &sizes);
	return sizes;
}

TEST(map_sizes_with_enough_memory_are_the_largest)
{
	struct wf_map_sizes sizes = choose(512, 1000000, 1, 2);

	assert_int_equal(sizes.flows, WEFT_FLOW_MAP_ENTRIES);
	assert_int_equal(sizes.handshakes, WEFT_HANDSHAKE_MAP_ENTRIES);
	assert_int_equal(sizes.hot_cpus, 2);
}

TEST(map_sizes_are_halved_until_an_eighth_of_the_limit_holds_them)
{
	assert_int_equal(choose(130, 1000000, 1, 2).flows, 65536);
	assert_int_equal(choose(129, 1000000, 1, 2).flows, 65536);
	assert_int_equal(choose(128, 1000000, 1, 2).flows, 32768);
	assert_int_equal(choose(64, 1000000, 1, 2).flows, 16384);
	assert_int_equal(choose(16, 1000000, 1, 2).flows, 4096);
	assert_int_equal(choose(16, 1000000, 1, 2).handshakes, 1024);
}

TEST(map_sizes_of_many_interfaces_share_the_limit)
{
	assert_int_equal(choose(64, 1000000, 4, 2).flows, 4096);
	assert_int_equal(choose(16, 1000000, 16, 2).flows, WEFT_FLOW_MAP_MIN_ENTRIES);
}

TEST(map_sizes_hold_no_more_than_the_connections_that_may_be)
{
	assert_int_equal(choose(512, 30000, 1, 2).flows, 32768);
	assert_int_equal(choose(512, 32768, 1, 2).flows, 32768);
	assert_int_equal(choose(512, 32769, 1, 2).flows, 65536);
	assert_int_equal(choose(512, 1, 1, 2).flows, WEFT_FLOW_MAP_MIN_ENTRIES);
}

TEST(map_sizes_more_hot_flows_than_an_eighth_are_none)
{
	assert_int_equal(choose(512, 1000000, 1, 128).hot_cpus, 128);
	assert_int_equal(choose(512, 1000000, 1, 129).hot_cpus, 0);
	assert_int_equal(choose(512, 1000000, 2, 65).hot_cpus, 0);
	assert_int_equal(choose(16, 1000000, 1, 4).hot_cpus, 4);
	assert_int_equal(choose(16, 1000000, 1, 5).hot_cpus, 0);
	assert_int_equal(choose(512, 1000000, 1, 0).hot_cpus, 0);
}

TEST(map_sizes_hot_slots_use_at_most_a_32nd_or_are_the_fewest)
{
	assert_int_equal(choose(4096, 1000000, 1, 2).hot_slots, WEFT_HOT_SLOTS_MAX);
	assert_int_equal(choose(2048, 1000000, 1, 2).hot_slots, WEFT_HOT_SLOTS_MAX);
	assert_int_equal(choose(2047, 1000000, 1, 2).hot_slots, 65536);
	assert_int_equal(choose(512, 1000000, 1, 2).hot_slots, 32768);
	assert_int_equal(choose(512, 1000000, 1, 3).hot_slots, 16384);
	assert_int_equal(choose(512, 1000000, 1, 8).hot_slots, 8192);
	assert_int_equal(choose(512, 1000000, 1, 9).hot_slots, 4096);
	assert_int_equal(choose(512, 1000000, 2, 8).hot_slots, 4096);
	assert_int_equal(choose(512, 1000000, 1, 128).hot_slots, WEFT_HOT_SLOTS_MIN);
	assert_int_equal(choose(16, 1000000, 1, 4).hot_slots, WEFT_HOT_SLOTS_MIN);
}

/*
 * Linux 6.18 with two CPUs reports these sizes as "memlock": 13632384 bytes for the map of flows,
 * 3149824 for the map of handshakes, 16781312 for the map of hot flows.
 */
TEST(map_sizes_bytes_are_at_least_the_kernels_and_little_more)
{
	const struct wf_map_sizes sizes = choose(512, 1000000, 1, 2);
	const uint64_t kernel = 13632384 + 3149824 + 16781312 + 70000;
	const uint64_t prefixes = MIB / 2;
	uint64_t bytes = wf_map_sizes_bytes(&sizes, 2, 1);

	assert_true(bytes >= kernel + prefixes);
	assert_true(bytes <= kernel + prefixes + MIB / 8);
}

TEST(map_sizes_bytes_count_each_socket_and_cpu)
{
	const struct wf_map_sizes sizes = choose(512, 1000000, 1, 2);

	assert_int_equal(wf_map_sizes_bytes(&sizes, 2, 101) - wf_map_sizes_bytes(&sizes, 2, 1),
			 6400);
	assert_int_equal(wf_map_sizes_bytes(&sizes, 102, 1) - wf_map_sizes_bytes(&sizes, 2, 1),
			 25600);
}

TEST(umem_rings_are_whole_pages)
{
	/* 2048 descriptors of 8 or 16 bytes and a header need 5 or 9 pages. */
	assert_int_equal(wf_umem_ring_bytes(2048, 0), 2 * 5 * 4096);
	assert_int_equal(wf_umem_ring_bytes(2048, 3), (2 * 5 + 3 * 9) * 4096);
}

TEST(umem_span_counts_its_frames_and_pages)
{
	assert_int_equal(wf_umem_span_bytes(4096), 16 * 128 + 16 * 8);
	assert_int_equal(wf_umem_span_bytes(2048), 32 * 128 + 16 * 8);
}
