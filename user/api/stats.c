// SPDX-License-Identifier: BSD-2-Clause
/*
 * stats.c - implements weft/stats.h: the metrics summed over all threads, and the metrics of each
 * interface, cleanup task, worker and name of subscriptions.
 */
#include <weft/pressure.h>
#include <weft/stats.h>
#include <weft/subscribe.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <weft/limits.h>

#include "api/handle.h"
#include "engine/engine.h"
#include "metrics/metrics.h"
#include "metrics/prometheus.h"

enum {
	PARTS_MAX = WEFT_INTERFACES_MAX + WEFT_CLEANUP_TASKS_MAX + WEFT_WORKERS_MAX +
		    WEFT_SUBSCRIPTIONS_MAX,
	NUMBER_BYTES = 12,
	NAME_BYTES = 32,
};

/*
 * Metrics of interfaces, tasks, workers and subscriptions; allocated, because they are too large
 * for a thread's stack.
 */
struct parts {
	size_t count;
	char workers[WEFT_WORKERS_MAX][NUMBER_BYTES];	/* numbers of the workers as text */
	char names[WEFT_SUBSCRIPTIONS_MAX][NAME_BYTES]; /* distinct names of subscriptions */
	uint32_t names_count;
	struct wf_metrics_part parts[PARTS_MAX];
	struct wf_metrics metrics[PARTS_MAX];
};

static bool is_ended_by_weft(enum weft_sub_end end)
{
	return end == WEFT_SUB_FAILED || end == WEFT_SUB_IDLE || end == WEFT_SUB_SLOW;
}

/*
 * Add the statistics of a subscription to the metrics at @ctx. The lag isn't added: it is the
 * highest of any subscription.
 */
static void add_sub(const char *name, const struct weft_sub_stats *stats, void *ctx)
{
	struct wf_metrics *metrics = ctx;

	wf_metric_add(metrics, subscription_pushed_events, stats->pushed_events);
	wf_metric_add(metrics, subscription_pushed_bytes, stats->pushed_bytes);
	wf_metric_add(metrics, subscription_taken_events, stats->taken_events);
	wf_metric_add(metrics, subscription_taken_bytes, stats->taken_bytes);
	wf_metric_add(metrics, subscription_dropped_events, stats->dropped_events);
	wf_metric_add(metrics, subscription_dropped_bytes, stats->dropped_bytes);
	wf_metric_add(metrics, subscription_revoked_events, stats->revoked_events);
	wf_metric_add(metrics, subscription_revoked_bytes, stats->revoked_bytes);
	wf_metric_add(metrics, subscription_queue_events, stats->waiting_events);
	wf_metric_add(metrics, subscription_queue_bytes, stats->waiting_bytes);
	wf_metric_add(metrics, subscription_queue_limit_bytes, stats->queue_bytes);
	wf_metric_add(metrics, subscription_high_water_bytes, stats->high_water_bytes);
	wf_metric_add(metrics, subscription_overruns, stats->overruns);
	wf_metric_add(metrics, subscription_ended, is_ended_by_weft(stats->ended));
	if (stats->lag_ns > wf_metric_get(metrics, subscription_lag_ns))
		wf_metric_set(metrics, subscription_lag_ns, stats->lag_ns);
}

/*
 * Raise the metrics at @ctx to those of @worker: over all workers, each metric is the highest value
 * of any worker.
 */
static void add_worker(const struct weft_worker *worker, void *ctx)
{
	struct wf_metrics *metrics = ctx;

	if (worker->last_seen_ns > wf_metric_get(metrics, worker_last_seen_ns))
		wf_metric_set(metrics, worker_last_seen_ns, worker->last_seen_ns);
	if (worker->busy_percent > wf_metric_get(metrics, worker_busy_percent))
		wf_metric_set(metrics, worker_busy_percent, worker->busy_percent);
}

static void read_sum(const struct weft *weft, struct wf_metrics *ret_sum)
{
	struct weft_sub_stats removed;

	memset(ret_sum, 0, sizeof(*ret_sum));
	wf_engine_stats(weft->engine, ret_sum);
	wf_engine_subs_each(weft->engine, add_sub, ret_sum, &removed);
	add_sub("", &removed, ret_sum);
	wf_engine_workers_each(weft->engine, add_worker, ret_sum);
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

static void add_worker_part(const struct weft_worker *worker, void *ctx)
{
	struct parts *parts = ctx;
	char *number = parts->workers[worker->index];
	struct wf_metrics *metrics = add_part(parts, "worker", number);

	snprintf(number, NUMBER_BYTES, "%u", worker->index);
	if (!metrics)
		return;
	add_worker(worker, metrics);
	wf_metric_set(metrics, worker_ring_full_frames, worker->ring_full_frames);
}

/* Add a subscription to the part of its name, which subscriptions with the same name share. */
static void add_named_sub(const char *name, const struct weft_sub_stats *stats, void *ctx)
{
	struct parts *parts = ctx;
	struct wf_metrics *metrics = NULL;

	for (size_t i = 0; i < parts->count && !metrics; i++)
		if (!strcmp(parts->parts[i].key, "name") && !strcmp(parts->parts[i].value, name))
			metrics = &parts->metrics[i];
	if (!metrics && parts->names_count < WEFT_SUBSCRIPTIONS_MAX) {
		char *copy = parts->names[parts->names_count++];

		snprintf(copy, NAME_BYTES, "%s", name);
		metrics = add_part(parts, "name", copy);
	}
	if (metrics)
		add_sub(name, stats, metrics);
}

int weft_stats_prometheus(const struct weft *weft, FILE *out)
{
	struct parts *parts = aligned_alloc(_Alignof(struct parts), sizeof(*parts));
	struct weft_sub_stats removed;
	struct wf_metrics sum;
	int err;

	if (!parts)
		return -ENOMEM;
	memset(parts, 0, sizeof(*parts));
	read_sum(weft, &sum);
	wf_engine_iface_stats_each(weft->engine, add_iface, parts);
	weft_cleanup_each(weft, add_task, parts);
	wf_engine_workers_each(weft->engine, add_worker_part, parts);
	wf_engine_subs_each(weft->engine, add_named_sub, parts, &removed);
	err = wf_prometheus_write(out, &sum, parts->parts, parts->count);
	free(parts);
	return err;
}
