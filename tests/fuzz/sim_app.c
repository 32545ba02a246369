// SPDX-License-Identifier: BSD-2-Clause
/* sim_app.c - simulates the applications at both ends: they write in turns, read, and close. */
#include "fuzz/sim_internal.h"

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
	sim_plan(sim, delay_ns, EV_CLOSE, side, 0);
}

static void all_turns_done(struct sim *sim)
{
	uint64_t delay_ns = rng_below(sim->rng, 2 * MS);

	for (int side = 0; side < 2; side++)
		if (is_primary_closer(sim, side))
			plan_close(sim, side, delay_ns);
	if (sim->opts->close == SIM_CLOSE_RST_CLIENT)
		sim_plan(sim, 200 * MS + delay_ns, EV_RESET, 0, 0);
	if (sim->opts->close == SIM_CLOSE_RST_SERVER)
		sim_plan(sim, 200 * MS + delay_ns, EV_RESET, 1, 0);
}

static bool writes_done(const struct sim *sim, int side)
{
	return sim->side[side].written == sim->side[side].stream_bytes;
}

void sim_maybe_close_second(struct sim *sim, int side)
{
	const struct side *self = &sim->side[side];

	if (self->peer_fin != OFF_NONE && self->rcv_nxt > self->peer_fin && writes_done(sim, side))
		plan_close(sim, side, rng_below(sim->rng, 3 * MS));
}

void sim_plan_turn(struct sim *sim, uint32_t index)
{
	const struct sim_turn *turn = &sim->opts->turns[index];

	sim_plan(sim, turn->delay_ns, EV_TURN, turn->side, index);
	if (sim->opts->keepalive && turn->delay_ns > 1000 * MS)
		sim_plan(sim, turn->delay_ns / 2, EV_KEEPALIVE, (int)rng_below(sim->rng, 2), 0);
}

void sim_maybe_next_turn(struct sim *sim)
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
		sim_plan_turn(sim, sim->turn);
	else
		sim_maybe_next_turn(sim);
}

void sim_on_turn(struct sim *sim, uint32_t index)
{
	const struct sim_turn *turn = &sim->opts->turns[index];
	struct side *side = &sim->side[turn->side];

	side->written += turn->bytes;
	if (writes_done(sim, turn->side) && is_primary_closer(sim, turn->side) &&
	    (side->opts->fin_with_data || sim->opts->close == SIM_CLOSE_FIN_EARLY))
		side->fin_wanted = true;
	if (sim->opts->close == SIM_CLOSE_RST_DIRTY && index == sim->opts->turns_count / 2)
		sim_plan(sim, rng_below(sim->rng, 10 * MS), EV_RESET, (int)rng_below(sim->rng, 2),
			 0);
	sim_kick(sim, turn->side);
	sim_maybe_close_second(sim, turn->side);
	if (sim->opts->duplex && index + 1 < sim->opts->turns_count)
		sim_plan_turn(sim, index + 1);
}

void sim_on_close(struct sim *sim, int side)
{
	sim->side[side].fin_wanted = true;
	sim_kick(sim, side);
}

void sim_on_reset(struct sim *sim, int from)
{
	struct side *side = &sim->side[from];
	bool dirty = sim->opts->close == SIM_CLOSE_RST_DIRTY;

	if (side->state != ST_ESTABLISHED)
		return;
	if (!dirty &&
	    (sim->side[0].una != sim->side[0].nxt || sim->side[1].una != sim->side[1].nxt)) {
		sim_plan(sim, 300 * MS, EV_RESET, from, 0);
		return;
	}
	sim_emit(sim, from, WIRE_RST | (rng_percent(sim->rng, 50) ? WIRE_ACK : 0), side->nxt, 0, 0);
	side->state = ST_DEAD;
}

void sim_on_read(struct sim *sim, int at)
{
	struct side *side = &sim->side[at];
	uint64_t unread = side->rcv_nxt - 1 - side->app_read;
	uint32_t before = sim_window_bytes(side);

	side->read_planned = false;
	if (side->state == ST_DEAD)
		return;
	side->app_read += unread < side->opts->read_bytes ? unread : side->opts->read_bytes;
	if (side->rcv_nxt - 1 > side->app_read) {
		side->read_planned = true;
		sim_plan(sim, side->opts->read_ns, EV_READ, at, 0);
	}
	if (before < side->opts->mss && sim_window_bytes(side) >= side->opts->mss)
		sim_emit_ack(sim, at);
}

void sim_on_keepalive(struct sim *sim, int from)
{
	struct side *side = &sim->side[from];

	if (side->state != ST_ESTABLISHED || side->una != side->nxt || side->fin_sent ||
	    sim->side[!from].state != ST_ESTABLISHED)
		return;
	sim_emit_probe(sim, from, side->nxt - 1, sim->opts->keepalive_garbage,
		       sim->opts->keepalive_garbage);
}
