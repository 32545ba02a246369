// SPDX-License-Identifier: BSD-2-Clause
/*
 * dress.c - adds fields that must not change the delivered bytes: ECN flags, urgent pointers,
 * options of any kind, and wrong option lists.
 *
 * The added options follow the options that matter, so that endpoints and observers read the
 * latter equally.
 */
#include "fuzz/conversation_internal.h"

enum {
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_WSCALE = 3,
	OPTION_TIMESTAMP = 8,
};

void dress_choose(struct maker *maker)
{
	struct rng *rng = &maker->rng;
	struct dress *dress = &maker->dress;

	*dress = (struct dress){0};
	if (maker->kinds & CONV_ECN)
		dress->ecn = rng_percent(rng, 50) ? DRESS_ECN_CLASSIC : DRESS_ECN_ACCURATE;
	if (maker->kinds & CONV_URGENT)
		dress->urgent_percent = (uint32_t)rng_range(rng, 20, 80);
	if (maker->kinds & CONV_OPTIONS) {
		dress->options_percent = (uint32_t)rng_range(rng, 10, 100);
		dress->malformed_percent = (uint32_t)rng_range(rng, 0, 60);
	}
}

/* ---- ECN ---- */

static uint16_t ecn_flags(struct maker *maker, const struct sim_packet *packet)
{
	static const uint16_t answers[] = {WIRE_CWR, WIRE_CWR | WIRE_ECE, WIRE_AE,
					   WIRE_AE | WIRE_CWR};
	uint64_t roll = rng_next(&maker->rng);

	if (maker->dress.ecn == DRESS_ECN_ACCURATE) {
		if (packet->flags & WIRE_SYN && packet->flags & WIRE_ACK)
			return answers[roll % 4];
		if (packet->flags & WIRE_SYN)
			return WIRE_AE | WIRE_CWR | WIRE_ECE;
		return (uint16_t)(roll % 8 * WIRE_ECE); /* a counter of three bits */
	}
	if (packet->flags & WIRE_SYN)
		return packet->flags & WIRE_ACK ? WIRE_ECE : WIRE_ECE | WIRE_CWR;
	return (uint16_t)(roll % 4 * WIRE_ECE);
}

/* ---- options ---- */

struct option_list {
	uint8_t *bytes;
	uint32_t len_bytes;
	uint32_t room_bytes;
};

static void put_byte(struct option_list *list, uint32_t byte)
{
	if (list->len_bytes < list->room_bytes)
		list->bytes[list->len_bytes++] = (uint8_t)byte;
}

/* Appends one complete option, or nothing if the room is too small. */
static void put_option(struct option_list *list, struct rng *rng, uint32_t kind, uint32_t len)
{
	if (len > list->room_bytes - list->len_bytes)
		return;
	put_byte(list, kind);
	put_byte(list, len);
	for (uint32_t i = 2; i < len; i++)
		put_byte(list, (uint32_t)rng_next(rng));
}

static void put_well_formed(struct option_list *list, struct rng *rng, bool syn)
{
	/* User time-out, MD5, AO, MPTCP, AccECN, experiments, ENO, and unassigned kinds. */
	static const uint8_t kinds[] = {28, 19, 29, 30, 172, 174, 253, 254, 69, 77, 200};
	uint64_t count = rng_range(rng, 1, 5);

	for (uint64_t i = 0; i < count; i++) {
		if (rng_percent(rng, 20))
			put_byte(list, OPTION_NOP);
		else if (syn && rng_percent(rng, 20))
			put_option(list, rng, OPTION_WSCALE, rng_percent(rng, 50) ? 2 : 4);
		else if (rng_percent(rng, 10))
			put_option(list, rng, OPTION_TIMESTAMP, (uint32_t)rng_range(rng, 2, 9));
		else
			put_option(list, rng, kinds[rng_below(rng, sizeof(kinds))],
				   (uint32_t)rng_range(rng, 2, 20));
	}
}

/*
 * Appends the end of the list, or an option with a wrong length, and behind it bytes that must not
 * be read as options; or fills the list up to an option whose length byte is missing.
 */
static void put_broken(struct option_list *list, struct rng *rng)
{
	uint32_t left = list->room_bytes - list->len_bytes;

	if (left < 4)
		return;
	switch (rng_below(rng, 4)) {
	case 0:
		put_byte(list, OPTION_END);
		break;
	case 1:
		put_byte(list, rng_percent(rng, 50) ? OPTION_WSCALE : OPTION_TIMESTAMP);
		put_byte(list, (uint32_t)rng_below(rng, 2));
		break;
	case 2:
		put_byte(list, (uint32_t)rng_range(rng, 2, 255));
		put_byte(list, (uint32_t)rng_range(rng, left + 1, 255));
		break;
	default:
		list->len_bytes = list->room_bytes - 1; /* no room for the length byte */
		for (uint32_t i = list->room_bytes - left; i + 1 < list->room_bytes; i++)
			list->bytes[i] = OPTION_NOP;
		put_byte(list, (uint32_t)rng_range(rng, 2, 255));
		return;
	}
	/* These two options would change the result if they were read. */
	put_byte(list, OPTION_WSCALE);
	put_byte(list, 3);
	put_byte(list, 14);
	put_option(list, rng, OPTION_TIMESTAMP, 10);
	while (list->len_bytes < list->room_bytes)
		put_byte(list, (uint32_t)rng_next(rng));
}

static void put_options(struct maker *maker, const struct sim_packet *packet,
			struct wire_segment *segment, uint8_t *room)
{
	struct option_list list = {
		.bytes = room,
		.room_bytes = WIRE_OPTIONS_MAX - wire_options_bytes(segment),
	};

	/* A wrong list fills the whole room, so that its last byte is not followed by padding. */
	if (!rng_percent(&maker->rng, maker->dress.malformed_percent)) {
		put_well_formed(&list, &maker->rng, packet->flags & WIRE_SYN);
		maker->families |= list.len_bytes ? FAMILY_BIT(OPTIONS) : 0;
	} else if (list.room_bytes >= 4) {
		put_broken(&list, &maker->rng);
		maker->families |= FAMILY_BIT(OPTIONS_MALFORMED);
	}
	segment->more_options = room;
	segment->more_options_bytes = list.len_bytes;
}

static void put_urgent(struct maker *maker, struct wire_segment *segment)
{
	struct conv_truth *truth = conv_truth_of(maker);

	segment->flags |= WIRE_URG;
	segment->urgent = (uint16_t)rng_below(&maker->rng, 2ull * segment->payload_bytes + 2);
	if (!segment->urgent || !segment->payload_bytes)
		return;
	if (segment->payload_bytes == 1 || maker->dress.is_ending) {
		truth->anomalies_may |= 1u << WEFT_ANOMALY_URGENT;
		return;
	}
	truth->anomalies_must |= 1u << WEFT_ANOMALY_URGENT;
	maker->families |= FAMILY_BIT(URGENT);
}

void dress_segment(struct maker *maker, const struct sim_packet *packet,
		   struct wire_segment *segment, uint8_t room[WIRE_OPTIONS_MAX])
{
	struct dress *dress = &maker->dress;
	uint32_t pushing = packet->flags & (WIRE_SYN | WIRE_RST | WIRE_ACK);

	dress->is_ending |= !!(packet->flags & (WIRE_FIN | WIRE_RST));
	if (dress->ecn != DRESS_ECN_NONE) {
		segment->flags |= ecn_flags(maker, packet);
		maker->families |= dress->ecn == DRESS_ECN_CLASSIC ? FAMILY_BIT(ECN)
								   : FAMILY_BIT(ACCURATE_ECN);
	}
	if (pushing == WIRE_ACK && !packet->garbage &&
	    rng_percent(&maker->rng, dress->urgent_percent))
		put_urgent(maker, segment);
	if (rng_percent(&maker->rng, dress->options_percent))
		put_options(maker, packet, segment, room);
}
