// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_bpf_host.c - the tc program of host mode: wanted segments are copied whole into the ring of
 * their worker, with the hash of decode; each packet is counted once; as a tc filter, without a
 * recent heartbeat, the program does not look at any packet. Needs root to load the program;
 * skipped otherwise.
 */
#include "unit/support/test.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <string.h>

#include "base/clock.h"
#include "bpf/hash.h"
#include "capture/source.h"
#include "packet/packet.h"
#include "skel/host.skel.h"
#include "unit/support/decode_kinds.h"
#include "unit/support/host_rig.h"

static struct host_rig rig;
static struct packet_builder pb;

static int teardown(void **state)
{
	host_rig_close(&rig);
	return 0;
}

#define OPEN_OR_SKIP(workers, opts)                      \
	do {                                             \
		if (!host_rig_open(&rig, workers, opts)) \
			skip();                          \
	} while (0)

/* ---- records ---- */

TEST_WITH(host_segment_is_copied_with_its_time_and_link, NULL, teardown)
{
	uint64_t before, after;

	OPEN_OR_SKIP(1, NULL);
	before = wf_clock_realtime_ns();
	assert_true(host_rig_segment(&rig, 5));
	after = wf_clock_realtime_ns();
	assert_in_range(rig.frame.time_ns, before - wf_clock_tick_ns(), after + wf_clock_tick_ns());
	assert_int_equal(rig.frame.link, WEFT_LINK_ETHERNET);
	assert_int_equal(rig.frame.vlan[0], 0);
}

TEST_WITH(host_only_own_segments_may_have_partial_checksums, NULL, teardown)
{
	OPEN_OR_SKIP(1, NULL);
	assert_true(host_rig_segment(&rig, 5));
	assert_true(rig.frame.flags & WF_FRAME_TX_OFFLOAD);
	rig.is_received = true;
	assert_true(host_rig_segment(&rig, 5));
	assert_false(rig.frame.flags & (WF_FRAME_TX_OFFLOAD | WF_FRAME_GSO));
	rig.gso_bytes = 1000;
	assert_true(host_rig_segment(&rig, 2000));
	assert_true(rig.frame.flags & WF_FRAME_GSO);
}

TEST_WITH(host_on_loopback_all_segments_are_own, NULL, teardown)
{
	const struct wf_tc_opts opts = {.is_loopback = true};

	OPEN_OR_SKIP(1, &opts);
	rig.is_received = true;
	assert_true(host_rig_segment(&rig, 5));
	assert_true(rig.frame.flags & WF_FRAME_TX_OFFLOAD);
}

/*
 * Lengths around the limits of each record size, up to the longest packet that a test run accepts
 * on Linux 6.1. All records begin at a cache line.
 */
TEST_WITH(host_segment_of_any_length_is_copied_whole, NULL, teardown)
{
	OPEN_OR_SKIP(1, NULL);
	for (uint32_t len = 0; len <= 3000; len += len % 64 < 8 ? 1 : 7) {
		const uint8_t *record;

		assert_true(host_rig_segment(&rig, len));
		record = rig.frame.bytes - sizeof(struct weft_host_record) - BPF_RINGBUF_HDR_SZ;
		assert_int_equal((uintptr_t)record % 64, 0);
	}
	assert_int_equal(rig.counts.failed, 0);
}

TEST_WITH(host_every_kind_is_copied_with_the_hash_of_decode, NULL, teardown)
{
	const struct wf_decoder decoder = {.secret = decode_secret,
					   .checksum = WEFT_CHECKSUM_IGNORE};
	unsigned int kinds = 0;

	OPEN_OR_SKIP(2, NULL);
	for (unsigned int i = 0; i < decode_kinds_count; i++) {
		struct wf_frame frame;
		uint32_t hash;

		decode_kind_build(&decode_kinds[i], &pb);
		if (!decode_kind_is_for_kernel(&decode_kinds[i], &pb))
			continue;
		pb_frame(&pb, 0, &frame);
		hash = wf_decode_steer_hash(&decoder, &frame, NULL);
		assert_true(host_rig_run_built(&rig, &pb));
		assert_true(rig.frame.flags & WF_FRAME_HASHED);
		assert_int_equal(rig.frame.hash, hash);
		assert_int_equal(rig.worker, weft_hash_worker(hash, 2));
		kinds++;
	}
	assert_true(kinds >= 30);
}

TEST_WITH(host_without_link_header_packets_begin_with_ip, NULL, teardown)
{
	const struct wf_tc_opts opts = {.link = WEFT_LINK_RAW};
	const struct wf_decoder decoder = {.secret = decode_secret,
					   .checksum = WEFT_CHECKSUM_IGNORE};
	unsigned int kinds = 0;

	OPEN_OR_SKIP(1, &opts);
	for (unsigned int i = 0; i < decode_kinds_count; i++) {
		struct wf_frame frame;

		decode_kind_build(&decode_kinds[i], &pb);
		if (!decode_kind_is_for_kernel(&decode_kinds[i], &pb) ||
		    (pb.layers[1].kind != PB_IPV4 && pb.layers[1].kind != PB_IPV6))
			continue;
		pb_frame(&pb, 0, &frame);
		frame.bytes += 14;
		frame.cap_bytes -= 14;
		frame.wire_bytes -= 14;
		frame.link = WEFT_LINK_RAW;
		assert_true(host_rig_run(&rig, frame.bytes, frame.cap_bytes));
		assert_int_equal(rig.frame.link, WEFT_LINK_RAW);
		assert_int_equal(rig.frame.hash, wf_decode_steer_hash(&decoder, &frame, NULL));
		kinds++;
	}
	assert_true(kinds >= 10);
}

/* ---- outcomes ---- */

TEST_WITH(host_not_tcp_is_passed, NULL, teardown)
{
	OPEN_OR_SKIP(1, NULL);
	pb_init(&pb);
	pb_ethernet(&pb);
	pb_ip(&pb, "10.0.0.1", "10.0.0.2");
	pb_udp(&pb, 53, 53);
	pb_data(&pb, NULL, 30);
	pb_finish(&pb);
	assert_false(host_rig_run_built(&rig, &pb));
	assert_int_equal(rig.counts.passed, 1);
	assert_int_equal(rig.tc.maps.samples[0].frame_bytes, pb.len_bytes);
	assert_int_equal(rig.tc.maps.samples[0].cap_bytes, pb.len_bytes);
	assert_memory_equal(rig.tc.maps.samples[0].bytes, pb.bytes, pb.len_bytes);
}

TEST_WITH(host_port_that_is_not_listed_is_filtered, NULL, teardown)
{
	const uint16_t ports[] = {443};
	const struct weft_interface_opts filter = {
		.sz = sizeof(filter), .ports = ports, .ports_count = 1};
	const struct wf_tc_opts opts = {.iface = &filter};

	OPEN_OR_SKIP(1, &opts);
	assert_false(host_rig_segment(&rig, 5));
	assert_int_equal(rig.counts.filtered, 1);
}

TEST_WITH(host_verdict_shunt_copies_no_more_data, NULL, teardown)
{
	struct weft_verdict_request request = {.verdict = {WEFT_VERDICT_SHUNT, WEFT_VERDICT_SHUNT}};

	OPEN_OR_SKIP(1, NULL);
	assert_true(host_rig_segment(&rig, 5));
	decode_expected_key("10.0.0.1", 1000, "10.0.0.2", 80, &request.key);
	assert_int_equal(wf_kernel_maps_set_verdict(&rig.tc.maps, &request), 0);
	assert_false(host_rig_segment(&rig, 100));
	assert_int_equal(rig.counts.shunted, 1);
	assert_int_equal(rig.counts.shunted_bytes, 140);
}

TEST_WITH(host_new_flow_is_shed_whole, NULL, teardown)
{
	OPEN_OR_SKIP(1, NULL);
	wf_kernel_maps_set_shed(&rig.tc.maps, UINT32_MAX);
	assert_false(host_rig_segment(&rig, 5));
	wf_kernel_maps_set_shed(&rig.tc.maps, 0);
	assert_false(host_rig_segment(&rig, 5));
	assert_int_equal(rig.counts.shed, 2);
}

/* Returns the payload length of segment @n, which differs from those of its neighbours. */
static uint32_t nth_length(uint32_t n)
{
	return 1000 + n % 331;
}

/* Reads at most @max frames, and asserts that they are segments number @*from and so on. */
static void read_in_order(uint32_t *from, uint32_t max)
{
	struct wf_source *source = wf_tc_source(&rig.tc, 0);
	struct wf_frame frames[16];
	uint32_t headers = 0;
	int taken;

	for (uint32_t count = 0; count < max; count += (uint32_t)taken) {
		taken = source->ops->recv(source, frames, 16);
		if (!taken)
			return;
		headers = headers ? headers : frames[0].cap_bytes - nth_length(*from);
		for (int i = 0; i < taken; i++)
			assert_int_equal(frames[i].cap_bytes - headers, nth_length((*from)++));
		source->ops->done(source);
	}
}

TEST_WITH(host_order_holds_over_both_rings, NULL, teardown)
{
	uint32_t written = 0, read = 0, key = 0;
	uint64_t overflowed = 0;

	OPEN_OR_SKIP(1, NULL);
	for (int round = 0; round < 4; round++) {
		while (host_rig_segment_unread(&rig, nth_length(written)))
			written++;
		read_in_order(&read, 16 + 96 * (uint32_t)round);
		/* The first ring has room again, but the overflow ring is not empty. */
		for (int i = 0; i < 16; i++)
			written += host_rig_segment_unread(&rig, nth_length(written));
	}
	read_in_order(&read, UINT32_MAX);
	assert_int_equal(read, written);
	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(rig.tc.skel->maps.weft_overflowed), &key,
					     &overflowed),
			 0);
	assert_in_range(overflowed, written / 2, written - 64);
}

TEST_WITH(host_full_ring_is_counted_and_works_again_once_it_is_read, NULL, teardown)
{
	struct wf_frame frames[64];
	struct wf_source *source;
	uint64_t copied = 0;
	struct wf_tc_load load;
	int count;

	OPEN_OR_SKIP(1, NULL);
	while (host_rig_segment_unread(&rig, 1400))
		copied++;
	assert_int_equal(rig.counts.ring_full, 1);
	assert_true(copied > 500);
	wf_tc_load_read(&rig.tc, 0, &load);
	assert_int_equal(load.full_frames, 1);
	assert_true(load.fill_percent > 98);

	source = wf_tc_source(&rig.tc, 0);
	while ((count = source->ops->recv(source, frames, 64)) > 0) {
		copied -= (uint64_t)count;
		source->ops->done(source);
	}
	assert_int_equal(copied, 0);
	assert_true(source->overran);
	assert_true(host_rig_segment(&rig, 1400));
}

/* ---- heartbeat ---- */

TEST_WITH(host_without_a_heartbeat_looks_at_nothing, NULL, teardown)
{
	if (!host_rig_open_filter(&rig))
		skip();
	assert_false(host_rig_segment(&rig, 5));
	assert_int_equal(rig.counts.stale, 1);
}

TEST_WITH(host_with_an_old_heartbeat_looks_at_nothing_until_the_next, NULL, teardown)
{
	if (!host_rig_open_filter(&rig))
		skip();
	/*
	 * Half a second of margin: a virtual machine's coarse clock stands still while the machine
	 * is paused.
	 */
	rig.tc.skel->bss->weft_heartbeat_ns =
		wf_clock_monotonic_ns() - WEFT_HEARTBEAT_STALE_NS - WF_NS_PER_SEC / 2;
	assert_false(host_rig_segment(&rig, 5));
	assert_int_equal(rig.counts.stale, 1);
	wf_tc_beat(&rig.tc);
	assert_true(host_rig_segment(&rig, 5));
}

TEST_WITH(host_that_a_link_holds_needs_no_heartbeat, NULL, teardown)
{
	OPEN_OR_SKIP(1, NULL);
	assert_true(host_rig_segment(&rig, 5));
	assert_int_equal(rig.counts.stale, 0);
}
