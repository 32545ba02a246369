// SPDX-License-Identifier: BSD-2-Clause
/*
 * monitor.c - measures the memory pressure of one arena from the usual sources, and runs its
 * cleanup tasks.
 *
 * Every TRIM_INTERVAL_NS, half of the free spans' memory is returned to the system, so that a short
 * lull leaves memory for the next burst, and nearly all idle memory is returned within a minute.
 * Under memory pressure, all of it is returned at once. Nothing is returned if the arena keeps its
 * memory (see wf_arena_trim()).
 */
#include "pressure/monitor.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include <weft/limits.h>

#include "base/clock.h"
#include "memory/arena.h"
#include "memory/budget.h"
#include "pressure/cleanup.h"
#include "pressure/pressure_source.h"

#define TRIM_INTERVAL_NS (5 * WF_NS_PER_SEC)

enum {
	TRIM_ALL_BYTES = 1 << 20
}; /* free memory up to this size is returned completely instead of by half */

struct wf_monitor {
	struct wf_arena *arena;	    /* borrowed */
	struct wf_metrics *metrics; /* borrowed */
	struct wf_pressure *pressure;
	struct wf_cleanup *cleanup;
	uint64_t interval_ns;
	uint64_t check_ns; /* monotonic time of the next pressure check */
	struct wf_pressure_process process;
	struct wf_pressure_cgroup cgroup;
	char status_path[PATH_MAX];
};

/* Percentage to which timeouts and TTLs are shortened at each pressure level. */
static const uint32_t ttl_percent[WEFT_PRESSURE_LEVEL_COUNT] = {
	[WEFT_PRESSURE_NORMAL] = 100,
	[WEFT_PRESSURE_LOW] = 100,
	[WEFT_PRESSURE_HIGH] = 50,
	[WEFT_PRESSURE_CRITICAL] = 25,
};
_Static_assert(WF_ARENA_PRESSURE_MAX == WEFT_PRESSURE_CRITICAL,
	       "the arena's levels equal weft's pressure levels");

static void on_pressure(void *ctx, enum weft_pressure_level from, enum weft_pressure_level to)
{
	struct wf_monitor *monitor = ctx;

	wf_arena_set_pressure_level(monitor->arena, to);
	wf_cleanup_set_ttl_percent(monitor->cleanup, ttl_percent[to]);
	if (to > from)
		wf_arena_trim(monitor->arena, 0);
}

static int64_t trim_task(void *ctx, uint64_t now_ns, uint64_t ttl_ns)
{
	struct wf_monitor *monitor = ctx;
	uint64_t free_bytes = wf_budget_held(wf_arena_budget(monitor->arena), WF_BUDGET_FREE_SPANS);
	uint64_t keep_bytes = free_bytes > TRIM_ALL_BYTES ? free_bytes / 2 : 0;

	if (wf_pressure_level(monitor->pressure) != WEFT_PRESSURE_NORMAL)
		keep_bytes = 0;
	return (int64_t)(wf_arena_trim(monitor->arena, keep_bytes) / WEFT_SPAN_BYTES);
}

static int add_sources(struct wf_monitor *monitor, const struct wf_monitor_opts *opts)
{
	struct wf_budget *budget = wf_arena_budget(monitor->arena);
	const char *proc_dir = opts->proc_dir ? opts->proc_dir : "/proc/self";
	const char *psi_path = opts->psi_path ? opts->psi_path : "/proc/pressure/memory";
	const char *cgroup_dir = opts->cgroup_dir ? opts->cgroup_dir : "/sys/fs/cgroup";
	int err;

	snprintf(monitor->status_path, sizeof(monitor->status_path), "%s/status", proc_dir);
	monitor->process = (struct wf_pressure_process){
		.budget = budget,
		.slack_bytes = opts->slack_bytes,
		.status_path = monitor->status_path,
	};
	err = wf_pressure_add_source(monitor->pressure, WF_PRESSURE_BUDGET_NAME,
				     wf_pressure_read_budget, budget);
	if (!err && opts->slack_bytes)
		err = wf_pressure_add_source(monitor->pressure, "process", wf_pressure_read_process,
					     &monitor->process);
	if (!err && *psi_path)
		err = wf_pressure_add_source(monitor->pressure, "psi", wf_pressure_read_psi,
					     (void *)psi_path);
	monitor->cgroup.budget = budget;
	if (!err && !wf_cgroup_find(proc_dir, cgroup_dir, &monitor->cgroup.group))
		err = wf_pressure_add_source(monitor->pressure, "cgroup", wf_pressure_read_cgroup,
					     &monitor->cgroup);
	return err;
}

static int add_own(struct wf_monitor *monitor, const struct wf_monitor_opts *opts, uint64_t now_ns)
{
	const struct wf_cleanup_task trim = {
		.name = "free memory",
		.interval_ns = TRIM_INTERVAL_NS,
		.fn = trim_task,
		.ctx = monitor,
	};
	int err = add_sources(monitor, opts);

	if (!err)
		err = wf_pressure_add_handler(monitor->pressure, on_pressure, monitor);
	if (!err)
		err = wf_cleanup_register(monitor->cleanup, &trim, now_ns);
	return err;
}

int wf_monitor_new(const struct wf_monitor_opts *opts, struct wf_metrics *metrics, uint64_t now_ns,
		   struct wf_monitor **ret_monitor)
{
	struct wf_monitor *monitor;
	int err;

	if (!opts->interval_ns)
		return -EINVAL;
	monitor = calloc(1, sizeof(*monitor));
	if (!monitor)
		return -ENOMEM;

	monitor->arena = opts->arena;
	monitor->metrics = metrics;
	monitor->interval_ns = opts->interval_ns;
	monitor->check_ns = now_ns;
	err = wf_pressure_new(&opts->pressure, metrics, &monitor->pressure);
	if (!err)
		err = wf_cleanup_new(metrics, &monitor->cleanup);
	if (!err)
		err = add_own(monitor, opts, now_ns);
	if (err) {
		wf_monitor_free(monitor);
		return err;
	}
	*ret_monitor = monitor;
	return 0;
}

void wf_monitor_free(struct wf_monitor *monitor)
{
	if (!monitor)
		return;

	wf_cleanup_free(monitor->cleanup);
	wf_pressure_free(monitor->pressure);
	free(monitor);
}

struct wf_pressure *wf_monitor_pressure(struct wf_monitor *monitor)
{
	return monitor->pressure;
}

struct wf_cleanup *wf_monitor_cleanup(struct wf_monitor *monitor)
{
	return monitor->cleanup;
}

uint32_t wf_monitor_ttl_percent(enum weft_pressure_level level)
{
	return ttl_percent[level];
}

uint64_t wf_monitor_run(struct wf_monitor *monitor, uint64_t now_ns)
{
	uint64_t next_ns;

	if (now_ns >= monitor->check_ns) {
		wf_pressure_check(monitor->pressure);
		monitor->check_ns = now_ns + monitor->interval_ns;
	}
	next_ns = wf_cleanup_run(monitor->cleanup, now_ns);
	wf_arena_publish(monitor->arena, monitor->metrics);
	return next_ns < monitor->check_ns ? next_ns : monitor->check_ns;
}
