/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unseen.h - a segment of a direction whose earlier data the kernel kept: where the stream is now.
 *
 * The stream's progress is followed by the peer's acknowledgements. Where these are bypassed too
 * (both directions), the kernel's counts tell which of the offsets that are 4 GiB apart the
 * sequence number of a FIN means.
 */
#ifndef WF_CONN_UNSEEN_H
#define WF_CONN_UNSEEN_H

#include "conn/half.h"

/* May the stream have gone on unseen, so that wf_unseen_segment() must look at each segment? */
static inline bool wf_unseen_is_possible(const struct wf_half *half)
{
	return wf_half_is_bypassed(half) || wf_half_is(half, WF_HALF_RESUMED);
}

void wf_unseen_segment(const struct wf_half *half, const struct wf_packet *packet);

#endif
