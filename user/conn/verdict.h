/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verdict.h - verdicts of the kernel on one direction: requested by the user, and their results.
 */
#ifndef WF_CONN_VERDICT_H
#define WF_CONN_VERDICT_H

#include "conn/bypass.h"

/*
 * The user wants @verdict (STEER, SHUNT or PASS) for @half: fill in the request.
 * Return: 0; -EALREADY: STEER beyond the depth limit; -ENOMEM.
 */
int wf_verdict_prepare(const struct wf_half *half, enum wf_verdict verdict,
		       struct wf_bypass_request *ret_request);

/*
 * @request was carried out: @err and, if it is 0, @kept are the kernel's answer. The stream is cut
 * or resumed accordingly.
 */
void wf_verdict_done(struct wf_conns *conns, const struct wf_bypass_request *request, int err,
		     const struct wf_kept *kept);

#endif
