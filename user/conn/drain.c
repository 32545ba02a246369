// SPDX-License-Identifier: BSD-2-Clause
/*
 * drain.c - delivers held data that is next in order.
 */
#include "conn/drain.h"

#include "conn/events.h"
#include "memory/page.h"
#include "metrics/metrics.h"

/* A start that moved back may have moved held data beyond the depth limit. */
static void cut_chunk_at_depth(const struct wf_half *half, struct wf_chunk *chunk)
{
	uint64_t depth_bytes = half->conns->opts->depth_bytes;
	uint64_t keep_bytes = chunk->off < depth_bytes ? depth_bytes - chunk->off : 0;

	if (chunk->len_bytes <= keep_bytes)
		return;
	if (chunk->bytes)
		wf_metric_add(half->conns->metrics, payload_depth_bytes,
			      chunk->len_bytes - keep_bytes);
	chunk->len_bytes = keep_bytes;
}

void wf_drain_below(const struct wf_half *half, uint64_t limit_off)
{
	struct wf_chunk chunk;

	while (wf_stream_pop(half->stream, &half->conns->stream_env, limit_off, &chunk)) {
		if (wf_unlikely(half->conns->opts->depth_bytes))
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

void wf_drain_all(const struct wf_half *half)
{
	if (half->stream->extents)
		wf_drain_below(half, UINT64_MAX);
}

void wf_drain_ready(const struct wf_half *half)
{
	if (!half->stream->extents || wf_half_is(half, WF_HALF_STARTING))
		return;
	wf_drain_below(half, wf_half_waits_for_acks(half) ? wf_half_acked_off(half) : UINT64_MAX);
}

void wf_drain_start(const struct wf_half *half)
{
	if (!wf_half_is(half, WF_HALF_STARTING))
		return;
	wf_half_enter(half, WF_HALF_IN_ORDER);
	wf_drain_ready(half);
}
