/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wait.h - chooses the state of a direction, in which it may wait, and sets the deadline of the
 * wait.
 *
 * A hole ends
 *
 *   - when its bytes arrive;
 *   - when the receiver has acknowledged its bytes (the hole then ends up to the acknowledgement)
 *     and data or a FIN after it was seen: the acknowledged bytes were not captured. Because taps
 *     reorder segments, they may still arrive within WEFT_ACK_PATIENCE_MS, or before
 *     WEFT_ACK_PATIENCE_BYTES of later data (while weft's own rings overflow, only within
 *     WEFT_OVERRUN_PATIENCE_MS, and all holes that are acknowledged when this wait begins end with
 *     it; otherwise a new wait begins for the next hole);
 *   - at the limit of held pages, under memory pressure, or when a bypass begins or the connection
 *     ends;
 *   - at the gap time-out, counted from the arrival of the byte after it (if no byte after it is
 *     held, from the start of the wait). There is no gap time-out by default, because a sender
 *     repeats a lost segment after seconds, even a minute. If only one side of the connection is
 *     seen, or the kernel bypasses the acknowledgements, no acknowledgement can end the hole, so it
 *     ends at the one-sided gap time-out.
 *
 * If neither data nor a FIN after the missing bytes was seen, an acknowledgement does not make them
 * a gap before the connection ends, because it may be forged, the data may still arrive, and
 * waiting costs nothing.
 *
 * If the receiver has acknowledged everything before the hole, data beyond its window is held
 * without a deadline. If it is still held when the connection ends, it is not delivered, because
 * the receiver would have rejected it.
 *
 * A stream whose SYN was not seen starts with the first byte seen. Because taps reorder segments,
 * that byte is held for WEFT_START_PATIENCE_MS, or until WEFT_START_PATIENCE_BYTES have arrived. If
 * earlier bytes or the SYN arrive in this time, tcp/tcp_start.h moves the start back to them. After
 * bytes were delivered, nothing can be inserted before them: conn/segment.c counts earlier bytes
 * (payload_before_start), and reports them once as an anomaly.
 *
 * If the option deliver is set to acked, data in order is also held until it is acknowledged. It is
 * delivered without an acknowledgement when the connection ends or a bypass begins, when the limit
 * of held pages is reached, under memory pressure, and, if no acknowledgement was ever seen, at
 * the one-sided gap time-out.
 *
 * This is the only place that sets the deadlines of waits. An event caused by such a deadline has
 * the time of the deadline, even if the deadline is processed later, at the flow's next packet or
 * by the timer wheel.
 */
#ifndef WF_CONN_WAIT_H
#define WF_CONN_WAIT_H

#include "conn/half.h"

/*
 * Deliver the data that is ready, advance the stream beyond its limit (wf_limit_follow()), and
 * choose the state. Call after anything that may open, move or close a hole.
 */
void wf_wait_update(const struct wf_half *half, uint64_t now_ns);

/*
 * Return true if the direction holds nothing and waits for nothing, so that wf_wait_update() and
 * wf_wait_spend() would do nothing. This is so between two losses of a connection.
 */
static inline bool wf_wait_is_idle(const struct wf_half *half)
{
	return wf_half_is(half, WF_HALF_IN_ORDER) && !half->stream->extents &&
	       !wf_half_knows(half, WF_TCP_KNOWS_FIN) && !wf_half_depth_bytes(half);
}

/* End the waits whose deadlines are due at @now_ns. */
void wf_wait_expire(const struct wf_half *half, uint64_t now_ns);

/* Set the timer of @flow to its earliest deadline. */
void wf_wait_arm(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns);

/*
 * Subtract @len_bytes, the length of data that arrived, from the bytes that may arrive before the
 * wait for late segments, or for an earlier start of the stream, ends. If none are left, end the
 * wait. Does nothing if there is no such wait.
 */
void wf_wait_spend(const struct wf_half *half, uint32_t len_bytes, uint64_t now_ns);

/*
 * Return true if data at @off lies beyond a hole for which the direction is already waiting. Such
 * data does not change the state, and all data after a lost segment is of this kind. Always false
 * if the direction waits for acknowledgements or has a limit.
 */
bool wf_wait_is_behind_hole(const struct wf_half *half, uint64_t off);

/*
 * Make room in a stream that holds its maximum, or free memory that others need: give up the hole
 * at next_off, if there is one, and deliver all data that is then next in order, acknowledged or
 * not. The caller updates the state.
 * Return: false if the stream holds as much as before.
 */
bool wf_wait_make_room(const struct wf_half *half, enum weft_gap_cause cause, uint64_t now_ns);

/*
 * Give up holes, in the order of the stream, until held_cost has decreased by @bytes or the stream
 * holds nothing. Return: the decrease of held_cost.
 */
uint64_t wf_wait_free_memory(const struct wf_half *half, uint64_t bytes, uint64_t now_ns);

/*
 * Return the rank of the stream under memory pressure, which empties streams of high rank first:
 * the product of held_cost and the age of the first held byte in milliseconds plus 1; 0 if the
 * stream holds nothing.
 */
uint64_t wf_wait_rank(const struct wf_half *half, uint64_t now_ns);

/*
 * Copy each held extent of at most @bytes_max bytes out of its receive frame, so that the frames
 * are free for receiving. Return: the number of extents copied.
 */
uint32_t wf_wait_leave_frames(const struct wf_half *half, uint32_t bytes_max);

#endif
