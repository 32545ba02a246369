/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pace.h - chooses when a reader that is not woken looks at its queue again, so that each run takes
 * about the same number of events: at a high rate the queue does not overflow, at a low rate the
 * reader runs rarely.
 *
 * A sudden rise of the rate is noticed only at the next run, so the interval has an upper limit,
 * and it at most doubles from run to run.
 *
 * Thread: the reader.
 */
#ifndef WF_ENDPOINTS_PACE_H
#define WF_ENDPOINTS_PACE_H

#include <stdint.h>

#include "base/clock.h"

#define WF_PACE_MIN_NS (1 * WF_NS_PER_MS)
#define WF_PACE_MAX_NS (50 * WF_NS_PER_MS)

/* Zeroed storage is a valid pace. */
struct wf_pace {
	uint64_t last_ns;     /* time of the last run; 0: none yet */
	uint64_t interval_ns; /* chosen after the last run */
};

/*
 * Return the time of the next run, after a run at @now_ns has taken @taken events. @goal: number of
 * events that a run should take.
 */
static inline uint64_t wf_pace_next(struct wf_pace *pace, uint64_t now_ns, uint64_t taken,
				    uint64_t goal)
{
	uint64_t elapsed_ns = pace->last_ns ? now_ns - pace->last_ns : WF_PACE_MAX_NS;
	uint64_t interval_ns = 2 * pace->interval_ns;

	if (elapsed_ns > WF_PACE_MAX_NS)
		elapsed_ns = WF_PACE_MAX_NS;
	if (!interval_ns || interval_ns > WF_PACE_MAX_NS)
		interval_ns = WF_PACE_MAX_NS;
	if (taken && elapsed_ns * goal / taken < interval_ns)
		interval_ns = elapsed_ns * goal / taken;
	if (interval_ns < WF_PACE_MIN_NS)
		interval_ns = WF_PACE_MIN_NS;
	pace->last_ns = now_ns;
	pace->interval_ns = interval_ns;
	return now_ns + interval_ns;
}

#endif
