/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wait_budget.h - limits the time for which the worker of a live capture waits for readers.
 *
 * While a worker waits, frames collect in receive rings and are lost when these are full. So all
 * waits of a worker together take at most 1/WEFT_BLOCK_LIVE_SHARE of the time. Time that was not
 * used is saved up to WEFT_BLOCK_TIMEOUT_LIVE_MAX_MS. Waits while the handle stops are not limited:
 * no frames arrive then.
 *
 * Thread: the worker. Zeroed storage is a budget with all of that time.
 */
#ifndef WF_QUEUE_WAIT_BUDGET_H
#define WF_QUEUE_WAIT_BUDGET_H

#include <stdint.h>

#include <weft/limits.h>

#include "base/clock.h"

struct wf_wait_budget {
	uint64_t used_ns; /* of the time that can be saved */
	uint64_t seen_ns; /* time of the last wf_wait_budget_left() */
};

/* Return the time for which the worker may wait now. */
static inline uint64_t wf_wait_budget_left(struct wf_wait_budget *budget, uint64_t now_ns)
{
	uint64_t earned_ns = (now_ns - budget->seen_ns) / WEFT_BLOCK_LIVE_SHARE;

	budget->seen_ns = now_ns;
	budget->used_ns -= earned_ns < budget->used_ns ? earned_ns : budget->used_ns;
	return WEFT_BLOCK_TIMEOUT_LIVE_MAX_MS * WF_NS_PER_MS - budget->used_ns;
}

/* Count a wait of @ns, which is at most wf_wait_budget_left() and the delay of a wake-up. */
static inline void wf_wait_budget_use(struct wf_wait_budget *budget, uint64_t ns)
{
	const uint64_t max_ns = WEFT_BLOCK_TIMEOUT_LIVE_MAX_MS * WF_NS_PER_MS;

	budget->used_ns = ns < max_ns - budget->used_ns ? budget->used_ns + ns : max_ns;
}

#endif
