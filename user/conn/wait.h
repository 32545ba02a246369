/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wait.h - chooses the state of a direction, in which it may wait, and sets the deadline of the
 * wait.
 *
 * A hole ends
 *
 *   - when its bytes arrive;
 *   - when the receiver has acknowledged bytes after it and data beyond it was seen: the missing
 *     bytes were not captured. Because taps reorder segments, they may still arrive within
 *     WEFT_ACK_PATIENCE_MS, or before WEFT_ACK_PATIENCE_BYTES of later data (while weft's own rings
 *     overflow, only within WEFT_OVERRUN_PATIENCE_MS, and all holes that are acknowledged when
 *     this wait begins end with it; otherwise a new wait begins for the next hole);
 *   - at the limit of held pages, under memory pressure, or when the connection ends;
 *   - at the gap time-out, counted from the arrival of the byte after it. There is no gap time-out
 *     by default, because a sender repeats a lost segment after seconds, even a minute. If only one
 *     side of the connection is seen, no acknowledgement can end the hole, so it ends at the
 *     one-sided gap time-out.
 *
 * If no data beyond the hole was seen, an acknowledgement does not end the hole before the
 * connection ends, because it may be forged, the data may still arrive, and waiting costs nothing.
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
 * delivered without an acknowledgement when the connection ends, when the limit of held pages is
 * reached, and, if no acknowledgement was ever seen, at the one-sided gap time-out.
 *
 * This is the only place that sets deadlines. An event caused by a deadline has the time of the
 * deadline, even if the deadline is processed later, at the flow's next packet or by the timer
 * wheel.
 */
#ifndef WF_CONN_WAIT_H
#define WF_CONN_WAIT_H

#include "conn/half.h"

/*
 * Deliver the data that is ready, advance the stream beyond its limit (wf_limit_follow()), and
 * choose the state. Called after data, an acknowledgement or a FIN.
 */
void wf_wait_update(const struct wf_half *half, uint64_t now_ns);

/* End the waits whose deadlines are due at @now_ns. */
void wf_wait_expire(const struct wf_half *half, uint64_t now_ns);

/* Set the timer of @flow after one of its deadlines has moved to an earlier time. */
void wf_wait_arm(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns);

/*
 * Subtract @len_bytes, the length of data that arrived after a hole, from the bytes that may arrive
 * before the wait for late segments ends.
 */
void wf_wait_spend(const struct wf_half *half, uint32_t len_bytes, uint64_t now_ns);

/*
 * Return true if data at @off lies beyond a hole for which the direction is already waiting. Such
 * data does not change the state, and all data after a lost segment is of this kind.
 */
bool wf_wait_is_behind_hole(const struct wf_half *half, uint64_t off);

/*
 * Make room in a stream that holds its maximum: give up its oldest hole or, in acked mode, deliver
 * the data that waits in order. The caller updates the state.
 * Return: false if the stream holds as much as before.
 */
bool wf_wait_make_room(const struct wf_half *half, enum weft_gap_cause cause, uint64_t now_ns);

/*
 * Give up holes, the oldest first, until the stream holds @bytes less or has no held bytes.
 * Return: the amount by which the stream holds less.
 */
uint64_t wf_wait_free_memory(const struct wf_half *half, uint64_t bytes, uint64_t now_ns);

/*
 * Return the product of the bytes that the stream holds and the time for which it has held them; 0
 * if it holds none.
 */
uint64_t wf_wait_greed(const struct wf_half *half, uint64_t now_ns);

/*
 * Move held pieces of at most @bytes_max out of receive frames.
 * Return: number of frames released.
 */
uint32_t wf_wait_leave_frames(const struct wf_half *half, uint32_t bytes_max);

#endif
