// SPDX-License-Identifier: BSD-2-Clause
/*
 * verdict.c - the results of requests to the kernel.
 */
#include "conn/verdict.h"

#include <errno.h>

#include "conn/limit.h"
#include "conn/wait.h"
#include "metrics/metrics.h"

int wf_verdict_prepare(const struct wf_half *half, enum wf_verdict verdict,
		       struct wf_bypass_request *ret_request)
{
	uint64_t depth_bytes = half->conns->opts->depth_bytes;
	uint64_t near_off = 0;

	/* A cut is remembered there. */
	if (!wf_half_need_ext(half))
		return -ENOMEM;
	if (verdict == WF_VERDICT_STEER) {
		wf_wait_update(half, half->conns->now_ns);
		near_off =
			wf_half_is_blind(half) ? wf_bypass_guess_off(half) : half->stream->next_off;
		if (depth_bytes && near_off >= depth_bytes)
			return -EALREADY;
	}
	*ret_request = (struct wf_bypass_request){
		.key = half->flow->key,
		.hash = half->flow->hash,
		.id = half->flow->id,
		.dir = half->dir,
		.verdict = verdict,
		.near_off = near_off,
	};
	return 0;
}

/* Count a verdict that keeps the data of @half in the kernel. */
static void count_set(const struct wf_half *half, const struct wf_bypass_request *request,
		      const struct wf_kept *kept)
{
	struct wf_metrics *metrics = half->conns->metrics;
	struct wf_flow_ext *ext = wf_half_ext(half);
	bool was_set = ext && ext->bypass[half->dir].sets;

	if (ext)
		ext->bypass[half->dir].sets++;
	if (kept->was[wf_bypass_endpoint(half->flow, half->dir)] == request->verdict)
		return;
	if (was_set)
		wf_metric_inc(metrics, shunts_repeated_directions);
	else
		wf_metric_inc(metrics, shunts_set_directions);
}

void wf_verdict_done(struct wf_conns *conns, const struct wf_bypass_request *request, int err,
		     const struct wf_kept *kept)
{
	struct wf_flow *flow = wf_flow_table_find(&conns->table, &request->key, request->hash);
	struct wf_flow_ext *ext;
	struct wf_half half;

	if (!flow || flow->id != request->id)
		return;
	half = wf_half_of(conns, flow, request->dir);
	ext = wf_half_need_ext(&half);
	if (ext)
		ext->bypass[half.dir].last_ns = conns->now_ns;
	if (err) {
		wf_metric_inc(conns->metrics, shunts_failed_directions);
		return;
	}
	wf_bypass_follow(conns, flow, kept);
	if (request->verdict == WF_VERDICT_STEER) {
		wf_limit_resume(&half, request->near_off, conns->now_ns);
		return;
	}
	count_set(&half, request, kept);
	if (wf_half_is(&half, WF_HALF_LIMITED))
		wf_tcp_set_bypassed(half.tcp, true);
	else if (!wf_half_is_bypassed(&half))
		wf_limit_cut(&half);
}
