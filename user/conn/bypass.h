/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bypass.h - the beginning and end of a bypass, and segments of a bypassed direction that still
 * arrive.
 *
 * While the kernel keeps the data of a direction, its progress is followed by the peer's
 * acknowledgements. If both directions are bypassed, acknowledgements are not seen. The sequence
 * number of a FIN then stands for several offsets that are 4 GiB apart, and the kernel's counts
 * select one.
 */
#ifndef WF_CONN_BYPASS_H
#define WF_CONN_BYPASS_H

#include "conn/kernel.h"

/*
 * Fill in the request for @verdict (STEER, SHUNT or PASS) on @half, which the user wants.
 * Return: 0; -EALREADY: STEER of a direction beyond its depth limit; -ENOMEM.
 */
int wf_bypass_prepare(const struct wf_half *half, enum weft_verdict verdict,
		      struct wf_kernel_request *ret_request);

/*
 * Apply the result of @request: @err and, if it is 0, @kept are the kernel's answer. The stream is
 * cut or resumed accordingly.
 */
void wf_bypass_done(struct wf_conns *conns, const struct wf_kernel_request *request, int err,
		    const struct wf_kept *kept);

/*
 * Return true if the stream may have advanced without being seen, so that wf_bypass_segment() must
 * look at each segment.
 */
static inline bool wf_bypass_is_possible(const struct wf_half *half)
{
	return wf_half_is_bypassed(half) || wf_half_is(half, WF_HALF_RESUMED);
}

/* Process @packet of such a direction, which shows the position of its stream. */
void wf_bypass_segment(const struct wf_half *half, const struct wf_packet *packet);

#endif
