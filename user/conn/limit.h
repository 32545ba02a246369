/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limit.h - the offset from which on nothing of a direction is wanted: its depth limit, or where it
 * was cut by request.
 *
 * Beyond it nothing is kept, but the stream's progress is followed, so that its end is still
 * recognised. All of it is reported as one gap at the end, wf_limit_report().
 */
#ifndef WF_CONN_LIMIT_H
#define WF_CONN_LIMIT_H

#include "conn/half.h"

static inline bool wf_limit_exists(const struct wf_half *half)
{
	return half->conns->opts->depth_bytes || wf_half_is(half, WF_HALF_CUT);
}

/* UINT64_MAX: none. */
static inline uint64_t wf_limit_off(const struct wf_half *half)
{
	uint64_t depth_bytes = half->conns->opts->depth_bytes;

	if (wf_unlikely(wf_half_is(half, WF_HALF_CUT)))
		return wf_half_ext(half)->bypass[half->dir].cut_off;
	return depth_bytes ? depth_bytes : UINT64_MAX;
}

/* Was data beyond the limit seen? */
static inline bool wf_limit_is_exceeded(const struct wf_half *half)
{
	return wf_limit_exists(half) && wf_half_seen_off(half) > wf_limit_off(half);
}

/* If the limit is reached, follow the stream beyond it; the kernel may bypass weft with the rest.
 */
void wf_limit_follow(const struct wf_half *half);

/* Bytes beyond the limit that are acknowledged need not be waited for, seen or not. */
void wf_limit_follow_acks(const struct wf_half *half);

/* From next_off on nothing is wanted, nor held data behind it. Needs the extension. */
void wf_limit_cut(const struct wf_half *half);

/* The data that comes next, near @near_off, is wanted again; a gap lies between. */
void wf_limit_resume(const struct wf_half *half, uint64_t near_off, uint64_t now_ns);

/* Report the bytes beyond the limit as one gap. */
void wf_limit_report(const struct wf_half *half, uint64_t now_ns);

#endif
