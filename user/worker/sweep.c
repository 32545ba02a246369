// SPDX-License-Identifier: BSD-2-Clause
/*
 * sweep.c - sweep steps over the flow table, and the choice of the streams whose holes are given
 * up.
 *
 * Each step ranks the streams in its buckets by held bytes times waiting time. It gives up their
 * holes one by one, from the highest rank down, until it has freed the step's limit or the allowed
 * total. The held bytes after such a hole are delivered, so their memory is free as soon as readers
 * have released them.
 */
#include "worker/sweep.h"

#include <string.h>

#include "base/clock.h"
#include "conn/close.h"
#include "conn/wait.h"
#include "metrics/metrics.h"

enum {
	STEP_BUCKETS = 256,
	STEP_CANDIDATES = 32,
	/* one step frees held data of about 1/STEP_PART of the worker's memory share at most */
	STEP_PART = 128,
	/*
	 * number of ticks that readers have to release the data delivered by a step; about one
	 * second
	 */
	READERS_TICKS = 10,
};

struct candidate {
	struct wf_flow *flow;
	enum weft_dir dir;
	uint64_t rank;
};

/* The streams of one step with the highest rank, in descending order. */
struct candidates {
	struct candidate list[STEP_CANDIDATES];
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

static void begin_pass(struct wf_sweep *sweep)
{
	sweep->buckets = wf_flow_table_buckets(&sweep->conns->table);
	sweep->buckets_left = sweep->buckets;
	if (sweep->hand >= sweep->buckets)
		sweep->hand = 0;
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
	sweep->has_freed = false;
	begin_pass(sweep);
}

static void end_pass(struct wf_sweep *sweep)
{
	if (sweep->kinds & WF_SWEEP_FREE_HELD)
		sweep->found_nothing = !sweep->has_freed;
	sweep->kinds = 0;
	if (sweep->next_kinds)
		wf_sweep_start(sweep, sweep->next_kinds);
	sweep->next_kinds = 0;
}

void wf_sweep_allow(struct wf_sweep *sweep, uint64_t bytes)
{
	if (sweep->ticks_left && !wf_dispatch_has_passed(sweep->dispatch, &sweep->delivered_mark))
		return;
	if (sweep->allowed_bytes < bytes)
		sweep->allowed_bytes = bytes;
	if (!((sweep->kinds | sweep->next_kinds) & WF_SWEEP_FREE_HELD))
		wf_sweep_start(sweep, WF_SWEEP_FREE_HELD);
}

static void add_candidate(struct candidates *candidates, const struct candidate *candidate)
{
	uint32_t at = candidates->count;

	while (at && candidates->list[at - 1].rank < candidate->rank)
		at--;
	if (at == STEP_CANDIDATES)
		return;
	if (candidates->count < STEP_CANDIDATES)
		candidates->count++;
	memmove(&candidates->list[at + 1], &candidates->list[at],
		(candidates->count - at - 1) * sizeof(*candidate));
	candidates->list[at] = *candidate;
}

static void find_candidates(const struct wf_sweep *sweep, struct wf_flow *flow,
			    struct candidates *candidates)
{
	for (int dir = 0; dir < 2; dir++) {
		struct wf_half half = wf_half_of(sweep->conns, flow, (enum weft_dir)dir);
		struct candidate candidate = {.flow = flow, .dir = (enum weft_dir)dir};

		candidate.rank = wf_wait_rank(&half, sweep->conns->now_ns);
		if (candidate.rank)
			add_candidate(candidates, &candidate);
	}
}

static void free_held(struct wf_sweep *sweep, const struct candidates *candidates)
{
	struct wf_conns *conns = sweep->conns;
	uint64_t left_bytes = sweep->step_bytes;

	if (left_bytes > sweep->allowed_bytes)
		left_bytes = sweep->allowed_bytes;
	sweep->allowed_bytes -= left_bytes;
	for (uint32_t i = 0; i < candidates->count && left_bytes; i++) {
		const struct candidate *candidate = &candidates->list[i];
		struct wf_half half = wf_half_of(conns, candidate->flow, candidate->dir);
		uint64_t got_bytes = wf_wait_free_memory(&half, left_bytes, conns->now_ns);

		wf_metric_inc(conns->metrics, relief_sacrificed_streams);
		wf_metric_add(conns->metrics, relief_sacrificed_bytes, got_bytes);
		left_bytes -= got_bytes < left_bytes ? got_bytes : left_bytes;
	}
	sweep->allowed_bytes += left_bytes;
	sweep->has_freed = true;
	sweep->ticks_left = READERS_TICKS;
	wf_dispatch_mark(sweep->dispatch, &sweep->delivered_mark);
	if (!sweep->allowed_bytes)
		sweep->kinds &= ~WF_SWEEP_FREE_HELD;
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
static uint64_t sweep_bucket(struct wf_sweep *sweep, uint32_t bucket, struct candidates *candidates)
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
		if (sweep->kinds & WF_SWEEP_FREE_HELD)
			find_candidates(sweep, flows[i], candidates);
	}
	return closed;
}

uint64_t wf_sweep_step(struct wf_sweep *sweep)
{
	struct candidates candidates = {.count = 0};
	uint64_t closed = 0;

	if (sweep->conns->is_starved)
		wf_sweep_allow(sweep, sweep->step_bytes);
	sweep->conns->is_starved = false;
	/* If the table has grown, flows have moved to other buckets. */
	if (sweep->buckets != wf_flow_table_buckets(&sweep->conns->table))
		begin_pass(sweep);
	for (int i = 0; i < STEP_BUCKETS && sweep->buckets_left; i++) {
		closed += sweep_bucket(sweep, sweep->hand, &candidates);
		sweep->hand = sweep->hand + 1 < sweep->buckets ? sweep->hand + 1 : 0;
		sweep->buckets_left--;
	}
	if (candidates.count)
		free_held(sweep, &candidates);
	if (!sweep->buckets_left || !sweep->kinds)
		end_pass(sweep);
	return closed;
}

void wf_sweep_tick(struct wf_sweep *sweep)
{
	sweep->found_nothing = false;
	sweep->ticks_left -= sweep->ticks_left > 0;
}
