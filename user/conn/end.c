// SPDX-License-Identifier: BSD-2-Clause
/*
 * end.c - the end of a direction.
 */
#include "conn/end.h"

#include "conn/drain.h"
#include "conn/hole.h"
#include "conn/limit.h"

void wf_end_wait(const struct wf_half *half)
{
	wf_drain_start(half);
	wf_drain_all(half);
}

/* Give up hole by hole. */
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
		wf_drain_all(half);
	}
}

/* The end of the stream may be acknowledged, or followed by a FIN or by data beyond the limit, but
 * was never seen itself. */
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

void wf_end_half(const struct wf_half *half, uint64_t now_ns)
{
	uint64_t limit = wf_limit_off(half);
	bool is_exceeded = wf_limit_is_exceeded(half);

	wf_end_wait(half);
	if (half->stream->extents)
		empty(half, now_ns);
	skip_tail(half, limit, is_exceeded, now_ns);
	wf_limit_follow_acks(half);
	wf_limit_report(half, now_ns);
}
