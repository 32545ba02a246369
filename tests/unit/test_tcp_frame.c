// SPDX-License-Identifier: BSD-2-Clause
/* test_tcp_frame.c - decodes the frames that tcp_frame.c makes, and verifies their checksums. */
#include "unit/support/test.h"

#include <string.h>

#include <weft/link.h>

#include "decode/checksum.h"
#include "decode/decode.h"
#include "sink/format/tcp_frame.h"
#include "unit/support/delivery.h"

static uint8_t frame_bytes[WF_TCP_FRAME_HEADERS_MAX_BYTES + 1500];

/* Makes the frame of @frame and decodes it. Return: the result; *ret_packet is the segment. */
static enum wf_decode_result decode(const struct wf_tcp_frame *frame, struct wf_packet *ret_packet)
{
	const struct wf_decoder decoder = {.checksum = WEFT_CHECKSUM_VERIFY};
	size_t len = wf_tcp_frame_headers(frame, frame_bytes);
	struct wf_frame wire = {.bytes = frame_bytes, .link = WEFT_LINK_ETHERNET};

	if (frame->payload_bytes)
		memcpy(frame_bytes + len, frame->payload, frame->payload_bytes);
	wire.cap_bytes = wire.wire_bytes = (uint32_t)(len + frame->payload_bytes);
	assert_int_equal(wf_tcp_frame_payload_bytes(frame_bytes, wire.cap_bytes),
			 frame->payload_bytes);
	return wf_decode(&decoder, &wire, ret_packet);
}

static void assert_frame(const struct weft_flow *flow, enum weft_dir dir, size_t payload_bytes)
{
	uint8_t payload[1500];
	const struct wf_tcp_frame frame = {
		.flow = flow,
		.dir = dir,
		.seq = 0xfffffff0,
		.ack = 7,
		.flags = WF_TCP_FRAME_ACK | WF_TCP_FRAME_PSH,
		.payload = payload,
		.payload_bytes = payload_bytes,
	};
	struct wf_packet packet;
	const uint8_t *source = dir == WEFT_TO_SERVER ? flow->src_addr : flow->dst_addr;
	uint16_t port = dir == WEFT_TO_SERVER ? flow->src_port : flow->dst_port;

	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i * 7 + 200);
	assert_int_equal(decode(&frame, &packet), WF_DECODE_TCP);
	assert_int_equal(packet.ip_version, flow->ip_version);
	assert_memory_equal(packet.key.addr[packet.src], source, 16);
	assert_int_equal(packet.key.port[packet.src], port);
	assert_memory_equal(packet.key.vlan, flow->vlan, sizeof(flow->vlan));
	assert_int_equal(packet.seq, 0xfffffff0);
	assert_int_equal(packet.ack, 7);
	assert_int_equal(packet.tcp_flags, frame.flags);
	assert_int_equal(packet.payload_bytes, payload_bytes);
	assert_memory_equal(packet.payload, payload, payload_bytes);
}

TEST(tcp_frame_is_decoded_with_right_checksums)
{
	static const uint16_t vlans[3][2] = {{0, 0}, {10, 0}, {10, 4094}};
	struct weft_flow flow = delivery_flow(1);

	for (int version = 4; version <= 6; version += 2) {
		flow.ip_version = (uint8_t)version;
		for (int i = 0; i < 3; i++) {
			memcpy(flow.vlan, vlans[i], sizeof(flow.vlan));
			for (size_t len = 0; len < 70; len++)
				assert_frame(&flow, len % 2 ? WEFT_TO_SERVER : WEFT_TO_CLIENT, len);
			assert_frame(&flow, WEFT_TO_CLIENT, wf_tcp_frame_mss(&flow));
		}
	}
}

TEST(tcp_frame_longest_segment_fills_1500_bytes)
{
	struct weft_flow flow = delivery_flow(1);

	assert_int_equal(wf_tcp_frame_mss(&flow), 1460);
	flow.ip_version = 6;
	assert_int_equal(wf_tcp_frame_mss(&flow), 1440);
}

TEST(tcp_frame_syn_has_a_window_scale)
{
	struct weft_flow flow = delivery_flow(1);
	const struct wf_tcp_frame frame = {.flow = &flow, .seq = 5, .flags = WF_TCP_FRAME_SYN};
	struct wf_packet packet;

	assert_int_equal(decode(&frame, &packet), WF_DECODE_TCP);
	assert_int_equal(packet.tcp_flags, WF_TCP_SYN);
	assert_true(packet.options & WF_TCP_OPT_WSCALE);
	assert_int_equal(packet.wscale, 14);
	assert_int_equal(packet.window, 65535);
	assert_int_equal(packet.payload_bytes, 0);
}
