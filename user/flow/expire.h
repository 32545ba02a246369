/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * expire.h - when must something happen to a flow by itself?
 *
 * All times are those of packets; a deadline is computed, not stored, so a packet
 * that moves it costs nothing.
 */
#ifndef WF_FLOW_EXPIRE_H
#define WF_FLOW_EXPIRE_H

#include <stdint.h>

#include "flow/flow.h"

/* When @flow has been silent for too long for its state. */
uint64_t wf_flow_idle_deadline(const struct wf_flow *flow, const struct wf_flow_timeouts *timeouts);

/* The earlier of that and what a hole waits for. @ext may be NULL. */
uint64_t wf_flow_deadline(const struct wf_flow *flow, const struct wf_flow_ext *ext,
			  const struct wf_flow_timeouts *timeouts);

#endif
