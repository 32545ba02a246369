// SPDX-License-Identifier: BSD-2-Clause
/*
 * expire.c - computes the deadlines of a flow from its state.
 *
 * The short (closing) time-out applies once both sides have sent a FIN, or, if only one side is
 * visible, once that side has. If both sides are visible, a single FIN does not shorten the
 * time-out, because a half-closed connection may carry data in the other direction for any length
 * of time.
 */
#include "flow/expire.h"

static bool is_closing(const struct wf_flow *flow)
{
	bool fin[2];

	for (int i = 0; i < 2; i++)
		fin[i] = wf_tcp_knows(&flow->tcp.dir[i], WF_TCP_KNOWS_FIN);
	return (fin[0] || !flow->packets[0]) && (fin[1] || !flow->packets[1]);
}

uint64_t wf_flow_idle_deadline(const struct wf_flow *flow, const struct wf_flow_timeouts *timeouts)
{
	return flow->last_ns + (is_closing(flow) ? timeouts->closing_ns : timeouts->established_ns);
}

static uint64_t earlier(uint64_t a_ns, uint64_t b_ns)
{
	return a_ns < b_ns ? a_ns : b_ns;
}

uint64_t wf_flow_deadline(const struct wf_flow *flow, const struct wf_flow_ext *ext,
			  const struct wf_flow_timeouts *timeouts)
{
	uint64_t deadline_ns = wf_flow_idle_deadline(flow, timeouts);

	if (!ext)
		return deadline_ns;
	for (int i = 0; i < 2; i++) {
		deadline_ns = earlier(deadline_ns, ext->half[i].timeout_ns);
		deadline_ns = earlier(deadline_ns, ext->half[i].patience_ns);
	}
	return deadline_ns;
}
