// SPDX-License-Identifier: BSD-2-Clause
/*
 * expire.c - computes the deadlines of a flow from its state.
 *
 * The short (closing) time-out applies as soon as all visible directions are finished. A direction
 * is finished if its FIN was seen and all bytes before the FIN were delivered or reported as gaps.
 * If both sides are visible, a single FIN does not shorten the time-out, because a half-closed
 * connection may carry data in the other direction for any length of time. A FIN before which data
 * is missing does not shorten the time-out, because Linux may wait up to two minutes (TCP_RTO_MAX)
 * before it repeats a lost segment.
 */
#include "flow/expire.h"

#include <weft/limits.h>

#include "base/clock.h"

void wf_flow_timeouts_init(struct wf_flow_timeouts *timeouts, const struct weft_opts *opts)
{
	timeouts->established_ns = opts->timeout_established_sec * WF_NS_PER_SEC;
	timeouts->closing_ns = opts->timeout_closing_sec * WF_NS_PER_SEC;
	timeouts->gap_ns = WF_NEVER_NS;
	if (opts->gap_timeout_ms)
		timeouts->gap_ns = opts->gap_timeout_ms * WF_NS_PER_MS;
	timeouts->one_sided_gap_ns = opts->one_sided_gap_timeout_ms * WF_NS_PER_MS;
	if (timeouts->one_sided_gap_ns > timeouts->gap_ns)
		timeouts->one_sided_gap_ns = timeouts->gap_ns;
	timeouts->patience_ns = WEFT_ACK_PATIENCE_MS * WF_NS_PER_MS;
}

static bool is_closing(const struct wf_flow *flow)
{
	for (int i = 0; i < 2; i++)
		if (flow->packets[i] && !wf_flow_dir_is_finished(flow, (enum weft_dir)i))
			return false;
	return true;
}

uint64_t wf_flow_idle_deadline(const struct wf_flow *flow, const struct wf_flow_timeouts *timeouts)
{
	return flow->last_ns + (is_closing(flow) ? timeouts->closing_ns : timeouts->established_ns);
}

static uint64_t earlier(uint64_t a_ns, uint64_t b_ns)
{
	return a_ns < b_ns ? a_ns : b_ns;
}

uint64_t wf_flow_wait_deadline(const struct wf_flow_ext *ext)
{
	uint64_t deadline_ns = WF_NEVER_NS;

	for (int i = 0; i < 2; i++) {
		deadline_ns = earlier(deadline_ns, ext->half[i].timeout_ns);
		deadline_ns = earlier(deadline_ns, ext->half[i].patience_ns);
	}
	return deadline_ns;
}

uint64_t wf_flow_deadline(const struct wf_flow *flow, const struct wf_flow_ext *ext,
			  const struct wf_flow_timeouts *timeouts)
{
	uint64_t deadline_ns = wf_flow_idle_deadline(flow, timeouts);

	return ext ? earlier(deadline_ns, wf_flow_wait_deadline(ext)) : deadline_ns;
}
