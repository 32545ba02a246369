/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream_gap.h - skips the hole at the front of a stream, and moves the start of a stream back.
 *
 * Thread: the worker that owns the flow.
 */
#ifndef WF_REASSEMBLY_STREAM_GAP_H
#define WF_REASSEMBLY_STREAM_GAP_H

#include "reassembly/stream.h"

/*
 * Find the first held byte. Return: true if bytes are held, with the offset and the arrival time of
 * the first one.
 */
bool wf_stream_first_held(const struct wf_stream *stream, const struct wf_stream_env *env,
			  uint64_t *ret_off, uint64_t *ret_time_ns);

/*
 * Give up the hole from next_off up to @to_off or to the first held byte, whichever is smaller.
 * Return: true if a gap was made, which is *@ret_gap and has the arrival time of the first held
 * byte (0: no byte is held); false if a byte is held at next_off, or if @to_off is not beyond
 * next_off.
 */
bool wf_stream_skip(struct wf_stream *stream, const struct wf_stream_env *env, uint64_t to_off,
		    struct wf_chunk *ret_gap);

/*
 * Move the start of a stream back by @moved_bytes: add this number to the offsets of all held data.
 * The stream must not have delivered anything yet. O(n) in the number of held extents.
 */
void wf_stream_move_start(struct wf_stream *stream, const struct wf_stream_env *env,
			  uint64_t moved_bytes);

#endif
