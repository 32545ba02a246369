// SPDX-License-Identifier: BSD-2-Clause
/*
 * upkeep_thread.c - measures memory pressure, has things cleaned up, tells what was found.
 *
 * Only this thread touches the upkeep object. After each round it copies what others may
 * ask for under a lock that nobody holds for longer than such a copy takes.
 *
 * In replay the kernel's PSI is not asked: what becomes of a file must not depend on what
 * else runs on the host.
 */
#include "engine/upkeep_thread.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/periodic.h"
#include "pressure/shedding.h"
#include "engine/upkeep_tasks.h"
#include "worker/worker.h"
#include "memory/arena.h"
#include "memory/budget.h"
#include "metrics/metrics.h"
#include "pressure/cleanup.h"
#include "pressure/upkeep.h"

enum {
	SHED_STEP_PERCENT = 25, /* more of the new flows at each check at critical */
	TASKS_MAX = WF_UPKEEP_TASKS + 4,
};

/* What other threads read; under the lock. */
struct told {
	struct weft_pressure_change changes[WEFT_PRESSURE_CHANGES_MAX]; /* by number */
	uint64_t changes_count;
	struct weft_pressure_source sources[WEFT_PRESSURE_SOURCES_MAX];
	uint32_t sources_count;
	struct weft_cleanup tasks[TASKS_MAX];
	uint32_t tasks_count;
};

struct wf_engine_upkeep {
	struct wf_metrics metrics; /* written by the thread */
	struct wf_upkeep_setup setup;
	struct wf_upkeep *upkeep; /* owned */
	struct wf_upkeep_task tasks[WF_UPKEEP_TASKS];
	uint32_t shed_percent;
	uint64_t shed_ns; /* when it is raised next */
	struct wf_periodic thread;
	_Atomic bool shrink_asked;
	struct wf_lock lock;
	struct told told;
};

_Static_assert((int)WEFT_PRESSURE_CRITICAL == (int)WF_PRESSURE_CRITICAL, "the same levels");

/* ---- what happens on a change ---- */

static void remember_change(struct wf_engine_upkeep *upkeep, enum wf_pressure_level from,
			    enum wf_pressure_level to)
{
	const struct wf_pressure_reading *highest =
		wf_pressure_highest(wf_upkeep_pressure(upkeep->upkeep));
	struct told *told = &upkeep->told;
	struct weft_pressure_change change = {
		.number = told->changes_count + 1,
		.time_ns = wf_clock_realtime_ns(),
		.from = (enum weft_pressure_level)from,
		.to = (enum weft_pressure_level)to,
		.percent = highest->percent,
		.source = highest->name,
	};

	wf_info("memory: pressure %s → %s: %s reads %u %%", wf_pressure_level_name(from),
		wf_pressure_level_name(to), change.source, change.percent);
	if (wf_lock_take(&upkeep->lock, "pressure"))
		return;
	told->changes[told->changes_count++ % WEFT_PRESSURE_CHANGES_MAX] = change;
	wf_lock_put(&upkeep->lock);
}

/* What the budget must read for the level to end; 0: another source made it critical. */
static uint32_t goal_percent(const struct wf_engine_upkeep *upkeep)
{
	const struct wf_pressure_reading *highest =
		wf_pressure_highest(wf_upkeep_pressure(upkeep->upkeep));

	return strcmp(highest->name, WF_PRESSURE_BUDGET_NAME)
		       ? 0
		       : upkeep->setup.opts->pressure_critical_percent -
				 WEFT_PRESSURE_HYSTERESIS_PERCENT;
}

static void on_change(void *ctx, enum wf_pressure_level from, enum wf_pressure_level to)
{
	struct wf_engine_upkeep *upkeep = ctx;
	struct wf_crew *crew = upkeep->setup.crew;

	remember_change(upkeep, from, to);
	for (uint32_t i = 0; i < crew->count; i++) {
		struct wf_orders *orders = &crew->workers[i].orders;

		atomic_store_explicit(&orders->level, to, memory_order_relaxed);
		atomic_store_explicit(&orders->goal_percent, goal_percent(upkeep),
				      memory_order_relaxed);
	}
	wf_upkeep_ask(crew, WF_CHORE_LEVEL);
	if (to > from && to >= WF_PRESSURE_HIGH)
		wf_upkeep_ask_reader(crew);
	for (int i = 0; to > from && to >= WF_PRESSURE_HIGH && i < WF_UPKEEP_TASKS; i++)
		wf_upkeep_ask(crew, (enum wf_chore)i);
}

/* As long as it is critical the kernel leaves ever more of the new flows to the host. */
static void shed(struct wf_engine_upkeep *upkeep, uint64_t now_ns)
{
	bool critical =
		wf_pressure_level(wf_upkeep_pressure(upkeep->upkeep)) == WF_PRESSURE_CRITICAL;
	uint32_t percent = 0;

	if (critical && now_ns < upkeep->shed_ns)
		return;
	if (critical)
		percent = upkeep->shed_percent + SHED_STEP_PERCENT;
	if (percent > 100)
		percent = 100;
	upkeep->shed_ns = now_ns + upkeep->setup.opts->monitor_interval_ms * WF_NS_PER_MS;
	if (percent == upkeep->shed_percent || !upkeep->setup.shedding)
		return;
	upkeep->shed_percent = percent;
	wf_shedding_demand(upkeep->setup.shedding, WF_SHED_MEMORY, percent);
	wf_metric_set(&upkeep->metrics, relief_shed_percent, percent);
}

/* ---- what others may read ---- */

static void tell_source(const struct wf_pressure_reading *reading, void *ctx)
{
	struct told *told = ctx;

	told->sources[told->sources_count++] = (struct weft_pressure_source){
		.name = reading->name,
		.percent = reading->percent,
		.err = reading->err,
		.errors = reading->errors,
	};
}

static void tell_task(const struct wf_cleanup_stats *stats, void *ctx)
{
	struct told *told = ctx;

	if (told->tasks_count == TASKS_MAX)
		return;
	told->tasks[told->tasks_count++] = (struct weft_cleanup){
		.name = stats->name,
		.interval_ns = stats->interval_ns,
		.ttl_ns = stats->ttl_ns,
		.runs = stats->runs,
		.removed = stats->removed,
		.errors = stats->errors,
		.last_err = stats->last_err,
	};
}

static void tell(struct wf_engine_upkeep *upkeep)
{
	struct told *told = &upkeep->told;

	if (wf_lock_take(&upkeep->lock, "pressure"))
		return;
	told->sources_count = 0;
	wf_pressure_each_reading(wf_upkeep_pressure(upkeep->upkeep), tell_source, told);
	told->tasks_count = 0;
	wf_cleanup_each(wf_upkeep_cleanup(upkeep->upkeep), tell_task, told);
	wf_lock_put(&upkeep->lock);
}

size_t wf_engine_upkeep_changes(struct wf_engine_upkeep *upkeep, uint64_t after,
				struct weft_pressure_change *ret_changes, size_t max)
{
	const struct told *told = &upkeep->told;
	uint64_t next = after;
	size_t count = 0;

	if (wf_lock_take(&upkeep->lock, "pressure"))
		return 0;
	if (told->changes_count > WEFT_PRESSURE_CHANGES_MAX &&
	    next < told->changes_count - WEFT_PRESSURE_CHANGES_MAX)
		next = told->changes_count - WEFT_PRESSURE_CHANGES_MAX;
	while (next < told->changes_count && count < max)
		ret_changes[count++] = told->changes[next++ % WEFT_PRESSURE_CHANGES_MAX];
	wf_lock_put(&upkeep->lock);
	return count;
}

void wf_engine_upkeep_sources(struct wf_engine_upkeep *upkeep, weft_pressure_source_fn fn,
			      void *ctx)
{
	struct weft_pressure_source sources[WEFT_PRESSURE_SOURCES_MAX];
	uint32_t count;

	if (wf_lock_take(&upkeep->lock, "pressure"))
		return;
	count = upkeep->told.sources_count;
	memcpy(sources, upkeep->told.sources, count * sizeof(*sources));
	wf_lock_put(&upkeep->lock);
	for (uint32_t i = 0; i < count; i++)
		fn(&sources[i], ctx);
}

void wf_engine_upkeep_tasks(struct wf_engine_upkeep *upkeep, weft_cleanup_fn fn, void *ctx)
{
	struct weft_cleanup tasks[TASKS_MAX];
	uint32_t count;

	if (wf_lock_take(&upkeep->lock, "pressure"))
		return;
	count = upkeep->told.tasks_count;
	memcpy(tasks, upkeep->told.tasks, count * sizeof(*tasks));
	wf_lock_put(&upkeep->lock);
	for (uint32_t i = 0; i < count; i++)
		fn(&tasks[i], ctx);
}

void wf_engine_upkeep_shrink(struct wf_engine_upkeep *upkeep)
{
	atomic_store_explicit(&upkeep->shrink_asked, true, memory_order_relaxed);
	wf_periodic_run_now(&upkeep->thread);
}

void wf_engine_upkeep_stats(const struct wf_engine_upkeep *upkeep, struct wf_metrics *ret_sum)
{
	wf_metrics_sum(&upkeep->metrics, ret_sum);
	wf_metrics_add_lock(ret_sum, &upkeep->lock);
}

/* ---- the thread ---- */

static void shrink(struct wf_engine_upkeep *upkeep)
{
	struct wf_arena *arena = upkeep->setup.arena;

	wf_upkeep_ask(upkeep->setup.crew, WF_CHORE_HALVE);
	wf_upkeep_ask_reader(upkeep->setup.crew);
	wf_arena_trim(arena, wf_budget_held(wf_arena_budget(arena), WF_BUDGET_FREE_SPANS) / 2);
}

static uint64_t run(void *ctx, uint64_t now_ns)
{
	struct wf_engine_upkeep *upkeep = ctx;
	uint64_t due_ns = wf_upkeep_run(upkeep->upkeep, now_ns);

	shed(upkeep, now_ns);
	if (atomic_exchange_explicit(&upkeep->shrink_asked, false, memory_order_relaxed))
		shrink(upkeep);
	tell(upkeep);
	return due_ns;
}

/* ---- life ---- */

static int make_upkeep(struct wf_engine_upkeep *upkeep)
{
	const struct wf_upkeep_setup *setup = &upkeep->setup;
	const struct weft_opts *opts = setup->opts;
	uint64_t now_ns = wf_clock_monotonic_ns();
	const struct wf_upkeep_opts upkeep_opts = {
		.arena = setup->arena,
		.pressure =
			{
				.low_percent = opts->pressure_low_percent,
				.high_percent = opts->pressure_high_percent,
				.critical_percent = opts->pressure_critical_percent,
				.hysteresis_percent = WEFT_PRESSURE_HYSTERESIS_PERCENT,
				.calm_checks = WEFT_PRESSURE_CALM_CHECKS,
			},
		.interval_ns = opts->monitor_interval_ms * WF_NS_PER_MS,
		.slack_bytes = opts->process_slack_bytes,
		.psi_path = setup->shedding ? NULL : "",
	};
	int err = wf_upkeep_new(&upkeep_opts, &upkeep->metrics, now_ns, &upkeep->upkeep);

	if (!err)
		err = wf_pressure_add_handler(wf_upkeep_pressure(upkeep->upkeep), on_change,
					      upkeep);
	if (!err)
		err = wf_upkeep_tasks_register(upkeep->tasks, setup->crew, opts,
					       wf_upkeep_cleanup(upkeep->upkeep), now_ns);
	return err;
}

int wf_engine_upkeep_start(const struct wf_upkeep_setup *setup,
			   struct wf_engine_upkeep **ret_upkeep)
{
	struct wf_engine_upkeep *upkeep;
	int err =
		wf_budget_reserve(wf_arena_budget(setup->arena), WF_BUDGET_OTHER, sizeof(*upkeep));

	if (err)
		goto tell_error;
	upkeep = aligned_alloc(WF_CACHE_LINE, sizeof(*upkeep));
	if (!upkeep) {
		wf_budget_release(wf_arena_budget(setup->arena), WF_BUDGET_OTHER, sizeof(*upkeep));
		err = -ENOMEM;
		goto tell_error;
	}
	memset(upkeep, 0, sizeof(*upkeep));
	upkeep->setup = *setup;
	wf_lock_init(&upkeep->lock, setup->opts->lock_timeout_ms);
	err = make_upkeep(upkeep);
	if (!err)
		err = wf_periodic_start(&upkeep->thread, "weft-upkeep", run, upkeep);
	if (err) {
		wf_engine_upkeep_free(upkeep);
		goto tell_error;
	}
	*ret_upkeep = upkeep;
	return 0;

tell_error:
	wf_error("upkeep: can't start: %s", strerror(-err));
	return err;
}

void wf_engine_upkeep_stop(struct wf_engine_upkeep *upkeep)
{
	if (!upkeep || !upkeep->thread.is_started)
		return;
	wf_periodic_stop(&upkeep->thread);
	wf_arena_publish(upkeep->setup.arena, &upkeep->metrics);
}

void wf_engine_upkeep_free(struct wf_engine_upkeep *upkeep)
{
	if (!upkeep)
		return;
	wf_engine_upkeep_stop(upkeep);
	wf_upkeep_free(upkeep->upkeep);
	wf_lock_fini(&upkeep->lock);
	wf_budget_release(wf_arena_budget(upkeep->setup.arena), WF_BUDGET_OTHER, sizeof(*upkeep));
	free(upkeep);
}
