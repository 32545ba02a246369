// SPDX-License-Identifier: BSD-2-Clause
/* stream.c - functions that insertion, delivery and gap handling share. */
#include "reassembly/stream.h"

#include <stddef.h>

#include "reassembly/extent_list.h"

void wf_stream_prefetch(const struct wf_stream *stream, const struct wf_stream_env *env)
{
	if (stream->extents)
		__builtin_prefetch(wf_extent_at(env->extents, stream->extents));
}

void wf_stream_prefetch_ends(const struct wf_stream *stream, const struct wf_stream_env *env)
{
	const struct wf_extent *first;

	if (!stream->extents)
		return;
	first = wf_extent_at(env->extents, stream->extents);
	if (!wf_extent_is_listed(first))
		return;
	__builtin_prefetch(wf_extent_at(env->extents, wf_extent_list_last(first)), 1);
	if (wf_extent_list_next(first))
		__builtin_prefetch(wf_extent_at(env->extents, wf_extent_list_next(first)), 1);
}

void wf_stream_settle(const struct wf_stream *stream, const struct wf_stream_env *env, uint32_t id)
{
	const struct wf_slab *slab = env->extents;
	struct wf_extent *extent = wf_extent_at(slab, id);
	uint64_t end_off = extent->off;

	if (extent->off != stream->next_off) {
		uint32_t prev_id = wf_extents_prev(slab, id);
		const struct wf_extent *prev = prev_id ? wf_extent_at(slab, prev_id) : NULL;

		if (!prev || wf_extent_end(prev) != extent->off || !(prev->flags & WF_EXTENT_FINAL))
			return;
	}
	while (extent->off == end_off && !(extent->flags & WF_EXTENT_FINAL)) {
		extent->flags |= WF_EXTENT_FINAL;
		end_off = wf_extent_end(extent);
		id = wf_extents_next(slab, id);
		if (!id)
			return;
		extent = wf_extent_at(slab, id);
	}
}

void wf_stream_settle_next(const struct wf_stream *stream, const struct wf_stream_env *env)
{
	uint32_t id = wf_extents_first(env->extents, stream->extents);

	if (id)
		wf_stream_settle(stream, env, id);
}

void wf_stream_remove(struct wf_stream *stream, struct wf_stream_env *env, uint32_t id)
{
	stream->held_cost -= wf_extent_cost(wf_extent_at(env->extents, id));
	wf_extents_remove(env->extents, &stream->extents, id);
	wf_slab_put(env->extents, id);
}

bool wf_stream_is_valid(const struct wf_stream *stream, const struct wf_stream_env *env)
{
	const struct wf_slab *slab = env->extents;
	uint64_t cost = 0;
	uint64_t final_off = stream->next_off;

	if (!wf_extents_are_valid(slab, stream->extents))
		return false;
	for (uint32_t id = wf_extents_first(slab, stream->extents); id;
	     id = wf_extents_next(slab, id)) {
		const struct wf_extent *extent = wf_extent_at(slab, id);
		bool is_final = extent->off == final_off;

		if (extent->off < stream->next_off ||
		    is_final != !!(extent->flags & WF_EXTENT_FINAL))
			return false;
		if (is_final)
			final_off = wf_extent_end(extent);
		cost += wf_extent_cost(extent);
	}
	return cost == stream->held_cost;
}
