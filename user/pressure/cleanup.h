/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cleanup.h - the registry of periodic cleanup tasks.
 *
 * A task removes items that have outlived their TTL (or gives back idle memory) and returns their
 * number. The registry decides when it runs, counts, and slows a failing task down. Under
 * pressure all TTLs are shortened together, and restored afterwards.
 *
 * Thread: the one that runs it; also wf_cleanup_each().
 */
#ifndef WF_PRESSURE_CLEANUP_H
#define WF_PRESSURE_CLEANUP_H

#include <stdint.h>

struct wf_cleanup;
struct wf_metrics;

/* Remove what is older than @ttl_ns at @now_ns. Return: how many items; -errno. */
typedef int64_t (*wf_cleanup_fn)(void *ctx, uint64_t now_ns, uint64_t ttl_ns);

struct wf_cleanup_task {
	const char *name;     /* outlives the task */
	uint64_t interval_ns; /* between two runs; 1 or more */
	uint64_t ttl_ns;      /* 0: nothing ages, the task needs none */
	wf_cleanup_fn fn;
	void *ctx; /* borrowed */
};

struct wf_cleanup_stats {
	const char *name;
	uint64_t interval_ns;
	uint64_t ttl_ns; /* as configured, before it is shortened */
	uint64_t runs;
	uint64_t removed;
	uint64_t errors;
	uint64_t errors_in_row;
	int last_err; /* of the last failing run; 0: never */
	uint64_t last_run_ns;
	uint64_t due_ns;
};

int wf_cleanup_new(struct wf_metrics *metrics, struct wf_cleanup **ret_cleanup);

/* Tasks are not run again. NULL is allowed. */
void wf_cleanup_free(struct wf_cleanup *cleanup);

/*
 * First run: one interval after @now_ns. Return: 0; -EINVAL; -ENOBUFS: WEFT_CLEANUP_TASKS_MAX are
 * registered.
 */
int wf_cleanup_register(struct wf_cleanup *cleanup, const struct wf_cleanup_task *task,
			uint64_t now_ns);

/* Use this part of every TTL, 1..100; 100 is normal. */
void wf_cleanup_set_ttl_percent(struct wf_cleanup *cleanup, uint32_t percent);

/* Run what is due at @now_ns. Return: when the next task is due; UINT64_MAX: there is none. */
uint64_t wf_cleanup_run(struct wf_cleanup *cleanup, uint64_t now_ns);

typedef void (*wf_cleanup_stats_fn)(const struct wf_cleanup_stats *stats, void *ctx);
void wf_cleanup_each(const struct wf_cleanup *cleanup, wf_cleanup_stats_fn fn, void *ctx);

#endif
