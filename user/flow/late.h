/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * late.h - records the gaps of a direction, and counts the bytes that arrive for them later.
 *
 * Such a late byte was never delivered, so it is not counted as a duplicate.
 *
 * Bound: the last WF_LATE_GAPS gaps of a direction are kept; bytes of older gaps count as
 * duplicates. A direction without a gap needs no memory (flow_table.h).
 *
 * Thread: the worker that owns the flow.
 */
#ifndef WF_FLOW_LATE_H
#define WF_FLOW_LATE_H

#include <stdint.h>

#define WF_LATE_GAPS 31

struct wf_late_gap {
	uint64_t off;
	uint64_t end_off;
};

/*
 * The gaps are in a ring, in the order of the stream: each begins after the end of the one before.
 */
struct wf_late {
	uint64_t late_bytes; /* number of late bytes so far */
	uint32_t newest;     /* index of the newest gap in gaps[] */
	uint32_t count;
	struct wf_late_gap gaps[WF_LATE_GAPS];
};

void wf_late_init(struct wf_late *late);

/* Record the gap [@off, @end_off). */
void wf_late_add_gap(struct wf_late *late, uint64_t off, uint64_t end_off);

/*
 * Add the number of bytes of [@off, @end_off) that lie in recorded gaps to late_bytes. Return:
 * their number.
 */
uint64_t wf_late_count(struct wf_late *late, uint64_t off, uint64_t end_off);

#endif
