// SPDX-License-Identifier: BSD-2-Clause
/* tapped.c - chooses which packets the tap captures, and their capture times. */
#include <stdlib.h>

#include "fuzz/conversation_internal.h"
#include "fuzz/grow.h"

#define US 1000ull
#define MS 1000000ull

enum { HOLES_MAX = 3 };

struct range {
	uint64_t start;
	uint64_t end;
};

static int packet_compare_time(const void *a, const void *b)
{
	const struct sim_packet *x = a;
	const struct sim_packet *y = b;

	return x->time_ns < y->time_ns ? -1 : x->time_ns > y->time_ns;
}

/*
 * Delays the capture of one side's SYNs, except those of a first initial number, so that data may
 * be captured before them.
 */
static void delay_syn(struct maker *maker)
{
	struct sim_packet *packets = maker->capture.packets;
	uint64_t late_ns = rng_below(&maker->rng, 20 * MS);
	int from = maker->sim.open != SIM_OPEN_SYN_OTHER_ISN && rng_percent(&maker->rng, 50);

	for (uint32_t i = 0; i < maker->capture.count; i++)
		if (packets[i].flags & WIRE_SYN && packets[i].from == from && !packets[i].first_syn)
			packets[i].time_ns += late_ns;
}

/*
 * Reorders the capture: packets are recorded up to some milliseconds late. The handshake is
 * recorded in order, or the SYN-ACK before the SYN, unless early data is requested.
 */
static void skew(struct maker *maker)
{
	uint64_t most_ns = rng_percent(&maker->rng, 70) ? 300 * US : 15 * MS;
	struct sim_packet *packets = maker->capture.packets;
	uint64_t opened_ns = 0;

	for (uint32_t i = 0; i < maker->capture.count; i++)
		if (!(packets[i].flags & WIRE_SYN) || maker->kinds & CONV_EARLY)
			packets[i].time_ns += rng_below(&maker->rng, most_ns);
	if (maker->kinds & CONV_EARLY)
		delay_syn(maker);
	/*
	 * With early data: if an empty FIN or a RST is captured before the SYNs, weft forgets it,
	 * because neither opens a connection. A single byte that was already acknowledged looks
	 * like a probe. FINs, RSTs and single bytes are therefore captured after the last SYN.
	 */
	for (uint32_t i = 0; i < maker->capture.count; i++)
		if (packets[i].flags & WIRE_SYN && packets[i].time_ns > opened_ns)
			opened_ns = packets[i].time_ns;
	for (uint32_t i = 0; i < maker->capture.count && maker->kinds & CONV_EARLY; i++)
		if ((packets[i].flags & (WIRE_FIN | WIRE_RST) || packets[i].len_bytes == 1) &&
		    !(packets[i].flags & WIRE_SYN) && packets[i].time_ns <= opened_ns)
			packets[i].time_ns = opened_ns + 1;
	if (!(maker->kinds & CONV_EARLY) && rng_percent(&maker->rng, 20) &&
	    maker->sim.open == SIM_OPEN_NORMAL && !(maker->kinds & CONV_REUSE) &&
	    maker->capture.count > 1 && packets[1].flags == (WIRE_SYN | WIRE_ACK))
		packets[0].time_ns = packets[1].time_ns + 1;
	if (maker->capture.count)
		qsort(packets, maker->capture.count, sizeof(*packets), packet_compare_time);
}

static bool meets(const struct sim_packet *packet, const struct range *hole)
{
	uint64_t start = packet->off ? conv_payload_start(packet) : 0;

	return packet->len_bytes && start < hole->end && start + packet->len_bytes > hole->start;
}

/*
 * Removes SYN or SYN-ACK from the capture, but only if the next captured packets reveal the same
 * initial numbers.
 */
static void miss_handshake(struct maker *maker)
{
	struct sim_capture *capture = &maker->capture;
	bool syn = rng_percent(&maker->rng, 50);
	bool clean = !(maker->kinds & (CONV_REORDER | CONV_SKEW | CONV_LOSS | CONV_DUP));

	if (maker->sim.open != SIM_OPEN_NORMAL || !clean || capture->count < 3)
		return;
	if (syn) {
		maker->dropped[0] = true;
	} else if (capture->packets[2].from == 0 && capture->packets[2].ack == 1 &&
		   !capture->packets[2].len_bytes &&
		   capture->packets[1].flags == (WIRE_SYN | WIRE_ACK)) {
		maker->dropped[1] = true;
		maker->dropped[2] = false;
	}
}

/*
 * Removes every packet that overlaps a random hole, except SYNs; also some empty acknowledgements,
 * and sometimes a packet of the handshake.
 */
static void miss(struct maker *maker)
{
	struct sim_capture *capture = &maker->capture;
	struct range holes[2][HOLES_MAX] = {0};
	uint32_t ack_percent = (uint32_t)rng_below(&maker->rng, 20);

	for (int from = 0; from < 2; from++) {
		uint64_t bytes = maker->sim.stream_bytes[from];
		uint64_t count = bytes ? rng_range(&maker->rng, 0, HOLES_MAX) : 0;

		for (uint64_t i = 0; i < count; i++) {
			holes[from][i].start = rng_below(&maker->rng, bytes);
			holes[from][i].end =
				holes[from][i].start + 1 + rng_below(&maker->rng, bytes / 6 + 1);
		}
	}
	for (uint32_t i = 0; i < capture->count; i++) {
		const struct sim_packet *packet = &capture->packets[i];

		for (uint32_t hole = 0; hole < HOLES_MAX; hole++)
			if (meets(packet, &holes[packet->from][hole]) &&
			    !(packet->flags & WIRE_SYN))
				maker->dropped[i] = true;
		if (!packet->len_bytes && packet->flags == WIRE_ACK &&
		    rng_percent(&maker->rng, ack_percent))
			maker->dropped[i] = true;
	}
	if (rng_percent(&maker->rng, 30))
		miss_handshake(maker);
}

static void start_late(struct maker *maker)
{
	uint32_t first = (uint32_t)rng_below(&maker->rng, maker->capture.count);

	for (uint32_t i = 0; i < first; i++)
		maker->dropped[i] = true;
}

static void one_side(struct maker *maker)
{
	uint8_t seen = (uint8_t)rng_below(&maker->rng, 2);

	for (uint32_t i = 0; i < maker->capture.count; i++)
		if (maker->capture.packets[i].from != seen)
			maker->dropped[i] = true;
}

/*
 * Removes the SYNs from the capture, if the first data of both sides is captured in order;
 * otherwise clears CONV_HEADLESS.
 */
static void behead(struct maker *maker)
{
	const struct sim_capture *capture = &maker->capture;
	bool begun[2] = {false, false};

	for (uint32_t i = 0; i < capture->count; i++) {
		const struct sim_packet *packet = &capture->packets[i];

		/* A single byte may be a probe, and an empty FIN does not open a connection. */
		if (!begun[packet->from] && !(packet->flags & WIRE_SYN) &&
		    (packet->len_bytes || packet->flags & (WIRE_FIN | WIRE_RST)) &&
		    (packet->off != 1 || packet->len_bytes < 2)) {
			maker->kinds &= ~CONV_HEADLESS;
			return;
		}
		begun[packet->from] |= !(packet->flags & WIRE_SYN) && packet->len_bytes;
	}
	for (uint32_t i = 0; i < capture->count; i++)
		maker->dropped[i] = capture->packets[i].flags & WIRE_SYN;
}

void tapped_choose(struct maker *maker)
{
	if (maker->kinds & CONV_SKEW)
		skew(maker);
	maker->dropped = must(calloc(maker->capture.count + 1, sizeof(*maker->dropped)));
	if (maker->kinds & CONV_MISSED)
		miss(maker);
	if (maker->kinds & CONV_MIDSTREAM)
		start_late(maker);
	if (maker->kinds & CONV_ONE_SIDED)
		one_side(maker);
	if (maker->kinds & CONV_HEADLESS)
		behead(maker);
}
