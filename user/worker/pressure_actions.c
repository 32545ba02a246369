// SPDX-License-Identifier: BSD-2-Clause
/*
 * pressure_actions.c - sets the limits and timeouts of each pressure level, and starts its sweeps.
 *
 * At the critical level, each tick permits the sweep to free held data of 1/32 of the worker's
 * share. So the level can fall, after new readings, before more holes are given up.
 */
#include "worker/pressure_actions.h"

#include "base/clock.h"
#include "decode/defrag.h"
#include "memory/page_pool.h"
#include "metrics/metrics.h"
#include "pressure/monitor.h"
#include "pressure/pressure_source.h"

enum { TICK_STEPS = 4 };

void wf_pressure_actions_init(struct wf_pressure_actions *actions, struct wf_conns *conns,
			      struct wf_defrag *defrag, struct wf_dispatch *dispatch,
			      struct wf_budget *budget, uint64_t share_bytes)
{
	*actions = (struct wf_pressure_actions){
		.conns = conns,
		.defrag = defrag,
		.pages = conns->stream_env.pages,
		.dispatch = dispatch,
		.budget = budget,
	};
	wf_sweep_init(&actions->sweep, conns, dispatch, share_bytes);
}

static void set_timeouts(struct wf_pressure_actions *actions, uint32_t percent)
{
	struct wf_conns *conns = actions->conns;
	const struct weft_opts *opts = conns->opts;

	conns->timeouts.established_ns =
		opts->timeout_established_sec * WF_NS_PER_SEC * percent / 100;
	conns->timeouts.closing_ns = opts->timeout_closing_sec * WF_NS_PER_SEC * percent / 100;
	conns->half_open.timeout_ns = opts->timeout_embryonic_sec * WF_NS_PER_SEC * percent / 100;
	wf_defrag_set_timeout(actions->defrag, WEFT_FRAGMENT_TIMEOUT_MS * percent / 100);
	wf_metric_set(conns->metrics, relief_hurried_workers, percent < 100);
}

static void set_limits(struct wf_pressure_actions *actions, bool halved)
{
	struct wf_conns *conns = actions->conns;
	uint32_t pages_max = conns->opts->stream_pages_max;

	conns->stream_env.pages_max = halved && pages_max > 1 ? pages_max / 2 : pages_max;
	wf_metric_set(conns->metrics, relief_limited_workers, halved);
}

void wf_pressure_actions_halve_caches(struct wf_pressure_actions *actions)
{
	struct wf_metrics *metrics = actions->conns->metrics;

	wf_metric_inc(metrics, relief_halved_caches);
	wf_metric_add(metrics, relief_freed_spans, wf_page_pool_halve(actions->pages));
}

void wf_pressure_actions_set_level(struct wf_pressure_actions *actions,
				   enum weft_pressure_level level, uint32_t goal_percent)
{
	struct wf_conns *conns = actions->conns;
	enum weft_pressure_level before = actions->level;

	actions->goal_percent = goal_percent;
	if (level == before)
		return;
	actions->level = level;
	conns->stream_env.leave_small = level >= WEFT_PRESSURE_LOW;
	wf_metric_set(conns->metrics, relief_moving_workers, conns->stream_env.leave_small);
	set_limits(actions, level >= WEFT_PRESSURE_HIGH);
	set_timeouts(actions, wf_monitor_ttl_percent(level));
	conns->refuse_midstream = level >= WEFT_PRESSURE_CRITICAL;
	wf_metric_set(conns->metrics, relief_refusing_workers, conns->refuse_midstream);

	if (level > before && before < WEFT_PRESSURE_LOW)
		wf_sweep_start(&actions->sweep, WF_SWEEP_MOVE);
	if (level > before && level >= WEFT_PRESSURE_HIGH) {
		wf_sweep_start(&actions->sweep, WF_SWEEP_EXPIRE);
		wf_pressure_actions_halve_caches(actions);
	}
	if (level == WEFT_PRESSURE_CRITICAL)
		wf_pressure_actions_tick(actions);
}

/*
 * Return true if less of the budget is used than the goal. The level itself falls only after
 * several checks, so holes would otherwise be given up for too long.
 */
static bool is_goal_reached(const struct wf_pressure_actions *actions)
{
	uint32_t percent = 0;

	wf_pressure_read_budget(actions->budget, &percent);
	return actions->goal_percent && percent < actions->goal_percent;
}

uint64_t wf_pressure_actions_step(struct wf_pressure_actions *actions)
{
	uint64_t closed = wf_sweep_step(&actions->sweep);

	if (actions->level >= WEFT_PRESSURE_HIGH)
		wf_metric_add(actions->conns->metrics, relief_expired_flows, closed);
	return closed;
}

void wf_pressure_actions_tick(struct wf_pressure_actions *actions)
{
	struct wf_metrics *metrics = actions->conns->metrics;
	struct wf_dispatch_drops drops = {0};

	wf_sweep_tick(&actions->sweep);
	if (actions->level < WEFT_PRESSURE_CRITICAL)
		return;
	if (!is_goal_reached(actions))
		wf_sweep_allow(&actions->sweep, actions->sweep.step_bytes * TICK_STEPS);
	wf_dispatch_drop_waiting(actions->dispatch, &drops);
	wf_metric_add(metrics, relief_shed_events, drops.events);
	wf_metric_add(metrics, relief_shed_bytes, drops.bytes);
}
