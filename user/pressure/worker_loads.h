/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worker_loads.h - sums the loads of all workers, without the losses of workers that did not run.
 *
 * If the host does not run a worker for a while, or a signal stops the worker, its rings are full
 * when it runs again. Shedding new connections would not have prevented that loss. So a loss counts
 * as overload only if its worker took frames since the previous reading, and if that reading is at
 * most 100 ms old. It is older if the whole process was stopped for a while.
 *
 * This is computation only; the thread that reads the rings is in shedding.c.
 */
#ifndef WF_PRESSURE_WORKER_LOADS_H
#define WF_PRESSURE_WORKER_LOADS_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/limits.h>

#include "pressure/overload.h"

struct wf_worker_loads {
	struct wf_overload_reading last[WEFT_WORKERS_MAX];
	/* lost_frames: losses of workers that ran. fill_percent: the maximum of this reading */
	struct wf_overload_reading sum;
	uint64_t begin_ns; /* time at which the present reading began; 0: no reading yet */
	bool is_late;	   /* more than LATE_NS have passed since the previous reading */
};

/* Begin a reading of all workers. */
void wf_worker_loads_begin(struct wf_worker_loads *loads, uint64_t now_ns);

/* Add the reading of @worker to loads->sum. */
void wf_worker_loads_add(struct wf_worker_loads *loads, uint32_t worker,
			 const struct wf_overload_reading *reading);

#endif
