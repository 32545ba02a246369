/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream_insert.h - inserts a segment into its stream.
 *
 * Thread: the worker that owns the flow.
 */
#ifndef WF_REASSEMBLY_STREAM_INSERT_H
#define WF_REASSEMBLY_STREAM_INSERT_H

#include "reassembly/stream.h"

/* Return the chunk of @len_bytes of @segment from stream offset @off on. */
static inline struct wf_chunk wf_stream_chunk_of(const struct wf_stream_segment *segment,
						 uint64_t off, uint64_t len_bytes)
{
	return (struct wf_chunk){
		.off = off,
		.len_bytes = len_bytes,
		.bytes = segment->bytes + (off - segment->off),
		.page = segment->page,
		.is_lent = segment->is_lent,
		.time_ns = segment->time_ns,
	};
}

/* Return true if data at @off is next in order, and @stream holds nothing. */
static inline bool wf_stream_passes(const struct wf_stream *stream, uint64_t off)
{
	return off == stream->next_off && !stream->extents;
}

/* Insert a segment that wf_stream_insert() can't pass through as the next one in order. */
enum wf_stream_result wf_stream_insert_slow(struct wf_stream *stream, struct wf_stream_env *env,
					    const struct wf_stream_segment *segment,
					    struct wf_insert_info *ret_info);

/*
 * Insert a segment of at least one captured byte. Bytes that were delivered, that are held in
 * order, or that are below acked_off never change. If there are two copies of any other byte,
 * segment->policy decides which one is kept.
 */
static inline enum wf_stream_result wf_stream_insert(struct wf_stream *stream,
						     struct wf_stream_env *env,
						     const struct wf_stream_segment *segment,
						     struct wf_insert_info *ret_info)
{
	if (wf_unlikely(!wf_stream_passes(stream, segment->off) || segment->hold))
		return wf_stream_insert_slow(stream, env, segment, ret_info);

	stream->next_off += segment->captured_bytes;
	ret_info->below_bytes = 0;
	ret_info->overlap = false;
	ret_info->conflict = false;
	ret_info->chunk = wf_stream_chunk_of(segment, segment->off, segment->captured_bytes);
	return WF_STREAM_IN_ORDER;
}

#endif
