/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hold.h - the place of the bytes of one extent: within it, in a shared page, in their receive
 * frame, or in a mapped file.
 *
 * Internal to reassembly. Thread: the worker.
 */
#ifndef WF_REASSEMBLY_HOLD_H
#define WF_REASSEMBLY_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "reassembly/extent.h"
#include "reassembly/stream.h"

/* Bytes of a segment, and the extents that may share a page with them. */
struct wf_hold_source {
	const uint8_t *bytes;
	uint32_t len_bytes;
	struct wf_page *page;		 /* borrowed: they lie in it; NULL: in a mapped file */
	bool leave;			 /* they must leave that page, however well it is filled */
	uint32_t held_cost;		 /* of their stream: decides how large a page may be */
	const struct wf_extent *near[2]; /* neighbours to be; NULL: none */
};

/* Fill in storage and len_bytes of @extent. Return: false: no memory, @extent is as it was. */
bool wf_hold_take(struct wf_stream_env *env, const struct wf_hold_source *source,
		  struct wf_extent *extent);

/* How many bytes can follow those of @extent in its page? 0 too if it has none to write to. */
uint32_t wf_hold_room(const struct wf_extent *extent);

/* Append @len_bytes, at most wf_hold_room(), to the bytes of @extent. */
void wf_hold_extend(struct wf_extent *extent, const uint8_t *bytes, uint32_t len_bytes);

/* Let go of the bytes of @extent. */
void wf_hold_put(struct wf_extent *extent);

/* Drop its first or last @bytes, fewer than it has; bounds that are hidden stay as they are. */
void wf_hold_cut_head(struct wf_extent *extent, uint32_t bytes);
void wf_hold_cut_tail(struct wf_extent *extent, uint32_t bytes);

/* Give @right the bytes of @extent behind its first @len_bytes; the rest stays. */
void wf_hold_split(struct wf_extent *extent, uint32_t len_bytes, struct wf_extent *right);

#endif
