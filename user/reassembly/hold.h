/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hold.h - stores the bytes of one extent: in the extent, in a shared page, in their receive frame,
 * or in a mapped file.
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
	/*
	 * borrowed: the page that contains the bytes; NULL: the bytes are lent, in a mapped file,
	 * or in memory that the application keeps
	 */
	struct wf_page *page;
	/* the bytes are valid during the call only, and must be copied */
	bool is_lent;
	/* the bytes must be copied out of @page even if they fill most of it */
	bool leave;
	uint32_t held_cost; /* held_cost of the stream, which limits the size of a new page */
	/*
	 * the extents before and after these bytes in the stream; NULL: there is none, or its page
	 * must not be used
	 */
	const struct wf_extent *near[2];
};

/*
 * Store the bytes of @source, and set the storage members and len_bytes of @extent.
 * Return: false if there is no memory; @extent is then unchanged.
 */
bool wf_hold_take(struct wf_stream_env *env, const struct wf_hold_source *source,
		  struct wf_extent *extent);

/*
 * Return the number of bytes that can be appended to @extent in its page; 0 if other bytes follow
 * those of @extent in the page, or if hold.c did not copy the bytes of @extent to a page.
 */
uint32_t wf_hold_room(const struct wf_extent *extent);

/* Append @len_bytes, at most wf_hold_room(), to the bytes of @extent. */
void wf_hold_extend(struct wf_extent *extent, const uint8_t *bytes, uint32_t len_bytes);

/* Release the bytes of @extent. */
void wf_hold_put(struct wf_extent *extent);

/*
 * Drop the first @bytes of @extent, which has more than @bytes. hidden_before and hidden_after do
 * not change.
 */
void wf_hold_cut_head(struct wf_extent *extent, uint32_t bytes);

/*
 * Drop the last @bytes of @extent, which has more than @bytes. hidden_before and hidden_after do
 * not change.
 */
void wf_hold_cut_tail(struct wf_extent *extent, uint32_t bytes);

/* Split @extent after its first @len_bytes, and move the bytes after them to @right. */
void wf_hold_split(struct wf_extent *extent, uint32_t len_bytes, struct wf_extent *right);

#endif
