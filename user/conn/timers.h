/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timers.h - the deadlines of a flow.
 *
 * A deadline acts as of its own time, whenever it is noticed, by the flow's next packet or by the
 * wheel: it does not matter which comes first.
 */
#ifndef WF_CONN_TIMERS_H
#define WF_CONN_TIMERS_H

#include "conn/conn.h"

/* Act on every deadline of @flow up to @now_ns. Return: true: that closed it. */
bool wf_timers_run(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns);

/* A deadline of @flow has moved nearer: set the wheel. */
void wf_timers_arm(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns);

#endif
