// SPDX-License-Identifier: BSD-2-Clause
/*
 * worker_loads.c - sums the loads of all workers, without the losses of workers that did not run.
 */
#include "pressure/worker_loads.h"

#include "base/clock.h"

/* A reading is late if it follows the previous one after more than this; usual are 20 or 50 ms. */
#define LATE_NS (100 * WF_NS_PER_MS)

void wf_worker_loads_begin(struct wf_worker_loads *loads, uint64_t now_ns)
{
	loads->is_late = loads->begin_ns && now_ns - loads->begin_ns > LATE_NS;
	loads->begin_ns = now_ns;
	loads->sum.fill_percent = 0;
}

void wf_worker_loads_add(struct wf_worker_loads *loads, uint32_t worker,
			 const struct wf_overload_reading *reading)
{
	struct wf_overload_reading *last = &loads->last[worker];
	bool ran = reading->received_frames != last->received_frames && !loads->is_late;

	if (ran)
		loads->sum.lost_frames += reading->lost_frames - last->lost_frames;
	loads->sum.received_frames += reading->received_frames - last->received_frames;
	if (reading->fill_percent > loads->sum.fill_percent)
		loads->sum.fill_percent = reading->fill_percent;
	*last = *reading;
}
