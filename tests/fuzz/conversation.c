// SPDX-License-Identifier: BSD-2-Clause
/*
 * conversation.c - chooses what happens, lets sim.c play it, decides what the
 * tap captured, writes the frames, and derives the truth.
 *
 * The truth is kept certain on purpose: what is lost and comes again comes
 * within 600 ms (weft waits a second), what overtakes does so by less than the
 * patience weft has after an acknowledgement, and what is missing from the
 * capture stays missing.
 */
#include "fuzz/conversation.h"

#include <stdio.h>
#include <stdlib.h>

#include <weft/flow.h>

#include "fuzz/conversation_internal.h"

#define US 1000ull
#define MS 1000000ull

enum {
	CHUNK_BYTES = 1 << 20,
	HOLES_MAX = 3,
	USES_MAX = 4,
};

struct range {
	uint64_t start;
	uint64_t end;
};

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

static void *grown(void *array, uint32_t count, uint32_t *room, size_t element_bytes)
{
	if (count < *room)
		return array;
	*room = *room ? *room * 2 : 64;
	return must(realloc(array, *room * element_bytes));
}

/* ---- choosing ---- */

/* One of the kinds that cannot go together with the others, or none. */
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

static uint32_t choose_kinds(struct rng *rng, uint32_t allowed)
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
	/* A capture that starts late or is given up in between says too little about disorder. */
	if (chosen & (CONV_MIDSTREAM | CONV_LATE))
		chosen &= ~(CONV_REORDER | CONV_LOSS | CONV_DUP | CONV_SPURIOUS | CONV_SKEW |
			    CONV_KEEPALIVE | CONV_ZERO_WINDOW | CONV_NOISE);
	/* With bytes missing nobody can tell a forged acknowledgement from one of those. */
	if (chosen & (CONV_MISSED | CONV_ONE_SIDED))
		chosen &= ~CONV_NOISE;
	/* Nobody could tell streams that begin late, or another connection's, from it. */
	if (chosen & (CONV_MISSED | CONV_MIDSTREAM | CONV_ONE_SIDED | CONV_LATE | CONV_DIRTY_RST |
		      CONV_REUSE))
		chosen &= ~CONV_EARLY;
	if (chosen & CONV_EARLY) {
		chosen |= CONV_SKEW;
		/* Within the bytes that a start is waited for. */
		chosen &= ~(CONV_NOISE | CONV_TINY | CONV_KEEPALIVE | CONV_LARGE | CONV_WIDE);
	}
	if (chosen & CONV_MIDSTREAM)
		chosen &= ~CONV_TINY; /* single bytes may be probes: they open no connection */
	/* Whoever did not see the handshake knows the scale of no window, so nothing is outside. */
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
	if (maker->kinds & CONV_LATE)
		sim->late_rto_ns = rng_range(rng, 3000, 5000) * MS;
	/* Missing must stay missing: a retransmission cut otherwise would bring back a part. */
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
	/* What acknowledges a SYN-ACK not seen yet, where another was, cannot be told from forged.
	 */
	if (maker->kinds & CONV_EARLY &&
	    (sim->open == SIM_OPEN_SYN_ACK_OTHER_ISN || rng_percent(rng, 25)))
		sim->open = SIM_OPEN_SYN_OTHER_ISN;
	/* Data on a SYN that was not accepted is in the capture, but not in the stream. */
	if (maker->kinds &
		    (CONV_MISSED | CONV_LATE | CONV_ONE_SIDED | CONV_DIRTY_RST | CONV_EARLY) &&
	    sim->open == SIM_OPEN_FAST_IGNORED)
		sim->open = SIM_OPEN_FAST;
}

static void choose(struct maker *maker, uint64_t start_ns)
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

/* ---- what the tap captured ---- */

static int packet_compare_time(const void *a, const void *b)
{
	const struct sim_packet *x = a;
	const struct sim_packet *y = b;

	return x->time_ns < y->time_ns ? -1 : x->time_ns > y->time_ns;
}

/* One side's SYNs are recorded late, so that data overtakes them. */
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
 * The tap's own disorder: packets are recorded up to some milliseconds late. The
 * handshake comes in time, or the SYN-ACK before the SYN, unless that is what is asked for.
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
	 * An empty FIN shows no connection: one that is seen first is not known of later.
	 * A single byte that was acknowledged already looks like a probe.
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
 * The SYN-ACK or SYN may be missing only if the next packets that were captured
 * tell the same initial numbers.
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

/* Missing for good: whatever touches the holes, and now and then what carries no data. */
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

/* No SYN was captured, but the first data of both sides was, in its place. */
static void behead(struct maker *maker)
{
	const struct sim_capture *capture = &maker->capture;
	bool begun[2] = {false, false};

	for (uint32_t i = 0; i < capture->count; i++) {
		const struct sim_packet *packet = &capture->packets[i];

		/* A single byte may be a probe's, and an empty end shows no connection. */
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

static void capture(struct maker *maker)
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

/* ---- frames ---- */

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

static void render(struct maker *maker, const struct sim_packet *packet)
{
	static const uint8_t garbage[1] = {0xfe};
	static const uint8_t refused[1448]; /* the sender says something else then */
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

/* ---- truth ---- */

/* What the captured packets tell of one direction. */
struct seen {
	uint8_t *held; /* a flag for each byte of the stream */
	uint64_t max;  /* one beyond the last byte captured */
	uint64_t first;
	uint32_t single_bytes; /* segments of one byte before any longer one */
	uint64_t acked;
	uint64_t acked_by_reset;
	uint64_t behind_hole_ns; /* when the first byte behind the present hole came; 0: none */
	bool syn;
	bool any;
	bool beyond_syn; /* data that did not come with a SYN */
	bool fin;
	bool fin_acked;
	bool reset;
};

static void note_ack(struct seen *seen, const struct sim_packet *packet, uint64_t stream_bytes)
{
	uint64_t acked = packet->ack ? packet->ack - 1 : 0;

	if (acked > stream_bytes) {
		acked = stream_bytes;
		seen->fin_acked = true;
	}
	if (acked > seen->acked_by_reset)
		seen->acked_by_reset = acked;
	if (!(packet->flags & WIRE_RST) && acked > seen->acked)
		seen->acked = acked;
}

static void note_payload(struct seen *seen, const struct sim_packet *packet, uint64_t late_ns)
{
	uint64_t start = conv_payload_start(packet);
	bool too_late = late_ns && start < seen->max && seen->behind_hole_ns &&
			packet->time_ns > seen->behind_hole_ns + late_ns;

	if (packet->garbage || too_late)
		return;
	if (start > seen->max && !seen->behind_hole_ns)
		seen->behind_hole_ns = packet->time_ns;
	memset(seen->held + start, 1, packet->len_bytes);
	if (start + packet->len_bytes > seen->max)
		seen->max = start + packet->len_bytes;
}

static void look(const struct maker *maker, struct seen seen[2])
{
	uint64_t late_ns = maker->sim.late_rto_ns ? 2000 * MS : 0;

	for (uint32_t i = 0; i < maker->capture.count; i++) {
		const struct sim_packet *packet = &maker->capture.packets[i];
		struct seen *own = &seen[packet->from];

		if (maker->dropped[i])
			continue;
		if (packet->flags & WIRE_ACK)
			note_ack(&seen[!packet->from], packet,
				 maker->sim.stream_bytes[!packet->from]);
		if (packet->first_syn)
			continue;
		if (packet->flags & WIRE_SYN)
			own->syn = true;
		if (!own->any && !(packet->flags & WIRE_RST)) {
			own->any = true;
			own->first = packet->off ? packet->off - 1 : 0;
		}
		if (packet->len_bytes == 1 &&
		    conv_payload_start(packet) == own->first + own->single_bytes)
			own->single_bytes++;
		if (packet->len_bytes)
			note_payload(own, packet, late_ns);
		own->beyond_syn |= packet->len_bytes && !(packet->flags & WIRE_SYN);
		own->fin |= !!(packet->flags & WIRE_FIN);
		if (packet->flags & WIRE_RST)
			own->reset = true;
	}
}

static void add_gap(struct conv_truth_dir *dir, uint64_t start, uint64_t end)
{
	dir->gaps = must(realloc(dir->gaps, (dir->gaps_count + 1) * sizeof(*dir->gaps)));
	dir->gaps[dir->gaps_count++] = (struct conv_gap){start, end - start, 0};
}

static void tell_dir(const struct maker *maker, const struct seen *seen, int from,
		     struct conv_truth_dir *dir)
{
	uint64_t start;

	dir->bytes = maker->sim.stream[from];
	dir->bytes_len = maker->sim.stream_bytes[from];
	if (maker->kinds & CONV_MIDSTREAM && !seen->syn) {
		dir->start = seen->any ? seen->first : 0;
		dir->lead_gap_allowed = true;
		dir->start_unsure_bytes = seen->single_bytes;
	}
	dir->end = seen->max;
	if (seen->fin)
		dir->end = dir->bytes_len;
	else if (seen->acked > dir->end)
		dir->end = seen->acked;
	dir->end_min = dir->end;
	if (seen->acked_by_reset > dir->end)
		dir->end = seen->acked_by_reset;
	if (seen->fin_acked && !seen->fin)
		dir->end =
			dir->bytes_len + 1; /* whether that was a byte or the FIN nobody can tell */
	if (dir->end < dir->start)
		dir->end = dir->end_min = dir->start;
	for (uint64_t off = dir->start; off < dir->end; off++) {
		if (seen->held[off])
			continue;
		for (start = off; off < dir->end && !seen->held[off];)
			off++;
		add_gap(dir, start, off);
	}
	if (maker->kinds & CONV_MIDSTREAM && seen->max <= dir->start)
		dir->end_min = dir->start;
	if (!seen->any) {
		dir->end_min = 0;
		dir->loose = true;
	}
}

/* A reset in mid-transfer: certain is only what was whole when the first one passed the tap. */
static void loosen(const struct maker *maker, struct conv_truth *truth)
{
	uint64_t reset_ns = 0;
	uint8_t *held;

	for (uint32_t i = 0; i < maker->capture.count && !reset_ns; i++)
		if (maker->capture.packets[i].flags & WIRE_RST)
			reset_ns = maker->capture.packets[i].time_ns;
	if (!reset_ns)
		return;
	for (int from = 0; from < 2; from++) {
		struct conv_truth_dir *dir = &truth->dir[from];

		held = must(calloc(1, dir->bytes_len + 2));
		for (uint32_t i = 0; i < maker->capture.count; i++) {
			const struct sim_packet *packet = &maker->capture.packets[i];

			if (packet->from == from && packet->len_bytes && !packet->garbage &&
			    packet->time_ns < reset_ns && !maker->dropped[i])
				memset(held + conv_payload_start(packet), 1, packet->len_bytes);
		}
		dir->loose = true;
		for (dir->end_min = 0; held[dir->end_min]; dir->end_min++)
			;
		free(held);
	}
}

static uint32_t reasons_of(const struct maker *maker, const struct seen seen[2])
{
	uint32_t end = 1u << WEFT_CLOSE_END | 1u << WEFT_CLOSE_TIMEOUT | 1u << WEFT_CLOSE_REUSED;

	if (maker->kinds & (CONV_MISSED | CONV_MIDSTREAM | CONV_ONE_SIDED | CONV_DIRTY_RST))
		return CONV_REASON_ANY;
	if (seen[0].reset || seen[1].reset)
		return 1u << WEFT_CLOSE_RST;
	if (seen[0].fin && seen[1].fin)
		return 1u << WEFT_CLOSE_FIN;
	return end;
}

static bool opener_is_known(const struct maker *maker)
{
	if (maker->kinds & (CONV_DIRTY_RST | CONV_EARLY))
		return false; /* something may overtake the handshake */
	for (uint32_t i = 0; i < maker->capture.count; i++)
		if (!maker->dropped[i])
			return maker->capture.packets[i].flags & WIRE_SYN &&
			       maker->sim.open != SIM_OPEN_SIMULTANEOUS &&
			       maker->sim.open != SIM_OPEN_SPLIT;
	return false;
}

/*
 * What a tap may take for wrong though it was not. Where all was captured in its order, nothing:
 * whoever is told of an anomaly then is told a lie.
 */
static uint32_t anomalies_of(const struct maker *maker)
{
	if (maker->kinds & (CONV_MISSED | CONV_MIDSTREAM | CONV_ONE_SIDED | CONV_DIRTY_RST |
			    CONV_LATE | CONV_EARLY))
		return UINT32_MAX;
	/* Data may be shown before the window that allowed it. */
	if (maker->kinds & CONV_SKEW)
		return 1u << WEFT_ANOMALY_DATA_OUT_OF_WINDOW;
	return 0;
}

static void tell(struct maker *maker, struct conv_truth *truth)
{
	struct seen seen[2] = {0};

	for (int from = 0; from < 2; from++)
		seen[from].held = must(calloc(1, maker->sim.stream_bytes[from] + 2));
	look(maker, seen);
	for (int from = 0; from < 2; from++)
		tell_dir(maker, &seen[from], from, &truth->dir[from]);
	if (maker->kinds & CONV_DIRTY_RST)
		loosen(maker, truth);
	truth->certain = seen[0].max > truth->dir[0].start || seen[1].max > truth->dir[1].start;
	/* One side's SYN with data, and its reset: whether the other took any nobody saw. */
	if (maker->kinds & CONV_ONE_SIDED && !seen[0].beyond_syn && !seen[1].beyond_syn)
		truth->certain = false;
	truth->opener_known = opener_is_known(maker);
	truth->reasons = reasons_of(maker, seen);
	truth->anomalies_may |= anomalies_of(maker);
	free(seen[0].held);
	free(seen[1].held);
}

/* ---- the whole ---- */

static void choose_tuple(struct maker *maker, uint32_t index)
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
	/* The index makes the pair of ports unlike any other of this batch. */
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

static struct conv_truth *add_truth(struct maker *maker, uint32_t use, uint64_t seed)
{
	struct conv_batch *batch = maker->batch;
	struct conv_truth *truth;

	batch->truths = grown(batch->truths, batch->truths_count, &batch->truths_room,
			      sizeof(*batch->truths));
	maker->truth = batch->truths_count++;
	truth = &batch->truths[maker->truth];
	*truth = (struct conv_truth){
		.ip_version = maker->ip_version,
		.use = use,
		.kinds = maker->kinds,
		.seed = seed,
	};
	memcpy(truth->addr, maker->addr, sizeof(truth->addr));
	memcpy(truth->port, maker->port, sizeof(truth->port));
	memcpy(truth->vlan, maker->vlan, sizeof(truth->vlan));
	return truth;
}

/* One use of a four-tuple. Return: when its last packet passed. */
static uint64_t play(struct maker *maker, uint32_t use, uint64_t seed, uint64_t start_ns)
{
	struct conv_truth *truth;
	uint64_t end_ns = start_ns;

	maker->families = maker->reuse;
	choose(maker, start_ns);
	sim_run(&maker->sim, &maker->rng, &maker->capture);
	capture(maker);
	truth = add_truth(maker, use, seed);
	for (uint32_t i = 0; i < maker->capture.count; i++) {
		if (!maker->dropped[i])
			render(maker, &maker->capture.packets[i]);
		end_ns = maker->capture.packets[i].time_ns;
	}
	if (maker->kinds & CONV_NOISE)
		noise_add(maker);
	tell(maker, truth);
	family_look(maker);
	truth->families = maker->families;
	free(maker->capture.packets);
	free(maker->dropped);
	return end_ns > maker->capture.end_ns ? end_ns : maker->capture.end_ns;
}

/* How long until the four-tuple just played is used again. */
static uint64_t pause(struct maker *maker)
{
	struct conv_truth *truth = conv_truth_of(maker);
	bool is_long = rng_percent(&maker->rng, 50);
	uint64_t pause_ns =
		rng_range(&maker->rng, 70, rng_percent(&maker->rng, 80) ? 300 : 20000) * MS;

	maker->reuse = 0;
	/* A split handshake begins with an acknowledgement of nothing that is known. */
	truth->anomalies_may |=
		1u << WEFT_ANOMALY_SYN_IN_CONNECTION | 1u << WEFT_ANOMALY_ACK_OF_UNSENT;
	if (truth->reasons == 1u << WEFT_CLOSE_FIN) {
		maker->reuse = FAMILY_BIT(REUSE_AFTER_FIN);
	} else if (truth->reasons == 1u << WEFT_CLOSE_RST) {
		maker->reuse = FAMILY_BIT(REUSE_AFTER_RST);
	} else if (is_long) {
		maker->reuse = FAMILY_BIT(REUSE_AFTER_TIMEOUT);
		truth->reasons = 1u << WEFT_CLOSE_TIMEOUT;
		pause_ns += 3700 * 1000 * MS;
	} else {
		maker->reuse = FAMILY_BIT(REUSE_IN_SILENCE);
		truth->reasons = 1u << WEFT_CLOSE_REUSED;
		truth->anomalies_must |= 1u << WEFT_ANOMALY_SYN_IN_CONNECTION;
	}
	return pause_ns;
}

static void make_conversation(struct conv_batch *batch, const struct conv_options *opts,
			      uint64_t seed, uint32_t index)
{
	struct maker maker = {.batch = batch, .opts = opts};
	uint64_t start_ns = opts->start_ns;
	uint32_t uses = 1;

	rng_seed(&maker.rng, seed, index);
	start_ns += rng_below(&maker.rng, opts->spread_ns + 1);
	do
		maker.kinds = choose_kinds(&maker.rng, opts->kinds);
	while (opts->always & ~maker.kinds);
	choose_tuple(&maker, index);
	/* Another use can be told from the one before only if both were captured properly. */
	if (maker.kinds & CONV_REUSE) {
		maker.kinds &= ~(CONV_MISSED | CONV_MIDSTREAM | CONV_ONE_SIDED | CONV_DIRTY_RST |
				 CONV_NOISE);
		uses = (uint32_t)rng_range(&maker.rng, 2, USES_MAX);
	}
	for (uint32_t use = 1; use <= uses; use++) {
		start_ns = play(&maker, use, seed, start_ns);
		if (use < uses)
			start_ns += pause(&maker);
	}
}

static int packet_compare(const void *a, const void *b)
{
	const struct conv_packet *x = a;
	const struct conv_packet *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

void conv_batch_make(struct conv_batch *batch, uint64_t seed, const struct conv_options *opts)
{
	memset(batch, 0, sizeof(*batch));
	for (uint32_t index = 0; batch->truths_count < opts->conversations; index++)
		make_conversation(batch, opts, seed, index);
	if (batch->packets_count)
		qsort(batch->packets, batch->packets_count, sizeof(*batch->packets),
		      packet_compare);
}

void conv_batch_free(struct conv_batch *batch)
{
	for (uint32_t i = 0; i < batch->truths_count; i++) {
		for (int from = 0; from < 2; from++) {
			free(batch->truths[i].dir[from].bytes);
			free(batch->truths[i].dir[from].gaps);
		}
	}
	for (uint32_t i = 0; i < batch->chunks_count; i++)
		free(batch->chunks[i]);
	free(batch->chunks);
	free(batch->packets);
	free(batch->truths);
	memset(batch, 0, sizeof(*batch));
}

const char *conv_kinds_text(uint32_t kinds, char *text)
{
	static const char *const names[] = {
		"vlan", "ipv6",	       "reorder",   "loss",	 "dup",	     "spurious",
		"skew", "missed",      "midstream", "one-sided", "reuse",    "wrap",
		"tiny", "zero-window", "keepalive", "openings",	 "closings", "dirty-rst",
		"late", "noise",       "large",	    "early",	 "wide",     "headless",
		"ecn",	"urgent",      "options",
	};
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (kinds >> i & 1)
			at += (size_t)snprintf(text + at, 256 - at, "%s%s", at ? " " : "",
					       names[i]);
	return text;
}
