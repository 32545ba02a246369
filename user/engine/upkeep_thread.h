/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * upkeep_thread.h - one thread of an engine that measures memory pressure and has things
 * cleaned up (pressure/upkeep.h), and what it tells of that.
 *
 *   sources ─► level ─┬─► each worker's orders (pressure_actions.h)
 *                     ├─► each interface: part of the new flows to shed
 *                     └─► the list of changes, read by sinks
 *   cleanup registry ───► each worker's orders, whose answers it collects
 *
 * Memory: one struct, charged to the budget. Thread: main starts, stops and frees; the
 * others any.
 */
#ifndef WF_ENGINE_UPKEEP_THREAD_H
#define WF_ENGINE_UPKEEP_THREAD_H

#include <stddef.h>
#include <stdint.h>

#include <weft/limits.h>
#include <weft/opts.h>
#include <weft/pressure.h>

struct wf_arena;
struct wf_crew;
struct wf_engine_upkeep;
struct wf_metrics;
struct wf_shedding;

/* All borrowed until stop(). */
struct wf_upkeep_setup {
	const struct weft_opts *opts;
	struct wf_arena *arena;
	struct wf_crew *crew;	      /* set up, and not taken down before stop() */
	struct wf_shedding *shedding; /* NULL: a file is replayed */
};

/* Return: 0; -EINVAL, -ENOBUFS, -ENOMEM, or why there is no thread. Logged. */
int wf_engine_upkeep_start(const struct wf_upkeep_setup *setup,
			   struct wf_engine_upkeep **ret_upkeep);

/* Ends the thread; what was counted can still be read. Idempotent. NULL is allowed. */
void wf_engine_upkeep_stop(struct wf_engine_upkeep *upkeep);

/* Stops if needed. NULL is allowed. */
void wf_engine_upkeep_free(struct wf_engine_upkeep *upkeep);

/* As the public calls of weft/pressure.h. */
size_t wf_engine_upkeep_changes(struct wf_engine_upkeep *upkeep, uint64_t after,
				struct weft_pressure_change *ret_changes, size_t max);
void wf_engine_upkeep_sources(struct wf_engine_upkeep *upkeep, weft_pressure_source_fn fn,
			      void *ctx);
void wf_engine_upkeep_tasks(struct wf_engine_upkeep *upkeep, weft_cleanup_fn fn, void *ctx);
void wf_engine_upkeep_shrink(struct wf_engine_upkeep *upkeep);

/* Add what this thread counts. */
void wf_engine_upkeep_stats(const struct wf_engine_upkeep *upkeep, struct wf_metrics *ret_sum);

#endif
