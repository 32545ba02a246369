/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * expire.h - the deadlines of a flow.
 *
 * All times are those of packets; a deadline is computed, not stored, so a packet
 * that moves it costs nothing.
 */
#ifndef WF_FLOW_EXPIRE_H
#define WF_FLOW_EXPIRE_H

#include <stdint.h>

#include "flow/flow.h"

/* The time at which @flow was silent for too long. */
uint64_t wf_flow_idle_deadline(const struct wf_flow *flow, const struct wf_flow_timeouts *timeouts);

/* The earlier of that and the deadlines of its directions. @ext may be NULL. */
uint64_t wf_flow_deadline(const struct wf_flow *flow, const struct wf_flow_ext *ext,
			  const struct wf_flow_timeouts *timeouts);

#endif
