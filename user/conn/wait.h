/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wait.h - the states in which a direction waits, and the deadlines of these states.
 *
 * A hole ends
 *
 *   - when its bytes come;
 *   - when the receiver has acknowledged past it and data lies beyond: it was never captured. But
 *     taps reorder, so for WEFT_ACK_PATIENCE_MS, or for WEFT_ACK_PATIENCE_BYTES of later data, it
 *     may still be filled (only for WEFT_OVERRUN_PATIENCE_MS while weft's own rings overflow);
 *   - at the gap time-out after the byte behind it came;
 *   - at the limit of held pages, or when the connection ends.
 *
 * An acknowledgement alone, with no data beyond the hole, does not end the hole
 * before the connection ends: the acknowledgement may be forged and the real data may still arrive,
 * and waiting costs nothing.
 *
 * Data beyond the window of a receiver that acknowledged everything before the hole waits without a
 * deadline, and at the end is not delivered: the receiver would have rejected it.
 *
 * A stream whose SYN was not seen starts with its first byte seen. Taps reorder, so that byte waits
 * for WEFT_START_PATIENCE_MS or _BYTES: if earlier bytes or the SYN come meanwhile, the start moves
 * back to them. Once bytes were delivered, nothing can be inserted before them; earlier bytes are
 * then counted (payload_before_start) and reported.
 *
 * With deliver: acked, data in order is held too until it is acknowledged. It is delivered without
 * an acknowledgement at the end, at the limit and, if no acknowledgement was ever seen, at the gap
 * time-out.
 *
 * This is the only place that sets deadlines. A deadline takes effect with its own time, even if
 * the flow's next packet or the timer wheel notices it later.
 */
#ifndef WF_CONN_WAIT_H
#define WF_CONN_WAIT_H

#include "conn/half.h"

/*
 * Deliver the data that is ready, follow the stream beyond its limit, and choose the state. Called
 * after data, an acknowledgement or a FIN.
 */
void wf_wait_update(const struct wf_half *half, uint64_t now_ns);

/* End the waits whose deadlines are due at @now_ns. */
void wf_wait_expire(const struct wf_half *half, uint64_t now_ns);

/* Set the timer of @flow after one of its deadlines has moved to an earlier time. */
void wf_wait_arm(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns);

/* Shorten the patience with late segments: @len_bytes of later data arrived. */
void wf_wait_spend(const struct wf_half *half, uint32_t len_bytes, uint64_t now_ns);

/*
 * Return true if data at @off lies beyond a hole that is already waited for. Such data does not
 * change the state. While a lost segment is waited for, this holds for all data after it.
 */
bool wf_wait_is_behind_hole(const struct wf_half *half, uint64_t off);

/*
 * Make room in a stream that holds its maximum: give up its oldest hole or, in acked mode, deliver
 * the data that waits in order. The caller updates the state.
 * Return: false if the stream holds as much as before.
 */
bool wf_wait_make_room(const struct wf_half *half, enum weft_gap_cause cause, uint64_t now_ns);

/*
 * Give up holes, the oldest first, until the stream holds @bytes less, or nothing.
 * Return: the amount by which the stream holds less.
 */
uint64_t wf_wait_free_memory(const struct wf_half *half, uint64_t bytes, uint64_t now_ns);

/* Return the product of the bytes that the stream holds and the time it has held them. 0: none. */
uint64_t wf_wait_greed(const struct wf_half *half, uint64_t now_ns);

/*
 * Move held pieces of at most @bytes_max out of receive frames.
 * Return: number of frames released.
 */
uint32_t wf_wait_leave_frames(const struct wf_half *half, uint32_t bytes_max);

#endif
