// SPDX-License-Identifier: BSD-2-Clause
/*
 * close.c - the end of a connection.
 */
#include "conn/close.h"

#include "conn/bypass.h"
#include "conn/end.h"
#include "conn/events.h"
#include "conn/wait.h"
#include "metrics/metrics.h"

/* Have all directions that were seen ended with their FIN? */
static bool is_finished(const struct wf_flow *flow)
{
	bool any = false;

	for (int i = 0; i < 2; i++) {
		if (!flow->packets[i])
			continue;
		if (!wf_flow_dir_is_finished(flow, (enum weft_dir)i))
			return false;
		any = true;
	}
	return any;
}

void wf_close_flow(struct wf_conns *conns, struct wf_flow *flow, enum weft_close_reason reason,
		   uint64_t now_ns)
{
	for (int i = 0; i < 2; i++) {
		struct wf_half half = wf_half_of(conns, flow, (enum weft_dir)i);

		wf_end_half(&half, now_ns);
	}
	if (wf_unlikely(flow->ext && conns->bypass))
		wf_bypass_settle(conns, flow);
	wf_events_close(conns, flow, reason, now_ns);
	wf_recent_add(&conns->recent, flow, now_ns);
	wf_flow_table_remove(&conns->table, flow);
	wf_metric_set(conns->metrics, flows_active_flows, wf_flow_table_count(&conns->table));
}

void wf_close_late(struct wf_conns *conns, struct wf_flow *flow, enum weft_close_reason reason,
		   uint64_t now_ns)
{
	for (int i = 0; i < 2; i++) {
		struct wf_half half = wf_half_of(conns, flow, (enum weft_dir)i);

		wf_end_wait(&half);
	}
	if (is_finished(flow)) {
		flow->flags |= WF_FLOW_CLOSED;
		reason = WEFT_CLOSE_FIN;
	}
	wf_close_flow(conns, flow, reason, now_ns);
}

void wf_close_if_done(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns)
{
	for (int i = 0; i < 2; i++) {
		struct wf_half half = wf_half_of(conns, flow, (enum weft_dir)i);

		if (wf_unlikely(conns->opts->depth_bytes))
			wf_wait_update(&half, now_ns);
		/* Nobody waits for acknowledgements that the kernel keeps. */
		if (!wf_half_knows(&half, WF_TCP_FIN_ACKED) && !wf_half_is_blind(&half))
			return;
		if (!wf_flow_dir_is_finished(flow, (enum weft_dir)i))
			return;
	}
	flow->flags |= WF_FLOW_CLOSED;
	wf_close_flow(conns, flow, WEFT_CLOSE_FIN, now_ns);
}
