// SPDX-License-Identifier: BSD-2-Clause
/*
 * housekeeping.c - passes the pressure level to workers, interfaces and the report.
 *
 * Without interfaces, the kernel's PSI is not read: the outcome of a capture file or of submitted
 * packets must not depend on other load of the host.
 */
#include "engine/housekeeping.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/periodic.h"
#include "memory/arena.h"
#include "memory/budget.h"
#include "deliver/registry.h"
#include "metrics/metrics.h"
#include "pressure/monitor.h"
#include "pressure/pressure_report.h"
#include "pressure/shedding.h"
#include "worker/cleanup_tasks.h"

struct wf_housekeeping {
	struct wf_metrics metrics; /* written by the thread; by main while it does not run */
	struct wf_housekeeping_opts opts;
	struct wf_monitor *monitor; /* owned; used only by the housekeeping thread while it runs */
	struct wf_cleanup_requests cleanup;
	struct wf_periodic thread;
	_Atomic bool is_shrink_asked;
	struct wf_pressure_report report;
};

/* ---- the level ---- */

static const struct wf_pressure_reading *highest(const struct wf_housekeeping *housekeeping)
{
	return wf_pressure_highest(wf_monitor_pressure(housekeeping->monitor));
}

/*
 * Return the percentage of the budget below which the critical level can end, or 0 if another
 * source than the budget has the highest reading.
 */
static uint32_t goal_percent(const struct wf_housekeeping *housekeeping)
{
	return strcmp(highest(housekeeping)->name, WF_PRESSURE_BUDGET_NAME)
		       ? 0
		       : housekeeping->opts.weft->pressure_critical_percent -
				 WEFT_PRESSURE_HYSTERESIS_PERCENT;
}

static void on_change(void *ctx, enum weft_pressure_level from, enum weft_pressure_level to)
{
	struct wf_housekeeping *housekeeping = ctx;
	const struct wf_mailboxes *mailboxes = housekeeping->opts.mailboxes;

	wf_pressure_report_add_change(&housekeeping->report, from, to, highest(housekeeping));
	for (uint32_t i = 0; i < mailboxes->count; i++) {
		struct wf_mailbox *mailbox = mailboxes->list[i];

		atomic_store_explicit(&mailbox->level, to, memory_order_relaxed);
		atomic_store_explicit(&mailbox->goal_percent, goal_percent(housekeeping),
				      memory_order_relaxed);
	}
	wf_mailboxes_post(mailboxes, WF_REQUEST_LEVEL);
	if (to > from && to >= WEFT_PRESSURE_HIGH)
		wf_cleanup_tasks_post_all(mailboxes);
}

static void shed(struct wf_housekeeping *housekeeping, uint64_t now_ns)
{
	enum weft_pressure_level level =
		wf_pressure_level(wf_monitor_pressure(housekeeping->monitor));
	uint64_t interval_ns = housekeeping->opts.weft->monitor_interval_ms * WF_NS_PER_MS;

	if (housekeeping->opts.shedding)
		wf_metric_set(&housekeeping->metrics, relief_shed_percent,
			      wf_shedding_follow_memory(housekeeping->opts.shedding,
							level == WEFT_PRESSURE_CRITICAL, now_ns,
							interval_ns));
}

/* ---- the thread ---- */

static void shrink(struct wf_housekeeping *housekeeping)
{
	struct wf_arena *arena = housekeeping->opts.arena;

	wf_mailboxes_post(housekeeping->opts.mailboxes, WF_REQUEST_HALVE_CACHES);
	wf_arena_trim(arena, wf_budget_held(wf_arena_budget(arena), WF_BUDGET_FREE_SPANS) / 2);
}

static void update_report(struct wf_housekeeping *housekeeping)
{
	wf_pressure_report_update(&housekeeping->report, wf_monitor_pressure(housekeeping->monitor),
				  wf_monitor_cleanup(housekeeping->monitor));
}

static uint64_t run(void *ctx, uint64_t now_ns)
{
	struct wf_housekeeping *housekeeping = ctx;
	uint64_t due_ns = wf_monitor_run(housekeeping->monitor, now_ns);

	shed(housekeeping, now_ns);
	if (atomic_exchange_explicit(&housekeeping->is_shrink_asked, false, memory_order_relaxed))
		shrink(housekeeping);
	update_report(housekeeping);
	return due_ns;
}

void wf_housekeeping_shrink(struct wf_housekeeping *housekeeping)
{
	atomic_store_explicit(&housekeeping->is_shrink_asked, true, memory_order_relaxed);
	wf_periodic_run_now(&housekeeping->thread);
}

struct wf_pressure_report *wf_housekeeping_report(struct wf_housekeeping *housekeeping)
{
	return &housekeeping->report;
}

void wf_housekeeping_stats(const struct wf_housekeeping *housekeeping, struct wf_metrics *ret_sum)
{
	wf_metrics_sum(&housekeeping->metrics, ret_sum);
	wf_metrics_add_lock(ret_sum, &housekeeping->report.lock);
}

/* ---- start and stop ---- */

enum { WATCH_INTERVAL_SEC = 1 };

static int64_t expire_subscriptions(void *ctx, uint64_t now_ns, uint64_t ttl_ns)
{
	return wf_registry_expire(ctx, now_ns);
}

static int register_subscriptions(struct wf_housekeeping *housekeeping, uint64_t now_ns)
{
	const struct wf_cleanup_task task = {
		.name = "idle subscriptions",
		.interval_ns = WATCH_INTERVAL_SEC * WF_NS_PER_SEC,
		.fn = expire_subscriptions,
		.ctx = housekeeping->opts.registry,
	};

	return wf_cleanup_register(wf_monitor_cleanup(housekeeping->monitor), &task, now_ns);
}

static int register_added(struct wf_housekeeping *housekeeping, uint64_t now_ns)
{
	const struct wf_added_tasks *added = housekeeping->opts.added;
	int err = 0;

	for (uint32_t i = 0; !err && i < added->count; i++)
		err = wf_cleanup_register(wf_monitor_cleanup(housekeeping->monitor),
					  &added->list[i], now_ns);
	return err;
}

static int make_monitor(struct wf_housekeeping *housekeeping)
{
	const struct weft_opts *weft = housekeeping->opts.weft;
	uint64_t now_ns = wf_clock_monotonic_ns();
	const struct wf_monitor_opts opts = {
		.arena = housekeeping->opts.arena,
		.pressure =
			{
				.low_percent = weft->pressure_low_percent,
				.high_percent = weft->pressure_high_percent,
				.critical_percent = weft->pressure_critical_percent,
				.hysteresis_percent = WEFT_PRESSURE_HYSTERESIS_PERCENT,
				.calm_checks = WEFT_PRESSURE_CALM_CHECKS,
			},
		.interval_ns = weft->monitor_interval_ms * WF_NS_PER_MS,
		.slack_bytes = weft->process_slack_bytes,
		.psi_path = housekeeping->opts.shedding ? NULL : "",
	};
	int err = wf_monitor_new(&opts, &housekeeping->metrics, now_ns, &housekeeping->monitor);

	if (!err)
		err = wf_pressure_add_handler(wf_monitor_pressure(housekeeping->monitor), on_change,
					      housekeeping);
	if (!err)
		err = wf_cleanup_tasks_register(&housekeeping->cleanup,
						housekeeping->opts.mailboxes, weft,
						wf_monitor_cleanup(housekeeping->monitor), now_ns);
	if (!err)
		err = register_subscriptions(housekeeping, now_ns);
	if (!err)
		err = register_added(housekeeping, now_ns);
	/*
	 * Metrics may be read before the thread first runs, and must then have all sources and
	 * tasks.
	 */
	if (!err)
		update_report(housekeeping);
	return err;
}

static int make(const struct wf_housekeeping_opts *opts, struct wf_housekeeping **ret_housekeeping)
{
	struct wf_budget *budget = wf_arena_budget(opts->arena);
	struct wf_housekeeping *housekeeping;
	int err = wf_budget_reserve(budget, WF_BUDGET_OTHER, sizeof(*housekeeping));

	if (err)
		return err;
	housekeeping = aligned_alloc(WF_CACHE_LINE, sizeof(*housekeeping));
	if (!housekeeping) {
		wf_budget_release(budget, WF_BUDGET_OTHER, sizeof(*housekeeping));
		return -ENOMEM;
	}
	memset(housekeeping, 0, sizeof(*housekeeping));
	housekeeping->opts = *opts;
	wf_pressure_report_init(&housekeeping->report, opts->weft->lock_timeout_ms);
	*ret_housekeeping = housekeeping;
	return 0;
}

int wf_housekeeping_start(const struct wf_housekeeping_opts *opts,
			  struct wf_housekeeping **ret_housekeeping)
{
	struct wf_housekeeping *housekeeping = NULL;
	int err = make(opts, &housekeeping);

	if (!err)
		err = make_monitor(housekeeping);
	if (!err)
		err = wf_periodic_start(&housekeeping->thread, "weft-memory", run, housekeeping);
	if (err) {
		wf_error("memory: can't start the housekeeping thread: %s", strerror(-err));
		wf_housekeeping_free(housekeeping);
		return err;
	}
	*ret_housekeeping = housekeeping;
	return 0;
}

void wf_housekeeping_stop(struct wf_housekeeping *housekeeping)
{
	if (!housekeeping || !housekeeping->thread.is_started)
		return;
	wf_periodic_stop(&housekeeping->thread);
	wf_arena_publish(housekeeping->opts.arena, &housekeeping->metrics);
}

void wf_housekeeping_free(struct wf_housekeeping *housekeeping)
{
	if (!housekeeping)
		return;
	wf_housekeeping_stop(housekeeping);
	wf_monitor_free(housekeeping->monitor);
	wf_pressure_report_fini(&housekeeping->report);
	wf_budget_release(wf_arena_budget(housekeeping->opts.arena), WF_BUDGET_OTHER,
			  sizeof(*housekeeping));
	free(housekeeping);
}
