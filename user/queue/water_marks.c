// SPDX-License-Identifier: BSD-2-Clause
/*
 * water_marks.c - counts the queues of a subscription that are high; calls back when the first
 * becomes high and when none is high any more.
 */
#include "queue/water_marks.h"

void wf_water_marks_raise(struct wf_water_marks *marks, _Atomic bool *is_high)
{
	/*
	 * Only the worker sets the flag. It counts the queue first, because the reader may clear
	 * the flag at once.
	 */
	if (atomic_fetch_add(&marks->high_queues, 1) == 0)
		marks->fn(marks->sub, WEFT_MARK_HIGH, marks->ctx);
	atomic_store(is_high, true);
}

void wf_water_marks_lower(struct wf_water_marks *marks, _Atomic bool *is_high)
{
	if (atomic_exchange(is_high, false) && atomic_fetch_sub(&marks->high_queues, 1) == 1)
		marks->fn(marks->sub, WEFT_MARK_LOW, marks->ctx);
}
