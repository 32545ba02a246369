// SPDX-License-Identifier: BSD-2-Clause
/*
 * activity.c - the share of busy time is computed once per interval.
 */
#include "base/activity.h"

#include "base/clock.h"

#define INTERVAL_NS WF_NS_PER_SEC

static uint32_t busy_percent(const struct wf_activity *activity, uint64_t elapsed_ns)
{
	if (activity->slept_ns >= elapsed_ns)
		return 0;
	return (uint32_t)((elapsed_ns - activity->slept_ns) * 100 / elapsed_ns);
}

void wf_activity_round(struct wf_activity *activity, uint64_t now_ns)
{
	uint64_t elapsed_ns = now_ns - activity->begin_ns;

	atomic_store_explicit(&activity->seen_ns, now_ns, memory_order_relaxed);
	if (activity->begin_ns && elapsed_ns < INTERVAL_NS)
		return;
	if (activity->begin_ns)
		atomic_store_explicit(&activity->busy_percent, busy_percent(activity, elapsed_ns),
				      memory_order_relaxed);
	activity->begin_ns = now_ns;
	activity->slept_ns = 0;
}

void wf_activity_end(struct wf_activity *activity)
{
	atomic_store_explicit(&activity->seen_ns, 0, memory_order_relaxed);
	atomic_store_explicit(&activity->busy_percent, 0, memory_order_relaxed);
}

uint64_t wf_activity_age_ns(const struct wf_activity *activity, uint64_t now_ns)
{
	uint64_t seen_ns = atomic_load_explicit(&activity->seen_ns, memory_order_relaxed);

	return seen_ns && now_ns > seen_ns ? now_ns - seen_ns : 0;
}
