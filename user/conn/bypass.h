/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bypass.h - begins and ends the bypass of a direction, and processes the segments of a bypassed
 * direction that still arrive.
 *
 * While the kernel bypasses the data of a direction, the peer's acknowledgements show the progress
 * of the stream. If both directions are bypassed, no acknowledgements are seen. The sequence number
 * of a FIN then matches several stream offsets that are 4 GiB apart, and the kernel's byte counts
 * show which of them is meant.
 */
#ifndef WF_CONN_BYPASS_H
#define WF_CONN_BYPASS_H

#include "conn/kernel.h"

/*
 * Fill in a request for @verdict (STEER, SHUNT or PASS) on @half, on behalf of the application or
 * of a rule. Return: 0; -EALREADY: @verdict is STEER, but the direction has reached its depth
 * limit; -ENOMEM.
 */
int wf_bypass_prepare(const struct wf_half *half, enum weft_verdict verdict,
		      struct wf_kernel_request *ret_request);

/*
 * Request @verdict, SHUNT or PASS, on @half, because a rule states that the connection begins with
 * it. The worker carries the request out before the next segment. If the list of requests is full,
 * or there is no memory, the request is dropped, and shunts_failed_directions counts it.
 */
void wf_bypass_request(const struct wf_half *half, enum weft_verdict verdict);

/*
 * Apply the result of @request: @err, and @kept if @err is 0, are the answer of the kernel or of
 * wf_bypass_in_user_space(). @kept: NULL if the kernel's counts are not known. On success, the
 * direction enters the state CUT if it was not bypassed before (but stays in LIMITED), or leaves
 * CUT if the verdict is STEER.
 */
void wf_bypass_done(struct wf_conns *conns, const struct wf_kernel_request *request, int err,
		    const struct wf_kept *kept);

/*
 * Carry out @request on @flow, whose segments no kernel program steers, and fill in @ret_kept. If
 * the verdict is not STEER, wf_bypass_done() then ends the delivery of the direction, although its
 * segments still arrive. WEFT_VERDICT_PASS also excludes these segments from tracking.
 */
void wf_bypass_in_user_space(struct wf_flow *flow, const struct wf_kernel_request *request,
			     struct wf_kept *ret_kept);

/*
 * Return true if data of @half may have been bypassed, so that wf_bypass_segment() must be called
 * for each segment.
 */
static inline bool wf_bypass_is_possible(const struct wf_half *half)
{
	return wf_half_is_bypassed(half) || wf_half_is(half, WF_HALF_RESUMED);
}

/*
 * Process a segment of a bypassed or resumed direction. If the segment shows the current offset of
 * the stream, the stream continues there.
 */
void wf_bypass_segment(const struct wf_half *half, const struct wf_packet *packet);

#endif
