// SPDX-License-Identifier: BSD-2-Clause
/*
 * hole.c - delivers held data that is next in order, and skips missing bytes at the front of a
 * stream.
 */
#include "conn/hole.h"

#include "conn/events.h"
#include "conn/limit.h"
#include "memory/page.h"
#include "metrics/metrics.h"
#include "reassembly/stream_gap.h"
#include "reassembly/stream_pop.h"

/* ---- delivering -------------------------------------------------------------------- */

/*
 * Cut @chunk at the depth limit. Held data can lie beyond the limit, because its offsets increase
 * when the start of the stream moves back.
 */
static void cut_chunk_at_depth(const struct wf_half *half, struct wf_chunk *chunk)
{
	uint64_t depth_bytes = wf_half_depth_bytes(half);
	uint64_t keep_bytes = chunk->off < depth_bytes ? depth_bytes - chunk->off : 0;

	if (chunk->len_bytes <= keep_bytes)
		return;
	if (chunk->bytes)
		wf_metric_add(half->conns->metrics, payload_depth_bytes,
			      chunk->len_bytes - keep_bytes);
	chunk->len_bytes = keep_bytes;
}

void wf_hole_drain_below(const struct wf_half *half, uint64_t limit_off)
{
	struct wf_chunk chunk;

	while (wf_stream_pop(half->stream, &half->conns->stream_env, limit_off, &chunk)) {
		if (wf_unlikely(wf_half_depth_bytes(half)))
			cut_chunk_at_depth(half, &chunk);
		if (wf_unlikely(!chunk.len_bytes))
			;
		else if (wf_likely(chunk.bytes))
			wf_events_data(half, &chunk);
		else
			wf_events_gap(half, chunk.off, chunk.len_bytes, WEFT_GAP_MEMORY,
				      chunk.time_ns);
		wf_page_put(chunk.page);
	}
}

void wf_hole_drain_all(const struct wf_half *half)
{
	if (half->stream->extents)
		wf_hole_drain_below(half, UINT64_MAX);
}

void wf_hole_drain_ready(const struct wf_half *half)
{
	if (!half->stream->extents || wf_half_is(half, WF_HALF_STARTING))
		return;
	wf_hole_drain_below(half,
			    wf_half_waits_for_acks(half) ? wf_half_acked_off(half) : UINT64_MAX);
}

void wf_hole_drain_start(const struct wf_half *half)
{
	if (!wf_half_is(half, WF_HALF_STARTING))
		return;
	wf_half_enter(half, WF_HALF_IN_ORDER);
	wf_hole_drain_ready(half);
}

/* ---- finding ----------------------------------------------------------------------- */

bool wf_hole_find(const struct wf_half *half, struct wf_hole *ret_hole)
{
	const struct wf_stream *stream = half->stream;

	ret_hole->held_ns = 0;
	if (stream->extents && wf_stream_first_held(stream, &half->conns->stream_env,
						    &ret_hole->end_off, &ret_hole->held_ns))
		return ret_hole->end_off > stream->next_off;
	if (wf_limit_is_exceeded(half))
		ret_hole->end_off = wf_limit_off(half);
	else if (wf_half_knows(half, WF_TCP_KNOWS_FIN))
		ret_hole->end_off = wf_tcp_fin_off(half->tcp, stream->next_off);
	else
		return false;
	return ret_hole->end_off > stream->next_off;
}

bool wf_hole_is_rejected(const struct wf_half *half, uint64_t off)
{
	uint64_t next_off = half->stream->next_off;

	return wf_half_knows(half, WF_TCP_KNOWS_WND | WF_TCP_KNOWS_UNA) &&
	       !wf_half_knows(half, WF_TCP_STALE) && wf_half_acked_off(half) == next_off &&
	       (int64_t)off >= wf_tcp_off(half->tcp, half->tcp->rcv_wnd_end, next_off);
}

/* ---- the cause of a gap ----------------------------------------------------------- */

void wf_hole_note_memory_loss(const struct wf_half *half, uint64_t end_off)
{
	struct wf_flow_ext *ext = wf_half_need_ext(half);

	half->flow->flags |= WF_FLOW_LOST_MEMORY(half->dir);
	if (ext && ext->lost_off[half->dir] < end_off)
		ext->lost_off[half->dir] = end_off;
}

/* If the offset of the loss could not be recorded, the next gap is attributed to it. */
bool wf_hole_is_memory_lost(const struct wf_half *half, uint64_t off)
{
	const struct wf_flow_ext *ext;

	if (wf_likely(!(half->flow->flags & WF_FLOW_LOST_MEMORY(half->dir))))
		return false;
	ext = wf_half_ext(half);
	return !ext || !ext->lost_off[half->dir] || off < ext->lost_off[half->dir];
}

/*
 * Delete the record of data lost for lack of memory if the gap that ends at @end_off covers all of
 * that data, or if the offset of that data is not known.
 */
static void end_memory_loss(const struct wf_half *half, uint64_t end_off)
{
	struct wf_flow_ext *ext = wf_half_ext(half);

	if (ext && ext->lost_off[half->dir] > end_off)
		return;
	if (ext)
		ext->lost_off[half->dir] = 0;
	half->flow->flags &= (uint16_t)~WF_FLOW_LOST_MEMORY(half->dir);
}

static enum weft_gap_cause cause_of(const struct wf_half *half, uint64_t off,
				    enum weft_gap_cause cause)
{
	if (wf_hole_is_memory_lost(half, off))
		return WEFT_GAP_MEMORY;
	if (half->flow->flags & WF_FLOW_SNAPPED(half->dir))
		return WEFT_GAP_SNAPPED;
	return cause;
}

/* ---- skipping --------------------------------------------------------------------- */

void wf_hole_skip(const struct wf_half *half, uint64_t to_off, enum weft_gap_cause cause,
		  uint64_t now_ns)
{
	uint64_t limit = wf_limit_off(half);
	struct wf_chunk gap;

	if (to_off > limit)
		to_off = limit;
	if (wf_stream_skip(half->stream, &half->conns->stream_env, to_off, &gap)) {
		wf_events_gap(half, gap.off, gap.len_bytes, cause_of(half, gap.off, cause), now_ns);
		end_memory_loss(half, gap.off + gap.len_bytes);
		/*
		 * A gap caused by weft's own limits means that segments were seen, but not held.
		 * After any other gap the window is out of date, because segments were missed.
		 */
		if (cause != WEFT_GAP_LIMIT && cause != WEFT_GAP_MEMORY)
			wf_tcp_note_gap(&half->flow->tcp, half->dir);
		wf_hole_drain_ready(half);
	} else if (!half->stream->extents) {
		return;
	}
	wf_limit_follow(half);
}
