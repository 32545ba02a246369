// SPDX-License-Identifier: BSD-2-Clause
/*
 * fuzz_decode.c - decodes any bytes as a frame of any link type: decode must not read beyond the
 * frame, and its result must refer only to bytes inside it.
 *
 *   input: link type, checksum mode, bytes cut off by the snap length, frame ...
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "packet/frame.h"
#include "decode/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_packet(const struct wf_frame *frame, const struct wf_packet *packet)
{
	require(packet->payload_captured_bytes <= packet->payload_bytes);
	if (packet->payload_captured_bytes) {
		require(packet->payload >= frame->bytes);
		require(packet->payload + packet->payload_captured_bytes <=
			frame->bytes + frame->cap_bytes);
	}
	require(packet->payload_bytes < packet->ip_bytes || !packet->payload_bytes);
	require(packet->src < 2);
	require(packet->ip_version == 4 || packet->ip_version == 6);
	require(memcmp(packet->key.addr[0], packet->key.addr[1], 16) <= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wf_decoder decoder = {.secret = {{1, 2, 3, 4}}};
	struct wf_frame frame = {.time_ns = 1};
	struct wf_packet packet;
	uint8_t *copy;

	if (size < 3)
		return 0;
	decoder.checksum = (enum weft_checksum)(data[1] % 3);
	frame.link = data[0] % WEFT_LINK_COUNT;
	frame.cap_bytes = (uint32_t)(size - 3);
	frame.wire_bytes = frame.cap_bytes + data[2];
	/* The copy has exactly the frame's size, so that ASan detects a read beyond it. */
	copy = malloc(frame.cap_bytes ? frame.cap_bytes : 1);
	require(copy != NULL);
	memcpy(copy, data + 3, frame.cap_bytes);
	frame.bytes = copy;
	if (wf_decode(&decoder, &frame, &packet) == WF_DECODE_TCP)
		check_packet(&frame, &packet);
	wf_decode_steer_hash(&decoder, &frame, NULL);
	free(copy);
	return 0;
}
