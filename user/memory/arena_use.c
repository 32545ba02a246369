// SPDX-License-Identifier: BSD-2-Clause
/*
 * arena_use.c - takes and puts runs of adjacent spans (for indexes and rings), finds the rx frame
 * at an offset, and publishes the metrics.
 */
#include <string.h>

#include "memory/arena_internal.h"
#include "metrics/metrics.h"

static uint32_t spans_for(uint64_t bytes)
{
	return (uint32_t)((bytes + WEFT_SPAN_BYTES - 1) >> WF_SPAN_SHIFT);
}

static struct wf_span *take_spans(struct wf_arena *arena, uint64_t bytes)
{
	if (bytes > wf_arena_bytes(arena))
		return NULL;
	return wf_arena_take(arena, WF_SPAN_RUN, spans_for(bytes));
}

void *wf_arena_take_run(struct wf_arena *arena, uint64_t bytes)
{
	struct wf_span *span = take_spans(arena, bytes);

	return span ? span->data : NULL;
}

void *wf_arena_take_zeroed_run(struct wf_arena *arena, uint64_t bytes)
{
	struct wf_span *first = take_spans(arena, bytes);

	if (!first)
		return NULL;
	for (uint32_t i = 0; i < spans_for(bytes); i++) {
		struct wf_span *span = wf_arena_span(arena, first->index + i);

		if (span->dirty)
			memset(span->data, 0, WEFT_SPAN_BYTES);
	}
	return first->data;
}

void wf_arena_put_run(struct wf_arena *arena, void *start, uint64_t bytes)
{
	uint64_t off = (uint64_t)((uint8_t *)start - arena->base);

	wf_arena_put(arena, wf_arena_span(arena, (uint32_t)(off >> WF_SPAN_SHIFT)),
		     spans_for(bytes));
}

void wf_arena_publish(const struct wf_arena *arena, struct wf_metrics *metrics)
{
	uint64_t trimmed = atomic_load_explicit(&arena->trimmed_spans, memory_order_relaxed);

	wf_budget_publish(&arena->budget, metrics);
	wf_metric_set(metrics, memory_trimmed_bytes, trimmed << WF_SPAN_SHIFT);
}

struct wf_page *wf_arena_page_at(const struct wf_arena *arena, uint64_t off)
{
	const struct wf_span *span = wf_arena_span(arena, (uint32_t)(off >> WF_SPAN_SHIFT));
	uint32_t bytes = atomic_load_explicit(&arena->frame_bytes, memory_order_relaxed);
	uint64_t in_span = off & (WEFT_SPAN_BYTES - 1);
	/* the size of a frame is a power of two, see agree_frame_bytes() (rx_frames.c) */
	struct wf_page *page = wf_span_page(span, (uint32_t)(in_span >> __builtin_ctz(bytes)));

	wf_assert(off < wf_arena_bytes(arena));
	wf_assert(span->use == WF_SPAN_FRAMES);
	__builtin_prefetch(span);
	__builtin_prefetch(page, 1);
	return page;
}
