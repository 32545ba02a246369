/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream_pop.h - removes held data from its stream.
 *
 * Thread: the worker that owns the flow.
 */
#ifndef WF_REASSEMBLY_STREAM_POP_H
#define WF_REASSEMBLY_STREAM_POP_H

#include "reassembly/stream.h"

/*
 * Remove the held data at next_off, up to the end of its extent (of several, if they are tiny) and
 * at most up to @limit_off (UINT64_MAX, or the acknowledged offset). Return: false if no byte is
 * held at next_off, or if @limit_off is not beyond it.
 */
bool wf_stream_pop(struct wf_stream *stream, struct wf_stream_env *env, uint64_t limit_off,
		   struct wf_chunk *ret_chunk);

/*
 * Copy each held extent of at most @bytes_max bytes out of its receive frame, so that the frames
 * can be used for receiving again. An extent for which there is no memory stays in its frame. O(n)
 * in the number of held extents. Return: the number of extents copied.
 */
uint32_t wf_stream_leave_frames(struct wf_stream *stream, struct wf_stream_env *env,
				uint32_t bytes_max);

/* Drop all held data, and count it as payload_evicted if @evicted, else as payload_unaccepted. */
void wf_stream_clear(struct wf_stream *stream, struct wf_stream_env *env, bool evicted);

#endif
