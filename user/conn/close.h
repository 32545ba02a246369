/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * close.h - acts on the deadlines of a connection, and ends it: delivers the held data, and reports
 * holes as gaps.
 */
#ifndef WF_CONN_CLOSE_H
#define WF_CONN_CLOSE_H

#include "conn/half.h"
#include "flow/expire.h"

/*
 * Deliver the remaining data, report the end of the connection, and remove @flow. If
 * wf_close_by_application() has reported the end, only remove @flow.
 */
void wf_close_flow(struct wf_conns *conns, struct wf_flow *flow, enum weft_close_reason reason,
		   uint64_t now_ns);

/*
 * End @flow as wf_close_flow() does, after a time-out or at the end of the capture. If all
 * directions of which packets were seen have ended with a FIN, the reported reason is FIN, not
 * @reason.
 */
void wf_close_late(struct wf_conns *conns, struct wf_flow *flow, enum weft_close_reason reason,
		   uint64_t now_ns);

/*
 * End @flow for the application: report its end now, but keep it in the table, so that its later
 * segments are ignored. It is removed after its idle time-out, when a SYN begins another
 * connection, when it is evicted, or when the capture ends.
 */
void wf_close_by_application(struct wf_conns *conns, struct wf_flow *flow);

/*
 * Return true if a deadline of @flow may be due at @now_ns, so that wf_close_if_due() must be
 * called.
 */
static inline bool wf_close_may_be_due(const struct wf_conns *conns, const struct wf_flow *flow,
				       uint64_t now_ns)
{
	return !wf_flow_is_fresh(flow, &conns->timeouts, now_ns) ||
	       (flow->ext && wf_flow_waits(flow) &&
		now_ns >= wf_flow_table_ext(&conns->table, flow)->armed_ns);
}

/*
 * Act on all deadlines of @flow up to @now_ns: those of its waits in order, then the idle time-out.
 * Return: true if the idle time-out closed @flow, which then no longer exists.
 */
bool wf_close_if_due(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns);

/*
 * Close @flow if both directions are finished, and each FIN is acknowledged or the kernel bypasses
 * the segments that would acknowledge it. Return: true if @flow was closed; it then no longer
 * exists.
 */
bool wf_close_if_done(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns);

#endif
