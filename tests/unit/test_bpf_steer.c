// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_bpf_steer.c - the XDP program's flow map, verdicts, filter, shedding and ledger.
 * Needs root to load the program; skipped otherwise.
 */
#include "unit/support/test.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "bpf/hash.h"
#include "packet/packet.h"
#include "skel/steer.skel.h"
#include "unit/support/decode_kinds.h"
#include "unit/support/xdp_rig.h"

#define A     "10.0.0.1"
#define B     "10.0.0.2"
#define SYN   WF_TCP_SYN
#define ACK   WF_TCP_ACK
#define FIN   WF_TCP_FIN
#define RST   WF_TCP_RST
#define ETH   14u
#define IPTCP 40u

static struct xdp_rig rig;

static int teardown(void **state)
{
	xdp_rig_close(&rig);
	return 0;
}

#define OPEN_OR_SKIP(workers, opts)                     \
	do {                                            \
		if (!xdp_rig_open(&rig, workers, opts)) \
			skip();                         \
	} while (0)

static struct weft_flow_key key_of(const char *src, uint16_t src_port, const char *dst,
				   uint16_t dst_port, unsigned int *ret_src)
{
	struct weft_flow_key key;
	struct weft_flow_key kernel_key;

	*ret_src = decode_expected_key(src, src_port, dst, dst_port, &key);
	memcpy(&kernel_key, &key, sizeof(kernel_key));
	return kernel_key;
}

/* ---- metadata ---- */

TEST_WITH(steer_metadata_has_the_time, NULL, teardown)
{
	uint64_t before, after;

	OPEN_OR_SKIP(1, NULL);
	before = wf_clock_monotonic_ns();
	assert_true(xdp_rig_segment(&rig, A, 1000, B, 80, ACK, 5));
	after = wf_clock_monotonic_ns();
	assert_true(rig.has_meta);
	assert_in_range(rig.meta.time_ns, before - wf_clock_tick_ns(), after);
}

/* ---- outcomes ---- */

TEST_WITH(steer_not_tcp_passes, NULL, teardown)
{
	static struct packet_builder pb;

	OPEN_OR_SKIP(1, NULL);
	pb_init(&pb);
	pb_ethernet(&pb);
	pb_ip(&pb, A, B);
	pb_udp(&pb, 53, 53);
	pb_data(&pb, NULL, 30);
	pb_finish(&pb);
	assert_false(xdp_rig_run_built(&rig, &pb));
	assert_int_equal(rig.action, XDP_PASS);
	assert_int_equal(rig.counts.passed, 1);
}

/* The first frame without TCP of each CPU is kept, and every WEFT_SAMPLE_EVERY-th after it. */
TEST_WITH(steer_keeps_samples_of_frames_without_tcp, NULL, teardown)
{
	static uint8_t ptp[300];
	const struct weft_sample *samples;
	uint32_t kept = 0;

	OPEN_OR_SKIP(1, NULL);
	samples = rig.xdp.maps.samples;
	ptp[12] = 0x88;
	ptp[13] = 0xf7;
	assert_true(xdp_rig_segment(&rig, A, 1000, B, 80, ACK, 5));
	assert_int_equal(samples[0].cap_bytes, 0);
	assert_false(xdp_rig_run(&rig, ptp, 60));
	assert_int_equal(samples[0].frame_bytes, 60);
	assert_int_equal(samples[0].cap_bytes, 60);
	assert_memory_equal(samples[0].bytes, ptp, 60);
	for (int i = 0; i < 8 * WEFT_SAMPLE_EVERY; i++)
		assert_false(xdp_rig_run(&rig, ptp, sizeof(ptp)));
	for (int i = 0; i < WEFT_SAMPLES; i++)
		kept += samples[i].frame_bytes == sizeof(ptp) &&
			samples[i].cap_bytes == sizeof(samples[i].bytes);
	assert_in_range(kept, 1, 9);
}

TEST_WITH(steer_empty_slot_passes_as_unsteered, NULL, teardown)
{
	const uint32_t slot = 0;

	OPEN_OR_SKIP(1, NULL);
	bpf_map_delete_elem(bpf_map__fd(rig.xdp.skel->maps.weft_xsks), &slot);
	assert_false(xdp_rig_segment(&rig, A, 1000, B, 80, ACK, 5));
	assert_int_equal(rig.action, XDP_PASS);
	assert_int_equal(rig.counts.unsteered, 1);
}

TEST_WITH(steer_by_queue_takes_the_queues_slot_whatever_the_hash, NULL, teardown)
{
	const struct wf_xdp_opts opts = {.by_queue = true};
	struct weft_flow_value value;
	struct weft_flow_key key;
	unsigned int src;

	OPEN_OR_SKIP(4, &opts);
	for (uint16_t port = 1000; port < 1040; port++) {
		assert_true(xdp_rig_segment(&rig, A, port, B, 80, ACK, 5));
		key = key_of(A, port, B, 80, &src);
		assert_true(xdp_rig_flow(&rig, &key, &value));
		assert_int_equal(value.worker, 0);
	}
	assert_int_equal(rig.counts.steered, 40);
	assert_int_equal(rig.counts.unsteered, 0);
}

TEST_WITH(steer_longer_than_a_frame_passes_as_unsteered, NULL, teardown)
{
	const struct wf_xdp_opts opts = {.frame_max_bytes = ETH + IPTCP + 100};

	OPEN_OR_SKIP(1, &opts);
	assert_true(xdp_rig_segment(&rig, A, 1000, B, 80, ACK, 100));
	assert_false(xdp_rig_segment(&rig, A, 1000, B, 80, ACK, 101));
	assert_int_equal(rig.action, XDP_PASS);
	assert_int_equal(rig.counts.unsteered, 1);
}

/*
 * The settings are those of a kernel that drops a frame in several buffers when it is redirected.
 */
TEST_WITH(steer_in_several_buffers_passes_as_unsteered_if_not_supported, NULL, teardown)
{
	const struct wf_xdp_opts opts = {.one_buffer = true};

	OPEN_OR_SKIP(1, &opts);
	assert_true(xdp_rig_segment(&rig, A, 1000, B, 80, ACK, 1400));
	assert_false(xdp_rig_segment(&rig, A, 1000, B, 80, ACK, 8000));
	assert_int_equal(rig.action, XDP_PASS);
	assert_int_equal(rig.counts.unsteered, 1);
}

/* ---- flow map ---- */

TEST_WITH(flow_map_counts_both_directions_apart, NULL, teardown)
{
	struct weft_flow_value value;
	struct weft_flow_key key;
	unsigned int src;

	OPEN_OR_SKIP(4, NULL);
	key = key_of(B, 80, A, 1000, &src);
	xdp_rig_segment(&rig, B, 80, A, 1000, SYN | ACK, 0);
	xdp_rig_segment(&rig, A, 1000, B, 80, ACK, 10);
	xdp_rig_segment(&rig, A, 1000, B, 80, ACK | FIN, 20);

	assert_true(xdp_rig_flow(&rig, &key, &value));
	assert_int_equal(value.packets[src], 1);
	assert_int_equal(value.bytes[src], IPTCP);
	assert_int_equal(value.tcp_flags[src], SYN | ACK);
	assert_int_equal(value.packets[!src], 2);
	assert_int_equal(value.bytes[!src], 2 * IPTCP + 30);
	assert_int_equal(value.tcp_flags[!src], ACK | FIN);
	assert_int_equal(value.worker, weft_hash_worker(rig.meta.hash, 4));
	assert_true(value.first_ns <= value.last_ns);
	assert_int_equal(value.last_ns, rig.meta.time_ns);
}

TEST_WITH(flow_map_key_is_that_of_user_space, NULL, teardown)
{
	static const char *const pairs[][2] = {{A, B},
					       {B, A},
					       {A, A},
					       {"2001:db8::1", "2001:db8::2"},
					       {"fe80::ffff:1", "2001:db8::2"},
					       {"10.0.0.200", "10.0.1.1"}};
	struct weft_flow_value value;
	struct weft_flow_key key;
	unsigned int src;

	OPEN_OR_SKIP(1, NULL);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		key = key_of(pairs[i][0], 300, pairs[i][1], 5, &src);
		xdp_rig_segment(&rig, pairs[i][0], 300, pairs[i][1], 5, ACK, 7);
		assert_true(xdp_rig_flow(&rig, &key, &value));
		assert_int_equal(value.packets[src], 1);
		assert_int_equal(value.packets[!src], 0);
	}
}

TEST_WITH(flow_map_handshake_makes_an_entry_with_its_last_segment, NULL, teardown)
{
	struct weft_flow_value value;
	struct weft_flow_key key;
	unsigned int src;
	uint64_t first_ns;

	OPEN_OR_SKIP(1, NULL);
	key = key_of(A, 1000, B, 80, &src);
	assert_true(xdp_rig_segment(&rig, A, 1000, B, 80, SYN, 0));
	first_ns = rig.meta.time_ns;
	assert_true(xdp_rig_segment(&rig, A, 1000, B, 80, SYN, 0));
	assert_true(xdp_rig_segment(&rig, B, 80, A, 1000, SYN | ACK, 0));
	assert_false(xdp_rig_flow(&rig, &key, &value));

	assert_true(xdp_rig_segment(&rig, A, 1000, B, 80, ACK, 7));
	assert_true(xdp_rig_flow(&rig, &key, &value));
	assert_int_equal(value.packets[src], 3);
	assert_int_equal(value.bytes[src], 3 * IPTCP + 7);
	assert_int_equal(value.tcp_flags[src], SYN | ACK);
	assert_int_equal(value.packets[!src], 1);
	assert_int_equal(value.tcp_flags[!src], SYN | ACK);
	assert_true(value.first_ns <= first_ns);
	assert_int_equal(value.last_ns, rig.meta.time_ns);
}

/* Sends SYN and SYN-ACK of more half-open connections than the map of handshakes has entries. */
TEST_WITH(flow_map_flood_of_handshakes_leaves_the_connections, NULL, teardown)
{
	struct weft_flow_value value;
	struct weft_flow_key key;
	unsigned int src;

	OPEN_OR_SKIP(1, NULL);
	key = key_of(A, 1000, B, 80, &src);
	assert_true(xdp_rig_segment(&rig, A, 1000, B, 80, ACK, 1));
	for (unsigned int i = 0; i < 20000; i++) {
		assert_true(xdp_rig_segment(&rig, "10.0.1.1", (uint16_t)i, B, 80, SYN, 0));
		assert_true(xdp_rig_segment(&rig, B, 80, "10.0.1.1", (uint16_t)i, SYN | ACK, 0));
	}
	assert_true(xdp_rig_flow(&rig, &key, &value));
	assert_int_equal(value.packets[src], 1);
	assert_int_equal(
		bpf_map_get_next_key(bpf_map__fd(rig.xdp.skel->maps.weft_flows), &key, &key),
		-ENOENT);
}

/* ---- verdicts ---- */

static int set_verdict(uint16_t of_source, uint16_t of_other)
{
	struct weft_verdict_request request;
	unsigned int src;

	request.key = key_of(A, 1000, B, 80, &src);
	request.verdict[src] = of_source;
	request.verdict[!src] = of_other;
	return wf_kernel_maps_set_verdict(&rig.xdp.maps, &request);
}

TEST_WITH(verdict_of_unknown_flow_is_refused, NULL, teardown)
{
	OPEN_OR_SKIP(1, NULL);
	assert_int_equal(set_verdict(WEFT_VERDICT_SHUNT, WEFT_VERDICT_SHUNT), -ENOENT);
}

TEST_WITH(verdict_shunt_steers_only_begin_and_end, NULL, teardown)
{
	struct weft_flow_value value;
	struct weft_flow_key key;
	unsigned int src;

	OPEN_OR_SKIP(1, NULL);
	key = key_of(A, 1000, B, 80, &src);
	xdp_rig_segment(&rig, A, 1000, B, 80, ACK, 10);
	assert_int_equal(set_verdict(WEFT_VERDICT_SHUNT, WEFT_VERDICT_STEER), 0);

	assert_false(xdp_rig_segment(&rig, A, 1000, B, 80, ACK, 10));
	assert_int_equal(rig.action, XDP_PASS);
	assert_true(xdp_rig_segment(&rig, B, 80, A, 1000, ACK, 10));
	assert_true(xdp_rig_segment(&rig, A, 1000, B, 80, ACK | FIN, 0));
	assert_true(xdp_rig_segment(&rig, A, 1000, B, 80, ACK | RST, 0));
	assert_int_equal(rig.counts.shunted, 1);

	assert_true(xdp_rig_flow(&rig, &key, &value));
	assert_int_equal(value.packets[src], 4);
	assert_int_equal(value.kept_packets[src], 1);
	assert_int_equal(value.kept_bytes[src], IPTCP + 10);
	assert_int_equal(value.kept_packets[!src], 0);
	assert_int_equal(rig.counts.shunted_bytes, IPTCP + 10);
}

TEST_WITH(verdict_shunt_keeps_the_last_time_within_a_tick, NULL, teardown)
{
	struct weft_flow_value value;
	struct weft_flow_key key;
	unsigned int src;
	uint64_t before;

	OPEN_OR_SKIP(1, NULL);
	key = key_of(A, 1000, B, 80, &src);
	xdp_rig_segment(&rig, A, 1000, B, 80, ACK, 10);
	set_verdict(WEFT_VERDICT_SHUNT, WEFT_VERDICT_SHUNT);
	/* The clock of the ticks: in a paused virtual machine, a tick may be late. */
	before = wf_clock_ns(CLOCK_MONOTONIC_COARSE);
	assert_false(xdp_rig_segment(&rig, A, 1000, B, 80, ACK, 10));
	assert_true(xdp_rig_flow(&rig, &key, &value));
	assert_in_range(value.last_ns, before - wf_clock_tick_ns(), wf_clock_monotonic_ns());
	assert_true(value.last_ns >= value.first_ns);
}

TEST_WITH(verdict_ends_with_the_next_connection, NULL, teardown)
{
	OPEN_OR_SKIP(1, NULL);
	xdp_rig_segment(&rig, A, 1000, B, 80, ACK, 10);
	set_verdict(WEFT_VERDICT_SHUNT, WEFT_VERDICT_SHUNT);
	assert_false(xdp_rig_segment(&rig, A, 1000, B, 80, ACK, 10));
	assert_true(xdp_rig_segment(&rig, A, 1000, B, 80, SYN, 0));
	assert_true(xdp_rig_segment(&rig, A, 1000, B, 80, ACK, 10));
}

TEST_WITH(verdict_of_one_direction_leaves_the_other_and_reports_what_was_kept, NULL, teardown)
{
	struct weft_verdict_request request;
	unsigned int src;

	OPEN_OR_SKIP(1, NULL);
	request.key = key_of(A, 1000, B, 80, &src);
	xdp_rig_segment(&rig, A, 1000, B, 80, ACK, 10);
	set_verdict(WEFT_VERDICT_SHUNT, WEFT_VERDICT_STEER);
	xdp_rig_segment(&rig, A, 1000, B, 80, ACK, 10);
	xdp_rig_segment(&rig, A, 1000, B, 80, ACK, 20);

	request.verdict[src] = WEFT_VERDICT_KEEP;
	request.verdict[!src] = WEFT_VERDICT_SHUNT;
	assert_int_equal(wf_kernel_maps_set_verdict(&rig.xdp.maps, &request), 0);
	assert_int_equal(request.verdict[src], WEFT_VERDICT_SHUNT);
	assert_int_equal(request.verdict[!src], WEFT_VERDICT_STEER);
	assert_int_equal(request.kept_packets[src], 2);
	assert_int_equal(request.kept_bytes[src], 2 * IPTCP + 30);
	assert_int_equal(request.kept_packets[!src], 0);
	assert_true(request.idle_ns < 10 * WF_NS_PER_SEC);
	assert_false(xdp_rig_segment(&rig, A, 1000, B, 80, ACK, 10));
	assert_false(xdp_rig_segment(&rig, B, 80, A, 1000, ACK, 10));
}

TEST_WITH(verdict_pass_steers_nothing, NULL, teardown)
{
	OPEN_OR_SKIP(1, NULL);
	xdp_rig_segment(&rig, A, 1000, B, 80, ACK, 10);
	set_verdict(WEFT_VERDICT_PASS, WEFT_VERDICT_PASS);
	assert_false(xdp_rig_segment(&rig, A, 1000, B, 80, ACK | FIN, 10));
	assert_false(xdp_rig_segment(&rig, A, 1000, B, 80, SYN, 0));
	assert_int_equal(rig.counts.shunted, 2);
}

TEST_WITH(verdict_of_the_next_connection_replaces_all_but_pass, NULL, teardown)
{
	OPEN_OR_SKIP(1, NULL);
	xdp_rig_segment(&rig, A, 1000, B, 80, ACK, 10);
	set_verdict(WEFT_VERDICT_PASS, WEFT_VERDICT_SHUNT);
	assert_false(xdp_rig_segment(&rig, A, 1000, B, 80, SYN, 0));
	assert_true(xdp_rig_segment(&rig, B, 80, A, 1000, ACK, 10));
	set_verdict(WEFT_VERDICT_SHUNT, WEFT_VERDICT_PASS);
	assert_true(xdp_rig_segment(&rig, A, 1000, B, 80, SYN, 0));
	assert_false(xdp_rig_segment(&rig, B, 80, A, 1000, ACK, 10));
}

TEST_WITH(verdict_keeps_what_was_counted, NULL, teardown)
{
	struct weft_flow_value value;
	struct weft_flow_key key;
	unsigned int src;

	OPEN_OR_SKIP(1, NULL);
	key = key_of(A, 1000, B, 80, &src);
	xdp_rig_segment(&rig, A, 1000, B, 80, ACK, 10);
	set_verdict(WEFT_VERDICT_SHUNT, WEFT_VERDICT_SHUNT);
	assert_true(xdp_rig_flow(&rig, &key, &value));
	assert_int_equal(value.packets[src], 1);
	assert_int_equal(value.bytes[src], IPTCP + 10);
}

/* ---- shedding ---- */

TEST_WITH(shed_takes_new_flows_whole_and_leaves_the_old, NULL, teardown)
{
	unsigned int taken = 0;

	OPEN_OR_SKIP(1, NULL);
	assert_true(xdp_rig_segment(&rig, A, 999, B, 80, ACK, 1));
	wf_kernel_maps_set_shed(&rig.xdp.maps, UINT32_MAX / 2);
	assert_true(xdp_rig_segment(&rig, A, 999, B, 80, ACK, 1));

	for (uint16_t port = 2000; port < 2400; port++) {
		bool steered = xdp_rig_segment(&rig, A, port, B, 80, SYN, 0);

		assert_int_equal(xdp_rig_segment(&rig, B, 80, A, port, SYN | ACK, 0), steered);
		assert_int_equal(xdp_rig_segment(&rig, A, port, B, 80, ACK | FIN, 9), steered);
		taken += steered;
	}
	assert_in_range(taken, 140, 260);
	assert_int_equal(rig.counts.shed, (400 - taken) * 3);

	/*
	 * A connection that was shed at its start stays shed as a whole; new connections are
	 * accepted again.
	 */
	wf_kernel_maps_set_shed(&rig.xdp.maps, 0);
	for (uint16_t port = 2000; port < 2400; port++)
		taken -= xdp_rig_segment(&rig, A, port, B, 80, ACK, 1);
	assert_int_equal(taken, 0);
	assert_true(xdp_rig_segment(&rig, A, 3000, B, 80, ACK, 1));
}

/* ---- filter ---- */

static struct weft_prefix prefix(const char *text, uint8_t bits)
{
	struct weft_prefix prefix = {.bits = bits};

	if (strchr(text, ':')) {
		inet_pton(AF_INET6, text, prefix.addr);
	} else {
		prefix.bits += 96;
		prefix.addr[10] = prefix.addr[11] = 0xff;
		inet_pton(AF_INET, text, prefix.addr + 12);
	}
	return prefix;
}

static bool is_taken(const char *src, uint16_t src_port, const char *dst, uint16_t dst_port)
{
	uint64_t filtered = rig.counts.filtered;
	bool steered = xdp_rig_segment(&rig, src, src_port, dst, dst_port, ACK, 3);

	assert_int_equal(rig.counts.filtered, filtered + !steered);
	return steered;
}

TEST_WITH(filter_by_port_takes_either_end, NULL, teardown)
{
	static const uint16_t ports[] = {80, 0, 65535};
	const struct weft_interface_opts iface = {.ports = ports, .ports_count = 3};
	const struct wf_xdp_opts opts = {.iface = &iface};

	OPEN_OR_SKIP(1, &opts);
	assert_true(is_taken(A, 80, B, 1));
	assert_true(is_taken(A, 1, B, 80));
	assert_true(is_taken(A, 0, B, 1));
	assert_true(is_taken(A, 1, B, 65535));
	assert_false(is_taken(A, 81, B, 79));
	assert_false(is_taken(A, 64, B, 65534));
}

TEST_WITH(filter_by_prefix_allows_either_end_and_deny_beats, NULL, teardown)
{
	const struct weft_prefix allow[] = {prefix("10.0.0.0", 8), prefix("2001:db8::", 32)};
	const struct weft_prefix deny[] = {prefix("10.9.0.0", 16), prefix("2001:db8:9::", 48)};
	const struct weft_interface_opts iface = {
		.allow = allow, .allow_count = 2, .deny = deny, .deny_count = 2};
	const struct wf_xdp_opts opts = {.iface = &iface};

	OPEN_OR_SKIP(1, &opts);
	assert_true(is_taken("10.1.1.1", 1, "192.0.2.1", 2));
	assert_true(is_taken("192.0.2.1", 1, "10.1.1.1", 2));
	assert_false(is_taken("192.0.2.1", 1, "192.0.2.2", 2));
	assert_false(is_taken("10.1.1.1", 1, "10.9.1.1", 2));
	assert_true(is_taken("2001:db8::1", 1, "2001:db7::1", 2));
	assert_false(is_taken("2001:db7::1", 1, "2001:db6::1", 2));
	assert_false(is_taken("2001:db8::1", 1, "2001:db8:9::1", 2));
}

TEST_WITH(filter_prefix_of_all_ipv4_leaves_ipv6, NULL, teardown)
{
	const struct weft_prefix deny[] = {prefix("0.0.0.0", 0)};
	const struct weft_interface_opts iface = {.deny = deny, .deny_count = 1};
	const struct wf_xdp_opts opts = {.iface = &iface};

	OPEN_OR_SKIP(1, &opts);
	assert_false(is_taken(A, 1, B, 2));
	assert_true(is_taken("2001:db8::1", 1, "2001:db7::1", 2));
}

TEST_WITH(filter_is_of_the_innermost_addresses, NULL, teardown)
{
	static struct packet_builder pb;
	const struct weft_prefix allow[] = {prefix(KIND_SRC, 32)};
	const struct weft_interface_opts iface = {.allow = allow, .allow_count = 1};
	const struct wf_xdp_opts opts = {.iface = &iface};
	unsigned int kinds = 0;

	OPEN_OR_SKIP(1, &opts);
	for (unsigned int i = 0; i < decode_kinds_count; i++) {
		decode_kind_build(&decode_kinds[i], &pb);
		if (!decode_kind_is_for_kernel(&decode_kinds[i], &pb) || decode_kinds[i].ip6)
			continue;
		assert_true(xdp_rig_run_built(&rig, &pb));
		kinds++;
	}
	assert_true(kinds >= 20);
}

TEST_WITH(sample_takes_whole_flows_of_about_its_share, NULL, teardown)
{
	const struct weft_interface_opts iface = {.sample = 0.25};
	const struct wf_xdp_opts opts = {.iface = &iface};
	unsigned int taken = 0;

	OPEN_OR_SKIP(4, &opts);
	for (uint16_t port = 2000; port < 2800; port++) {
		bool steered = is_taken(A, port, B, 80);

		assert_int_equal(is_taken(B, 80, A, port), steered);
		taken += steered;
	}
	assert_in_range(taken, 140, 260);
}

/* Until the switch the old filter decides; afterwards the new filter decides. */
TEST_WITH(filter_is_changed_as_a_whole, NULL, teardown)
{
	static const uint16_t old_ports[] = {80}, new_ports[] = {443};
	const struct weft_prefix deny[] = {prefix("10.9.0.0", 16)};
	const struct weft_interface_opts old = {.ports = old_ports, .ports_count = 1};
	const struct weft_interface_opts new = {
		.ports = new_ports, .ports_count = 1, .deny = deny, .deny_count = 1};
	const struct weft_interface_opts none = {.sz = sizeof(none)};
	const struct wf_xdp_opts opts = {.iface = &old};
	uint64_t word;

	OPEN_OR_SKIP(1, &opts);
	for (uint32_t turn = 0; turn < 3; turn++) {
		assert_int_equal(wf_kernel_maps_prepare_filter(&rig.xdp.maps, &new, &word), 0);
		assert_true(is_taken("10.9.1.1", 80, B, 1));
		assert_int_equal(rig.meta.policy, turn);
		assert_false(is_taken(A, 443, B, 1));
		wf_kernel_maps_switch_filter(&rig.xdp.maps, word, 100);
		assert_false(is_taken(A, 80, B, 1));
		assert_true(is_taken(A, 443, B, 1));
		assert_int_equal(rig.meta.policy, 100);
		assert_false(is_taken("10.9.1.1", 443, B, 1));
		assert_int_equal(wf_kernel_maps_prepare_filter(&rig.xdp.maps, &old, &word), 0);
		wf_kernel_maps_switch_filter(&rig.xdp.maps, word, turn + 1);
	}
	assert_int_equal(wf_kernel_maps_prepare_filter(&rig.xdp.maps, &none, &word), 0);
	wf_kernel_maps_switch_filter(&rig.xdp.maps, word, 4);
	assert_true(is_taken("10.9.1.1", 1, B, 2));
}
