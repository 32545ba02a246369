// SPDX-License-Identifier: BSD-2-Clause
/*
 * sim.c - the event queue of the simulation, the path between the endpoints, and the packets that
 * the tap captures.
 */
#include "fuzz/sim.h"

#include <stdio.h>
#include <stdlib.h>

#include "fuzz/grow.h"
#include "fuzz/sim_internal.h"

enum { EVENTS_MAX = 400000 };

/* ---- event queue ---- */

static bool event_before(const struct event *a, const struct event *b)
{
	return a->time_ns != b->time_ns ? a->time_ns < b->time_ns : a->order < b->order;
}

void sim_plan(struct sim *sim, uint64_t delay_ns, enum event_type type, int side, uint32_t arg)
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

enum fate sim_fate_of(struct sim *sim, const struct sim_packet *packet, uint32_t tries)
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

void sim_travel(struct sim *sim, uint32_t packet, enum fate fate)
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
	sim_plan(sim, to_peer, EV_ARRIVE, !from, packet);
	if (rng_percent(sim->rng, opts->dup_percent)) {
		uint64_t delay_ns = 1000 + rng_below(sim->rng, 2 * MS);

		tap(sim, sim->now + to_tap + delay_ns, packet);
		sim_plan(sim, to_peer + delay_ns, EV_ARRIVE, !from, packet);
	}
}

/* ---- the whole conversation ---- */

static void serve(struct sim *sim, const struct event *event)
{
	struct side *side = &sim->side[event->side];

	switch ((enum event_type)event->type) {
	case EV_ARRIVE:
		sim_on_arrive(sim, event->side, event->arg);
		break;
	case EV_SEND:
		sim_on_send(sim, event->side);
		break;
	case EV_RTO:
		sim_on_rto(sim, event->side, event->arg);
		break;
	case EV_SPURIOUS:
		if (side->state != ST_DEAD) {
			struct flight flight = side->flights[event->arg];

			flight.tries = 1;
			sim_emit_again(sim, event->side, &flight);
		}
		break;
	case EV_READ:
		sim_on_read(sim, event->side);
		break;
	case EV_PROBE:
		sim_on_probe(sim, event->side);
		break;
	case EV_DELAYED_ACK:
		side->delayed_ack_planned = false;
		if (side->ack_pending && side->state != ST_DEAD)
			sim_emit_ack(sim, event->side);
		break;
	case EV_KEEPALIVE:
		sim_on_keepalive(sim, event->side);
		break;
	case EV_TURN:
		sim_on_turn(sim, event->arg);
		break;
	case EV_CLOSE:
		sim_on_close(sim, event->side);
		break;
	case EV_RESET:
		sim_on_reset(sim, event->side);
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
		sim_on_turn(&sim, 0);
	sim_start_syn(&sim, 0, ST_SYN_SENT);
	if (opts->open == SIM_OPEN_SIMULTANEOUS)
		sim_start_syn(&sim, 1, ST_SYN_SENT);
	while (sim.heap_count) {
		struct event event = next_event(&sim);

		sim.now = event.time_ns;
		serve(&sim, &event);
	}
	sim_finish(&sim, ret_capture);
}
