/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hole.h - delivers held data that is next in order, and finds and skips the hole at the front of a
 * stream: the missing bytes between next_off and the first held byte, the limit of the direction,
 * or the FIN.
 */
#ifndef WF_CONN_HOLE_H
#define WF_CONN_HOLE_H

#include "conn/half.h"

/* Deliver all held data that is next in order and below @limit_off. */
void wf_hole_drain_below(const struct wf_half *half, uint64_t limit_off);

/* Deliver all held data that is next in order, whether it is acknowledged or not. */
void wf_hole_drain_all(const struct wf_half *half);

/* Deliver the data that is next in order, as far as the delivery mode and the state allow. */
void wf_hole_drain_ready(const struct wf_half *half);

/* Leave the state STARTING and deliver the data that waited for the start of the stream. */
void wf_hole_drain_start(const struct wf_half *half);

struct wf_hole {
	uint64_t end_off;
	/* arrival time of the first held byte; 0 if no byte is held */
	uint64_t held_ns;
};

/*
 * Find the hole at next_off. Return: false if there is none; ret_hole->held_ns is set in any case.
 */
bool wf_hole_find(const struct wf_half *half, struct wf_hole *ret_hole);

/*
 * Return true if the receiver would certainly reject bytes at or after @off: it has acknowledged
 * all bytes before next_off and none after it, and its window is up to date and ends at or before
 * @off.
 */
bool wf_hole_is_rejected(const struct wf_half *half, uint64_t off);

/*
 * Give up the hole at next_off up to @to_off, report it as a gap, and deliver the data after it.
 * This function does not report the part beyond the limit of the direction: wf_limit_report()
 * reports it at the end, as one gap.
 */
void wf_hole_skip(const struct wf_half *half, uint64_t to_off, enum weft_gap_cause cause,
		  uint64_t now_ns);

/*
 * Record that captured data was lost for lack of memory. @end_off: end offset of that data; 0: not
 * known.
 */
void wf_hole_note_memory_loss(const struct wf_half *half, uint64_t end_off);

/*
 * Return true if captured data at or beyond @off was lost for lack of memory, or if data at an
 * unknown offset was.
 */
bool wf_hole_is_memory_lost(const struct wf_half *half, uint64_t off);

#endif
