/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * close.h - the deadlines of a connection, and its end: all held data is delivered, every hole
 * becomes a gap.
 */
#ifndef WF_CONN_CLOSE_H
#define WF_CONN_CLOSE_H

#include "conn/half.h"

/* Deliver what is left, report the end, forget @flow. */
void wf_close_flow(struct wf_conns *conns, struct wf_flow *flow, enum weft_close_reason reason,
		   uint64_t now_ns);

/* The same for a time-out or the end of the capture. The reason is FIN if the streams ended. */
void wf_close_late(struct wf_conns *conns, struct wf_flow *flow, enum weft_close_reason reason,
		   uint64_t now_ns);

/*
 * Act on every deadline of @flow up to @now_ns, first those of its holes in their order, then
 * silence. Return: true: that closed it.
 */
bool wf_close_if_due(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns);

/* Close @flow if both directions are finished and acknowledged. */
void wf_close_if_done(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns);

#endif
