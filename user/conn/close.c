// SPDX-License-Identifier: BSD-2-Clause
/*
 * conn_close.c - deadlines of a flow, and its end.
 *
 * A deadline acts as of its own time, whenever it is noticed: by the flow's next
 * packet or by the wheel. So it does not matter which comes first.
 */
#include "conn/conn.h"

#include "base/assert.h"
#include "base/clock.h"
#include "conn/shunt.h"
#include "flow/expire.h"
#include "metrics/metrics.h"

/* Does the kernel keep any of it back? */
static bool is_shunted(const struct wf_flow *flow)
{
	return flow->flags & (WF_FLOW_SHUNTED(0) | WF_FLOW_SHUNTED(1));
}

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

void wf_conn_close(struct wf_conns *conns, struct wf_flow *flow, enum weft_close_reason reason,
		   uint64_t now_ns)
{
	for (int i = 0; i < 2; i++)
		wf_conn_finish_dir(conns, flow, (enum weft_dir)i, now_ns);
	if (wf_unlikely(flow->rare && conns->shunts))
		wf_shunt_settle(conns, flow);
	wf_conn_tell_close(conns, flow, reason, now_ns);
	wf_recent_add(&conns->recent, flow, now_ns);
	wf_flow_table_remove(&conns->table, flow);
	wf_metric_set(conns->metrics, flows_active_flows, wf_flow_table_count(&conns->table));
}

void wf_conn_close_if_done(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns)
{
	for (int i = 0; i < 2; i++) {
		if (wf_unlikely(conns->opts->depth_bytes))
			wf_conn_progress(conns, flow, (enum weft_dir)i, now_ns);
		/* What the other side acknowledges stays in the kernel with its data. */
		if (!wf_tcp_knows(&flow->tcp.dir[i], WF_TCP_FIN_ACKED) &&
		    !(flow->flags & WF_FLOW_SHUNTED(!i)))
			return;
		if (!wf_flow_dir_is_finished(flow, (enum weft_dir)i))
			return;
	}
	flow->flags |= WF_FLOW_CLOSED;
	wf_conn_close(conns, flow, WEFT_CLOSE_FIN, now_ns);
}

/* The end by time or by order: if the streams had ended anyway, that is the reason. */
static void close_for(struct wf_conns *conns, struct wf_flow *flow, enum weft_close_reason reason,
		      uint64_t now_ns)
{
	for (int i = 0; i < 2; i++)
		wf_conn_end_wait(conns, flow, (enum weft_dir)i);
	if (is_finished(flow)) {
		flow->flags |= WF_FLOW_CLOSED;
		reason = WEFT_CLOSE_FIN;
	}
	wf_conn_close(conns, flow, reason, now_ns);
}

bool wf_conn_run_timers(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns)
{
	uint64_t idle_ns = wf_flow_idle_deadline(flow, &conns->timeouts);
	struct wf_flow_rare *rare = wf_flow_table_rare(&conns->table, flow);

	while (rare) {
		uint64_t deadline_ns = wf_flow_deadline(flow, rare, &conns->timeouts);

		if (deadline_ns > now_ns || deadline_ns == idle_ns)
			break;
		for (int i = 0; i < 2; i++)
			wf_conn_give_up(conns, flow, (enum weft_dir)i, deadline_ns);
	}
	if (idle_ns > now_ns)
		return false;
	if (is_shunted(flow) && wf_shunt_is_busy(conns, flow, now_ns) &&
	    wf_flow_idle_deadline(flow, &conns->timeouts) > now_ns)
		return false;
	close_for(conns, flow, WEFT_CLOSE_TIMEOUT, idle_ns);
	return true;
}

void wf_conn_rearm(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns)
{
	struct wf_flow_rare *rare = wf_flow_table_rare(&conns->table, flow);
	uint64_t deadline_ns = wf_flow_deadline(flow, rare, &conns->timeouts);

	if (rare)
		rare->armed_ns = deadline_ns;
	wf_flow_table_arm(&conns->table, flow, now_ns, deadline_ns);
}

uint64_t wf_conns_clock(struct wf_conns *conns, uint64_t time_ns)
{
	const uint64_t step_ns = WEFT_CLOCK_STEP_SEC * WF_NS_PER_SEC;
	uint64_t now_ns = time_ns - conns->skew_ns;

	if (wf_unlikely(!conns->now_ns))
		conns->now_ns = now_ns;
	/* Signed: how far ahead of the last time, or behind it. */
	if (wf_unlikely(now_ns - conns->now_ns + step_ns > 2 * step_ns)) {
		conns->skew_ns += now_ns - conns->now_ns;
		now_ns = conns->now_ns;
	}
	if (now_ns > conns->now_ns)
		conns->now_ns = now_ns;
	return now_ns;
}

void wf_conns_expire_handshakes(struct wf_conns *conns, uint64_t now_ns)
{
	struct wf_embryo *embryo;

	while ((embryo = wf_embryonic_oldest_over(&conns->embryonic, now_ns)))
		wf_conn_end_handshake(conns, embryo, WEFT_CLOSE_TIMEOUT,
				      wf_embryonic_deadline(&conns->embryonic, embryo));
}

void wf_conns_tick(struct wf_conns *conns, uint64_t now_ns)
{
	struct wf_flow *flow;

	wf_conns_expire_handshakes(conns, now_ns);
	while ((flow = wf_flow_table_pop_due(&conns->table, now_ns))) {
		if (!wf_conn_run_timers(conns, flow, now_ns))
			wf_conn_rearm(conns, flow, now_ns);
	}
}

void wf_conns_flush(struct wf_conns *conns)
{
	struct wf_embryo *embryo;
	struct wf_flow *flow;

	wf_conns_tick(conns, conns->now_ns);
	/* Every flow is in the wheel; at the end of time all are due. */
	while ((flow = wf_flow_table_pop_due(&conns->table, UINT64_MAX))) {
		if (!wf_conn_run_timers(conns, flow, conns->now_ns))
			close_for(conns, flow, WEFT_CLOSE_END, conns->now_ns);
	}
	while ((embryo = wf_embryonic_oldest_over(&conns->embryonic, UINT64_MAX)))
		wf_conn_end_handshake(conns, embryo, WEFT_CLOSE_END, conns->now_ns);
}
