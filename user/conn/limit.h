/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limit.h - the limit of a direction, from which on its data is not wanted: the depth limit, or a
 * cut by request.
 *
 * Data beyond the limit is not held, but the stream's progress is followed, so that the end of the
 * stream is still recognised. At the end, wf_limit_report() reports all data beyond the limit as
 * one gap.
 */
#ifndef WF_CONN_LIMIT_H
#define WF_CONN_LIMIT_H

#include "conn/half.h"

static inline bool wf_limit_exists(const struct wf_half *half)
{
	return half->conns->opts->depth_bytes || wf_half_is(half, WF_HALF_CUT);
}

/* Return the stream offset of the limit; UINT64_MAX if there is none. */
static inline uint64_t wf_limit_off(const struct wf_half *half)
{
	uint64_t depth_bytes = half->conns->opts->depth_bytes;

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
 * If the stream has reached its limit, follow it beyond the limit. A bypass of the remaining data
 * may then be requested from the kernel.
 */
void wf_limit_follow(const struct wf_half *half);

/* Skip acknowledged bytes beyond the limit, whether they were seen or not. */
void wf_limit_follow_acks(const struct wf_half *half);

/* Cut the stream at next_off and drop its held data. The flow must have an extension. */
void wf_limit_cut(const struct wf_half *half);

/*
 * End the cut: data is wanted again from the next segment on, which is expected near @near_off. The
 * bytes before it are reported as a gap.
 */
void wf_limit_resume(const struct wf_half *half, uint64_t near_off, uint64_t now_ns);

/* Report the bytes beyond the limit as one gap. */
void wf_limit_report(const struct wf_half *half, uint64_t now_ns);

#endif
