// SPDX-License-Identifier: BSD-2-Clause
/*
 * sim.c - the endpoints and the path, driven by one event queue.
 *
 * Retransmission knows more than a real sender does (which bytes the receiver
 * holds), so that a lost segment is sent again within a bounded time and the
 * tap's own time-outs are met or missed on purpose, not by chance.
 */
#include "fuzz/sim.h"

#include <stdio.h>
#include <stdlib.h>

#include "fuzz/grow.h"
#include "fuzz/wire.h"

#define MS	 1000000ull
#define OFF_NONE UINT64_MAX

enum { EVENTS_MAX = 400000 };

enum event_type {
	EV_ARRIVE = 0,
	EV_SEND,
	EV_RTO,
	EV_SPURIOUS,
	EV_READ,
	EV_PROBE,
	EV_DELAYED_ACK,
	EV_KEEPALIVE,
	EV_TURN,
	EV_CLOSE,
	EV_RESET,
};

struct event {
	uint64_t time_ns;
	uint64_t order; /* first scheduled, first served */
	uint32_t arg;
	uint8_t type;
	uint8_t side;
};

enum state {
	ST_CLOSED = 0,
	ST_SYN_SENT,
	ST_SYN_RECEIVED,
	ST_ESTABLISHED,
	ST_DEAD,
};

struct flight {
	uint64_t off;
	uint32_t len_bytes;
	uint32_t tries;
	bool syn;
	bool fin;
	bool late;
};

struct side {
	const struct sim_side_opts *opts;
	enum state state;
	uint64_t stream_bytes;
	uint64_t written; /* by the application */
	uint64_t una;
	uint64_t nxt;
	uint64_t right; /* beyond what the peer's window lets us send */
	bool scaling;
	bool fin_wanted;
	bool fin_sent;
	bool close_planned;
	bool send_planned;
	bool probe_planned;
	bool delayed_ack_planned;
	bool read_planned;
	struct flight *flights;
	uint32_t flights_count;
	uint32_t flights_room;

	uint8_t *received; /* a flag for each sequence offset of the peer */
	uint64_t rcv_nxt;
	uint64_t app_read; /* bytes */
	uint64_t peer_fin; /* offset, or OFF_NONE */
	uint32_t ack_pending;
	uint32_t ts_recent;
	uint32_t resets;
};

struct tapped {
	uint64_t time_ns;
	uint32_t packet;
	uint32_t order;
};

struct sim {
	const struct sim_opts *opts;
	struct rng *rng;
	uint64_t now;
	struct side side[2];
	struct event *heap;
	uint32_t heap_count;
	uint32_t heap_room;
	uint64_t events;
	struct sim_packet *packets;
	uint32_t packets_count;
	uint32_t packets_room;
	struct tapped *taps;
	uint32_t taps_count;
	uint32_t taps_room;
	uint32_t turn; /* running, or turns_count */
	uint32_t ack_losses;
	uint32_t data_segments[2];
	bool late_used;
};

/* ---- event queue ---- */

static bool event_before(const struct event *a, const struct event *b)
{
	return a->time_ns != b->time_ns ? a->time_ns < b->time_ns : a->order < b->order;
}

static void plan(struct sim *sim, uint64_t delay_ns, enum event_type type, int side, uint32_t arg)
{
	struct event event = {.time_ns = sim->now + delay_ns,
			      .order = sim->events++,
			      .arg = arg,
			      .type = (uint8_t)type,
			      .side = (uint8_t)side};
	uint32_t at = sim->heap_count;

	if (sim->events > EVENTS_MAX) {
		fprintf(stderr, "sim: a conversation does not come to an end\n");
		abort();
	}
	sim->heap = grown(sim->heap, sim->heap_count, &sim->heap_room, sizeof(*sim->heap));
	sim->heap_count++;
	while (at && event_before(&event, &sim->heap[(at - 1) / 2])) {
		sim->heap[at] = sim->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	sim->heap[at] = event;
}

static struct event next_event(struct sim *sim)
{
	struct event first = sim->heap[0];
	struct event last = sim->heap[--sim->heap_count];
	uint32_t at = 0;

	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child >= sim->heap_count)
			break;
		if (child + 1 < sim->heap_count &&
		    event_before(&sim->heap[child + 1], &sim->heap[child]))
			child++;
		if (!event_before(&sim->heap[child], &last))
			break;
		sim->heap[at] = sim->heap[child];
		at = child;
	}
	sim->heap[at] = last;
	return first;
}

/* ---- the path ---- */

static void tap(struct sim *sim, uint64_t time_ns, uint32_t packet)
{
	sim->taps = grown(sim->taps, sim->taps_count, &sim->taps_room, sizeof(*sim->taps));
	sim->taps[sim->taps_count] =
		(struct tapped){.time_ns = time_ns, .packet = packet, .order = sim->taps_count};
	sim->taps_count++;
}

enum fate {
	FATE_WHOLE = 0,
	FATE_LOST_BEFORE, /* the tap does not see it */
	FATE_LOST_AFTER,
};

/* Losses are bounded: a segment's third copy and the fourth lost acknowledgement get through. */
static enum fate fate_of(struct sim *sim, const struct sim_packet *packet, uint32_t tries)
{
	uint32_t roll = (uint32_t)rng_below(sim->rng, 100);
	bool pure_ack = !packet->len_bytes && !(packet->flags & (WIRE_SYN | WIRE_FIN));

	if (packet->flags & WIRE_RST || tries >= 2)
		return FATE_WHOLE;
	if (roll >= sim->opts->loss_before_percent + sim->opts->loss_after_percent)
		return FATE_WHOLE;
	if (pure_ack && sim->ack_losses++ >= 3)
		return FATE_WHOLE;
	return roll < sim->opts->loss_before_percent ? FATE_LOST_BEFORE : FATE_LOST_AFTER;
}

static void travel(struct sim *sim, uint32_t packet, enum fate fate)
{
	const struct sim_opts *opts = sim->opts;
	int from = sim->packets[packet].from;
	uint64_t first = from ? opts->after_ns : opts->before_ns;
	uint64_t second = from ? opts->before_ns : opts->after_ns;
	uint64_t to_tap = first + rng_below(sim->rng, opts->jitter_ns + 1);
	uint64_t to_peer = to_tap + second + rng_below(sim->rng, opts->jitter_ns + 1);

	if (fate == FATE_LOST_BEFORE)
		return;
	tap(sim, sim->now + to_tap, packet);
	if (fate == FATE_LOST_AFTER)
		return;
	plan(sim, to_peer, EV_ARRIVE, !from, packet);
	if (rng_percent(sim->rng, opts->dup_percent)) {
		uint64_t delay_ns = 1000 + rng_below(sim->rng, 2 * MS);

		tap(sim, sim->now + to_tap + delay_ns, packet);
		plan(sim, to_peer + delay_ns, EV_ARRIVE, !from, packet);
	}
}

/* ---- sending ---- */

static uint32_t window_bytes(const struct side *side)
{
	return (uint32_t)(side->app_read + 1 + side->opts->rcv_buf_bytes - side->rcv_nxt);
}

static uint16_t window_field(const struct side *side, uint32_t flags)
{
	uint32_t bytes = window_bytes(side);

	if (side->scaling && !(flags & WIRE_SYN))
		bytes >>= side->opts->wscale;
	if (flags & WIRE_SYN && side->opts->syn_window && bytes > side->opts->syn_window)
		bytes = side->opts->syn_window;
	return (uint16_t)(bytes > 65535 ? 65535 : bytes);
}

static void fill_sacks(const struct sim *sim, int from, struct sim_packet *packet)
{
	const struct side *side = &sim->side[from];
	uint64_t end = sim->side[!from].stream_bytes + 1;
	uint64_t off = side->rcv_nxt;

	while (packet->sacks < 2 && off < end) {
		uint64_t start;

		while (off < end && !side->received[off])
			off++;
		start = off;
		while (off < end && side->received[off])
			off++;
		if (off == start)
			break;
		packet->sack[packet->sacks][0] = start;
		packet->sack[packet->sacks++][1] = off;
	}
}

static uint32_t new_packet(struct sim *sim, int from, uint32_t flags, uint64_t off, uint32_t len)
{
	struct side *side = &sim->side[from];
	struct sim_packet *packet;

	sim->packets =
		grown(sim->packets, sim->packets_count, &sim->packets_room, sizeof(*sim->packets));
	packet = &sim->packets[sim->packets_count];
	*packet = (struct sim_packet){
		.from = (uint8_t)from,
		.flags = (uint8_t)flags,
		.len_bytes = len,
		.off = off,
		.ack = side->rcv_nxt,
		.window = window_field(side, flags),
		.ts_val = side->opts->ts_start + (uint32_t)((sim->now - sim->opts->start_ns) / MS),
		.ts_ecr = side->ts_recent,
	};
	if (sim->opts->sack && flags == WIRE_ACK && !len)
		fill_sacks(sim, from, packet);
	if (flags & WIRE_ACK)
		side->ack_pending = 0;
	return sim->packets_count++;
}

static void emit(struct sim *sim, int from, uint32_t flags, uint64_t off, uint32_t len,
		 uint32_t tries)
{
	uint32_t packet = new_packet(sim, from, flags, off, len);

	travel(sim, packet, fate_of(sim, &sim->packets[packet], tries));
}

static void emit_ack(struct sim *sim, int from)
{
	emit(sim, from, WIRE_ACK, sim->side[from].nxt, 0, 0);
}

static uint32_t flight_add(struct sim *sim, int from, struct flight flight)
{
	struct side *side = &sim->side[from];

	side->flights = grown(side->flights, side->flights_count, &side->flights_room,
			      sizeof(*side->flights));
	side->flights[side->flights_count] = flight;
	return side->flights_count++;
}

static void emit_syn(struct sim *sim, int from, uint32_t tries)
{
	struct side *side = &sim->side[from];
	enum sim_open open = sim->opts->open;
	bool with_ack = side->state == ST_SYN_RECEIVED;
	uint32_t flags = WIRE_SYN | (with_ack ? WIRE_ACK : 0);
	uint32_t data = 0;
	uint32_t packet;
	enum fate fate;

	if (from == 0 && !with_ack && open >= SIM_OPEN_FAST && !tries)
		data = (uint32_t)(side->written < side->opts->mss ? side->written
								  : side->opts->mss);
	if (from == 1 && with_ack && open == SIM_OPEN_FAST_BOTH && !tries)
		data = (uint32_t)(side->written < side->opts->mss ? side->written
								  : side->opts->mss);
	packet = new_packet(sim, from, flags, 0, data);
	fate = fate_of(sim, &sim->packets[packet], tries);
	if (from == 0 && open == SIM_OPEN_SYN_REPEATED && tries < 2)
		fate = FATE_LOST_AFTER;
	if (from == 1 && open == SIM_OPEN_SYN_ACK_REPEATED && tries < 2)
		fate = FATE_LOST_AFTER;
	if (!tries && ((from == 0 && open == SIM_OPEN_SYN_OTHER_ISN) ||
		       (from == 1 && open == SIM_OPEN_SYN_ACK_OTHER_ISN))) {
		fate = FATE_LOST_AFTER;
		sim->packets[packet].first_syn = true;
	}
	if (open >= SIM_OPEN_FAST)
		fate = FATE_WHOLE;
	travel(sim, packet, fate);
}

static void start_syn(struct sim *sim, int from, enum state state)
{
	struct side *side = &sim->side[from];

	side->state = state;
	side->nxt = side->nxt ? side->nxt : 1;
	plan(sim, sim->opts->rto_ns, EV_RTO, from,
	     flight_add(sim, from, (struct flight){.syn = true}));
	emit_syn(sim, from, 0);
}

/* How many bytes may leave now. */
static uint32_t sendable(const struct sim *sim, int from)
{
	const struct side *side = &sim->side[from];
	uint64_t limit = side->una + (uint64_t)sim->opts->window_segments * side->opts->mss;
	uint64_t end = side->written + 1;

	if (sim->opts->slow_start && limit > 2 * side->una + 10ull * side->opts->mss)
		limit = 2 * side->una + 10ull * side->opts->mss;
	if (limit > side->right)
		limit = side->right;
	if (end > limit)
		end = limit;
	return end > side->nxt ? (uint32_t)(end - side->nxt) : 0;
}

static bool may_send(const struct sim *sim, int from)
{
	return sim->side[from].state == ST_ESTABLISHED;
}

static void kick(struct sim *sim, int from)
{
	struct side *side = &sim->side[from];

	if (side->send_planned || !may_send(sim, from))
		return;
	side->send_planned = true;
	plan(sim, rng_below(sim->rng, sim->opts->pace_ns + 1), EV_SEND, from, 0);
}

static bool fin_is_due(const struct sim *sim, const struct side *side)
{
	if (sim->opts->late_rto_ns && side->una != side->nxt)
		return false; /* nothing but data may tell of the hole */
	return side->fin_wanted && !side->fin_sent && side->nxt == side->stream_bytes + 1;
}

static void send_segment(struct sim *sim, int from, uint32_t len)
{
	const struct sim_opts *opts = sim->opts;
	struct side *side = &sim->side[from];
	struct flight flight = {.off = side->nxt, .len_bytes = len};
	uint64_t rto_ns = opts->rto_ns;
	uint32_t flags = WIRE_ACK;
	uint32_t index;

	side->nxt += len;
	if (side->nxt >= side->written + 1)
		flags |= WIRE_PSH;
	if (fin_is_due(sim, side) && (!len || side->opts->fin_with_data)) {
		flags |= WIRE_FIN;
		flight.fin = true;
		side->fin_sent = true;
		side->nxt++;
	}
	sim->data_segments[from]++;
	if (opts->late_rto_ns && len && !sim->late_used && sim->data_segments[from] == 2) {
		sim->late_used = true;
		flight.late = true;
		rto_ns = opts->late_rto_ns;
	}
	index = flight_add(sim, from, flight);
	plan(sim, rto_ns, EV_RTO, from, index);
	if (len && rng_percent(sim->rng, opts->spurious_percent))
		plan(sim, rng_below(sim->rng, opts->rto_ns / 2), EV_SPURIOUS, from, index);
	if (flight.late)
		new_packet(sim, from, flags, flight.off, len);
	else
		emit(sim, from, flags, flight.off, len, 0);
}

static void on_send(struct sim *sim, int from)
{
	struct side *side = &sim->side[from];
	uint32_t len = sendable(sim, from);

	side->send_planned = false;
	if (!may_send(sim, from))
		return;
	if (len > side->opts->mss)
		len = side->opts->mss;
	if (len && sim->opts->short_segments)
		len = (uint32_t)rng_range(sim->rng, 1, len);
	if (!len && !fin_is_due(sim, side)) {
		if (side->nxt < side->written + 1 && side->una == side->nxt &&
		    !side->probe_planned) {
			side->probe_planned = true;
			plan(sim, 200 * MS + rng_below(sim->rng, 200 * MS), EV_PROBE, from, 0);
		}
		return;
	}
	send_segment(sim, from, len);
	if (sendable(sim, from) || fin_is_due(sim, side))
		kick(sim, from);
}

static void emit_probe(struct sim *sim, int from, uint64_t off, uint32_t len, bool garbage)
{
	uint32_t packet = new_packet(sim, from, WIRE_ACK, off, len);

	sim->packets[packet].probe = true;
	sim->packets[packet].garbage = garbage;
	travel(sim, packet, FATE_WHOLE);
}

/* The window is shut: one byte beyond it, or none just before it, asks for news. */
static void on_probe(struct sim *sim, int from)
{
	struct side *side = &sim->side[from];

	side->probe_planned = false;
	if (!may_send(sim, from) || side->una != side->nxt || side->nxt >= side->written + 1)
		return;
	if (sendable(sim, from)) {
		kick(sim, from);
		return;
	}
	emit_probe(sim, from, side->opts->ts_start & 1 ? side->nxt : side->nxt - 1,
		   side->opts->ts_start & 1, false);
	side->probe_planned = true;
	plan(sim, 300 * MS, EV_PROBE, from, 0);
}

/* Send the bytes of @flight again, cut otherwise: up to a segment more at each end, in pieces. */
static void emit_repacketised(struct sim *sim, int from, const struct flight *flight)
{
	struct side *side = &sim->side[from];
	uint64_t stream_end =
		side->nxt < side->stream_bytes + 1 ? side->nxt : side->stream_bytes + 1;
	uint64_t start = flight->off - rng_below(sim->rng, side->opts->mss);
	uint64_t end = flight->off + flight->len_bytes + rng_below(sim->rng, side->opts->mss);

	if (start < 1 || start > flight->off)
		start = 1;
	if (end > stream_end)
		end = stream_end;
	while (start < end) {
		uint64_t len = end - start;

		if (len > side->opts->mss)
			len = side->opts->mss;
		if (len > 1 && rng_percent(sim->rng, 50))
			len = rng_range(sim->rng, (len + 1) / 2, len);
		emit(sim, from, WIRE_ACK, start, (uint32_t)len, flight->tries);
		start += len;
	}
	if (flight->fin)
		emit(sim, from, WIRE_ACK | WIRE_FIN, side->stream_bytes + 1, 0, flight->tries);
}

static void emit_again(struct sim *sim, int from, const struct flight *flight)
{
	if (flight->syn)
		emit_syn(sim, from, flight->tries);
	else if (flight->len_bytes && sim->opts->repacketise)
		emit_repacketised(sim, from, flight);
	else
		emit(sim, from, WIRE_ACK | (flight->fin ? WIRE_FIN : 0), flight->off,
		     flight->len_bytes, flight->tries);
}

/* The peer holds all of it, behind a hole: selective acknowledgements would say so. */
static bool held_by_peer(const struct sim *sim, int from, const struct flight *flight)
{
	const struct side *peer = &sim->side[!from];

	if (flight->syn || flight->fin || !flight->len_bytes || peer->rcv_nxt > flight->off)
		return false;
	for (uint32_t i = 0; i < flight->len_bytes; i++)
		if (!peer->received[flight->off + i])
			return false;
	return true;
}

static void on_rto(struct sim *sim, int from, uint32_t index)
{
	struct side *side = &sim->side[from];
	struct flight flight = side->flights[index];
	uint64_t end = flight.syn ? 1 : flight.off + flight.len_bytes + flight.fin;

	if (side->state == ST_DEAD || side->una >= end)
		return;
	if (++side->flights[index].tries > 12)
		return;
	flight.tries++;
	plan(sim, sim->opts->rto_ns * (flight.tries > 2 ? 4 : 1), EV_RTO, from, index);
	if (!held_by_peer(sim, from, &flight))
		emit_again(sim, from, &flight);
}

/* ---- the application ---- */

static bool is_primary_closer(const struct sim *sim, int side)
{
	switch (sim->opts->close) {
	case SIM_CLOSE_FIN_CLIENT:
	case SIM_CLOSE_FIN_EARLY:
		return side == 0;
	case SIM_CLOSE_FIN_SERVER:
		return side == 1;
	case SIM_CLOSE_FIN_BOTH:
		return true;
	case SIM_CLOSE_RST_CLIENT:
	case SIM_CLOSE_RST_SERVER:
	case SIM_CLOSE_RST_DIRTY:
	case SIM_CLOSE_NONE:
		return false;
	}
	return false;
}

static void plan_close(struct sim *sim, int side, uint64_t delay_ns)
{
	if (sim->side[side].close_planned)
		return;
	sim->side[side].close_planned = true;
	plan(sim, delay_ns, EV_CLOSE, side, 0);
}

static void all_turns_done(struct sim *sim)
{
	uint64_t delay_ns = rng_below(sim->rng, 2 * MS);

	for (int side = 0; side < 2; side++)
		if (is_primary_closer(sim, side))
			plan_close(sim, side, delay_ns);
	if (sim->opts->close == SIM_CLOSE_RST_CLIENT)
		plan(sim, 200 * MS + delay_ns, EV_RESET, 0, 0);
	if (sim->opts->close == SIM_CLOSE_RST_SERVER)
		plan(sim, 200 * MS + delay_ns, EV_RESET, 1, 0);
}

static bool writes_done(const struct sim *sim, int side)
{
	return sim->side[side].written == sim->side[side].stream_bytes;
}

/* The peer's end was read: finish as well once there is nothing left to say. */
static void maybe_close_second(struct sim *sim, int side)
{
	const struct side *self = &sim->side[side];

	if (self->peer_fin != OFF_NONE && self->rcv_nxt > self->peer_fin && writes_done(sim, side))
		plan_close(sim, side, rng_below(sim->rng, 3 * MS));
}

static void plan_turn(struct sim *sim, uint32_t index)
{
	const struct sim_turn *turn = &sim->opts->turns[index];

	plan(sim, turn->delay_ns, EV_TURN, turn->side, index);
	if (sim->opts->keepalive && turn->delay_ns > 1000 * MS)
		plan(sim, turn->delay_ns / 2, EV_KEEPALIVE, (int)rng_below(sim->rng, 2), 0);
}

static void maybe_next_turn(struct sim *sim)
{
	const struct sim_opts *opts = sim->opts;
	const struct side *reader;
	uint64_t sent = 0;

	if (sim->turn >= opts->turns_count)
		return;
	for (uint32_t i = 0; i <= sim->turn; i++)
		if (opts->turns[i].side == opts->turns[sim->turn].side)
			sent += opts->turns[i].bytes;
	reader = &sim->side[!opts->turns[sim->turn].side];
	if (sim->side[opts->turns[sim->turn].side].written < sent || reader->rcv_nxt < sent + 1)
		return;
	if (++sim->turn == opts->turns_count)
		all_turns_done(sim);
	else if (!opts->duplex)
		plan_turn(sim, sim->turn);
	else
		maybe_next_turn(sim);
}

static void on_turn(struct sim *sim, uint32_t index)
{
	const struct sim_turn *turn = &sim->opts->turns[index];
	struct side *side = &sim->side[turn->side];

	side->written += turn->bytes;
	if (writes_done(sim, turn->side) && is_primary_closer(sim, turn->side) &&
	    (side->opts->fin_with_data || sim->opts->close == SIM_CLOSE_FIN_EARLY))
		side->fin_wanted = true;
	if (sim->opts->close == SIM_CLOSE_RST_DIRTY && index == sim->opts->turns_count / 2)
		plan(sim, rng_below(sim->rng, 10 * MS), EV_RESET, (int)rng_below(sim->rng, 2), 0);
	kick(sim, turn->side);
	maybe_close_second(sim, turn->side);
	if (sim->opts->duplex && index + 1 < sim->opts->turns_count)
		plan_turn(sim, index + 1);
}

static void on_close(struct sim *sim, int side)
{
	sim->side[side].fin_wanted = true;
	kick(sim, side);
}

static void on_reset(struct sim *sim, int from)
{
	struct side *side = &sim->side[from];
	bool dirty = sim->opts->close == SIM_CLOSE_RST_DIRTY;

	if (side->state != ST_ESTABLISHED)
		return;
	if (!dirty &&
	    (sim->side[0].una != sim->side[0].nxt || sim->side[1].una != sim->side[1].nxt)) {
		plan(sim, 300 * MS, EV_RESET, from, 0);
		return;
	}
	emit(sim, from, WIRE_RST | (rng_percent(sim->rng, 50) ? WIRE_ACK : 0), side->nxt, 0, 0);
	side->state = ST_DEAD;
}

static void on_read(struct sim *sim, int at)
{
	struct side *side = &sim->side[at];
	uint64_t unread = side->rcv_nxt - 1 - side->app_read;
	uint32_t before = window_bytes(side);

	side->read_planned = false;
	if (side->state == ST_DEAD)
		return;
	side->app_read += unread < side->opts->read_bytes ? unread : side->opts->read_bytes;
	if (side->rcv_nxt - 1 > side->app_read) {
		side->read_planned = true;
		plan(sim, side->opts->read_ns, EV_READ, at, 0);
	}
	if (before < side->opts->mss && window_bytes(side) >= side->opts->mss)
		emit_ack(sim, at);
}

static void on_keepalive(struct sim *sim, int from)
{
	struct side *side = &sim->side[from];

	if (side->state != ST_ESTABLISHED || side->una != side->nxt || side->fin_sent ||
	    sim->side[!from].state != ST_ESTABLISHED)
		return;
	emit_probe(sim, from, side->nxt - 1, sim->opts->keepalive_garbage,
		   sim->opts->keepalive_garbage);
}

/* ---- receiving ---- */

static void established(struct sim *sim, int at)
{
	sim->side[at].state = ST_ESTABLISHED;
	if (!sim->turn && sim->opts->turns_count && sim->opts->turns[0].side == at &&
	    !sim->side[at].written)
		plan_turn(sim, 0);
	kick(sim, at);
}

/* Take the payload's bytes. Return: whether rcv_nxt moved. */
static bool take_payload(struct sim *sim, int at, const struct sim_packet *packet)
{
	struct side *side = &sim->side[at];
	uint64_t first = packet->off + (packet->flags & WIRE_SYN ? 1 : 0);
	uint64_t right = side->app_read + 1 + side->opts->rcv_buf_bytes;
	uint64_t was = side->rcv_nxt;

	for (uint64_t off = first; !packet->garbage && off < first + packet->len_bytes; off++)
		if (off < right)
			side->received[off] = 1;
	if (packet->flags & WIRE_FIN)
		side->peer_fin = first + packet->len_bytes;
	while (side->rcv_nxt <= sim->side[!at].stream_bytes && side->received[side->rcv_nxt])
		side->rcv_nxt++;
	if (side->rcv_nxt == side->peer_fin)
		side->rcv_nxt++;
	if (!side->opts->read_ns)
		side->app_read = side->rcv_nxt - 1;
	else if (side->rcv_nxt - 1 > side->app_read && !side->read_planned) {
		side->read_planned = true;
		plan(sim, side->opts->read_ns, EV_READ, at, 0);
	}
	return side->rcv_nxt != was;
}

static void answer(struct sim *sim, int at, bool advanced)
{
	struct side *side = &sim->side[at];

	side->ack_pending++;
	if (!side->opts->delayed_ack || !advanced || side->ack_pending >= 2) {
		emit_ack(sim, at);
	} else if (!side->delayed_ack_planned) {
		side->delayed_ack_planned = true;
		plan(sim, 20 * MS, EV_DELAYED_ACK, at, 0);
	}
}

static void on_syn(struct sim *sim, int at, const struct sim_packet *packet)
{
	struct side *side = &sim->side[at];
	enum sim_open open = sim->opts->open;
	bool answers_us = packet->flags & WIRE_ACK && packet->ack >= 1;

	if (side->state >= ST_ESTABLISHED) {
		if (side->state == ST_ESTABLISHED)
			emit_ack(sim, at);
		return;
	}
	if (side->state == ST_SYN_RECEIVED && !answers_us)
		return;
	if (!side->rcv_nxt)
		side->rcv_nxt = 1;
	if (packet->len_bytes && open != SIM_OPEN_FAST_IGNORED)
		take_payload(sim, at, packet);
	if (side->state == ST_CLOSED) {
		/* Some such servers acknowledge first; that is nothing to the client yet. */
		if (open == SIM_OPEN_SPLIT && rng_percent(sim->rng, 50))
			emit(sim, at, WIRE_ACK, 0, 0, 0);
		start_syn(sim, at, open == SIM_OPEN_SPLIT ? ST_SYN_SENT : ST_SYN_RECEIVED);
	} else if (answers_us) {
		established(sim, at);
		emit_ack(sim, at);
	} else {
		side->state = ST_SYN_RECEIVED;
		emit_syn(sim, at, 0);
	}
}

static void on_acknowledged(struct sim *sim, int at, const struct sim_packet *packet)
{
	struct side *side = &sim->side[at];
	uint64_t right = packet->window;

	if (sim->side[!at].scaling && !(packet->flags & WIRE_SYN))
		right <<= sim->side[!at].opts->wscale;
	right += packet->ack;
	if (packet->ack > side->una)
		side->una = packet->ack;
	if (side->nxt < side->una)
		side->nxt = side->una;
	if (right > side->right)
		side->right = right;
	if (side->state == ST_SYN_RECEIVED && side->una >= 1 && side->rcv_nxt)
		established(sim, at);
}

static void on_arrive_reset(struct sim *sim, int at, const struct sim_packet *packet)
{
	struct side *side = &sim->side[at];

	if (side->state == ST_DEAD)
		return;
	if (packet->off == side->rcv_nxt)
		side->state = ST_DEAD;
	else
		emit_ack(sim, at);
}

static void on_arrive(struct sim *sim, int at, uint32_t index)
{
	struct sim_packet packet = sim->packets[index];
	struct side *side = &sim->side[at];
	bool advanced;

	if (packet.flags & WIRE_RST) {
		on_arrive_reset(sim, at, &packet);
		return;
	}
	if (side->state == ST_DEAD) {
		if (side->resets++ < 100 && packet.flags & WIRE_ACK)
			emit(sim, at, WIRE_RST, packet.ack, 0, 0);
		return;
	}
	if (packet.off <= side->rcv_nxt)
		side->ts_recent = packet.ts_val;
	if (packet.flags & WIRE_ACK && (side->state != ST_SYN_SENT || packet.flags & WIRE_SYN))
		on_acknowledged(sim, at, &packet);
	if (packet.flags & WIRE_SYN) {
		on_syn(sim, at, &packet);
		maybe_next_turn(sim);
		kick(sim, at);
		return;
	}
	if (!side->rcv_nxt)
		return; /* data overtook the SYN-ACK: sent again later */
	advanced = take_payload(sim, at, &packet);
	if (packet.len_bytes || packet.flags & WIRE_FIN || packet.probe)
		answer(sim, at, advanced);
	maybe_next_turn(sim);
	maybe_close_second(sim, at);
	kick(sim, at);
}

/* ---- the whole ---- */

static void serve(struct sim *sim, const struct event *event)
{
	struct side *side = &sim->side[event->side];

	switch ((enum event_type)event->type) {
	case EV_ARRIVE:
		on_arrive(sim, event->side, event->arg);
		break;
	case EV_SEND:
		on_send(sim, event->side);
		break;
	case EV_RTO:
		on_rto(sim, event->side, event->arg);
		break;
	case EV_SPURIOUS:
		if (side->state != ST_DEAD) {
			struct flight flight = side->flights[event->arg];

			flight.tries = 1;
			emit_again(sim, event->side, &flight);
		}
		break;
	case EV_READ:
		on_read(sim, event->side);
		break;
	case EV_PROBE:
		on_probe(sim, event->side);
		break;
	case EV_DELAYED_ACK:
		side->delayed_ack_planned = false;
		if (side->ack_pending && side->state != ST_DEAD)
			emit_ack(sim, event->side);
		break;
	case EV_KEEPALIVE:
		on_keepalive(sim, event->side);
		break;
	case EV_TURN:
		on_turn(sim, event->arg);
		break;
	case EV_CLOSE:
		on_close(sim, event->side);
		break;
	case EV_RESET:
		on_reset(sim, event->side);
		break;
	}
}

static int tap_compare(const void *a, const void *b)
{
	const struct tapped *x = a;
	const struct tapped *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static void sim_finish(struct sim *sim, struct sim_capture *ret_capture)
{
	ret_capture->packets = calloc(sim->taps_count + 1, sizeof(*ret_capture->packets));
	if (!ret_capture->packets)
		abort();
	if (sim->taps_count)
		qsort(sim->taps, sim->taps_count, sizeof(*sim->taps), tap_compare);
	for (uint32_t i = 0; i < sim->taps_count; i++) {
		ret_capture->packets[i] = sim->packets[sim->taps[i].packet];
		ret_capture->packets[i].time_ns = sim->taps[i].time_ns;
	}
	ret_capture->count = sim->taps_count;
	ret_capture->end_ns = sim->now;
	for (int i = 0; i < 2; i++) {
		free(sim->side[i].received);
		free(sim->side[i].flights);
	}
	free(sim->heap);
	free(sim->packets);
	free(sim->taps);
}

void sim_run(const struct sim_opts *opts, struct rng *rng, struct sim_capture *ret_capture)
{
	struct sim sim = {.opts = opts, .rng = rng, .now = opts->start_ns};
	bool scaling = opts->side[0].wscale >= 0 && opts->side[1].wscale >= 0;

	for (int i = 0; i < 2; i++) {
		sim.side[i].opts = &opts->side[i];
		sim.side[i].stream_bytes = opts->stream_bytes[i];
		sim.side[i].received = calloc(1, opts->stream_bytes[!i] + 3);
		sim.side[i].peer_fin = OFF_NONE;
		sim.side[i].scaling = scaling;
		if (!sim.side[i].received)
			abort();
	}
	if (opts->open >= SIM_OPEN_FAST && opts->turns_count)
		on_turn(&sim, 0);
	start_syn(&sim, 0, ST_SYN_SENT);
	if (opts->open == SIM_OPEN_SIMULTANEOUS)
		start_syn(&sim, 1, ST_SYN_SENT);
	while (sim.heap_count) {
		struct event event = next_event(&sim);

		sim.now = event.time_ns;
		serve(&sim, &event);
	}
	sim_finish(&sim, ret_capture);
}
