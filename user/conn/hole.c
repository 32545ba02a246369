// SPDX-License-Identifier: BSD-2-Clause
/*
 * hole.c - finding and skipping the missing bytes at the front of a stream.
 */
#include "conn/hole.h"

#include "conn/drain.h"
#include "conn/events.h"
#include "conn/limit.h"

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

/*
 * Was memory missing for data at or beyond @off? Where no offset could be noted, yes: the gap at
 * hand is the best guess, and the only one.
 */
static bool is_memory_lost(const struct wf_half *half, uint64_t off)
{
	const struct wf_flow_ext *ext;

	if (wf_likely(!(half->flow->flags & WF_FLOW_LOST_MEMORY(half->dir))))
		return false;
	ext = wf_half_ext(half);
	return !ext || !ext->lost_off[half->dir] || off < ext->lost_off[half->dir];
}

/* The gap that ends at @end_off was reported: is that all that was lost for want of memory? */
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
	if (is_memory_lost(half, off))
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
		/* At a limit of weft no segment was missed that could announce a window. */
		if (cause != WEFT_GAP_LIMIT && cause != WEFT_GAP_MEMORY)
			wf_tcp_note_gap(&half->flow->tcp, half->dir);
		wf_drain_ready(half);
	} else if (!half->stream->extents) {
		return;
	}
	wf_limit_follow(half);
}
