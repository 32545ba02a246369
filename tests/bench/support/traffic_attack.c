// SPDX-License-Identifier: BSD-2-Clause
/*
 * traffic_attack.c - each attack computes a packet from the number of the packet or from random
 * numbers, and keeps no other state.
 */
#include "bench/support/traffic_attack.h"

#include <stddef.h>
#include <string.h>

enum {
	HANDSHAKE = 3,
	SEGMENT = 1400,
	HOLE_EVERY = 31,
	TINY_TOP = 60000,
	TUPLES = 1000,
	USE_PACKETS = 5,
};

static const uint32_t server = 0xac1f0001;

static uint32_t isn_of(uint32_t flow)
{
	return flow * 0x9e3779b1u;
}

/* Sends a segment of attacker @flow, or, if @answer is set, the server's answer. */
static void send_from(struct attack *attack, uint32_t flow, uint32_t isn, bool answer,
		      struct segment seg)
{
	uint32_t addr = 0x0b000000 + flow / 50000;
	uint16_t port = (uint16_t)(10000 + flow % 50000);

	seg.src = answer ? server : addr;
	seg.dst = answer ? addr : server;
	seg.sport = answer ? 80 : port;
	seg.dport = answer ? port : 80;
	seg.seq += answer ? ~isn : isn;
	if (seg.flags & TCP_ACK)
		seg.ack += (answer ? isn : ~isn) + 1;
	traffic_out_segment(attack->out, &seg);
}

static void handshake(struct attack *attack, uint32_t flow, uint32_t isn, uint64_t part)
{
	static const uint32_t flags[HANDSHAKE] = {TCP_SYN, TCP_SYN | TCP_ACK, TCP_ACK};

	send_from(attack, flow, isn, part == 1,
		  (struct segment){.flags = flags[part], .seq = part == 2});
}

static void step_syns(struct attack *attack)
{
	uint64_t random = rng_next(&attack->out->rng);
	struct segment seg = {.src = 0xc0000000 | (uint32_t)(random & 0x0fffffff),
			      .dst = server,
			      .sport = (uint16_t)(random >> 32),
			      .dport = 80,
			      .seq = (uint32_t)(random >> 16),
			      .flags = TCP_SYN};

	traffic_out_segment(attack->out, &seg);
}

static void step_flows(struct attack *attack)
{
	uint32_t flow = (uint32_t)(attack->step / HANDSHAKE);

	handshake(attack, flow, isn_of(flow), attack->step % HANDSHAKE);
}

/* Sends the next handshake packet; all of them precede the data. Return: false if none is left. */
static bool is_opening(struct attack *attack)
{
	if (attack->step >= (uint64_t)attack->flows * HANDSHAKE)
		return false;
	step_flows(attack);
	return true;
}

static void send_data(struct attack *attack, uint32_t flow, uint32_t off, uint32_t len)
{
	send_from(attack, flow, isn_of(flow), false,
		  (struct segment){.flags = TCP_ACK,
				   .seq = 1 + off,
				   .payload = attack->pool + off % 32768,
				   .len = len});
}

static void step_holes(struct attack *attack)
{
	uint64_t data = attack->step - (uint64_t)attack->flows * HANDSHAKE;
	uint32_t round = (uint32_t)(data / attack->flows);

	if (!is_opening(attack))
		send_data(attack, (uint32_t)(data % attack->flows),
			  (1 + round + round / HOLE_EVERY) * SEGMENT, SEGMENT);
}

static void step_tiny(struct attack *attack)
{
	uint64_t data = attack->step - (uint64_t)attack->flows * HANDSHAKE;
	uint32_t flow = (uint32_t)(data % attack->flows);
	uint32_t round = (uint32_t)(data / attack->flows) % (TINY_TOP / 2);

	if (!is_opening(attack))
		send_data(attack, flow, flow & 1 ? TINY_TOP - 2 * round : 2 + 2 * round, 1);
}

static void step_fragments(struct attack *attack)
{
	uint64_t random = rng_next(&attack->out->rng);
	bool first = random >> 60 & 1;
	struct fragment fragment = {
		.src = 0xc0000000 | (uint32_t)(random & 0x0fffffff),
		.dst = server,
		.id = (uint16_t)(random >> 28),
		.off_bytes = first ? 0 : (uint16_t)(8 * (1 + (random >> 44 & 0xfff))),
		.more = true,
		.bytes = attack->pool,
		.len = 24 + 8 * (uint32_t)(random >> 48 & 127),
	};

	traffic_out_fragment(attack->out, &fragment);
}

static void step_reuse(struct attack *attack)
{
	uint32_t use = (uint32_t)(attack->step / USE_PACKETS);
	uint32_t part = (uint32_t)(attack->step % USE_PACKETS);
	uint32_t isn = isn_of(use);

	if (part < HANDSHAKE)
		handshake(attack, use % TUPLES, isn, part);
	else if (part == HANDSHAKE)
		send_from(attack, use % TUPLES, isn, false,
			  (struct segment){.flags = TCP_ACK | TCP_PSH,
					   .seq = 1,
					   .payload = attack->pool,
					   .len = use % 8 ? 0 : 100});
	else
		send_from(attack, use % TUPLES, isn, false,
			  (struct segment){.flags = use & 1 ? TCP_RST | TCP_ACK : TCP_ACK,
					   .seq = use % 8 ? 1 : 101});
}

attack_step_fn attack_find(const char *name)
{
	static const struct {
		const char *name;
		attack_step_fn step_fn;
	} attacks[] = {
		{"syns", step_syns}, {"flows", step_flows},	    {"holes", step_holes},
		{"tiny", step_tiny}, {"fragments", step_fragments}, {"reuse", step_reuse},
	};

	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++)
		if (!strcmp(attacks[i].name, name))
			return attacks[i].step_fn;
	return NULL;
}
