// SPDX-License-Identifier: BSD-2-Clause
/*
 * stats.c - implements weft/stats.h: the metrics summed over all threads, and the metrics of each
 * interface, cleanup task and worker.
 */
#include <weft/pressure.h>
#include <weft/stats.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <weft/limits.h>

#include "api/handle.h"
#include "engine/engine.h"
#include "metrics/metrics.h"
#include "metrics/prometheus.h"

enum {
	PARTS_MAX = WEFT_INTERFACES_MAX + WEFT_CLEANUP_TASKS_MAX + WEFT_WORKERS_MAX,
	NUMBER_BYTES = 12,
};

/*
 * Metrics of interfaces, tasks and workers; allocated, because they are too large for a thread's
 * stack.
 */
struct parts {
	size_t count;
	char workers[WEFT_WORKERS_MAX][NUMBER_BYTES]; /* numbers of the workers as text */
	struct wf_metrics_part parts[PARTS_MAX];
	struct wf_metrics metrics[PARTS_MAX];
};

static void read_sum(const struct weft *weft, struct wf_metrics *ret_sum)
{
	memset(ret_sum, 0, sizeof(*ret_sum));
	wf_engine_stats(weft->engine, ret_sum);
	wf_metrics_add_lock(ret_sum, &weft->lock);
}

void weft_stats_each(const struct weft *weft, weft_metric_fn fn, void *ctx)
{
	struct wf_metrics sum;

	read_sum(weft, &sum);
	wf_metrics_each(&sum, fn, ctx);
}

/*
 * Add a part. Return: its metrics, to be filled in by the caller; NULL if there are too many parts.
 */
static struct wf_metrics *add_part(struct parts *parts, const char *key, const char *value)
{
	struct wf_metrics *metrics = &parts->metrics[parts->count];

	if (parts->count == PARTS_MAX)
		return NULL;
	parts->parts[parts->count++] =
		(struct wf_metrics_part){.key = key, .value = value, .metrics = metrics};
	return metrics;
}

static void add_task(const struct weft_cleanup *task, void *ctx)
{
	struct wf_metrics *metrics = add_part(ctx, "task", task->name);

	if (!metrics)
		return;
	wf_metric_set(metrics, cleanup_runs, task->runs);
	wf_metric_set(metrics, cleanup_removed_items, task->removed);
	wf_metric_set(metrics, cleanup_errors, task->errors);
}

static void add_iface(const char *ifname, const struct wf_metrics *counted, void *ctx)
{
	struct wf_metrics *metrics = add_part(ctx, "interface", ifname);

	if (metrics)
		wf_metrics_sum(counted, metrics);
}

static void add_worker(uint32_t worker, uint64_t ring_full_frames, void *ctx)
{
	struct parts *parts = ctx;
	char *number = parts->workers[worker];
	struct wf_metrics *metrics = add_part(parts, "worker", number);

	snprintf(number, NUMBER_BYTES, "%u", worker);
	if (metrics)
		wf_metric_set(metrics, worker_ring_full_frames, ring_full_frames);
}

int weft_stats_prometheus(const struct weft *weft, FILE *out)
{
	struct parts *parts = aligned_alloc(_Alignof(struct parts), sizeof(*parts));
	struct wf_metrics sum;
	int err;

	if (!parts)
		return -ENOMEM;
	memset(parts, 0, sizeof(*parts));
	read_sum(weft, &sum);
	wf_engine_iface_stats_each(weft->engine, add_iface, parts);
	weft_cleanup_each(weft, add_task, parts);
	wf_engine_ring_full_each(weft->engine, add_worker, parts);
	err = wf_prometheus_write(out, &sum, parts->parts, parts->count);
	free(parts);
	return err;
}
