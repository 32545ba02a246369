// SPDX-License-Identifier: BSD-2-Clause
/*
 * stream_gap.c - gives up the hole between next_off and the first held byte, and moves the start of
 * a stream back.
 *
 * The caller decides when a hole is given up: because of an acknowledgement, a timeout, a limit, or
 * the end of the connection. wf_stream_skip() only moves next_off over the hole, so that the data
 * after the hole is next in order. Data that arrives later for this hole lies below next_off, which
 * never decreases, so it is not delivered.
 */
#include "reassembly/stream_gap.h"

bool wf_stream_first_held(const struct wf_stream *stream, const struct wf_stream_env *env,
			  uint64_t *ret_off, uint64_t *ret_time_ns)
{
	const struct wf_extent *first;

	if (!stream->extents)
		return false;
	first = wf_extent_at(env->extents, wf_extents_first(env->extents, stream->extents));
	*ret_off = first->off;
	*ret_time_ns = first->time_ns;
	return true;
}

void wf_stream_move_start(struct wf_stream *stream, const struct wf_stream_env *env,
			  uint64_t moved_bytes)
{
	const struct wf_slab *slab = env->extents;

	if (!moved_bytes || !stream->extents)
		return;
	for (uint32_t id = wf_extents_first(slab, stream->extents); id;
	     id = wf_extents_next(slab, id)) {
		struct wf_extent *extent = wf_extent_at(slab, id);

		extent->off += moved_bytes;
		extent->flags &= (uint8_t)~WF_EXTENT_FINAL;
	}
}

bool wf_stream_skip(struct wf_stream *stream, const struct wf_stream_env *env, uint64_t to_off,
		    struct wf_chunk *ret_gap)
{
	uint64_t held_off;
	uint64_t time_ns = 0;

	if (wf_stream_first_held(stream, env, &held_off, &time_ns) && held_off < to_off)
		to_off = held_off;
	if (to_off <= stream->next_off)
		return false;

	*ret_gap = (struct wf_chunk){
		.off = stream->next_off,
		.len_bytes = to_off - stream->next_off,
		.time_ns = time_ns,
	};
	stream->next_off = to_off;
	wf_stream_settle_next(stream, env);
	return true;
}
