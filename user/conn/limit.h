/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limit.h - ends the delivery of a direction at its limit: the depth limit, or the offset at which
 * a bypass began (state CUT).
 *
 * Data beyond the limit is neither held nor delivered. next_off still advances over it, so that the
 * end of the stream is recognised. When the connection or the bypass ends, wf_limit_report()
 * reports all data beyond the limit as one gap.
 */
#ifndef WF_CONN_LIMIT_H
#define WF_CONN_LIMIT_H

#include "conn/half.h"

static inline bool wf_limit_exists(const struct wf_half *half)
{
	return wf_half_depth_bytes(half) || wf_half_is(half, WF_HALF_CUT);
}

/* Return the stream offset of the limit; UINT64_MAX if there is none. */
static inline uint64_t wf_limit_off(const struct wf_half *half)
{
	uint64_t depth_bytes = wf_half_depth_bytes(half);

	if (wf_unlikely(wf_half_is(half, WF_HALF_CUT)))
		return wf_half_ext(half)->bypass[half->dir].cut_off;
	return depth_bytes ? depth_bytes : UINT64_MAX;
}

/* Return true if data beyond the limit was seen. */
static inline bool wf_limit_is_exceeded(const struct wf_half *half)
{
	return wf_limit_exists(half) && wf_half_seen_off(half) > wf_limit_off(half);
}

/*
 * If the stream has reached its limit, enter the state LIMITED (unless in state CUT), drop held
 * data beyond the limit, and advance next_off over all data seen or acknowledged. Unless the FIN is
 * known, this function also requests that the kernel bypasses the remaining data. Does nothing in
 * state STARTING.
 */
void wf_limit_follow(const struct wf_half *half);

/*
 * If next_off has reached the limit, advance it over the acknowledged bytes, whether they were seen
 * or not.
 */
void wf_limit_follow_acks(const struct wf_half *half);

/*
 * Set the limit to next_off, enter the state CUT, and drop the held data. The flow must have an
 * extension.
 */
void wf_limit_cut(const struct wf_half *half);

/*
 * In state CUT, enter the state RESUMED: data is wanted again from the next segment on, whose
 * offset is expected near @near_off. This function reports the bytes from the limit to next_off as
 * a gap. Does nothing in other states.
 */
void wf_limit_resume(const struct wf_half *half, uint64_t near_off, uint64_t now_ns);

/* Report the bytes from the limit to next_off as one gap, if there are any. */
void wf_limit_report(const struct wf_half *half, uint64_t now_ns);

#endif
