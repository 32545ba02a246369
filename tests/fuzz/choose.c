// SPDX-License-Identifier: BSD-2-Clause
/* choose.c - chooses at random the kinds, addresses and details of a conversation. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/conversation_internal.h"
#include "fuzz/grow.h"

#define US 1000ull
#define MS 1000000ull

/*
 * Draws one kind of the table, or none. Return: the kind, or 0 if it is not allowed or none was
 * drawn.
 */
static uint32_t choose_special(struct rng *rng, uint32_t allowed)
{
	static const struct {
		uint32_t kind;
		uint32_t percent;
	} specials[] = {
		{CONV_MISSED, 15},   {CONV_MIDSTREAM, 6}, {CONV_ONE_SIDED, 6},
		{CONV_DIRTY_RST, 4}, {CONV_LATE, 2},	  {CONV_HEADLESS, 4},
	};
	uint32_t roll = (uint32_t)rng_below(rng, 100);

	for (size_t i = 0; i < sizeof(specials) / sizeof(specials[0]); i++) {
		if (roll < specials[i].percent)
			return specials[i].kind & allowed;
		roll -= specials[i].percent;
	}
	return 0;
}

uint32_t choose_kinds(struct rng *rng, uint32_t allowed)
{
	static const struct {
		uint32_t kind;
		uint32_t percent;
	} kinds[] = {
		{CONV_VLAN, 10},     {CONV_IPV6, 30},	     {CONV_REORDER, 25},
		{CONV_LOSS, 30},     {CONV_DUP, 20},	     {CONV_SPURIOUS, 20},
		{CONV_SKEW, 25},     {CONV_REUSE, 6},	     {CONV_WRAP, 30},
		{CONV_TINY, 12},     {CONV_ZERO_WINDOW, 18}, {CONV_KEEPALIVE, 10},
		{CONV_OPENINGS, 50}, {CONV_CLOSINGS, 50},    {CONV_NOISE, 25},
		{CONV_LARGE, 2},     {CONV_EARLY, 60},	     {CONV_WIDE, 3},
		{CONV_ECN, 8},	     {CONV_URGENT, 5},	     {CONV_OPTIONS, 8},
	};
	uint32_t chosen = choose_special(rng, allowed);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (rng_percent(rng, kinds[i].percent))
			chosen |= kinds[i].kind & allowed;
	if (chosen & CONV_LATE && rng_percent(rng, 30))
		chosen |= CONV_ONE_SIDED & allowed;
	/*
	 * If reordering, repeated segments, probes or noise are combined with a capture that starts
	 * within a stream, or with a hole that is given up, the truth is not certain.
	 */
	if (chosen & CONV_MIDSTREAM || (chosen & CONV_LATE && chosen & CONV_ONE_SIDED))
		chosen &= ~(CONV_REORDER | CONV_LOSS | CONV_DUP | CONV_SPURIOUS | CONV_SKEW |
			    CONV_KEEPALIVE | CONV_ZERO_WINDOW | CONV_NOISE);
	/* If packets are missing, a forged acknowledgement looks like one of missing data. */
	if (chosen & (CONV_MISSED | CONV_ONE_SIDED))
		chosen &= ~CONV_NOISE;
	/*
	 * Early data would look like a stream that begins late, or like data of another connection.
	 */
	if (chosen & (CONV_MISSED | CONV_MIDSTREAM | CONV_ONE_SIDED | CONV_LATE | CONV_DIRTY_RST |
		      CONV_REUSE))
		chosen &= ~CONV_EARLY;
	if (chosen & CONV_EARLY) {
		chosen |= CONV_SKEW;
		/* Data before the SYN must fit WEFT_START_PATIENCE_BYTES, and be no probes. */
		chosen &= ~(CONV_NOISE | CONV_TINY | CONV_KEEPALIVE | CONV_LARGE | CONV_WIDE);
	}
	if (chosen & CONV_MIDSTREAM)
		chosen &= ~CONV_TINY; /* a one-byte probe opens no connection */
	/*
	 * Without the handshake weft assumes the largest window scale, so no noise is out of
	 * window. Kinds that need SYNs, or may change the first data, are excluded too.
	 */
	if (chosen & CONV_HEADLESS) {
		chosen &= ~(CONV_TINY | CONV_SKEW | CONV_EARLY | CONV_KEEPALIVE | CONV_NOISE |
			    CONV_REUSE | CONV_OPENINGS | CONV_ZERO_WINDOW);
		chosen |= CONV_WIDE & allowed;
	}
	if (chosen & CONV_WIDE) {
		chosen &= ~(CONV_TINY | CONV_LARGE | CONV_ZERO_WINDOW);
		if (!(chosen & (CONV_MIDSTREAM | CONV_LATE)))
			chosen |= CONV_LOSS & allowed;
	}
	if (chosen & CONV_TINY)
		chosen &= ~CONV_LARGE;
	return chosen;
}

static uint32_t choose_size(struct maker *maker)
{
	struct rng *rng = &maker->rng;

	if (maker->kinds & CONV_TINY)
		return (uint32_t)rng_range(rng, 1, 120);
	if (maker->kinds & CONV_LARGE)
		return (uint32_t)rng_range(rng, 20000, 120000);
	if (maker->kinds & CONV_WIDE && rng_percent(rng, 50))
		return (uint32_t)rng_range(rng, 20000, 60000);
	switch (rng_below(rng, 8)) {
	case 0:
		return (uint32_t)rng_range(rng, 1, 10);
	case 1:
		return (uint32_t)rng_range(rng, 5000, 20000);
	default:
		return (uint32_t)rng_range(rng, 10, 3000);
	}
}

static void choose_turns(struct maker *maker)
{
	struct sim_opts *sim = &maker->sim;
	struct rng *rng = &maker->rng;
	int side = rng_percent(rng, 80) ? 0 : 1;

	sim->duplex = rng_percent(rng, 30);
	sim->turns_count = (uint32_t)rng_range(rng, 1, maker->kinds & CONV_LARGE ? 4 : 6);
	if (sim->open >= SIM_OPEN_FAST)
		side = 0;
	for (uint32_t i = 0; i < sim->turns_count; i++) {
		struct sim_turn *turn = &sim->turns[i];

		turn->side = side;
		turn->bytes = choose_size(maker);
		turn->delay_ns = rng_below(rng, rng_percent(rng, 80) ? 500 * US : 30 * MS);
		if (maker->kinds & CONV_KEEPALIVE && i && rng_percent(rng, 50))
			turn->delay_ns = rng_range(rng, 2000, 6000) * MS;
		sim->stream_bytes[side] += turn->bytes;
		side = rng_percent(rng, 85) ? !side : side;
	}
	if (sim->open == SIM_OPEN_FAST_BOTH && sim->turns_count > 1) {
		sim->duplex = true;
		sim->stream_bytes[sim->turns[1].side] -= sim->turns[1].bytes;
		sim->stream_bytes[1] += sim->turns[1].bytes;
		sim->turns[1].side = 1;
		sim->turns[1].delay_ns = 0;
	}
	for (int i = 0; i < 2; i++) {
		sim->stream[i] = must(malloc(sim->stream_bytes[i] + 1));
		rng_fill(rng, sim->stream[i], sim->stream_bytes[i]);
	}
}

static void choose_side(struct maker *maker, int index)
{
	struct sim_side_opts *side = &maker->sim.side[index];
	struct rng *rng = &maker->rng;

	side->isn = (uint32_t)rng_next(rng);
	side->other_isn = (uint32_t)rng_next(rng);
	if (maker->kinds & CONV_WRAP)
		side->isn = (uint32_t)-rng_below(rng, 4000);
	side->mss = maker->kinds & CONV_TINY ? (uint16_t)rng_range(rng, 1, 12)
					     : (uint16_t)rng_range(rng, 300, 1448);
	side->wscale = rng_percent(rng, 75) ? (int16_t)rng_below(rng, 10) : -1;
	side->rcv_buf_bytes = 65535;
	if (side->wscale > 4)
		side->rcv_buf_bytes = 400000;
	if (maker->kinds & CONV_ZERO_WINDOW && index) {
		side->wscale = side->wscale > 2 ? 2 : side->wscale;
		side->rcv_buf_bytes = 2 * 1448;
		side->read_bytes = 1448;
		side->read_ns = rng_range(rng, 20, 300) * MS;
	}
	if (maker->kinds & CONV_WIDE) {
		side->mss = (uint16_t)rng_range(rng, 1000, 1448);
		side->wscale = (int16_t)rng_range(rng, 7, 14);
		side->rcv_buf_bytes = 400000;
		side->syn_window = 14600;
	}
	side->ts_start = (uint32_t)rng_next(rng);
	if (rng_percent(rng, 10))
		side->ts_start = (uint32_t)-rng_below(rng, 1000);
	side->delayed_ack = rng_percent(rng, 50);
	side->fin_with_data = rng_percent(rng, 40);
}

static void choose_path(struct maker *maker)
{
	struct sim_opts *sim = &maker->sim;
	struct rng *rng = &maker->rng;
	uint64_t scale = rng_percent(rng, 50) ? 100 * US : 4 * MS;

	sim->before_ns = 1000 + rng_below(rng, scale);
	sim->after_ns = 1000 + rng_below(rng, scale);
	sim->pace_ns = rng_below(rng, 300 * US);
	sim->rto_ns = rng_range(rng, 60, 250) * MS;
	sim->window_segments = (uint32_t)rng_range(rng, 1, 40);
	if (maker->kinds & CONV_WIDE) {
		sim->before_ns = sim->after_ns = 5 * MS;
		sim->pace_ns = 20 * US;
		sim->window_segments = 60;
		sim->slow_start = true;
	}
	if (maker->kinds & CONV_REORDER)
		sim->jitter_ns = rng_percent(rng, 60) ? rng_range(rng, 20 * US, 400 * US)
						      : rng_range(rng, 1 * MS, 20 * MS);
	if (maker->kinds & CONV_LOSS) {
		sim->loss_before_percent = (uint32_t)rng_range(rng, 0, 8);
		sim->loss_after_percent = (uint32_t)rng_range(rng, 0, 8);
	}
	if (maker->kinds & CONV_DUP)
		sim->dup_percent = (uint32_t)rng_range(rng, 1, 15);
	if (maker->kinds & CONV_SPURIOUS)
		sim->spurious_percent = (uint32_t)rng_range(rng, 2, 30);
	if (maker->kinds & CONV_LATE) {
		sim->late_rto_ns = rng_range(rng, 1100, 30000) * MS;
		sim->late_twice = rng_percent(rng, 50);
	}
	if (maker->kinds & CONV_LATE && maker->kinds & CONV_ONE_SIDED) {
		sim->late_rto_ns = rng_range(rng, 12000, 20000) * MS;
		sim->late_twice = false;
		sim->fin_waits = true;
	}
	/*
	 * Missing bytes must stay missing: a retransmission with other boundaries could contain
	 * some of them.
	 */
	sim->repacketise = rng_percent(rng, 50) && !(maker->kinds & CONV_MISSED);
	sim->short_segments = rng_percent(rng, 30);
}

static void choose_ends(struct maker *maker)
{
	struct sim_opts *sim = &maker->sim;
	struct rng *rng = &maker->rng;

	sim->open = SIM_OPEN_NORMAL;
	if (maker->kinds & CONV_OPENINGS)
		sim->open = (enum sim_open)rng_below(rng, SIM_OPEN_COUNT);
	sim->close = (enum sim_close)rng_below(rng, SIM_CLOSE_FIN_EARLY + 1);
	if (maker->kinds & CONV_CLOSINGS) {
		do
			sim->close = (enum sim_close)rng_below(rng, SIM_CLOSE_COUNT);
		while (sim->close == SIM_CLOSE_RST_DIRTY);
	}
	if (maker->kinds & CONV_DIRTY_RST)
		sim->close = SIM_CLOSE_RST_DIRTY;
	if (maker->kinds & CONV_REUSE && rng_percent(rng, 65))
		sim->close = rng_percent(rng, 60) ? SIM_CLOSE_NONE : SIM_CLOSE_RST_SERVER;
	/*
	 * With early data, an acknowledgement of a SYN-ACK that is captured later looks forged if
	 * another SYN-ACK was captured before, so that opening is replaced. A quarter of the others
	 * is replaced too, so that enough conversations have SYNs of two initial numbers.
	 */
	if (maker->kinds & CONV_EARLY &&
	    (sim->open == SIM_OPEN_SYN_ACK_OTHER_ISN || rng_percent(rng, 25)))
		sim->open = SIM_OPEN_SYN_OTHER_ISN;
	/*
	 * The data of a SYN that the server did not accept is in the capture, but not in the
	 * stream.
	 */
	if (maker->kinds &
		    (CONV_MISSED | CONV_LATE | CONV_ONE_SIDED | CONV_DIRTY_RST | CONV_EARLY) &&
	    sim->open == SIM_OPEN_FAST_IGNORED)
		sim->open = SIM_OPEN_FAST;
}

void choose_play(struct maker *maker, uint64_t start_ns)
{
	struct sim_opts *sim = &maker->sim;

	memset(sim, 0, sizeof(*sim));
	sim->start_ns = start_ns;
	choose_ends(maker);
	for (int side = 0; side < 2; side++)
		choose_side(maker, side);
	choose_path(maker);
	choose_turns(maker);
	dress_choose(maker);
	sim->timestamps = rng_percent(&maker->rng, 70);
	sim->sack = rng_percent(&maker->rng, 70);
	sim->keepalive = maker->kinds & CONV_KEEPALIVE;
	sim->keepalive_garbage = rng_percent(&maker->rng, 50) && !(maker->kinds & CONV_MISSED);
}

void choose_tuple(struct maker *maker, uint32_t index)
{
	struct rng *rng = &maker->rng;

	maker->ip_version = maker->kinds & CONV_IPV6 ? 6 : 4;
	for (int side = 0; side < 2; side++) {
		uint8_t *addr = maker->addr[side];

		memset(addr, 0, 16);
		if (maker->ip_version == 4) {
			memset(addr + 10, 0xff, 2);
			addr[12] = 10;
		} else {
			addr[0] = 0x20;
			addr[1] = 0x01;
			rng_fill(rng, addr + 4, 4);
		}
		addr[13] = (uint8_t)side;
		addr[14] = (uint8_t)rng_below(rng, 4);
		addr[15] = (uint8_t)rng_range(rng, 1, 254);
	}
	/* The index makes one of the ports unique among 60,000 conversations of a batch. */
	maker->port[0] = (uint16_t)(1024 + index % 60000);
	maker->port[1] = (uint16_t)(rng_percent(rng, 70) ? 80 : rng_range(rng, 1, 65535));
	if (rng_percent(rng, 10)) {
		uint16_t port = maker->port[0];

		maker->port[0] = maker->port[1];
		maker->port[1] = port;
	}
	memset(maker->vlan, 0, sizeof(maker->vlan));
	if (maker->kinds & CONV_VLAN) {
		maker->vlan[0] = (uint16_t)rng_range(rng, 1, 4094);
		maker->vlan[1] = rng_percent(rng, 30) ? (uint16_t)rng_range(rng, 1, 4094) : 0;
	}
}
