/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bypass.h - how a bypass begins and ends, and the segments that still come of a bypassed
 * direction.
 *
 * While the kernel keeps the data of a direction, its progress is followed by the peer's
 * acknowledgements. Where these are bypassed too (both directions), the kernel's counts tell which
 * of the offsets that are 4 GiB apart the sequence number of a FIN means.
 */
#ifndef WF_CONN_BYPASS_H
#define WF_CONN_BYPASS_H

#include "conn/kernel.h"

/*
 * The user wants @verdict (STEER, SHUNT or PASS) for @half: fill in the request.
 * Return: 0; -EALREADY: STEER beyond the depth limit; -ENOMEM.
 */
int wf_bypass_prepare(const struct wf_half *half, enum weft_verdict verdict,
		      struct wf_kernel_request *ret_request);

/*
 * @request was carried out: @err and, if it is 0, @kept are the kernel's answer. The stream is cut
 * or resumed accordingly.
 */
void wf_bypass_done(struct wf_conns *conns, const struct wf_kernel_request *request, int err,
		    const struct wf_kept *kept);

/* May the stream have gone on unseen, so that wf_bypass_segment() must look at each segment? */
static inline bool wf_bypass_is_possible(const struct wf_half *half)
{
	return wf_half_is_bypassed(half) || wf_half_is(half, WF_HALF_RESUMED);
}

/* @packet came of such a direction, and tells where its stream is now. */
void wf_bypass_segment(const struct wf_half *half, const struct wf_packet *packet);

#endif
