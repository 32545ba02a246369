/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * water_marks.h - the water marks of a subscription, and the callback that reports them.
 *
 * A queue becomes high if its payload, waiting or lent, has reached the high mark when the worker
 * flushes the queue or begins to wait for room in it, and stays high until the payload is at or
 * below the low mark. The callback is called when the first queue of a subscription becomes high,
 * and when none is high any more.
 *
 * Thread: the queue's worker sets and clears the flag of the queue, its reader clears it.
 */
#ifndef WF_QUEUE_WATER_MARKS_H
#define WF_QUEUE_WATER_MARKS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <weft/subscribe.h>

struct wf_water_marks {
	uint64_t high_bytes;
	uint64_t low_bytes;
	weft_mark_fn fn;
	struct weft_sub *sub; /* borrowed: the first argument of fn */
	void *ctx;
	_Atomic uint32_t high_queues;
};

/* Set the flag of a queue that has reached the high mark. Thread: its worker. */
void wf_water_marks_raise(struct wf_water_marks *marks, _Atomic bool *is_high);

/* Clear the flag of a queue that is at or below the low mark. Thread: its worker, or its reader. */
void wf_water_marks_lower(struct wf_water_marks *marks, _Atomic bool *is_high);

#endif
