/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hold.h - storage for the bytes of one extent: in the extent, in a shared page, in their receive
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
	struct wf_page *page; /* borrowed: the page that holds the bytes; NULL: mapped file */
	bool leave;	      /* the bytes must leave that page, however well it is filled */
	uint32_t held_cost;   /* held cost of their stream; limits the size of a new page */
	const struct wf_extent *near[2]; /* future neighbours in the stream; NULL: none */
};

/*
 * Store the bytes: fill in storage and len_bytes of @extent.
 * Return: false if there is no memory; @extent is then unchanged.
 */
bool wf_hold_take(struct wf_stream_env *env, const struct wf_hold_source *source,
		  struct wf_extent *extent);

/* Return how many bytes can be appended to @extent in its page. 0 if the page can't be written. */
uint32_t wf_hold_room(const struct wf_extent *extent);

/* Append @len_bytes, at most wf_hold_room(), to the bytes of @extent. */
void wf_hold_extend(struct wf_extent *extent, const uint8_t *bytes, uint32_t len_bytes);

/* Release the bytes of @extent. */
void wf_hold_put(struct wf_extent *extent);

/* Drop the first or last @bytes of @extent, which has more; its hidden bounds don't change. */
void wf_hold_cut_head(struct wf_extent *extent, uint32_t bytes);
void wf_hold_cut_tail(struct wf_extent *extent, uint32_t bytes);

/* Move the bytes of @extent after its first @len_bytes to @right. */
void wf_hold_split(struct wf_extent *extent, uint32_t len_bytes, struct wf_extent *right);

#endif
