// SPDX-License-Identifier: BSD-2-Clause
/*
 * live_submit.c - submits the segments of one connection with the present time, as a live source.
 */
#include "unit/support/live_submit.h"

#include "unit/support/test.h"
#include "unit/support/packet_builder.h"

#include <time.h>

#include <weft/weft.h>

#include "packet/packet.h"

enum { SUBMIT_WAIT_MS = 10000 };

void live_submit(struct weft *weft, bool is_client, uint16_t flags, uint32_t seq, uint32_t ack,
		 const void *bytes, size_t len)
{
	static struct packet_builder pb;
	const struct pb_tcp tcp = {
		.src_port = is_client ? LIVE_SUBMIT_PORT : 80,
		.dst_port = is_client ? 80 : LIVE_SUBMIT_PORT,
		.flags = flags,
		.seq = seq,
		.ack = ack,
		.window = 65535,
	};
	struct weft_packet packet;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	pb_segment(&pb, is_client ? "10.0.0.1" : "10.0.0.2", is_client ? "10.0.0.2" : "10.0.0.1",
		   &tcp, bytes, len);
	packet = (struct weft_packet){
		.bytes = pb.bytes,
		.cap_bytes = (uint32_t)pb.len_bytes,
		.time_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
	};
	assert_int_equal(weft_submit(weft, &packet, 1, SUBMIT_WAIT_MS), 1);
}

void live_submit_open(struct weft *weft)
{
	live_submit(weft, true, WF_TCP_SYN, 1000, 0, "", 0);
	live_submit(weft, false, WF_TCP_SYN | WF_TCP_ACK, 5000, 1001, "", 0);
	live_submit(weft, true, WF_TCP_ACK, 1001, 5001, "", 0);
}
