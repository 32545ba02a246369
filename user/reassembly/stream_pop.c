// SPDX-License-Identifier: BSD-2-Clause
/*
 * stream_pop.c - removes held data from its stream, in order or all at once, and copies held data
 * out of receive frames.
 *
 * The bytes of a tiny extent are in its slab object, which is freed when the extent is removed.
 * pop() therefore copies adjacent tiny extents into one page, which gives one chunk instead of
 * thousands.
 */
#include "reassembly/stream_pop.h"

#include <stddef.h>
#include <string.h>

#include "memory/page.h"
#include "memory/page_pool.h"
#include "reassembly/hold.h"

/*
 * Return the number of bytes of a run of tiny extents (WF_EXTENT_TINY) without missing bytes
 * between them, beginning with @id, that end at or before @limit_off. The run ends with the extent
 * with which it reaches or exceeds WEFT_PAGE_MEDIUM_BYTES.
 */
static uint32_t tiny_run(const struct wf_stream_env *env, uint32_t id, uint64_t limit_off)
{
	uint64_t off = wf_extent_at(env->extents, id)->off;
	uint32_t bytes = 0;

	while (id && bytes < WEFT_PAGE_MEDIUM_BYTES) {
		const struct wf_extent *extent = wf_extent_at(env->extents, id);

		if (extent->off != off + bytes || wf_extent_end(extent) > limit_off ||
		    !(extent->flags & WF_EXTENT_TINY))
			break;
		bytes += extent->len_bytes;
		id = wf_extents_next(env->extents, id);
	}
	return bytes;
}

static void pop_tiny(struct wf_stream *stream, struct wf_stream_env *env, uint32_t id,
		     uint64_t limit_off, struct wf_chunk *chunk)
{
	const struct wf_extent *first = wf_extent_at(env->extents, id);
	uint32_t run_bytes = tiny_run(env, id, limit_off);
	uint32_t bytes = run_bytes ? run_bytes : (uint32_t)(limit_off - first->off);
	uint32_t done_bytes = 0;
	uint8_t *to;

	chunk->page = wf_page_pool_take(env->pages, bytes);
	if (!chunk->page && bytes > first->len_bytes)
		bytes = first->len_bytes;
	to = chunk->page ? wf_page_bytes(chunk->page) : NULL;
	chunk->bytes = to;
	chunk->len_bytes = bytes;
	while (done_bytes < bytes) {
		struct wf_extent *extent = wf_extent_at(env->extents, id);
		uint32_t next_id = wf_extents_next(env->extents, id);
		uint32_t take_bytes = bytes - done_bytes;

		if (take_bytes > extent->len_bytes)
			take_bytes = extent->len_bytes;
		if (to)
			memcpy(to + done_bytes, extent->tiny, take_bytes);
		done_bytes += take_bytes;
		if (take_bytes == extent->len_bytes) {
			wf_stream_remove(stream, env, id);
		} else {
			wf_hold_cut_head(extent, take_bytes);
			stream->held_cost -= take_bytes;
		}
		id = next_id;
	}
	if (!to)
		wf_metric_add(env->metrics, payload_no_memory_bytes, bytes);
}

static void pop_whole(struct wf_stream *stream, struct wf_stream_env *env, uint32_t id,
		      uint64_t limit_off, struct wf_chunk *chunk)
{
	struct wf_extent *extent = wf_extent_at(env->extents, id);

	chunk->bytes = extent->bytes;
	chunk->page = extent->page;
	chunk->len_bytes = extent->len_bytes;
	if (wf_extent_end(extent) <= limit_off) {
		wf_stream_remove(stream, env, id);
		return;
	}
	chunk->len_bytes = limit_off - extent->off;
	if (chunk->page)
		wf_page_get(chunk->page);
	wf_hold_cut_head(extent, (uint32_t)chunk->len_bytes);
	stream->held_cost -= (uint32_t)chunk->len_bytes;
}

bool wf_stream_pop(struct wf_stream *stream, struct wf_stream_env *env, uint64_t limit_off,
		   struct wf_chunk *ret_chunk)
{
	uint32_t id = wf_extents_first(env->extents, stream->extents);
	const struct wf_extent *extent;

	if (!id || limit_off <= stream->next_off)
		return false;
	extent = wf_extent_at(env->extents, id);
	if (extent->off != stream->next_off)
		return false;

	ret_chunk->off = extent->off;
	ret_chunk->time_ns = extent->time_ns;
	ret_chunk->is_lent = false;
	if (extent->flags & WF_EXTENT_TINY)
		pop_tiny(stream, env, id, limit_off, ret_chunk);
	else
		pop_whole(stream, env, id, limit_off, ret_chunk);
	stream->next_off += ret_chunk->len_bytes;
	wf_metric_sub(env->metrics, payload_held_bytes, ret_chunk->len_bytes);
	wf_assert_valid(wf_stream_is_valid(stream, env));
	return true;
}

static bool leave_frame(const struct wf_stream *stream, struct wf_stream_env *env,
			struct wf_extent *extent, const struct wf_extent *prev)
{
	const struct wf_hold_source source = {
		.bytes = extent->bytes,
		.len_bytes = extent->len_bytes,
		.page = extent->page,
		.leave = true,
		.held_cost = stream->held_cost,
		.near = {prev},
	};
	struct wf_page *frame = extent->page;

	if (!wf_hold_take(env, &source, extent))
		return false;
	wf_page_put(frame);
	return true;
}

uint32_t wf_stream_leave_frames(struct wf_stream *stream, struct wf_stream_env *env,
				uint32_t bytes_max)
{
	const struct wf_slab *slab = env->extents;
	struct wf_extent *prev = NULL;
	uint32_t left_frames = 0;

	for (uint32_t id = wf_extents_first(slab, stream->extents); id;
	     id = wf_extents_next(slab, id)) {
		struct wf_extent *extent = wf_extent_at(slab, id);

		if (!(extent->flags & (WF_EXTENT_TINY | WF_EXTENT_COPIED)) && extent->page &&
		    extent->len_bytes <= bytes_max && wf_page_is_frame(extent->page) &&
		    leave_frame(stream, env, extent, prev))
			left_frames++;
		prev = extent;
	}
	return left_frames;
}

void wf_stream_clear(struct wf_stream *stream, struct wf_stream_env *env, bool evicted)
{
	uint64_t bytes = 0;
	uint32_t id;

	while ((id = wf_extents_take_leaf(env->extents, &stream->extents)) != WF_SLAB_NONE) {
		struct wf_extent *extent = wf_extent_at(env->extents, id);

		bytes += extent->len_bytes;
		wf_hold_put(extent);
		wf_slab_put(env->extents, id);
	}
	stream->held_cost = 0;
	wf_metric_sub(env->metrics, payload_held_bytes, bytes);
	if (evicted)
		wf_metric_add(env->metrics, payload_evicted_bytes, bytes);
	else
		wf_metric_add(env->metrics, payload_unaccepted_bytes, bytes);
}
