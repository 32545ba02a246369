/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * housekeeping.h - one thread of an engine that measures memory pressure and runs cleanup tasks
 * (pressure/monitor.h), and passes the level on.
 *
 *   sources ─► level ─┬─► each worker's mailbox (worker/pressure_actions.h)
 *                     ├─► shedding: part of the new flows, in each interface's program
 *                     └─► the report, read by any thread (pressure/pressure_report.h)
 *   cleanup tasks ─┬──────► each worker's mailbox; the workers' counts are collected
 *                  └──────► run by this thread: idle subscriptions, tasks of the application
 *
 * Memory: one struct, charged to the budget, and the monitor, which is not charged. Thread: main
 * for start, stop and free; any for the other functions.
 */
#ifndef WF_ENGINE_HOUSEKEEPING_H
#define WF_ENGINE_HOUSEKEEPING_H

#include <weft/limits.h>
#include <weft/opts.h>

#include "pressure/cleanup.h"

struct wf_arena;
struct wf_housekeeping;
struct wf_mailboxes;
struct wf_metrics;
struct wf_pressure_report;
struct wf_registry;
struct wf_shedding;

/* The cleanup tasks of the application, in the order in which they were added. */
struct wf_added_tasks {
	struct wf_cleanup_task list[WEFT_CLEANUP_ADDED_MAX];
	uint32_t count;
};

/* Options of the housekeeping thread; all pointers are borrowed until wf_housekeeping_free(). */
struct wf_housekeeping_opts {
	const struct weft_opts *weft;
	struct wf_arena *arena;
	const struct wf_mailboxes *mailboxes;
	struct wf_registry *registry; /* the subscriptions */
	struct wf_shedding *shedding; /* NULL if the engine has no interfaces */
	const struct wf_added_tasks *added;
};

/*
 * Start the thread. Return: 0 on success; -EINVAL, -ENOBUFS, -ENOMEM, or the error of creating the
 * thread. Failures are logged.
 */
int wf_housekeeping_start(const struct wf_housekeeping_opts *opts,
			  struct wf_housekeeping **ret_housekeeping);

/* Stop the thread; the report and the metrics remain readable. Idempotent. NULL is allowed. */
void wf_housekeeping_stop(struct wf_housekeeping *housekeeping);

/* Free @housekeeping; stop its thread if it runs. NULL is allowed. */
void wf_housekeeping_free(struct wf_housekeeping *housekeeping);

/*
 * Request the thread to free half of all cached memory, without waiting for it. See weft_shrink().
 */
void wf_housekeeping_shrink(struct wf_housekeeping *housekeeping);

/* Return the report of memory pressure, which lives as long as @housekeeping. */
struct wf_pressure_report *wf_housekeeping_report(struct wf_housekeeping *housekeeping);

/* Add the metrics of this thread to @ret_sum. */
void wf_housekeeping_stats(const struct wf_housekeeping *housekeeping, struct wf_metrics *ret_sum);

#endif
