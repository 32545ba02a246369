// SPDX-License-Identifier: BSD-2-Clause
/*
 * sweep.c - sweep steps over the flow table, and the choice of held data to give up.
 *
 * Each step ranks the streams in its buckets by held bytes times waiting time. It gives up their
 * holes one by one, from the highest rank down, until the step's limit or the allowed total is
 * reached. The bytes behind a hole are delivered, so their memory is free as soon as readers have
 * released them.
 */
#include "worker/sweep.h"

#include <string.h>

#include "base/clock.h"
#include "conn/close.h"
#include "conn/wait.h"
#include "metrics/metrics.h"

enum {
	STEP_BUCKETS = 256,
	STEP_VICTIMS = 32,
	STEP_PART = 128,    /* one step gives up at most 1/STEP_PART of the worker's memory share */
	READERS_TICKS = 10, /* number of ticks in which readers can release data that was given up;
			       about one second */
};

struct victim {
	struct wf_flow *flow;
	enum weft_dir dir;
	uint64_t greed;
};

/* The streams of one step with the highest rank, in descending order. */
struct victims {
	struct victim list[STEP_VICTIMS];
	uint32_t count;
};

void wf_sweep_init(struct wf_sweep *sweep, struct wf_conns *conns, struct wf_dispatch *dispatch,
		   uint64_t share_bytes)
{
	*sweep = (struct wf_sweep){
		.conns = conns,
		.dispatch = dispatch,
		.step_bytes = share_bytes / STEP_PART,
	};
}

void wf_sweep_start(struct wf_sweep *sweep, uint32_t kinds)
{
	/*
	 * The current pass may already have passed the relevant buckets, so run another pass
	 * afterwards.
	 */
	if (sweep->kinds) {
		sweep->next_kinds |= kinds;
		return;
	}
	sweep->kinds = kinds;
	sweep->buckets_left = wf_flow_table_buckets(&sweep->conns->table);
	sweep->gave_up = false;
}

static void end_pass(struct wf_sweep *sweep)
{
	if (sweep->kinds & WF_SWEEP_GIVE_UP)
		sweep->is_futile = !sweep->gave_up;
	sweep->kinds = 0;
	if (sweep->next_kinds)
		wf_sweep_start(sweep, sweep->next_kinds);
	sweep->next_kinds = 0;
}

void wf_sweep_allow(struct wf_sweep *sweep, uint64_t bytes)
{
	if (sweep->ticks_left && !wf_dispatch_has_passed(sweep->dispatch, &sweep->given_up))
		return;
	if (sweep->allowed_bytes < bytes)
		sweep->allowed_bytes = bytes;
	if (!((sweep->kinds | sweep->next_kinds) & WF_SWEEP_GIVE_UP))
		wf_sweep_start(sweep, WF_SWEEP_GIVE_UP);
}

static void note_victim(struct victims *victims, const struct victim *victim)
{
	uint32_t at = victims->count;

	while (at && victims->list[at - 1].greed < victim->greed)
		at--;
	if (at == STEP_VICTIMS)
		return;
	if (victims->count < STEP_VICTIMS)
		victims->count++;
	memmove(&victims->list[at + 1], &victims->list[at],
		(victims->count - at - 1) * sizeof(*victim));
	victims->list[at] = *victim;
}

static void look_for_victims(const struct wf_sweep *sweep, struct wf_flow *flow,
			     struct victims *victims)
{
	for (int dir = 0; dir < 2; dir++) {
		struct wf_half half = wf_half_of(sweep->conns, flow, (enum weft_dir)dir);
		struct victim victim = {.flow = flow, .dir = (enum weft_dir)dir};

		victim.greed = wf_wait_greed(&half, sweep->conns->now_ns);
		if (victim.greed)
			note_victim(victims, &victim);
	}
}

static void give_up(struct wf_sweep *sweep, const struct victims *victims)
{
	struct wf_conns *conns = sweep->conns;
	uint64_t left_bytes = sweep->step_bytes;

	if (left_bytes > sweep->allowed_bytes)
		left_bytes = sweep->allowed_bytes;
	sweep->allowed_bytes -= left_bytes;
	for (uint32_t i = 0; i < victims->count && left_bytes; i++) {
		const struct victim *victim = &victims->list[i];
		struct wf_half half = wf_half_of(conns, victim->flow, victim->dir);
		uint64_t got_bytes = wf_wait_free_memory(&half, left_bytes, conns->now_ns);

		wf_metric_inc(conns->metrics, relief_sacrificed_streams);
		wf_metric_add(conns->metrics, relief_sacrificed_bytes, got_bytes);
		left_bytes -= got_bytes < left_bytes ? got_bytes : left_bytes;
	}
	sweep->allowed_bytes += left_bytes;
	sweep->gave_up = true;
	sweep->ticks_left = READERS_TICKS;
	wf_dispatch_mark(sweep->dispatch, &sweep->given_up);
	if (!sweep->allowed_bytes)
		sweep->kinds &= ~WF_SWEEP_GIVE_UP;
}

static void move_small(struct wf_sweep *sweep, struct wf_flow *flow)
{
	struct wf_conns *conns = sweep->conns;

	for (int dir = 0; dir < 2; dir++) {
		struct wf_half half = wf_half_of(conns, flow, (enum weft_dir)dir);

		wf_metric_add(conns->metrics, relief_moved_segments,
			      wf_wait_leave_frames(&half, conns->opts->page_small_bytes));
	}
}

/* Apply the current pass to one bucket. Return: the number of flows closed. */
static uint64_t sweep_bucket(struct wf_sweep *sweep, uint32_t bucket, struct victims *victims)
{
	struct wf_conns *conns = sweep->conns;
	struct wf_flow *flows[WF_FLOW_BUCKET_IDS];
	uint32_t count = wf_flow_table_bucket(&conns->table, bucket, flows);
	uint64_t closed = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (sweep->kinds & WF_SWEEP_EXPIRE &&
		    wf_close_if_due(conns, flows[i], conns->now_ns)) {
			closed++;
			continue;
		}
		if (sweep->kinds & WF_SWEEP_MOVE)
			move_small(sweep, flows[i]);
		if (sweep->kinds & WF_SWEEP_GIVE_UP)
			look_for_victims(sweep, flows[i], victims);
	}
	return closed;
}

uint64_t wf_sweep_step(struct wf_sweep *sweep)
{
	uint32_t buckets = wf_flow_table_buckets(&sweep->conns->table);
	struct victims victims = {.count = 0};
	uint64_t closed = 0;

	if (sweep->conns->is_starved)
		wf_sweep_allow(sweep, sweep->step_bytes);
	sweep->conns->is_starved = false;
	for (int i = 0; i < STEP_BUCKETS && sweep->buckets_left; i++) {
		closed += sweep_bucket(sweep, sweep->hand, &victims);
		sweep->hand = sweep->hand + 1 < buckets ? sweep->hand + 1 : 0;
		sweep->buckets_left--;
	}
	if (victims.count)
		give_up(sweep, &victims);
	if (!sweep->buckets_left || !sweep->kinds)
		end_pass(sweep);
	return closed;
}

void wf_sweep_tick(struct wf_sweep *sweep)
{
	sweep->is_futile = false;
	sweep->ticks_left -= sweep->ticks_left > 0;
}
