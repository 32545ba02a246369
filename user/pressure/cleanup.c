// SPDX-License-Identifier: BSD-2-Clause
/*
 * cleanup.c - a fixed table of at most WEFT_CLEANUP_TASKS_MAX tasks.
 *
 * Each run scans the whole table, because the registry runs only a few times a second. A late task
 * runs once, not once per missed interval. After n failures in a row, a task waits 2^n intervals,
 * at most 16.
 */
#include "pressure/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <weft/limits.h>

#include "base/log.h"
#include "metrics/metrics.h"

enum { BACKOFF_SHIFT_MAX = 4 };

struct task {
	wf_cleanup_fn fn;
	void *ctx;
	struct wf_cleanup_stats stats;
};

struct wf_cleanup {
	struct wf_metrics *metrics; /* borrowed */
	uint32_t ttl_percent;
	uint32_t count;
	struct task tasks[WEFT_CLEANUP_TASKS_MAX];
};

int wf_cleanup_new(struct wf_metrics *metrics, struct wf_cleanup **ret_cleanup)
{
	struct wf_cleanup *cleanup = calloc(1, sizeof(*cleanup));

	if (!cleanup)
		return -ENOMEM;

	cleanup->metrics = metrics;
	cleanup->ttl_percent = 100;
	*ret_cleanup = cleanup;
	return 0;
}

void wf_cleanup_free(struct wf_cleanup *cleanup)
{
	free(cleanup);
}

static uint64_t later(uint64_t now_ns, uint64_t interval_ns)
{
	return interval_ns > UINT64_MAX - now_ns ? UINT64_MAX : now_ns + interval_ns;
}

int wf_cleanup_register(struct wf_cleanup *cleanup, const struct wf_cleanup_task *task,
			uint64_t now_ns)
{
	if (!task->name || !task->fn || !task->interval_ns)
		return -EINVAL;
	if (cleanup->count == WEFT_CLEANUP_TASKS_MAX)
		return -ENOBUFS;
	cleanup->tasks[cleanup->count++] = (struct task){
		.fn = task->fn,
		.ctx = task->ctx,
		.stats = {.name = task->name,
			  .interval_ns = task->interval_ns,
			  .ttl_ns = task->ttl_ns,
			  .due_ns = later(now_ns, task->interval_ns)},
	};
	return 0;
}

void wf_cleanup_set_ttl_percent(struct wf_cleanup *cleanup, uint32_t percent)
{
	if (percent < 1)
		percent = 1;
	cleanup->ttl_percent = percent > 100 ? 100 : percent;
}

static uint64_t effective_ttl_ns(const struct wf_cleanup *cleanup, uint64_t ttl_ns)
{
	uint64_t part =
		ttl_ns / 100 * cleanup->ttl_percent + ttl_ns % 100 * cleanup->ttl_percent / 100;

	/* A TTL is never shortened to 0, because 0 means that items do not expire. */
	return ttl_ns && !part ? 1 : part;
}

static void note_result(struct wf_cleanup *cleanup, struct wf_cleanup_stats *stats, int64_t result)
{
	stats->runs++;
	wf_metric_inc(cleanup->metrics, cleanup_runs);
	if (result >= 0) {
		stats->errors_in_row = 0;
		stats->removed += (uint64_t)result;
		wf_metric_add(cleanup->metrics, cleanup_removed_items, (uint64_t)result);
		return;
	}
	if (!stats->errors_in_row)
		wf_warn("memory: cleanup task %s failed: %s; it will be retried", stats->name,
			strerror((int)-result));
	stats->errors++;
	stats->errors_in_row++;
	stats->last_err = (int)result;
	wf_metric_inc(cleanup->metrics, cleanup_errors);
}

static void run_task(struct wf_cleanup *cleanup, struct task *task, uint64_t now_ns)
{
	struct wf_cleanup_stats *stats = &task->stats;
	uint64_t ttl_ns = effective_ttl_ns(cleanup, stats->ttl_ns);
	uint32_t shift;

	note_result(cleanup, stats, task->fn(task->ctx, now_ns, ttl_ns));
	shift = stats->errors_in_row < BACKOFF_SHIFT_MAX ? (uint32_t)stats->errors_in_row
							 : BACKOFF_SHIFT_MAX;
	stats->last_run_ns = now_ns;
	stats->due_ns = stats->interval_ns > UINT64_MAX >> shift
				? UINT64_MAX
				: later(now_ns, stats->interval_ns << shift);
}

uint64_t wf_cleanup_run(struct wf_cleanup *cleanup, uint64_t now_ns)
{
	uint64_t next_ns = UINT64_MAX;

	for (uint32_t i = 0; i < cleanup->count; i++) {
		struct task *task = &cleanup->tasks[i];

		if (task->stats.due_ns <= now_ns)
			run_task(cleanup, task, now_ns);
		if (task->stats.due_ns < next_ns)
			next_ns = task->stats.due_ns;
	}
	return next_ns;
}

void wf_cleanup_each(const struct wf_cleanup *cleanup, wf_cleanup_stats_fn fn, void *ctx)
{
	for (uint32_t i = 0; i < cleanup->count; i++)
		fn(&cleanup->tasks[i].stats, ctx);
}
