// SPDX-License-Identifier: BSD-2-Clause
/*
 * arena_use.c - what users of the arena ask for: adjacent spans as they are (indexes,
 * rings), the page at an offset, how it stands.
 */
#include <errno.h>
#include <string.h>

#include "memory/arena_internal.h"
#include "metrics/metrics.h"

int64_t wf_arena_take_spans(struct wf_arena *arena, uint32_t count)
{
	struct wf_span *span = wf_arena_take(arena, WF_SPAN_RUN, count);

	return span ? (int64_t)span->index << WF_SPAN_SHIFT : -ENOBUFS;
}

int64_t wf_arena_take_zeroed_spans(struct wf_arena *arena, uint32_t count)
{
	struct wf_span *span = wf_arena_take(arena, WF_SPAN_RUN, count);
	uint32_t first;

	if (!span)
		return -ENOBUFS;
	first = span->index;
	for (uint32_t index = first; index < first + count; index++) {
		span = wf_arena_span(arena, index);
		if (span->dirty)
			memset(span->data, 0, WEFT_SPAN_BYTES);
	}
	return (int64_t)first << WF_SPAN_SHIFT;
}

void wf_arena_put_spans(struct wf_arena *arena, uint64_t off, uint32_t count)
{
	wf_arena_put(arena, wf_arena_span(arena, (uint32_t)(off >> WF_SPAN_SHIFT)), count);
}

void wf_arena_publish(const struct wf_arena *arena, struct wf_metrics *metrics)
{
	uint64_t trimmed = atomic_load_explicit(&arena->trimmed_spans, memory_order_relaxed);

	wf_budget_publish(&arena->budget, metrics);
	wf_metric_set(metrics, memory_trimmed_bytes, trimmed << WF_SPAN_SHIFT);
}

struct wf_page *wf_arena_page_at(const struct wf_arena *arena, uint64_t off)
{
	struct wf_span *span = wf_arena_span(arena, (uint32_t)(off >> WF_SPAN_SHIFT));
	uint64_t in_span = off & (WEFT_SPAN_BYTES - 1);

	wf_assert(off < wf_arena_bytes(arena));
	wf_assert(span->use == WF_SPAN_FRAMES || span->use == WF_SPAN_PAGES);
	return wf_span_page(span, (uint32_t)(in_span * span->page_inverse >> 32));
}
