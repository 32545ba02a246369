// SPDX-License-Identifier: BSD-2-Clause
/*
 * sim_receive.c - an endpoint processes arriving segments.
 */
#include "fuzz/sim_internal.h"

static void established(struct sim *sim, int at)
{
	sim->side[at].state = ST_ESTABLISHED;
	if (!sim->turn && sim->opts->turns_count && sim->opts->turns[0].side == at &&
	    !sim->side[at].written)
		sim_plan_turn(sim, 0);
	sim_kick(sim, at);
}

/* Marks the payload's bytes as received. Return: true if rcv_nxt advanced. */
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
		sim_plan(sim, side->opts->read_ns, EV_READ, at, 0);
	}
	return side->rcv_nxt != was;
}

static void answer(struct sim *sim, int at, bool advanced)
{
	struct side *side = &sim->side[at];

	side->ack_pending++;
	if (!side->opts->delayed_ack || !advanced || side->ack_pending >= 2) {
		sim_emit_ack(sim, at);
	} else if (!side->delayed_ack_planned) {
		side->delayed_ack_planned = true;
		sim_plan(sim, 20 * MS, EV_DELAYED_ACK, at, 0);
	}
}

static void on_syn(struct sim *sim, int at, const struct sim_packet *packet)
{
	struct side *side = &sim->side[at];
	enum sim_open open = sim->opts->open;
	bool answers_us = packet->flags & WIRE_ACK && packet->ack >= 1;

	if (side->state >= ST_ESTABLISHED) {
		if (side->state == ST_ESTABLISHED)
			sim_emit_ack(sim, at);
		return;
	}
	if (side->state == ST_SYN_RECEIVED && !answers_us)
		return;
	if (!side->rcv_nxt)
		side->rcv_nxt = 1;
	if (packet->len_bytes && open != SIM_OPEN_FAST_IGNORED)
		take_payload(sim, at, packet);
	if (side->state == ST_CLOSED) {
		/*
		 * In a split handshake, some servers acknowledge the SYN before they send their
		 * own; the client ignores that acknowledgement.
		 */
		if (open == SIM_OPEN_SPLIT && rng_percent(sim->rng, 50))
			sim_emit(sim, at, WIRE_ACK, 0, 0, 0);
		sim_start_syn(sim, at, open == SIM_OPEN_SPLIT ? ST_SYN_SENT : ST_SYN_RECEIVED);
	} else if (answers_us) {
		established(sim, at);
		sim_emit_ack(sim, at);
	} else {
		side->state = ST_SYN_RECEIVED;
		sim_emit_syn(sim, at, 0);
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
		sim_emit_ack(sim, at);
}

void sim_on_arrive(struct sim *sim, int at, uint32_t index)
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
			sim_emit(sim, at, WIRE_RST, packet.ack, 0, 0);
		return;
	}
	if (packet.off <= side->rcv_nxt)
		side->ts_recent = packet.ts_val;
	if (packet.flags & WIRE_ACK && (side->state != ST_SYN_SENT || packet.flags & WIRE_SYN))
		on_acknowledged(sim, at, &packet);
	if (packet.flags & WIRE_SYN) {
		on_syn(sim, at, &packet);
		sim_maybe_next_turn(sim);
		sim_kick(sim, at);
		return;
	}
	if (!side->rcv_nxt)
		return; /* data before the peer's SYN is ignored, and sent again later */
	advanced = take_payload(sim, at, &packet);
	if (packet.len_bytes || packet.flags & WIRE_FIN || packet.probe)
		answer(sim, at, advanced);
	sim_maybe_next_turn(sim);
	sim_maybe_close_second(sim, at);
	sim_kick(sim, at);
}
