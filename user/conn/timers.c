// SPDX-License-Identifier: BSD-2-Clause
/*
 * timers.c - the deadlines of a flow: first those of its holes, in their order, then silence.
 */
#include "conn/timers.h"

#include "conn/bypass.h"
#include "conn/close.h"
#include "conn/wait.h"
#include "flow/expire.h"

/* Does the kernel keep any of its data, so that weft does not see whether it is silent? */
static bool is_bypassed(const struct wf_flow *flow)
{
	return wf_tcp_knows(&flow->tcp.dir[0], WF_TCP_BYPASSED) ||
	       wf_tcp_knows(&flow->tcp.dir[1], WF_TCP_BYPASSED);
}

static void run_waits(struct wf_conns *conns, struct wf_flow *flow, uint64_t idle_ns,
		      uint64_t now_ns)
{
	const struct wf_flow_ext *ext = wf_flow_table_ext(&conns->table, flow);

	while (ext) {
		uint64_t deadline_ns = wf_flow_deadline(flow, ext, &conns->timeouts);

		if (deadline_ns > now_ns || deadline_ns == idle_ns)
			break;
		for (int i = 0; i < 2; i++) {
			struct wf_half half = wf_half_of(conns, flow, (enum weft_dir)i);

			wf_wait_expire(&half, deadline_ns);
		}
	}
}

bool wf_timers_run(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns)
{
	uint64_t idle_ns = wf_flow_idle_deadline(flow, &conns->timeouts);

	if (wf_unlikely(flow->ext))
		run_waits(conns, flow, idle_ns, now_ns);
	if (idle_ns > now_ns)
		return false;
	if (is_bypassed(flow) && wf_bypass_is_busy(conns, flow, now_ns) &&
	    wf_flow_idle_deadline(flow, &conns->timeouts) > now_ns)
		return false;
	wf_close_late(conns, flow, WEFT_CLOSE_TIMEOUT, idle_ns);
	return true;
}

void wf_timers_arm(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns)
{
	struct wf_flow_ext *ext = wf_flow_table_ext(&conns->table, flow);
	uint64_t deadline_ns = wf_flow_deadline(flow, ext, &conns->timeouts);

	if (ext)
		ext->armed_ns = deadline_ns;
	wf_flow_table_arm(&conns->table, flow, now_ns, deadline_ns);
}
