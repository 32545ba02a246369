/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * expire.h - computes the deadlines of a flow.
 *
 * All times are monotonic time (conn/conn.h). The idle deadline is computed when it is needed, not
 * stored, so a packet that postpones it costs no work.
 */
#ifndef WF_FLOW_EXPIRE_H
#define WF_FLOW_EXPIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/flow.h"

/* Set @timeouts from @opts. */
void wf_flow_timeouts_init(struct wf_flow_timeouts *timeouts, const struct weft_opts *opts);

/* Return the time at which @flow ends if no further packet arrives. */
uint64_t wf_flow_idle_deadline(const struct wf_flow *flow, const struct wf_flow_timeouts *timeouts);

/*
 * Return true if the last packet of @flow is so recent that its idle deadline can't be due at
 * @now_ns. This check is cheap enough for each packet.
 */
static inline bool wf_flow_is_fresh(const struct wf_flow *flow,
				    const struct wf_flow_timeouts *timeouts, uint64_t now_ns)
{
	uint64_t idle_ns = now_ns - flow->last_ns;

	return idle_ns < timeouts->closing_ns && idle_ns < timeouts->established_ns;
}

/* Return the earliest deadline of both directions: the lowest timeout_ns or patience_ns. */
uint64_t wf_flow_wait_deadline(const struct wf_flow_ext *ext);

/*
 * Return the earliest of the idle deadline and the deadlines of both directions. @ext may be NULL.
 */
uint64_t wf_flow_deadline(const struct wf_flow *flow, const struct wf_flow_ext *ext,
			  const struct wf_flow_timeouts *timeouts);

#endif
