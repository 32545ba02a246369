// SPDX-License-Identifier: BSD-2-Clause
/*
 * limit.c - drops the data of a stream beyond its limit, and advances next_off over it.
 */
#include "conn/limit.h"

#include "conn/events.h"
#include "conn/kernel.h"
#include "memory/page.h"
#include "metrics/metrics.h"
#include "reassembly/stream_gap.h"
#include "reassembly/stream_pop.h"

void wf_limit_follow_acks(const struct wf_half *half)
{
	uint64_t acked = wf_half_acked_off(half);
	struct wf_chunk gap;

	if (half->stream->next_off >= wf_limit_off(half) && acked > half->stream->next_off)
		wf_stream_skip(half->stream, &half->conns->stream_env, acked, &gap);
}

/* Drop the held data that is next in order, which must lie beyond the limit. */
static void drop_next(const struct wf_half *half)
{
	struct wf_chunk chunk;

	while (wf_stream_pop(half->stream, &half->conns->stream_env, UINT64_MAX, &chunk)) {
		if (chunk.bytes)
			wf_metric_add(half->conns->metrics, payload_depth_bytes, chunk.len_bytes);
		wf_page_put(chunk.page);
	}
}

/*
 * Advance next_off beyond the limit, over all bytes seen or acknowledged. Acknowledgements are
 * needed for bytes that the kernel bypassed, and for bytes that were captured before the window
 * update that allowed them.
 */
static void follow(const struct wf_half *half)
{
	struct wf_stream_env *env = &half->conns->stream_env;
	struct wf_chunk gap;

	/*
	 * Held data can lie beyond the limit, because its offsets increase when the start of the
	 * stream moves back.
	 */
	while (wf_stream_skip(half->stream, env, wf_half_seen_off(half), &gap))
		drop_next(half);
	/* The remaining held data lies beyond the receiver's window. It will never be delivered. */
	if (half->stream->extents)
		wf_stream_clear(half->stream, env, false);
	if (!wf_half_knows(half, WF_TCP_KNOWS_FIN))
		wf_kernel_request_bypass(half);
	wf_limit_follow_acks(half);
	if (wf_half_is_bypassed(half))
		wf_tcp_note_unseen(&half->flow->tcp, half->dir,
				   half->tcp->irs + 1 + (uint32_t)half->stream->next_off);
}

void wf_limit_follow(const struct wf_half *half)
{
	if (wf_likely(!wf_limit_exists(half)) || wf_half_is(half, WF_HALF_STARTING) ||
	    half->stream->next_off < wf_limit_off(half))
		return;
	if (!wf_half_is(half, WF_HALF_CUT))
		wf_half_enter(half, WF_HALF_LIMITED);
	follow(half);
}

void wf_limit_cut(const struct wf_half *half)
{
	struct wf_flow_bypass *bypass = &wf_half_ext(half)->bypass[half->dir];

	if (half->stream->extents)
		wf_stream_clear(half->stream, &half->conns->stream_env, true);
	bypass->cut_off = half->stream->next_off;
	wf_half_enter(half, WF_HALF_CUT);
	wf_tcp_set_bypassed(half->tcp, wf_half_kernel(half));
	follow(half);
}

void wf_limit_resume(const struct wf_half *half, uint64_t near_off, uint64_t now_ns)
{
	if (!wf_half_is(half, WF_HALF_CUT))
		return;
	wf_limit_report(half, now_ns);
	wf_half_ext(half)->bypass[half->dir].cut_off = near_off;
	wf_tcp_set_bypassed(half->tcp, false);
	wf_half_enter(half, WF_HALF_RESUMED);
}

void wf_limit_report(const struct wf_half *half, uint64_t now_ns)
{
	uint64_t limit = wf_limit_off(half);
	uint64_t next_off = half->stream->next_off;

	if (next_off > limit)
		wf_events_gap(half, limit, next_off - limit,
			      wf_half_is(half, WF_HALF_CUT) ? WEFT_GAP_SHUNTED : WEFT_GAP_DEPTH,
			      now_ns);
}
