// SPDX-License-Identifier: BSD-2-Clause
/*
 * render.c - makes the frames of the captured packets.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/conversation_internal.h"
#include "fuzz/grow.h"

enum { CHUNK_BYTES = 1 << 20 };

static uint8_t *frame_room(struct conv_batch *batch)
{
	const size_t most = (size_t)WIRE_HEADERS_MAX + 2048;

	if (batch->chunk_left_bytes < most) {
		batch->chunks = grown(batch->chunks, batch->chunks_count, &batch->chunks_room,
				      sizeof(*batch->chunks));
		batch->chunks[batch->chunks_count++] = must(malloc(CHUNK_BYTES));
		batch->chunk_left_bytes = CHUNK_BYTES;
	}
	return batch->chunks[batch->chunks_count - 1] + CHUNK_BYTES - batch->chunk_left_bytes;
}

void conv_add_frame(struct maker *maker, uint64_t time_ns, const struct wire_segment *segment)
{
	struct conv_batch *batch = maker->batch;
	uint8_t *frame = frame_room(batch);
	size_t len = wire_build(frame, segment);

	batch->chunk_left_bytes -= len;
	batch->packets = grown(batch->packets, batch->packets_count, &batch->packets_room,
			       sizeof(*batch->packets));
	batch->packets[batch->packets_count] = (struct conv_packet){.time_ns = time_ns,
								    .bytes = frame,
								    .len_bytes = (uint32_t)len,
								    .conversation = maker->truth,
								    .order = batch->packets_count};
	batch->packets_count++;
}

void conv_address_segment(const struct maker *maker, int from, struct wire_segment *segment)
{
	uint32_t skip = maker->ip_version == 4 ? 12 : 0;

	segment->ip_version = maker->ip_version;
	memcpy(segment->src, maker->addr[from] + skip, 16 - skip);
	memcpy(segment->dst, maker->addr[!from] + skip, 16 - skip);
	segment->sport = maker->port[from];
	segment->dport = maker->port[!from];
	memcpy(segment->vlan, maker->vlan, sizeof(segment->vlan));
	segment->wscale = -1;
}

static void syn_options(const struct maker *maker, const struct sim_packet *packet,
			struct wire_segment *segment)
{
	const struct sim_side_opts *side = &maker->sim.side[packet->from];

	segment->mss = side->mss < 64 ? 64 : side->mss;
	segment->wscale = side->wscale;
	segment->sack_ok = maker->sim.sack;
	segment->fast_open = maker->sim.open >= SIM_OPEN_FAST && packet->len_bytes;
}

void render_packet(struct maker *maker, const struct sim_packet *packet)
{
	static const uint8_t garbage[1] = {0xfe};
	/* payload of a SYN that the server does not accept: zeros, not the bytes of the stream */
	static const uint8_t refused[1448];
	struct wire_segment segment = {
		.seq = conv_isn_of(maker, packet) + (uint32_t)packet->off,
		.flags = packet->flags,
		.window = packet->window,
		.timestamps = maker->sim.timestamps && !(packet->flags & WIRE_RST),
		.ts_val = packet->ts_val,
		.ts_ecr = packet->ts_ecr,
		.sacks = packet->sacks,
		.payload_bytes = packet->len_bytes,
		.ip_id = (uint16_t)maker->batch->packets_count,
	};

	uint8_t room[WIRE_OPTIONS_MAX];

	conv_address_segment(maker, packet->from, &segment);
	if (packet->flags & WIRE_ACK)
		segment.ack = maker->sim.side[!packet->from].isn + (uint32_t)packet->ack;
	if (packet->flags & WIRE_SYN)
		syn_options(maker, packet, &segment);
	for (uint32_t i = 0; i < packet->sacks; i++)
		for (uint32_t edge = 0; edge < 2; edge++)
			segment.sack[i][edge] = maker->sim.side[!packet->from].isn +
						(uint32_t)packet->sack[i][edge];
	if (packet->len_bytes)
		segment.payload = packet->garbage ? garbage
						  : maker->sim.stream[packet->from] +
							    conv_payload_start(packet);
	if (packet->len_bytes && packet->flags == WIRE_SYN &&
	    maker->sim.open == SIM_OPEN_FAST_IGNORED)
		segment.payload = refused;
	dress_segment(maker, packet, &segment, room);
	conv_add_frame(maker, packet->time_ns, &segment);
}
