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
 * An acknowledgement alone, with nothing beyond the hole, gives nothing up before the end: if it
 * was forged, the real data may still come, and nothing is lost by waiting.
 *
 * Data beyond the window of a receiver that acknowledged everything before the hole waits without a
 * deadline, and at the end is not delivered: the receiver would have rejected it.
 *
 * A stream whose SYN was not seen starts with its first byte seen. Taps reorder, so that byte waits
 * for WEFT_START_PATIENCE_MS or _BYTES: if earlier bytes or the SYN come meanwhile, the start moves
 * back to them. Later nothing can be put in front of delivered bytes; such bytes are counted
 * (payload_before_start) and reported.
 *
 * With deliver: acked, data in order is held too until it is acknowledged. At the end, at the
 * limit, and at the gap time-out if nobody was ever seen to acknowledge, it is delivered anyway.
 *
 * This is the only place that sets deadlines. They act as of their own time, whenever they are
 * noticed: by the flow's next packet or by the wheel.
 */
#ifndef WF_CONN_WAIT_H
#define WF_CONN_WAIT_H

#include "conn/half.h"

/*
 * Data, an acknowledgement or a FIN came: deliver the data that is ready, follow the stream beyond
 * its limit, and choose the state.
 */
void wf_wait_update(const struct wf_half *half, uint64_t now_ns);

/* The deadlines that are due at @now_ns end the wait. */
void wf_wait_expire(const struct wf_half *half, uint64_t now_ns);

/* A deadline of @flow has moved nearer: set the wheel. */
void wf_wait_arm(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns);

/* @len_bytes of later data came: the patience with late segments is shorter by that. */
void wf_wait_spend(const struct wf_half *half, uint32_t len_bytes, uint64_t now_ns);

/*
 * Does data at @off lie beyond the far end of a hole that is waited for already? Then it changes
 * nothing; while a lost segment is waited for, this holds for every other segment.
 */
bool wf_wait_is_behind_hole(const struct wf_half *half, uint64_t off);

/*
 * The stream holds as many pages as it may: give up its oldest hole, or, in acked mode, deliver
 * the data that waits in order. The caller updates the state. Return: false: nothing helped.
 */
bool wf_wait_make_room(const struct wf_half *half, enum weft_gap_cause cause, uint64_t now_ns);

/*
 * Memory is needed: give up holes, the oldest first, until the stream holds @bytes less, or
 * nothing. Return: how much less it holds.
 */
uint64_t wf_wait_free_memory(const struct wf_half *half, uint64_t bytes, uint64_t now_ns);

/* How much the stream holds, times how long: both count. 0: it holds nothing. */
uint64_t wf_wait_greed(const struct wf_half *half, uint64_t now_ns);

/*
 * Move held pieces of at most @bytes_max out of receive frames. Return: how many frames were left.
 */
uint32_t wf_wait_leave_frames(const struct wf_half *half, uint32_t bytes_max);

#endif
