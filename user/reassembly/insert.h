/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * insert.h - what insert.c, stream.c and gap.c share. Internal to reassembly.
 */
#ifndef WF_REASSEMBLY_INSERT_H
#define WF_REASSEMBLY_INSERT_H

#include <stdint.h>

#include "reassembly/stream.h"

/*
 * If the held extent @id is next in order, or directly behind one that waits in
 * order, then the receiver has taken it and all that follows without a hole: it
 * is final. O(1) amortised, since each extent becomes final once.
 */
void wf_stream_settle(const struct wf_stream *stream, const struct wf_stream_env *env, uint32_t id);

/* The same for what is held at next_off, if anything is. */
void wf_stream_settle_next(const struct wf_stream *stream, const struct wf_stream_env *env);

/* Take @id out and put the object, with its cost; its bytes are the caller's. */
void wf_stream_remove(struct wf_stream *stream, struct wf_stream_env *env, uint32_t id);

#endif
