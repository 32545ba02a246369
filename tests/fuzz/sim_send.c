// SPDX-License-Identifier: BSD-2-Clause
/*
 * sim_send.c - simulates sending: segments, retransmissions and probes.
 *
 * The retransmission code knows which bytes the receiver holds, in contrast to a real sender. A
 * lost segment is therefore sent again within a bounded time, so weft's timeouts expire only in
 * conversations that intend it.
 */
#include "fuzz/grow.h"
#include "fuzz/sim_internal.h"

uint32_t sim_window_bytes(const struct side *side)
{
	return (uint32_t)(side->app_read + 1 + side->opts->rcv_buf_bytes - side->rcv_nxt);
}

static uint16_t window_field(const struct side *side, uint32_t flags)
{
	uint32_t bytes = sim_window_bytes(side);

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

void sim_emit(struct sim *sim, int from, uint32_t flags, uint64_t off, uint32_t len, uint32_t tries)
{
	uint32_t packet = new_packet(sim, from, flags, off, len);

	sim_travel(sim, packet, sim_fate_of(sim, &sim->packets[packet], tries));
}

void sim_emit_ack(struct sim *sim, int from)
{
	sim_emit(sim, from, WIRE_ACK, sim->side[from].nxt, 0, 0);
}

static uint32_t flight_add(struct sim *sim, int from, struct flight flight)
{
	struct side *side = &sim->side[from];

	side->flights = grown(side->flights, side->flights_count, &side->flights_room,
			      sizeof(*side->flights));
	side->flights[side->flights_count] = flight;
	return side->flights_count++;
}

void sim_emit_syn(struct sim *sim, int from, uint32_t tries)
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
	fate = sim_fate_of(sim, &sim->packets[packet], tries);
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
	sim_travel(sim, packet, fate);
}

void sim_start_syn(struct sim *sim, int from, enum state state)
{
	struct side *side = &sim->side[from];

	side->state = state;
	side->nxt = side->nxt ? side->nxt : 1;
	sim_plan(sim, sim->opts->rto_ns, EV_RTO, from,
		 flight_add(sim, from, (struct flight){.syn = true}));
	sim_emit_syn(sim, from, 0);
}

/* Returns the number of bytes that may be sent now. */
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

void sim_kick(struct sim *sim, int from)
{
	struct side *side = &sim->side[from];

	if (side->send_planned || !may_send(sim, from))
		return;
	side->send_planned = true;
	sim_plan(sim, rng_below(sim->rng, sim->opts->pace_ns + 1), EV_SEND, from, 0);
}

static bool fin_is_due(const struct sim *sim, const struct side *side)
{
	if (sim->opts->fin_waits && side->una != side->nxt)
		return false;
	return side->fin_wanted && !side->fin_sent && side->nxt == side->stream_bytes + 1;
}

/*
 * Return true if the data segment that @from sends now is lost, and sent again late. This applies
 * to the second segment of the side that sends two first and, with late_twice, to its third.
 */
static bool is_late(const struct sim *sim, int from)
{
	if (!sim->opts->late_rto_ns)
		return false;
	if (!sim->late_segments)
		return sim->data_segments[from] == 2;
	return sim->opts->late_twice && sim->late_segments == 1 && sim->late_side == from &&
	       sim->data_segments[from] == 3;
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
	if (len && is_late(sim, from)) {
		flight.late = true;
		rto_ns = opts->late_rto_ns << sim->late_segments++;
		sim->late_side = from;
		if (opts->keepalive)
			sim_plan(sim, rto_ns / 2, EV_KEEPALIVE, !from, 0);
	}
	index = flight_add(sim, from, flight);
	sim_plan(sim, rto_ns, EV_RTO, from, index);
	if (len && rng_percent(sim->rng, opts->spurious_percent))
		sim_plan(sim, rng_below(sim->rng, opts->rto_ns / 2), EV_SPURIOUS, from, index);
	if (flight.late)
		new_packet(sim, from, flags, flight.off, len);
	else
		sim_emit(sim, from, flags, flight.off, len, 0);
}

void sim_on_send(struct sim *sim, int from)
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
			sim_plan(sim, 200 * MS + rng_below(sim->rng, 200 * MS), EV_PROBE, from, 0);
		}
		return;
	}
	send_segment(sim, from, len);
	if (sendable(sim, from) || fin_is_due(sim, side))
		sim_kick(sim, from);
}

void sim_emit_probe(struct sim *sim, int from, uint64_t off, uint32_t len, bool garbage)
{
	uint32_t packet = new_packet(sim, from, WIRE_ACK, off, len);

	sim->packets[packet].probe = true;
	sim->packets[packet].garbage = garbage;
	sim_travel(sim, packet, FATE_WHOLE);
}

void sim_on_probe(struct sim *sim, int from)
{
	struct side *side = &sim->side[from];

	side->probe_planned = false;
	if (!may_send(sim, from) || side->una != side->nxt || side->nxt >= side->written + 1)
		return;
	if (sendable(sim, from)) {
		sim_kick(sim, from);
		return;
	}
	sim_emit_probe(sim, from, side->opts->ts_start & 1 ? side->nxt : side->nxt - 1,
		       side->opts->ts_start & 1, false);
	side->probe_planned = true;
	sim_plan(sim, 300 * MS, EV_PROBE, from, 0);
}

/*
 * Sends the bytes of @flight again in pieces with other boundaries, with up to one segment more at
 * each end.
 */
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
		sim_emit(sim, from, WIRE_ACK, start, (uint32_t)len, flight->tries);
		start += len;
	}
	if (flight->fin)
		sim_emit(sim, from, WIRE_ACK | WIRE_FIN, side->stream_bytes + 1, 0, flight->tries);
}

void sim_emit_again(struct sim *sim, int from, const struct flight *flight)
{
	if (flight->syn)
		sim_emit_syn(sim, from, flight->tries);
	else if (flight->len_bytes && sim->opts->repacketise)
		emit_repacketised(sim, from, flight);
	else
		sim_emit(sim, from, WIRE_ACK | (flight->fin ? WIRE_FIN : 0), flight->off,
			 flight->len_bytes, flight->tries);
}

/* Return: true if the peer holds the whole segment behind a hole, which SACK would report. */
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

void sim_on_rto(struct sim *sim, int from, uint32_t index)
{
	struct side *side = &sim->side[from];
	struct flight flight = side->flights[index];
	uint64_t end = flight.syn ? 1 : flight.off + flight.len_bytes + flight.fin;

	if (side->state == ST_DEAD || side->una >= end)
		return;
	if (++side->flights[index].tries > 12)
		return;
	flight.tries++;
	sim_plan(sim, sim->opts->rto_ns * (flight.tries > 2 ? 4 : 1), EV_RTO, from, index);
	if (!held_by_peer(sim, from, &flight))
		sim_emit_again(sim, from, &flight);
}
