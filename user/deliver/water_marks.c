// SPDX-License-Identifier: BSD-2-Clause
/*
 * water_marks.c - compares the payload of a queue with the water marks of its subscription.
 */
#include "deliver/water_marks.h"

#include "deliver/queue_internal.h"

void wf_water_marks_check_low(struct wf_queue *queue)
{
	struct wf_water_marks *marks = queue->marks;

	if (!atomic_load(&queue->is_high) || wf_queue_payload_in_use(queue) > marks->low_bytes)
		return;
	if (atomic_exchange(&queue->is_high, false) &&
	    atomic_fetch_sub(&marks->high_queues, 1) == 1)
		marks->fn(marks->sub, WEFT_MARK_LOW, marks->ctx);
}

void wf_water_marks_check(struct wf_queue *queue)
{
	struct wf_water_marks *marks = queue->marks;

	if (atomic_load(&queue->is_high)) {
		wf_water_marks_check_low(queue);
		return;
	}
	if (wf_queue_payload_in_use(queue) < marks->high_bytes)
		return;
	/* Only the worker sets it. Counted first: the reader may lower the mark at once. */
	if (atomic_fetch_add(&marks->high_queues, 1) == 0)
		marks->fn(marks->sub, WEFT_MARK_HIGH, marks->ctx);
	atomic_store(&queue->is_high, true);
	/* The reader may have released all of it before the mark was set. */
	wf_water_marks_check_low(queue);
}
