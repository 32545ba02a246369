// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_pipeline.c - each frame is counted with exactly one outcome, whichever stage processes it
 * last.
 */
#include "unit/support/test.h"
#include "unit/support/rig.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "capture/file/pcap_filter.h"
#include "packet/packet.h"
#include "packet/rss.h"
#include "worker/pipeline.h"
#include "memory/arena.h"
#include "memory/page.h"
#include "memory/page_pool.h"
#include "unit/support/decode_kinds.h"

#define ACK (WF_TCP_ACK | WF_TCP_PSH)

static struct rig rig;

static int setup(void **state)
{
	rig_start(&rig, NULL);
	*state = &rig;
	return 0;
}

static int setup_verify(void **state)
{
	WEFT_OPTS(weft_opts, opts, .checksum = WEFT_CHECKSUM_VERIFY);

	rig_start(&rig, &opts);
	*state = &rig;
	return 0;
}

static int teardown(void **state)
{
	rig_stop(&rig);
	return 0;
}

TEST_WITH(pipeline_counts_each_frame_once, setup, teardown)
{
	static struct packet_builder pb;
	struct wf_frame frame;

	rig_handshake(&rig);
	pb_init(&pb);
	pb_ethernet(&pb);
	pb_ip(&pb, "10.0.0.1", "10.0.0.2");
	pb_udp(&pb, 53, 53);
	pb_finish(&pb);
	pb_frame(&pb, rig.now_ns, &frame);
	rig_frame(&rig, &frame);
	frame.cap_bytes = 20;
	rig_frame(&rig, &frame);
	assert_int_equal(wf_metric_get(&rig.metrics, frames), 5);
	assert_int_equal(wf_metric_get(&rig.metrics, frames_processed_frames), 3);
	assert_int_equal(wf_metric_get(&rig.metrics, frames_not_tcp_frames), 1);
	assert_int_equal(wf_metric_get(&rig.metrics, frames_malformed_frames), 1);
}

TEST_WITH(pipeline_wrong_checksum_reaches_no_flow, setup_verify, teardown)
{
	static struct packet_builder pb;
	const struct pb_tcp tcp = {
		.src_port = 1025, .dst_port = 80, .seq = 1001, .ack = 5001, .flags = ACK};
	struct wf_frame frame;

	rig_handshake(&rig);
	pb_segment(&pb, "10.0.0.1", "10.0.0.2", &tcp, "evil!", 5);
	pb.bytes[pb.len_bytes - 1] ^= 1;
	pb_frame(&pb, rig.now_ns, &frame);
	rig_frame(&rig, &frame);
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "hello");
	assert_string_equal(rig_log(&rig), "open\n> hello\n");
	assert_int_equal(wf_metric_get(&rig.metrics, frames_checksum_frames), 1);
}

/* Sends fragment @part of three IPv4 fragments; together they carry client data at offset 0. */
static void send_fragment(uint32_t part)
{
	static struct packet_builder whole;
	static struct packet_builder pb;
	const struct pb_tcp tcp = {
		.src_port = 1025, .dst_port = 80, .seq = 1001, .ack = 5001, .flags = ACK};
	const uint32_t begin[] = {0, 24, 48, 60};
	struct wf_frame frame;
	const uint8_t *segment;

	pb_segment(&whole, "10.0.0.1", "10.0.0.2", &tcp, "0123456789012345678901234567890123456789",
		   40);
	segment = pb_at(&whole, PB_TCP, 0);
	pb_init(&pb);
	pb_ethernet(&pb);
	pb_ip(&pb, "10.0.0.1", "10.0.0.2");
	pb_set_proto(&pb, 6);
	pb_ipv4_set_fragment(&pb, 77, begin[part], part < 2);
	pb_data(&pb, segment + begin[part], begin[part + 1] - begin[part]);
	pb_finish(&pb);
	pb_frame(&pb, rig.now_ns, &frame);
	rig_frame(&rig, &frame);
}

TEST_WITH(pipeline_fragments_in_any_order_are_one_segment, setup, teardown)
{
	rig_handshake(&rig);
	send_fragment(2);
	send_fragment(0);
	assert_string_equal(rig_log(&rig), "open\n");
	send_fragment(1);
	assert_string_equal(rig_log(&rig), "> 0123456789012345678901234567890123456789\n");
	assert_int_equal(wf_metric_get(&rig.metrics, frames_fragment_frames), 3);
	assert_int_equal(wf_metric_get(&rig.metrics, datagrams_rebuilt_datagrams), 1);
	assert_int_equal(wf_metric_get(&rig.metrics, rebuilt_processed_datagrams), 1);
}

TEST_WITH(pipeline_fragments_live_leave_no_page_behind, setup, teardown)
{
	rig.use_pages = true;
	test_pipeline_fragments_in_any_order_are_one_segment(state);
	send_fragment(0);
}

TEST_WITH(pipeline_fragment_that_never_completes_is_dropped_in_time, setup, teardown)
{
	rig_handshake(&rig);
	send_fragment(0);
	assert_int_equal(wf_metric_get(&rig.metrics, fragments_held_fragments), 1);
	rig_wait_ms(&rig, WEFT_FRAGMENT_TIMEOUT_MS + 1000);
	assert_int_equal(wf_metric_get(&rig.metrics, fragments_held_fragments), 0);
	assert_int_equal(wf_metric_get(&rig.metrics, fragments_incomplete_fragments), 1);
}

/* ---- several workers -------------------------------------------------------------- */

struct given {
	uint32_t worker;
	uint32_t count;
};

static void take_handoff(void *ctx, uint32_t worker, const struct wf_frame *frame)
{
	struct given *given = ctx;

	given->worker = worker;
	given->count++;
	wf_page_put(frame->page);
}

static struct wf_registry second_registry;
static struct wf_dispatch second_dispatch;

static void free_second(struct wf_pipeline *pipeline)
{
	wf_pipeline_free(pipeline);
	wf_dispatch_close(&second_dispatch);
	wf_registry_fini(&second_registry);
}

/* Makes worker 2 of 4, which has no subscriptions. */
static struct wf_pipeline *new_second(struct given *given, struct wf_metrics *metrics,
				      const struct wf_rss *rss)
{
	const struct wf_pipeline_opts opts = {
		.weft = &rig.opts,
		.secret = {{1, 2, 3, 4}},
		.rss = rss,
		.worker = 2,
		.workers = 4,
		.arena = rig.arena,
		.pages = rig.pages,
		.metrics = metrics,
		.dispatch = &second_dispatch,
		.handoff = take_handoff,
		.handoff_ctx = given,
	};
	struct wf_pipeline *pipeline;

	memset(metrics, 0, sizeof(*metrics));
	assert_int_equal(wf_registry_init(&second_registry, rig.arena, 4, 1000), 0);
	wf_dispatch_init(&second_dispatch, &second_registry, 2);
	assert_int_equal(wf_pipeline_new(&opts, &pipeline), 0);
	return pipeline;
}

TEST_WITH(pipeline_frame_of_another_worker_is_handed_to_it, setup, teardown)
{
	static struct packet_builder pb;
	static struct wf_metrics metrics;
	struct given given = {0};
	struct wf_pipeline *pipeline = new_second(&given, &metrics, NULL);
	uint32_t mine = 0;

	for (uint16_t port = 1; port <= 100; port++) {
		const struct pb_tcp tcp = {.src_port = port, .dst_port = 80, .flags = WF_TCP_SYN};
		uint32_t before = given.count;
		struct wf_frame frame;

		pb_segment(&pb, "10.0.0.1", "10.0.0.2", &tcp, NULL, 0);
		pb_frame(&pb, rig.now_ns, &frame);
		wf_pipeline_run(pipeline, &frame, 1);
		if (given.count == before)
			mine++;
		else
			assert_int_not_equal(given.worker, 2);
	}
	assert_int_equal(wf_metric_get(&metrics, frames), mine);
	assert_int_equal(wf_metric_get(&metrics, frames_handed_off_frames), 100 - mine);
	assert_in_range(mine, 10, 45);
	wf_pipeline_flush(pipeline);
	free_second(pipeline);
}

TEST_WITH(pipeline_owner_is_whom_the_nic_gives_the_flow_to, setup, teardown)
{
	static uint8_t key[WF_RSS_KEY_BYTES];
	static const uint32_t queues[] = {0, 1, 2, 3, 4, 5, 6, 7};
	static struct packet_builder pb;
	static struct wf_metrics metrics;
	static struct wf_rss rss;
	const struct wf_rss_opts opts = {
		.key = key,
		.input = WF_RSS_XOR,
		.ports = {true, true},
		.entries = queues,
		.entries_count = 8,
		.workers = 4,
	};
	struct given given = {0};
	struct wf_pipeline *pipeline;

	for (uint32_t i = 0; i < WF_RSS_KEY_BYTES; i++)
		key[i] = (uint8_t)(i * 197 + 31);
	wf_rss_init(&rss, &opts);
	pipeline = new_second(&given, &metrics, &rss);
	for (uint16_t port = 1; port <= 100; port++) {
		const struct pb_tcp tcp = {.src_port = port, .dst_port = 80, .flags = WF_TCP_SYN};
		struct weft_flow_key flow;
		struct wf_frame frame;

		decode_expected_key("10.0.0.1", port, "10.0.0.2", 80, &flow);
		given.worker = 2; /* stays 2 if no frame is handed over */
		pb_segment(&pb, "10.0.0.1", "10.0.0.2", &tcp, NULL, 0);
		pb_frame(&pb, rig.now_ns, &frame);
		wf_pipeline_run(pipeline, &frame, 1);
		assert_int_equal(given.worker, wf_rss_hash(&rss, &flow) % 8 % 4);
	}
	assert_in_range(given.count, 50, 95);
	wf_pipeline_flush(pipeline);
	free_second(pipeline);
}

/*
 * Sends two fragments of each of 100 datagrams to worker 2: it keeps both, or gives both to the
 * same other worker.
 */
TEST_WITH(pipeline_fragments_of_one_datagram_go_to_one_worker, setup, teardown)
{
	static struct packet_builder pb;
	static struct wf_metrics metrics;
	struct given given = {0};
	struct wf_pipeline *pipeline = new_second(&given, &metrics, NULL);
	uint32_t held = 0;

	for (uint16_t id = 1; id <= 100; id++) {
		uint32_t given_to[2];

		for (uint32_t part = 0; part < 2; part++) {
			struct wf_frame frame;

			given.worker = 2;
			pb_init(&pb);
			pb_ethernet(&pb);
			pb_ip(&pb, "10.0.0.1", "10.0.0.2");
			pb_set_proto(&pb, 6);
			pb_ipv4_set_fragment(&pb, id, 64 * part, true);
			pb_data(&pb, NULL, 64);
			pb_finish(&pb);
			pb_frame(&pb, rig.now_ns, &frame);
			wf_pipeline_run(pipeline, &frame, 1);
			given_to[part] = given.worker;
		}
		assert_int_equal(given_to[0], given_to[1]);
		held += given_to[0] == 2;
	}
	assert_in_range(held, 10, 45);
	assert_int_equal(given.count, 2 * (100 - held));
	assert_int_equal(wf_metric_get(&metrics, frames_fragment_frames), 2 * held);
	assert_int_equal(wf_metric_get(&metrics, frames_handed_off_frames), given.count);
	wf_pipeline_flush(pipeline);
	free_second(pipeline);
}

/* ---- filter ----------------------------------------------------------------------- */

TEST_WITH(pipeline_filter_with_ports_passes_what_fragments_rebuild, setup, teardown)
{
	struct wf_pcap_filter *filter;
	struct wf_pipeline_opts opts = {
		.weft = &rig.opts,
		.secret = {{1, 2, 3, 4}},
		.workers = 1,
		.arena = rig.arena,
		.pages = rig.pages,
		.metrics = &rig.metrics,
		.dispatch = &rig.dispatch,
		.handoff = take_handoff,
	};

	assert_int_equal(wf_pcap_filter_new("tcp port 80", &filter), 0);
	opts.filter = filter;
	wf_pipeline_free(rig.pipeline);
	assert_int_equal(wf_pipeline_new(&opts, &rig.pipeline), 0);
	rig_handshake(&rig);
	send_fragment(0);
	send_fragment(1);
	send_fragment(2);
	rig.port[RIG_SERVER] = 81;
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "other");
	assert_string_equal(rig_log(&rig), "open\n> 0123456789012345678901234567890123456789\n");
	assert_int_equal(wf_metric_get(&rig.metrics, frames_filtered_frames), 1);
	rig_flush(&rig);
	wf_pipeline_free(rig.pipeline);
	wf_pcap_filter_free(filter);
	opts.filter = NULL;
	assert_int_equal(wf_pipeline_new(&opts, &rig.pipeline), 0);
}

/* ---- batches ---------------------------------------------------------------------- */

TEST_WITH(pipeline_batch_gives_what_single_frames_give, setup, teardown)
{
	enum { COUNT = 50 };
	static struct packet_builder pb[COUNT];
	struct wf_frame frames[COUNT];
	char expected[1024] = "open\n";

	rig_handshake(&rig);
	for (int i = 0; i < COUNT; i++) {
		const struct pb_tcp tcp = {.src_port = 1025,
					   .dst_port = 80,
					   .seq = 1001 + (uint32_t)i * 2,
					   .ack = 5001,
					   .flags = ACK};

		pb_segment(&pb[i], "10.0.0.1", "10.0.0.2", &tcp, "ab", 2);
		pb_frame(&pb[i], rig.now_ns, &frames[i]);
		strcat(expected, "> ab\n");
	}
	wf_pipeline_run(rig.pipeline, frames, COUNT);
	assert_string_equal(rig_log(&rig), expected);
}
