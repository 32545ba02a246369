/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * extent_object.h - one held range of a stream: a slab object.
 *
 *        segment as received
 *   ├─────────┬──────────────┬───────┤
 *    hidden_before   held      hidden_after     (bytes of other segments, or not captured)
 *            off         off + len_bytes
 *
 * hidden_before and hidden_after are 0 unless the policy has keeps_whole. Links are 32-bit slab
 * ids. Thread: the worker.
 */
#ifndef WF_REASSEMBLY_EXTENT_OBJECT_H
#define WF_REASSEMBLY_EXTENT_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "memory/slab.h"

struct wf_page;

#define WF_EXTENT_BYTES	     64u
/*
 * number of bytes that each held segment counts against its stream's limit, in addition to its
 * length
 */
#define WF_EXTENT_COST	     8u
#define WF_EXTENT_TINY_BYTES 16u

#define WF_EXTENT_TINY (1u << 0) /* the extent's bytes are stored in tiny[] */
#define WF_EXTENT_COPIED \
	(1u << 1) /* the extent's bytes were copied to a page that begins with struct fill */
/* the overlap policy treats the extent and the one before it as parts of one segment */
#define WF_EXTENT_JOINED (1u << 2)
/* the bytes are in order, so the receiver has accepted them; they never change */
#define WF_EXTENT_FINAL	 (1u << 3)

struct wf_extent {
	uint32_t child[2]; /* left and right child in a tree; for a list see extent_list.h */
	uint32_t parent;
	uint32_t arrival; /* arrival number, which orders segments by arrival; wraps */
	uint64_t off;
	uint64_t time_ns; /* arrival time of the first segment that contained the byte at off */
	union {
		struct {
			/*
			 * owned: one reference; NULL: the bytes are in a mapped file, or in memory
			 * that the application keeps
			 */
			struct wf_page *page;
			const uint8_t *bytes;
		};
		uint8_t tiny[WF_EXTENT_TINY_BYTES];
	};
	uint32_t len_bytes;
	uint32_t hidden_before;
	uint32_t hidden_after;
	uint8_t height;	 /* height of the extent's subtree; 1: a leaf; 0: in a list */
	uint8_t flags;	 /* WF_EXTENT_* */
	uint16_t merged; /* number of segments merged into this extent, besides the first one */
};
_Static_assert(sizeof(struct wf_extent) == WF_EXTENT_BYTES, "a one-byte segment costs this");

static inline struct wf_extent *wf_extent_at(const struct wf_slab *slab, uint32_t id)
{
	return wf_slab_at(slab, id);
}

static inline uint64_t wf_extent_end(const struct wf_extent *extent)
{
	return extent->off + extent->len_bytes;
}

/*
 * Return the bytes that @extent counts against its stream's limit. The sum over the stream's
 * extents is the same whether a segment was merged into an extent or has an extent of its own.
 */
static inline uint32_t wf_extent_cost(const struct wf_extent *extent)
{
	return extent->len_bytes + WF_EXTENT_COST * (1u + extent->merged);
}

static inline const uint8_t *wf_extent_bytes(const struct wf_extent *extent)
{
	return extent->flags & WF_EXTENT_TINY ? extent->tiny : extent->bytes;
}

/*
 * The two neighbouring extents of a stream offset; WF_SLAB_NONE if there is no extent on that side.
 */
struct wf_place {
	uint32_t before_id; /* id of the last extent that ends at or before the offset */
	uint32_t after_id;  /* id of the first extent that ends beyond the offset */
};

#endif
