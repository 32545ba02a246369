// SPDX-License-Identifier: BSD-2-Clause
/*
 * noise.c - adds forged segments to a conversation. Each is valid except for one number or flag,
 * so that no receiver accepts it.
 *
 * Their payload, if any, was sent by nobody, so a tracker that accepts such a segment delivers
 * wrong bytes. In the names, "outside" is a number far beyond the window, "beyond" one slightly
 * beyond it, and "inside" one within the window that is not the next (of a SYN: the next, or the
 * one before it).
 */
#include "fuzz/conversation_internal.h"

#define OUTSIDE		0x30000000u
#define OUTSIDE_ACK	0x20000000u /* different from OUTSIDE, so that the two numbers do not match */
#define OUTSIDE_SYN	0x50000000u
#define OLDER_TICKS	0x10000000u
#define REPORTED(which) (1u << WEFT_ANOMALY_##which)
#define INSIDE_BYTES	500
#define BEYOND_BYTES	10000 /* less than weft adds to the window for missed window updates */

enum noise {
	NOISE_CHECKSUM = 0,
	NOISE_RST_OUTSIDE,
	NOISE_RST_INSIDE,
	NOISE_DATA_OUTSIDE,
	NOISE_FIN_OUTSIDE,
	NOISE_FIN_BEYOND,
	NOISE_NO_ACK_FLAG,
	NOISE_ACK_OF_UNSENT,
	NOISE_OLD_TIMESTAMP,
	NOISE_SYN_OUTSIDE,
	NOISE_SYN_INSIDE,
};
#define NOISE_COUNT (NOISE_SYN_INSIDE + 1)

/*
 * For each kind of noise: its family, the anomaly that weft must report (0: none), and whether its
 * segments are empty.
 */
static const struct {
	enum conv_family family;
	uint32_t reported;
	bool empty;
} noises[NOISE_COUNT] = {
	[NOISE_CHECKSUM] = {FAMILY_BAD_CHECKSUM, 0, false},
	[NOISE_RST_OUTSIDE] = {FAMILY_RST_OUTSIDE, REPORTED(RST_OUT_OF_WINDOW), true},
	[NOISE_RST_INSIDE] = {FAMILY_RST_INSIDE, REPORTED(RST_OUT_OF_WINDOW), true},
	[NOISE_DATA_OUTSIDE] = {FAMILY_DATA_OUTSIDE, REPORTED(DATA_OUT_OF_WINDOW), false},
	[NOISE_FIN_OUTSIDE] = {FAMILY_FIN_OUTSIDE, REPORTED(DATA_OUT_OF_WINDOW), false},
	[NOISE_FIN_BEYOND] = {FAMILY_FIN_BEYOND, 0, true},
	[NOISE_NO_ACK_FLAG] = {FAMILY_NO_ACK_FLAG, 0, false},
	[NOISE_ACK_OF_UNSENT] = {FAMILY_ACK_OF_UNSENT, REPORTED(ACK_OF_UNSENT), false},
	[NOISE_OLD_TIMESTAMP] = {FAMILY_PAWS, REPORTED(PAWS), false},
	[NOISE_SYN_OUTSIDE] = {FAMILY_SYN_OUTSIDE, REPORTED(SYN_IN_CONNECTION), true},
	[NOISE_SYN_INSIDE] = {FAMILY_SYN_INSIDE, REPORTED(SYN_IN_CONNECTION), true},
};

/* The progress of one side in the captured packets; offsets as in sim.h. */
struct reach {
	uint64_t end; /* one beyond the last byte that was sent or acknowledged */
	uint64_t right;
	bool known; /* a later segment than its SYN was captured */
};

static void follow(const struct maker *maker, const struct sim_packet *packet,
		   struct reach reach[2])
{
	const struct sim_side_opts *side = maker->sim.side;
	struct reach *own = &reach[packet->from];
	struct reach *peer = &reach[!packet->from];
	bool scaled = side[0].wscale >= 0 && side[1].wscale >= 0 && !(packet->flags & WIRE_SYN);
	uint64_t end = packet->off + packet->len_bytes + !!(packet->flags & WIRE_SYN);
	uint64_t right = packet->ack +
			 ((uint64_t)packet->window << (scaled ? side[packet->from].wscale : 0));

	if (!(packet->flags & WIRE_SYN) && !packet->off)
		return; /* first segment of a split handshake */
	own->known |= !(packet->flags & WIRE_SYN);
	if (end > own->end)
		own->end = end;
	if (!(packet->flags & WIRE_ACK))
		return;
	if (packet->ack > peer->end)
		peer->end = packet->ack;
	if (right > peer->right)
		peer->right = right;
}

/*
 * Chooses a sequence number within the sender's window that is not the next. Return: false if there
 * is none.
 */
static bool place_inside(struct maker *maker, const struct sim_packet *near,
			 const struct reach *reach, struct wire_segment *segment)
{
	uint64_t room = reach->right > reach->end + 1 ? reach->right - reach->end - 1 : 0;

	if (!room)
		return false;
	segment->seq = conv_isn_of(maker, near) + (uint32_t)reach->end + 1 +
		       (uint32_t)rng_below(&maker->rng, room < INSIDE_BYTES ? room : INSIDE_BYTES);
	return true;
}

/*
 * Changes @segment, which would be the next segment after @near, so that no receiver accepts it.
 * Return: false if this kind of noise is not possible here.
 */
static bool spoil(struct maker *maker, enum noise noise, const struct sim_packet *near,
		  const struct reach *reach, struct wire_segment *segment)
{
	switch (noise) {
	case NOISE_CHECKSUM:
		segment->bad_checksum = true;
		return true;
	case NOISE_RST_OUTSIDE:
		segment->flags = WIRE_RST;
		segment->seq += OUTSIDE;
		return true;
	case NOISE_RST_INSIDE:
		segment->flags = WIRE_RST;
		return place_inside(maker, near, reach, segment);
	case NOISE_DATA_OUTSIDE:
		segment->seq += OUTSIDE;
		return true;
	case NOISE_FIN_OUTSIDE:
		segment->flags |= WIRE_FIN;
		segment->seq += OUTSIDE;
		return true;
	case NOISE_FIN_BEYOND:
		segment->flags |= WIRE_FIN;
		segment->seq = conv_isn_of(maker, near) + (uint32_t)reach->right + 1 +
			       (uint32_t)rng_below(&maker->rng, BEYOND_BYTES);
		return reach->right != 0;
	case NOISE_NO_ACK_FLAG:
		segment->flags = 0;
		return true;
	case NOISE_ACK_OF_UNSENT:
		segment->ack += OUTSIDE_ACK;
		return true;
	case NOISE_OLD_TIMESTAMP:
		segment->ts_val -= OLDER_TICKS;
		return maker->sim.timestamps;
	case NOISE_SYN_OUTSIDE:
		segment->flags = WIRE_SYN;
		segment->seq += OUTSIDE_SYN;
		return !near->from; /* a SYN from each side would be a simultaneous open */
	case NOISE_SYN_INSIDE:
		segment->flags = WIRE_SYN;
		/* the next sequence number of the stream, or the one before it */
		segment->seq -= rng_percent(&maker->rng, 50);
		return !near->from && segment->seq != conv_isn_of(maker, near);
	}
	return false;
}

static void add_one(struct maker *maker, const struct sim_packet *near, const struct reach *reach)
{
	static const uint8_t evil[64] = "these bytes were never accepted by any receiver";
	enum noise noise = (enum noise)rng_below(&maker->rng, NOISE_COUNT);
	struct conv_truth *truth = conv_truth_of(maker);
	struct wire_segment segment = {
		.seq = conv_isn_of(maker, near) + (uint32_t)near->off + near->len_bytes,
		.ack = maker->sim.side[!near->from].isn + (uint32_t)near->ack,
		.flags = WIRE_ACK,
		.window = near->window,
		.timestamps = maker->sim.timestamps,
		.ts_val = near->ts_val,
		.ts_ecr = near->ts_ecr,
		.payload = evil,
		.payload_bytes = (uint32_t)rng_range(&maker->rng, 1, sizeof(evil)),
	};

	conv_address_segment(maker, near->from, &segment);
	if (noises[noise].empty)
		segment.payload_bytes = 0;
	if (!spoil(maker, noise, near, reach, &segment))
		return;
	maker->families |= 1ull << noises[noise].family;
	truth->anomalies_must |= noises[noise].reported;
	conv_add_frame(maker, near->time_ns, &segment);
}

/* Adds data directly after a SYN-ACK, with a wrong sequence or acknowledgement number. */
static void add_to_handshake(struct maker *maker, const struct sim_packet *syn_ack)
{
	static const uint8_t evil[] = "nobody could have sent this yet";
	struct wire_segment segment = {
		.seq = conv_isn_of(maker, syn_ack) + 1,
		.ack = maker->sim.side[0].isn + 1,
		.flags = WIRE_ACK,
		.window = syn_ack->window,
		.payload = evil,
		.payload_bytes = sizeof(evil),
	};
	int from = (int)rng_below(&maker->rng, 2);

	if (!from) {
		uint32_t seq = segment.seq;

		segment.seq = segment.ack;
		segment.ack = seq;
	}
	*(rng_percent(&maker->rng, 50) ? &segment.seq : &segment.ack) += OUTSIDE;
	conv_address_segment(maker, from, &segment);
	maker->families |= FAMILY_BIT(HANDSHAKE_FORGED);
	conv_add_frame(maker, syn_ack->time_ns, &segment);
}

/*
 * Return: true if packet @index is the SYN-ACK of the server, preceded only by SYNs of the client,
 * of which one has the number that the SYN-ACK acknowledges.
 */
static bool completes_handshake(const struct maker *maker, uint32_t index)
{
	const struct sim_packet *packets = maker->capture.packets;
	bool syn = false;

	if (packets[index].from != 1 || packets[index].flags != (WIRE_SYN | WIRE_ACK) ||
	    packets[index].first_syn)
		return false;
	for (uint32_t i = 0; i < index; i++) {
		if (packets[i].flags != WIRE_SYN || packets[i].from)
			return false;
		syn |= !packets[i].first_syn;
	}
	return syn;
}

/*
 * Noise is added directly after a SYN-ACK, and while both sides are known; no more after the first
 * FIN or RST.
 */
void noise_add(struct maker *maker)
{
	struct sim_capture *capture = &maker->capture;
	struct reach reach[2] = {0};

	for (uint32_t i = 0; i < capture->count; i++) {
		const struct sim_packet *packet = &capture->packets[i];

		if (maker->dropped[i])
			continue;
		if (packet->flags & (WIRE_FIN | WIRE_RST))
			return;
		if (completes_handshake(maker, i) && rng_percent(&maker->rng, 30))
			add_to_handshake(maker, packet);
		follow(maker, packet, reach);
		if (reach[0].known && reach[1].known && packet->flags & WIRE_ACK &&
		    !packet->garbage && !(packet->flags & WIRE_SYN) && rng_percent(&maker->rng, 8))
			add_one(maker, packet, &reach[packet->from]);
	}
}
