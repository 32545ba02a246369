// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_lent.c - frames that are lent, as by the ring of host mode: only bytes that are kept longer
 * are copied. A lent frame may hold many segments in one packet, and exceed any page.
 */
#include "unit/support/test.h"
#include "unit/support/rig.h"

#include <stdlib.h>
#include <string.h>

#include <weft/limits.h>

#include "memory/arena_internal.h"
#include "memory/page_pool.h"
#include "packet/packet.h"

enum {
	FRAMES = 64, /* number of receive frames of the rig; a queue needs them */
	HEADERS_BYTES = 14 + 20 + 20,
	IP_OFF = 14,
	BIG_BYTES = 300000, /* "BIG TCP": more than the IPv4 length field can express */
};
#define SYN WF_TCP_SYN
#define ACK WF_TCP_ACK

static struct rig rig;
static struct wf_span *taken[1024];
static uint32_t taken_count;

#define METRIC(name) wf_metric_get(&rig.metrics, name)

/* ---- a stream whose bytes follow from their offsets ---- */

static uint64_t seen_bytes, seen_gap_bytes;
static uint32_t seen_events;

static uint8_t byte_at(uint64_t off)
{
	return (uint8_t)(off * 7 + (off >> 8) * 13 + (off >> 16));
}

static void check_event(const struct weft_event *event)
{
	if (event->type == WEFT_EVENT_GAP)
		seen_gap_bytes += event->gap.len_bytes;
	if (event->type != WEFT_EVENT_DATA)
		return;
	for (uint32_t i = 0; i < event->data.len_bytes; i++)
		if (event->data.bytes[i] != byte_at(event->data.off + i))
			fail_msg("wrong byte at offset %llu",
				 (unsigned long long)event->data.off + i);
	seen_bytes += event->data.len_bytes;
	seen_events++;
}

/*
 * Sends one packet with @len_bytes from @off on, as a kernel with segmentation offload has it:
 * without valid checksums. @ip_bytes: value of the IP length field.
 */
static void send_with_length(uint64_t off, uint32_t len_bytes, uint16_t ip_bytes, uint16_t flags)
{
	const struct pb_tcp tcp = {.src_port = rig.port[RIG_CLIENT],
				   .dst_port = rig.port[RIG_SERVER],
				   .seq = rig.isn_seq[RIG_CLIENT] + 1 + (uint32_t)off,
				   .ack = rig.isn_seq[RIG_SERVER] + 1,
				   .flags = ACK};
	uint8_t *bytes = malloc(HEADERS_BYTES + len_bytes);
	struct wf_frame frame;

	assert_non_null(bytes);
	pb_segment(&rig.pb, rig.addr[RIG_CLIENT], rig.addr[RIG_SERVER], &tcp, NULL, 0);
	rig.now_ns += rig.step_ns;
	pb_frame(&rig.pb, rig.now_ns, &frame);
	memcpy(bytes, frame.bytes, HEADERS_BYTES);
	pb_put16(bytes + IP_OFF + 2, ip_bytes);
	for (uint32_t i = 0; i < len_bytes; i++)
		bytes[HEADERS_BYTES + i] = byte_at(off + i);
	frame.bytes = bytes;
	frame.cap_bytes = frame.wire_bytes = HEADERS_BYTES + len_bytes;
	frame.flags |= flags;
	rig_frame(&rig, &frame);
	free(bytes);
}

/* The IP length field of a packet beyond 64 KiB is 0. */
static void send_packet(uint64_t off, uint32_t len_bytes)
{
	uint32_t ip_bytes = HEADERS_BYTES - IP_OFF + len_bytes;

	send_with_length(off, len_bytes, ip_bytes <= UINT16_MAX ? (uint16_t)ip_bytes : 0,
			 WF_FRAME_GSO);
}

/* ---- fixtures ---- */

static void begin(void)
{
	seen_bytes = seen_gap_bytes = 0;
	seen_events = 0;
	rig.lends = true;
	wf_page_pool_adopt(rig.pages);
}

static int setup_inline(void **state)
{
	rig_start(&rig, NULL);
	begin();
	return 0;
}

static int setup_queued(void **state)
{
	static const struct weft_opts opts = {.page_small_bytes = WEFT_PAGE_SMALL_BYTES};

	rig_start_queued(&rig, &opts, FRAMES);
	begin();
	return 0;
}

/* Opens a connection whose server has a window for BIG_BYTES. */
static void open_wide(void)
{
	static const uint8_t wscale[] = {3, 3, 8, 1};

	rig.tcp_options = wscale;
	rig.tcp_options_bytes = sizeof(wscale);
	rig_segment(&rig, RIG_CLIENT, SYN, -1, 0, NULL);
	rig_segment(&rig, RIG_SERVER, SYN | ACK, -1, 0, NULL);
	rig.tcp_options_bytes = 0;
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, NULL);
	/* The window of a SYN-ACK is not scaled. */
	rig_segment(&rig, RIG_SERVER, ACK, 0, 0, NULL);
	rig.event_fn = check_event;
}

static int teardown(void **state)
{
	while (taken_count)
		wf_arena_put(rig.arena, taken[--taken_count], 1);
	rig_stop(&rig);
	return 0;
}

static void take_all_memory(void)
{
	while (taken_count < 1024 &&
	       (taken[taken_count] = wf_arena_take(rig.arena, WF_SPAN_RUN, 1)))
		taken_count++;
	assert_in_range(taken_count, 1, 1023);
}

/* ---- what is kept, and what is not ---- */

TEST_WITH(lent_bytes_in_order_are_not_copied, setup_inline, teardown)
{
	rig_handshake(&rig);
	rig_data(&rig, RIG_CLIENT, 0, "hello, ");
	rig_data(&rig, RIG_CLIENT, 7, "world");
	assert_string_equal(rig_log(&rig), "open\n> hello, \n> world\n");
	assert_int_equal(METRIC(segments_copied_segments), 0);
	assert_int_equal(METRIC(pages_taken_pages), 0);
}

TEST_WITH(lent_bytes_behind_a_hole_are_copied, setup_inline, teardown)
{
	rig_handshake(&rig);
	rig_data(&rig, RIG_CLIENT, 40, "behind the hole, in another segment than");
	rig_data(&rig, RIG_CLIENT, 80, "tiny");
	rig_data(&rig, RIG_CLIENT, 0, "what comes before them, and fills it: ok");
	assert_string_equal(rig_log(&rig), "open\n> what comes before them, and fills it: ok\n"
					   "> behind the hole, in another segment thantiny\n");
	assert_int_equal(METRIC(segments_copied_segments), 2);
}

TEST_WITH(lent_bytes_in_a_queue_are_copied, setup_queued, teardown)
{
	rig_handshake(&rig);
	rig_data(&rig, RIG_CLIENT, 0, "first");
	rig_data(&rig, RIG_CLIENT, 5, "second");
	rig_read(&rig);
	assert_string_equal(rig_log(&rig), "open\n> first\n> second\n");
	assert_int_equal(METRIC(segments_copied_segments), 2);
}

TEST_WITH(lent_bytes_of_a_syn_are_copied, setup_inline, teardown)
{
	rig_segment(&rig, RIG_CLIENT, SYN, -1, 0, "data on the SYN");
	rig_segment(&rig, RIG_SERVER, SYN | ACK, -1, 15, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK, 15, 0, NULL);
	assert_string_equal(rig_log(&rig), "open\n> data on the SYN\n");
}

TEST_WITH(lent_fragments_are_copied, setup_inline, teardown)
{
	static const uint32_t begins[] = {0, 24, 48, 60};
	static struct packet_builder whole, pb;
	const struct pb_tcp tcp = {
		.src_port = 1025, .dst_port = 80, .seq = 1001, .ack = 5001, .flags = ACK};

	rig_handshake(&rig);
	pb_segment(&whole, "10.0.0.1", "10.0.0.2", &tcp, "0123456789012345678901234567890123456789",
		   40);
	for (int part = 2; part >= 0; part--) {
		struct wf_frame frame;

		pb_init(&pb);
		pb_ethernet(&pb);
		pb_ip(&pb, "10.0.0.1", "10.0.0.2");
		pb_set_proto(&pb, 6);
		pb_ipv4_set_fragment(&pb, 77, begins[part], part < 2);
		pb_data(&pb, pb_at(&whole, PB_TCP, 0) + begins[part],
			begins[part + 1] - begins[part]);
		pb_finish(&pb);
		pb_frame(&pb, rig.now_ns, &frame);
		rig_frame(&rig, &frame);
	}
	assert_string_equal(rig_log(&rig), "open\n> 0123456789012345678901234567890123456789\n");
}

TEST_WITH(lent_bytes_without_memory_are_a_gap, setup_queued, teardown)
{
	rig_handshake(&rig);
	take_all_memory();
	rig_data(&rig, RIG_CLIENT, 0, "lost");
	rig_read(&rig);
	assert_string_equal(rig_log(&rig), "open\n> gap 4 memory\n");
	assert_int_equal(METRIC(payload_no_memory_bytes), 4);
}

/* ---- many segments in one packet ---- */

TEST_WITH(lent_packet_of_many_segments_in_order_is_not_copied, setup_inline, teardown)
{
	open_wide();
	send_packet(0, 60000);
	send_packet(60000, BIG_BYTES);
	send_packet(60000 + BIG_BYTES, 10);
	assert_int_equal(seen_bytes, 60000 + BIG_BYTES + 10);
	assert_int_equal(METRIC(segments_copied_segments), 0);
	assert_int_equal(METRIC(pages_taken_pages), 0);
	assert_int_equal(METRIC(gaps), 0);
}

TEST_WITH(lent_packet_of_many_segments_behind_a_hole_is_held, setup_inline, teardown)
{
	open_wide();
	send_packet(50, 65000);
	send_packet(65050, BIG_BYTES);
	assert_int_equal(METRIC(payload_held_bytes), 65000 + BIG_BYTES);
	assert_int_equal(seen_bytes, 0);
	send_packet(0, 50);
	assert_int_equal(seen_bytes, 65050 + BIG_BYTES);
	assert_int_equal(METRIC(gaps), 0);
}

TEST_WITH(lent_packet_of_many_segments_is_queued_in_pages_that_it_fills, setup_queued, teardown)
{
	open_wide();
	send_packet(0, 20000);
	rig_read(&rig);
	assert_int_equal(seen_bytes, 20000);
	assert_int_equal(seen_events, 3);
	send_packet(20000, 64000);
	rig_read(&rig);
	assert_int_equal(seen_bytes, 84000);
	assert_int_equal(seen_events, 4);
	assert_int_equal(METRIC(gaps), 0);
}

TEST_WITH(lent_packet_that_no_page_holds_is_queued_in_pieces, setup_queued, teardown)
{
	open_wide();
	send_packet(0, BIG_BYTES);
	assert_int_equal(METRIC(payload_delivered_bytes), BIG_BYTES);
	assert_int_equal(METRIC(gaps), 0);
	rig_read(&rig);
	assert_true(seen_bytes > 0); /* the queue holds the last piece only */
}

TEST_WITH(lent_packet_with_length_zero_needs_many_segments, setup_inline, teardown)
{
	open_wide();
	/*
	 * A short packet with IP length 0 is valid only if the kernel marks it as several segments.
	 */
	send_with_length(0, 100, 0, WF_FRAME_GSO);
	assert_int_equal(seen_bytes, 100);
	send_with_length(100, 100, 0, 0);
	assert_int_equal(seen_bytes, 100);
	assert_int_equal(METRIC(frames_malformed_frames), 1);
}

TEST_WITH(lent_packet_of_many_segments_without_memory_is_a_gap, setup_queued, teardown)
{
	open_wide();
	take_all_memory();
	send_packet(0, BIG_BYTES);
	rig_read(&rig);
	assert_int_equal(seen_bytes, 0);
	assert_int_equal(seen_gap_bytes, BIG_BYTES);
	assert_int_equal(METRIC(payload_no_memory_bytes), BIG_BYTES);
}
