/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * water_marks.h - the water marks of a subscription, and the callback that reports them.
 *
 * A queue is high from the moment at which its payload reaches the high mark until it is at or
 * below the low mark. The callback is called when the first queue of a subscription becomes high,
 * and when the last one no longer is: not for each event.
 *
 * Thread: the worker of the queue raises and lowers, its reader lowers.
 */
#ifndef WF_DELIVER_WATER_MARKS_H
#define WF_DELIVER_WATER_MARKS_H

#include <stdatomic.h>
#include <stdint.h>

#include <weft/subscribe.h>

struct wf_queue;

struct wf_water_marks {
	uint64_t high_bytes;
	uint64_t low_bytes;
	weft_mark_fn fn;
	struct weft_sub *sub; /* borrowed: arguments of fn */
	void *ctx;
	_Atomic uint32_t high_queues;
};

/* Compare the payload of @queue, which has marks, with both marks. Thread: the worker. */
void wf_water_marks_check(struct wf_queue *queue);

/* Compare it with the low mark. Thread: the reader. */
void wf_water_marks_check_low(struct wf_queue *queue);

#endif
