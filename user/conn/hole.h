/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hole.h - the front of a stream: held data that is next in order is delivered, and a hole, the
 * missing bytes between next_off and the first held byte or the FIN, is found and skipped.
 */
#ifndef WF_CONN_HOLE_H
#define WF_CONN_HOLE_H

#include "conn/half.h"

/* Deliver all that is next in order, below @limit_off. */
void wf_hole_drain_below(const struct wf_half *half, uint64_t limit_off);

/* The same without a limit, acknowledged or not. */
void wf_hole_drain_all(const struct wf_half *half);

/* The same as far as the mode of delivery and the state allow it. */
void wf_hole_drain_ready(const struct wf_half *half);

/* The start of the stream is settled: deliver the data that waited for that. */
void wf_hole_drain_start(const struct wf_half *half);

struct wf_hole {
	uint64_t end_off;
	uint64_t held_ns; /* since when the byte behind it is held; 0: none is */
};

/* The hole at next_off. Return: false: there is none; held_ns is set all the same. */
bool wf_hole_find(const struct wf_half *half, struct wf_hole *ret_hole);

/* Would the receiver, whose window is known, reject bytes from @off on? */
bool wf_hole_is_rejected(const struct wf_half *half, uint64_t off);

/*
 * Give up the hole at next_off as far as @to_off, and deliver the data behind it. The part beyond
 * the depth limit is reported at the end, as one gap.
 */
void wf_hole_skip(const struct wf_half *half, uint64_t to_off, enum weft_gap_cause cause,
		  uint64_t now_ns);

/* Note that captured data up to @end_off was lost for want of memory; UINT64_MAX: not known. */
void wf_hole_note_memory_loss(const struct wf_half *half, uint64_t end_off);

#endif
