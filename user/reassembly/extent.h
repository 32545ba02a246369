/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * extent.h - the held ranges of one stream, in order: an AVL tree of slab objects.
 *
 *   extents never overlap; off orders them
 *
 *        segment as it came
 *   ├─────────┬──────────────┬───────┤
 *    hidden_before   held      hidden_after     (other segments' bytes, or not captured)
 *            off         off + len_bytes
 *
 * Links are 32-bit slab ids with parent links, so nothing recurses and a step
 * to the neighbour needs no stack. Height is at most 1.44 log2(n): every
 * operation is O(log n) whatever the order of offsets.
 *
 * Thread: the worker.
 */
#ifndef WF_REASSEMBLY_EXTENT_H
#define WF_REASSEMBLY_EXTENT_H

#include <stdbool.h>
#include <stdint.h>

#include "memory/slab.h"

struct wf_page;

#define WF_EXTENT_BYTES	     64u
#define WF_EXTENT_COST	     8u /* bytes counted against the stream's limit besides the length */
#define WF_EXTENT_TINY_BYTES 16u

#define WF_EXTENT_TINY (1u << 0) /* its bytes are in tiny[] */
#define WF_EXTENT_COPIED \
	(1u << 1) /* its page was taken from the pool and begins with struct fill */
#define WF_EXTENT_JOINED (1u << 2) /* the policy joins it with the extent that ends at off */
#define WF_EXTENT_FINAL	 (1u << 3) /* in order: the receiver has accepted it */

struct wf_extent {
	uint32_t child[2];
	uint32_t parent;
	uint32_t arrival; /* order of arrival; wraps */
	uint64_t off;
	uint64_t time_ns; /* time since which its first byte is held */
	union {
		struct {
			struct wf_page *page; /* owned: one reference; NULL: mapped file */
			const uint8_t *bytes;
		};
		uint8_t tiny[WF_EXTENT_TINY_BYTES];
	};
	uint32_t len_bytes;
	uint32_t hidden_before;
	uint32_t hidden_after;
	uint8_t height;	 /* height of its subtree; 1 for a leaf */
	uint8_t flags;	 /* WF_EXTENT_* */
	uint16_t merged; /* number of further segments merged into it */
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

/* Return its cost against the limit of its stream, which is the same if segments were merged. */
static inline uint32_t wf_extent_cost(const struct wf_extent *extent)
{
	return extent->len_bytes + WF_EXTENT_COST * (1u + extent->merged);
}

static inline const uint8_t *wf_extent_bytes(const struct wf_extent *extent)
{
	return extent->flags & WF_EXTENT_TINY ? extent->tiny : extent->bytes;
}

/* Two neighbours; WF_SLAB_NONE if there is none on that side. */
struct wf_place {
	uint32_t before_id; /* the last extent that ends at or before an offset */
	uint32_t after_id;  /* the first extent that ends beyond that offset */
};

struct wf_place wf_extents_find(const struct wf_slab *slab, uint32_t root, uint64_t off);

/* Return the first extent in order, or a neighbour of @id; WF_SLAB_NONE if there is none. */
uint32_t wf_extents_first(const struct wf_slab *slab, uint32_t root);
uint32_t wf_extents_next(const struct wf_slab *slab, uint32_t id);
uint32_t wf_extents_prev(const struct wf_slab *slab, uint32_t id);

/* Return the last extent in order; WF_SLAB_NONE if there is none. */
uint32_t wf_extents_last(const struct wf_slab *slab, uint32_t root);

/* Insert extent @id, whose off and len_bytes are set and overlap no other extent. */
void wf_extents_insert(struct wf_slab *slab, uint32_t *root, uint32_t id);

/* Insert extent @id between the two of @place, without a search. */
void wf_extents_insert_at(struct wf_slab *slab, uint32_t *root, uint32_t id,
			  const struct wf_place *place);

/* Remove extent @id from the tree; the caller keeps the object. */
void wf_extents_remove(struct wf_slab *slab, uint32_t *root, uint32_t id);

/*
 * Remove any leaf without balancing the tree, to empty it.
 * Return: id of the leaf; WF_SLAB_NONE if the tree is empty.
 */
uint32_t wf_extents_take_leaf(struct wf_slab *slab, uint32_t *root);

/* Return true if order, links and heights are right and no ranges overlap. */
bool wf_extents_are_valid(const struct wf_slab *slab, uint32_t root);

#endif
