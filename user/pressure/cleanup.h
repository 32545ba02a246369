/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cleanup.h - runs registered cleanup tasks periodically.
 *
 * A task removes items that have outlived their TTL, or frees idle memory, and returns the number
 * of items. The registry schedules the tasks, counts their results, and runs a failing task less
 * often. Under memory pressure all TTLs are shortened, and restored afterwards.
 *
 * Thread: one at a time; main, then the housekeeping thread (engine/).
 */
#ifndef WF_PRESSURE_CLEANUP_H
#define WF_PRESSURE_CLEANUP_H

#include <stdint.h>

struct wf_cleanup;
struct wf_metrics;

/*
 * Remove the items that are older than @ttl_ns at @now_ns. Return: the number of items removed;
 * -errno on failure.
 */
typedef int64_t (*wf_cleanup_fn)(void *ctx, uint64_t now_ns, uint64_t ttl_ns);

struct wf_cleanup_task {
	const char *name;     /* must outlive the task */
	uint64_t interval_ns; /* time between two runs; at least 1 */
	uint64_t ttl_ns;      /* 0: the task has no TTL */
	wf_cleanup_fn fn;
	void *ctx; /* borrowed */
};

struct wf_cleanup_stats {
	const char *name;
	uint64_t interval_ns;
	uint64_t ttl_ns; /* configured TTL, before shortening */
	uint64_t runs;
	uint64_t removed;
	uint64_t errors;
	uint64_t errors_in_row;
	int last_err; /* error of the last failed run; 0: no run has failed */
	uint64_t last_run_ns;
	uint64_t due_ns;
};

int wf_cleanup_new(struct wf_metrics *metrics, struct wf_cleanup **ret_cleanup);

/* Free the registry; its tasks are not run again. NULL is allowed. */
void wf_cleanup_free(struct wf_cleanup *cleanup);

/*
 * Register @task; it first runs one interval after @now_ns. Return: 0 on success; -EINVAL if @task
 * has no name, function or interval; -ENOBUFS if WEFT_CLEANUP_TASKS_MAX tasks are registered.
 */
int wf_cleanup_register(struct wf_cleanup *cleanup, const struct wf_cleanup_task *task,
			uint64_t now_ns);

/* Shorten every TTL to @percent (1 to 100) of its configured value. */
void wf_cleanup_set_ttl_percent(struct wf_cleanup *cleanup, uint32_t percent);

/*
 * Run the tasks that are due at @now_ns. Return: the time at which the next task is due; UINT64_MAX
 * if there are no tasks.
 */
uint64_t wf_cleanup_run(struct wf_cleanup *cleanup, uint64_t now_ns);

typedef void (*wf_cleanup_stats_fn)(const struct wf_cleanup_stats *stats, void *ctx);
void wf_cleanup_each(const struct wf_cleanup *cleanup, wf_cleanup_stats_fn fn, void *ctx);

#endif
