// SPDX-License-Identifier: BSD-2-Clause
/*
 * pressure_actions.c - what a worker does with its own data under memory pressure.
 *
 * Giving up held data: of the flows that one step passes, those whose streams hold most for
 * longest go first, hole by hole, until as much is given up as a step may, or as was allowed: a
 * 32nd of the worker's share each time that tend() finds it critical, so that the level has
 * time to follow. What lies behind a hole is delivered, so its memory is free as soon as its
 * readers have it.
 */
#include "worker/pressure_actions.h"

#include <string.h>

#include "base/clock.h"
#include "conn/conns.h"
#include "conn/timers.h"
#include "conn/wait.h"
#include "decode/defrag.h"
#include "memory/page_pool.h"
#include "metrics/metrics.h"
#include "pressure/pressure_source.h"
#include "pressure/upkeep.h"

enum {
	STEP_BUCKETS = 256,
	STEP_VICTIMS = 32,
	STEP_PART = 128,     /* of the worker's share of the memory, by one step */
	PATIENCE_TENDS = 10, /* a second */
	TEND_STEPS = 4,	     /* allowed each time that tend() finds it critical */
	FORGET_MAX = 65536,  /* ended connections, at once */
};

#define SWEEP_EXPIRE  (1u << 0)
#define SWEEP_MOVE    (1u << 1)
#define SWEEP_GIVE_UP (1u << 2)

struct victim {
	struct wf_flow *flow;
	enum weft_dir dir;
	uint64_t greed;
};

/* The greediest streams of one step, the greediest first. */
struct victims {
	struct victim list[STEP_VICTIMS];
	uint32_t count;
};

void wf_relief_init(struct wf_relief *relief, struct wf_conns *conns, struct wf_defrag *defrag,
		    struct wf_dispatch *dispatch, struct wf_budget *budget,
		    uint64_t arena_share_bytes)
{
	*relief = (struct wf_relief){
		.conns = conns,
		.defrag = defrag,
		.pages = conns->stream_env.pages,
		.dispatch = dispatch,
		.budget = budget,
		.step_bytes = arena_share_bytes / STEP_PART,
	};
}

/* ---- sweeps ---- */

static void start_sweep(struct wf_relief *relief, uint32_t sweep)
{
	/* A pass under way may be behind us already where it matters: one more for what is new. */
	if (relief->sweep) {
		relief->again |= sweep;
		return;
	}
	relief->sweep = sweep;
	relief->buckets_left = wf_flow_table_buckets(&relief->conns->table);
	relief->gave_up = false;
}

static void end_sweep(struct wf_relief *relief)
{
	if (relief->sweep & SWEEP_GIVE_UP)
		relief->is_futile = !relief->gave_up;
	relief->sweep = 0;
	if (relief->again)
		start_sweep(relief, relief->again);
	relief->again = 0;
}

/*
 * @bytes may be given up now; what was allowed before and not needed is not added to it. Not yet
 * if what was given up last is still on its way to its readers: its memory will be free soon.
 */
static void allow(struct wf_relief *relief, uint64_t bytes)
{
	if (relief->patience && !wf_dispatch_has_passed(relief->dispatch, &relief->given_up))
		return;
	if (relief->allowed_bytes < bytes)
		relief->allowed_bytes = bytes;
	if (!((relief->sweep | relief->again) & SWEEP_GIVE_UP))
		start_sweep(relief, SWEEP_GIVE_UP);
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

/* How much @flow holds, times how long: both count. */
static void look_for_victims(const struct wf_relief *relief, struct wf_flow *flow,
			     struct victims *victims)
{
	const struct wf_conns *conns = relief->conns;

	for (int dir = 0; dir < 2; dir++) {
		const struct wf_stream *stream = &flow->stream[dir];
		struct victim victim = {.flow = flow, .dir = (enum weft_dir)dir};
		uint64_t off;
		uint64_t held_ns;
		uint64_t age_ms = 1;

		if (!stream->extents ||
		    !wf_stream_first_held(stream, &conns->stream_env, &off, &held_ns))
			continue;
		if (conns->now_ns > held_ns)
			age_ms += (conns->now_ns - held_ns) / WF_NS_PER_MS;
		victim.greed = stream->held_cost * age_ms;
		note_victim(victims, &victim);
	}
}

static void give_up(struct wf_relief *relief, const struct victims *victims)
{
	struct wf_conns *conns = relief->conns;
	uint64_t left_bytes = relief->step_bytes;

	if (left_bytes > relief->allowed_bytes)
		left_bytes = relief->allowed_bytes;
	relief->allowed_bytes -= left_bytes;
	for (uint32_t i = 0; i < victims->count && left_bytes; i++) {
		const struct victim *victim = &victims->list[i];
		struct wf_half half = wf_half_of(conns, victim->flow, victim->dir);
		uint64_t got_bytes = wf_wait_free_memory(&half, left_bytes, conns->now_ns);

		wf_metric_inc(conns->metrics, relief_sacrificed_streams);
		wf_metric_add(conns->metrics, relief_sacrificed_bytes, got_bytes);
		left_bytes -= got_bytes < left_bytes ? got_bytes : left_bytes;
	}
	relief->allowed_bytes += left_bytes;
	relief->gave_up = true;
	relief->patience = PATIENCE_TENDS;
	wf_dispatch_mark(relief->dispatch, &relief->given_up);
	if (!relief->allowed_bytes)
		relief->sweep &= ~SWEEP_GIVE_UP;
}

static void move_small(struct wf_relief *relief, struct wf_flow *flow)
{
	struct wf_conns *conns = relief->conns;

	for (int dir = 0; dir < 2; dir++)
		if (flow->stream[dir].extents)
			wf_metric_add(conns->metrics, relief_moved_segments,
				      wf_stream_leave_frames(&flow->stream[dir], &conns->stream_env,
							     conns->opts->page_small_bytes));
}

/* Return: flows closed. */
static uint64_t sweep_bucket(struct wf_relief *relief, uint32_t bucket, struct victims *victims)
{
	struct wf_conns *conns = relief->conns;
	struct wf_flow *flows[WF_FLOW_BUCKET_IDS];
	uint32_t count = wf_flow_table_bucket(&conns->table, bucket, flows);
	uint64_t closed = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (relief->sweep & SWEEP_EXPIRE && wf_timers_run(conns, flows[i], conns->now_ns)) {
			closed++;
			continue;
		}
		if (relief->sweep & SWEEP_MOVE)
			move_small(relief, flows[i]);
		if (relief->sweep & SWEEP_GIVE_UP)
			look_for_victims(relief, flows[i], victims);
	}
	return closed;
}

uint64_t wf_relief_step(struct wf_relief *relief)
{
	uint32_t buckets = wf_flow_table_buckets(&relief->conns->table);
	struct victims victims = {.count = 0};
	uint64_t closed = 0;

	if (relief->conns->is_starved)
		allow(relief, relief->step_bytes);
	relief->conns->is_starved = false;
	for (int i = 0; i < STEP_BUCKETS && relief->buckets_left; i++) {
		closed += sweep_bucket(relief, relief->hand, &victims);
		relief->hand = relief->hand + 1 < buckets ? relief->hand + 1 : 0;
		relief->buckets_left--;
	}
	if (victims.count)
		give_up(relief, &victims);
	if (relief->level >= WF_PRESSURE_HIGH)
		wf_metric_add(relief->conns->metrics, relief_expired_flows, closed);
	if (!relief->buckets_left || !relief->sweep)
		end_sweep(relief);
	return closed;
}

/* ---- levels ---- */

static void set_timeouts(struct wf_relief *relief, uint32_t percent)
{
	struct wf_conns *conns = relief->conns;
	const struct weft_opts *opts = conns->opts;

	conns->timeouts.established_ns =
		opts->timeout_established_sec * WF_NS_PER_SEC * percent / 100;
	conns->timeouts.closing_ns = opts->timeout_closing_sec * WF_NS_PER_SEC * percent / 100;
	conns->embryonic.timeout_ns = opts->timeout_embryonic_sec * WF_NS_PER_SEC * percent / 100;
	wf_defrag_set_timeout(relief->defrag, WEFT_FRAGMENT_TIMEOUT_MS * percent / 100);
	wf_metric_set(conns->metrics, relief_hurried_workers, percent < 100);
}

static void set_limits(struct wf_relief *relief, bool halved)
{
	struct wf_conns *conns = relief->conns;
	uint32_t pages_max = conns->opts->stream_pages_max;

	conns->stream_env.pages_max = halved && pages_max > 1 ? pages_max / 2 : pages_max;
	wf_metric_set(conns->metrics, relief_limited_workers, halved);
}

static void halve_caches(struct wf_relief *relief)
{
	struct wf_metrics *metrics = relief->conns->metrics;

	wf_metric_inc(metrics, relief_halved_caches);
	wf_metric_add(metrics, relief_freed_spans, wf_page_pool_halve(relief->pages));
}

void wf_relief_set_level(struct wf_relief *relief, enum wf_pressure_level level,
			 uint32_t goal_percent)
{
	struct wf_conns *conns = relief->conns;
	enum wf_pressure_level before = relief->level;

	relief->goal_percent = goal_percent;
	if (level == before)
		return;
	relief->level = level;
	conns->stream_env.leave_small = level >= WF_PRESSURE_LOW;
	wf_metric_set(conns->metrics, relief_moving_workers, conns->stream_env.leave_small);
	set_limits(relief, level >= WF_PRESSURE_HIGH);
	set_timeouts(relief, wf_upkeep_ttl_percent(level));
	conns->refuse_midstream = level >= WF_PRESSURE_CRITICAL;
	wf_metric_set(conns->metrics, relief_refusing_workers, conns->refuse_midstream);

	if (level > before && before < WF_PRESSURE_LOW)
		start_sweep(relief, SWEEP_MOVE);
	if (level > before && level >= WF_PRESSURE_HIGH) {
		start_sweep(relief, SWEEP_EXPIRE);
		halve_caches(relief);
	}
	if (level == WF_PRESSURE_CRITICAL)
		wf_relief_tend(relief);
}

/* The level takes some more checks to fall; meanwhile nothing needs to be given up in vain. */
static bool is_goal_reached(const struct wf_relief *relief)
{
	uint32_t percent = 0;

	wf_pressure_read_budget(relief->budget, &percent);
	return relief->goal_percent && percent < relief->goal_percent;
}

void wf_relief_tend(struct wf_relief *relief)
{
	struct wf_metrics *metrics = relief->conns->metrics;
	struct wf_shed shed = {0};

	relief->is_futile = false;
	relief->patience -= relief->patience > 0;
	if (relief->level < WF_PRESSURE_CRITICAL)
		return;
	if (!is_goal_reached(relief))
		allow(relief, relief->step_bytes * TEND_STEPS);
	wf_dispatch_shed(relief->dispatch, &shed);
	wf_metric_add(metrics, relief_shed_events, shed.events);
	wf_metric_add(metrics, relief_shed_bytes, shed.bytes);
}

/* ---- cleaning up ---- */

static uint64_t forget_handshakes(struct wf_conns *conns)
{
	uint32_t before = wf_embryonic_count(&conns->embryonic);

	wf_conns_expire_handshakes(conns, conns->now_ns);
	return before - wf_embryonic_count(&conns->embryonic);
}

static uint64_t drop_fragments(struct wf_relief *relief)
{
	const struct wf_conns *conns = relief->conns;
	uint64_t before = wf_metric_get(conns->metrics, fragments_held_fragments);

	wf_defrag_tick(relief->defrag, conns->now_ns + conns->skew_ns);
	return before - wf_metric_get(conns->metrics, fragments_held_fragments);
}

/* Older than a part of the usual time; at critical only those that late segments may ask for. */
static uint64_t forget_recent(struct wf_relief *relief)
{
	struct wf_recent *recent = &relief->conns->recent;
	uint64_t ttl_ns = recent->ttl_ns / 100 * wf_upkeep_ttl_percent(relief->level);

	if (relief->level == WF_PRESSURE_CRITICAL)
		ttl_ns = recent->linger_ns;
	return wf_recent_forget(recent, ttl_ns, relief->conns->now_ns, FORGET_MAX);
}

/* Nothing was taken since the last look: nothing needs to be ready. */
static uint64_t shrink_if_idle(struct wf_relief *relief)
{
	uint64_t taken = wf_metric_get(relief->conns->metrics, pages_taken_pages);
	bool is_idle = taken == relief->pages_taken;

	relief->pages_taken = taken;
	return is_idle ? wf_page_pool_shrink(relief->pages) : 0;
}

uint64_t wf_relief_do(struct wf_relief *relief, enum wf_chore chore)
{
	switch (chore) {
	case WF_CHORE_FLOWS:
		start_sweep(relief, SWEEP_EXPIRE);
		return 0;
	case WF_CHORE_HANDSHAKES:
		return forget_handshakes(relief->conns);
	case WF_CHORE_FRAGMENTS:
		return drop_fragments(relief);
	case WF_CHORE_RECENT:
		return forget_recent(relief);
	case WF_CHORE_CACHES:
		return shrink_if_idle(relief);
	case WF_CHORE_HALVE:
		halve_caches(relief);
		return 0;
	case WF_CHORE_RELIEVE:
		relief->conns->is_starved = true;
		return 0;
	case WF_CHORE_LEVEL:
		break;
	}
	return 0;
}
