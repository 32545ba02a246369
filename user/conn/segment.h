/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * segment.h - processes one segment of a known flow.
 */
#ifndef WF_CONN_SEGMENT_H
#define WF_CONN_SEGMENT_H

#include "conn/conn.h"

struct wf_packet;

/* Process a segment of @flow with all its effects. May close @flow, which then no longer exists. */
void wf_segment_process(struct wf_conns *conns, struct wf_flow *flow,
			const struct wf_packet *packet);

#endif
