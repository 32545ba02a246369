/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * activity.h - records when a thread last completed a round of its loop, and the share of time for
 * which it did not sleep.
 *
 * Thread: the recorded one writes; any thread reads.
 */
#ifndef WF_BASE_ACTIVITY_H
#define WF_BASE_ACTIVITY_H

#include <stdatomic.h>
#include <stdint.h>

struct wf_activity {
	/* CLOCK_MONOTONIC time of the last round; 0: none yet, or the thread has ended */
	_Atomic uint64_t seen_ns;
	_Atomic uint32_t busy_percent; /* share of busy time in the last complete interval */

	/* used only by the recorded thread */
	uint64_t begin_ns; /* start of the present interval */
	uint64_t slept_ns; /* time slept in the present interval */
};

/* Record the end of a round at @now_ns. */
void wf_activity_round(struct wf_activity *activity, uint64_t now_ns);

/* Record that the thread slept for @slept_ns. */
static inline void wf_activity_slept(struct wf_activity *activity, uint64_t slept_ns)
{
	activity->slept_ns += slept_ns;
}

/* Record that the thread ends. */
void wf_activity_end(struct wf_activity *activity);

/* Return the time since the last round; 0 if there was none or the thread ended. Thread: any. */
uint64_t wf_activity_age_ns(const struct wf_activity *activity, uint64_t now_ns);

#endif
