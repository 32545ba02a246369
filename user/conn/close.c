// SPDX-License-Identifier: BSD-2-Clause
/*
 * close.c - acts on the deadlines of a connection, and ends it.
 */
#include "conn/close.h"

#include "conn/events.h"
#include "conn/hole.h"
#include "conn/kernel.h"
#include "conn/limit.h"
#include "conn/wait.h"
#include "flow/expire.h"
#include "metrics/metrics.h"
#include "reassembly/stream_gap.h"
#include "reassembly/stream_pop.h"

/* ---- the end of a direction ---------------------------------------------------------- */

/*
 * Deliver the held data that is next in order: no earlier data or acknowledgement can arrive any
 * more.
 */
static void end_wait(const struct wf_half *half)
{
	wf_hole_drain_start(half);
	wf_hole_drain_all(half);
}

/*
 * Give up all holes of @half in order, and deliver all held data, except data that the receiver
 * would reject (wf_hole_is_rejected()), which is dropped.
 */
static void empty(const struct wf_half *half, uint64_t now_ns)
{
	struct wf_stream_env *env = &half->conns->stream_env;
	uint64_t held_off;
	uint64_t held_ns;

	while (wf_stream_first_held(half->stream, env, &held_off, &held_ns)) {
		uint64_t acked = wf_half_acked_off(half);

		if (wf_hole_is_rejected(half, held_off)) {
			wf_stream_clear(half->stream, env, false);
			return;
		}
		if (acked > half->stream->next_off)
			wf_hole_skip(half, acked, WEFT_GAP_NOT_CAPTURED, now_ns);
		else
			wf_hole_skip(half, held_off, WEFT_GAP_CLOSED, now_ns);
		wf_hole_drain_all(half);
	}
}

/*
 * Give up the missing bytes at the end of the stream: those that were acknowledged, or that precede
 * a FIN or data beyond the limit.
 */
static void skip_tail(const struct wf_half *half, uint64_t limit, bool is_exceeded, uint64_t now_ns)
{
	uint64_t acked = wf_half_acked_off(half);

	wf_hole_skip(half, is_exceeded && acked >= limit ? limit : acked, WEFT_GAP_NOT_CAPTURED,
		     now_ns);
	if (is_exceeded)
		wf_hole_skip(half, limit, WEFT_GAP_CLOSED, now_ns);
	else if (wf_half_knows(half, WF_TCP_KNOWS_FIN))
		wf_hole_skip(half, wf_tcp_fin_off(half->tcp, half->stream->next_off),
			     WEFT_GAP_CLOSED, now_ns);
}

/* Return true if the stream was delivered up to its FIN, and no limit applies to it. */
static bool is_whole(const struct wf_half *half)
{
	return !half->stream->extents && !wf_half_is(half, WF_HALF_STARTING) &&
	       !wf_limit_exists(half) && wf_flow_dir_is_finished(half->flow, half->dir);
}

static void end_half(const struct wf_half *half, uint64_t now_ns)
{
	uint64_t limit;
	bool is_exceeded;

	if (wf_likely(is_whole(half)))
		return;
	limit = wf_limit_off(half);
	is_exceeded = wf_limit_is_exceeded(half);
	end_wait(half);
	if (half->stream->extents)
		empty(half, now_ns);
	skip_tail(half, limit, is_exceeded, now_ns);
	wf_limit_follow_acks(half);
	wf_limit_report(half, now_ns);
}

/* ---- the end of a connection --------------------------------------------------------- */

/*
 * Return true if all directions of which packets were seen are finished, and there is at least one.
 */
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

/*
 * Call the application's release function with the pointer that the application stored for this
 * flow.
 */
static void release_user(const struct wf_conns *conns, struct wf_flow_ext *ext)
{
	void *user = ext ? ext->user : NULL;

	if (!user)
		return;
	ext->user = NULL;
	if (conns->release)
		conns->release(user, conns->release_ctx);
}

/*
 * Deliver the remaining data of both directions, report the missing data as gaps, and report the
 * end.
 */
static void finish(struct wf_conns *conns, struct wf_flow *flow, enum weft_close_reason reason,
		   uint64_t now_ns)
{
	for (int i = 0; i < 2; i++) {
		struct wf_half half = wf_half_of(conns, flow, (enum weft_dir)i);

		end_half(&half, now_ns);
	}
	wf_events_split(conns, flow, now_ns);
	if (wf_unlikely(flow->ext && conns->kernel))
		wf_kernel_settle(conns, flow);
	wf_events_close(conns, flow, reason, now_ns);
	if (wf_unlikely(flow->ext))
		release_user(conns, wf_flow_table_ext(&conns->table, flow));
}

void wf_close_by_application(struct wf_conns *conns, struct wf_flow *flow)
{
	struct wf_flow_ext *ext = wf_flow_table_ext(&conns->table, flow);

	if (flow->flags & WF_FLOW_ENDED)
		return;
	finish(conns, flow, WEFT_CLOSE_PROGRAM, conns->now_ns);
	flow->flags |= WF_FLOW_ENDED | WF_FLOW_IGNORED(0) | WF_FLOW_IGNORED(1);
	for (int i = 0; ext && i < 2; i++) {
		ext->half[i].timeout_ns = WF_NEVER_NS;
		ext->half[i].patience_ns = WF_NEVER_NS;
	}
}

void wf_close_flow(struct wf_conns *conns, struct wf_flow *flow, enum weft_close_reason reason,
		   uint64_t now_ns)
{
	if (wf_likely(!(flow->flags & WF_FLOW_ENDED)))
		finish(conns, flow, reason, now_ns);
	wf_recent_add(&conns->recent, flow, now_ns);
	wf_depths_put(&conns->depths, flow->tcp.dir[0].depth);
	wf_flow_table_remove(&conns->table, flow);
	wf_metric_set(conns->metrics, flows_active_flows, wf_flow_table_count(&conns->table));
}

void wf_close_late(struct wf_conns *conns, struct wf_flow *flow, enum weft_close_reason reason,
		   uint64_t now_ns)
{
	for (int i = 0; i < 2; i++) {
		struct wf_half half = wf_half_of(conns, flow, (enum weft_dir)i);

		end_wait(&half);
	}
	if (is_finished(flow)) {
		flow->flags |= WF_FLOW_CLOSED;
		reason = WEFT_CLOSE_FIN;
	}
	wf_close_flow(conns, flow, reason, now_ns);
}

bool wf_close_if_done(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns)
{
	for (int i = 0; i < 2; i++) {
		struct wf_half half = wf_half_of(conns, flow, (enum weft_dir)i);

		if (wf_unlikely(wf_half_depth_bytes(&half)))
			wf_wait_update(&half, now_ns);
		/*
		 * If the kernel bypasses the acknowledgements of this direction, weft does not wait
		 * for them.
		 */
		if (!wf_half_knows(&half, WF_TCP_FIN_ACKED) && !wf_half_is_blind(&half))
			return false;
		if (!wf_flow_dir_is_finished(flow, (enum weft_dir)i))
			return false;
	}
	flow->flags |= WF_FLOW_CLOSED;
	wf_close_flow(conns, flow, WEFT_CLOSE_FIN, now_ns);
	return true;
}

/* ---- deadlines ----------------------------------------------------------------------- */

/*
 * Return true if the kernel bypasses a direction of @flow. Such a flow may carry data although weft
 * sees no packets.
 */
static bool is_bypassed(const struct wf_flow *flow)
{
	return wf_tcp_knows(&flow->tcp.dir[0], WF_TCP_BYPASSED) ||
	       wf_tcp_knows(&flow->tcp.dir[1], WF_TCP_BYPASSED);
}

/*
 * End the waits that are due, in the order of their deadlines. If this finishes all directions, the
 * idle deadline becomes earlier, and later waits are left to the end of the flow.
 */
static void run_waits(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns)
{
	const struct wf_flow_ext *ext = wf_flow_table_ext(&conns->table, flow);

	while (ext) {
		uint64_t deadline_ns = wf_flow_wait_deadline(ext);

		if (deadline_ns > now_ns ||
		    deadline_ns >= wf_flow_idle_deadline(flow, &conns->timeouts))
			break;
		for (int i = 0; i < 2; i++) {
			struct wf_half half = wf_half_of(conns, flow, (enum weft_dir)i);

			wf_wait_expire(&half, deadline_ns);
		}
	}
}

bool wf_close_if_due(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns)
{
	uint64_t idle_ns;

	if (wf_unlikely(flow->ext))
		run_waits(conns, flow, now_ns);
	if (wf_likely(wf_flow_is_fresh(flow, &conns->timeouts, now_ns)))
		return false;
	idle_ns = wf_flow_idle_deadline(flow, &conns->timeouts);
	if (idle_ns > now_ns)
		return false;
	if (is_bypassed(flow) && wf_kernel_is_busy(conns, flow, now_ns) &&
	    wf_flow_idle_deadline(flow, &conns->timeouts) > now_ns)
		return false;
	wf_close_late(conns, flow, WEFT_CLOSE_TIMEOUT, idle_ns);
	return true;
}
