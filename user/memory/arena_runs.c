// SPDX-License-Identifier: BSD-2-Clause
/*
 * arena_runs.c - adjacent spans used as they are: indexes, rings.
 */
#include <errno.h>
#include <string.h>

#include "memory/arena_internal.h"

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
