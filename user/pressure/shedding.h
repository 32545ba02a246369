/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shedding.h - the percentage of new flows that the kernel programs shed: the highest of the
 * demands for each reason.
 *
 *   overload.h ──┐
 *                ├─ the highest ─► the kernel program of every interface
 *   memory ──────┘
 *
 * Each reason has its own demand, which only its owner changes, so lowering one demand does not
 * affect the other. A periodic thread checks the rings, so that shedding does not depend on the
 * thread that owns the handle.
 */
#ifndef WF_PRESSURE_SHEDDING_H
#define WF_PRESSURE_SHEDDING_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/periodic.h"
#include "pressure/overload.h"
#include "pressure/worker_loads.h"

struct wf_metrics;

enum wf_shed_reason {
	WF_SHED_OVERLOAD = 0, /* workers cannot process all received frames */
	WF_SHED_MEMORY,	      /* the memory pressure is critical */
};
#define WF_SHED_REASON_COUNT (WF_SHED_MEMORY + 1)

struct wf_shedding {
	_Atomic uint32_t demand_percent[WF_SHED_REASON_COUNT];
	/* rises, falls: how often the overload demand was raised and lowered */
	_Atomic uint64_t rises;
	_Atomic uint64_t falls;

	/* Callbacks, set before the thread starts. @ctx is passed to read() and apply(). */
	void (*read)(void *ctx, uint32_t worker, struct wf_overload_reading *ret_reading);
	void (*apply)(void *ctx, uint32_t percent);
	void *ctx;
	uint32_t workers; /* set before the thread starts */

	uint64_t memory_raise_ns; /* earliest time of the next rise of the memory demand */
	struct wf_periodic thread;
	/* used only by the thread that wf_shedding_start() creates */
	struct wf_worker_loads loads;
	struct wf_overload overload;
};

void wf_shedding_init(struct wf_shedding *shedding);

/*
 * Demand that @percent (0 to 100) of the new flows are shed for @reason. The highest demand of all
 * reasons is applied. Thread: any.
 */
void wf_shedding_demand(struct wf_shedding *shedding, enum wf_shed_reason reason, uint32_t percent);

/*
 * Update the demand for memory: while the level is critical, raise it by 25 percentage points once
 * per @interval_ns, up to 100 percent; otherwise set it to 0. Return: the demand in percent.
 * Thread: one.
 */
uint32_t wf_shedding_follow_memory(struct wf_shedding *shedding, bool is_critical, uint64_t now_ns,
				   uint64_t interval_ns);

/* Return the highest demand in percent. Thread: any. */
uint32_t wf_shedding_percent(const struct wf_shedding *shedding);

/* Start the thread that checks the rings for overload. Return: 0 on success; negative errno. */
int wf_shedding_start(struct wf_shedding *shedding);
void wf_shedding_stop(struct wf_shedding *shedding);

/* Add the shedding metrics to @sum. Thread: any. */
void wf_shedding_stats_add(const struct wf_shedding *shedding, struct wf_metrics *sum);

#endif
