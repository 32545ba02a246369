/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * contest.h - decides which bytes of a segment replace held bytes.
 *
 * Internal to reassembly. The functions change only members of struct wf_insertion.
 */
#ifndef WF_REASSEMBLY_CONTEST_H
#define WF_REASSEMBLY_CONTEST_H

#include <stdbool.h>
#include <stdint.h>

#include "reassembly/extent.h"
#include "reassembly/overlap.h"
#include "reassembly/stream.h"

/* The cached result of the policy for a chain of joined extents. */
struct wf_chain {
	uint64_t end_off; /* end of the part of the chain that was examined */
	uint32_t id;	  /* id of the last extent that was examined */
	bool replaced;
};

struct wf_insertion {
	struct wf_stream *stream;
	struct wf_stream_env *env;
	const struct wf_stream_segment *segment;
	struct wf_insert_info *info;
	const struct wf_overlap_policy *policy;
	struct wf_overlap_range range; /* bounds of the segment that the policy compares */
	uint64_t end_off;	       /* offset of the end of the segment's captured bytes */
	/* position, among the extents, of the segment's first byte at or after next_off */
	struct wf_place place;
	struct wf_chain chain;
	uint32_t arrival;
	bool joins;
	bool passed; /* info->chunk is set: a run was passed to the caller */
	bool held;
	bool copied;
	bool failed;
};

/*
 * A run and the range after it. The bytes of the run, up to run_end_off, are taken from the
 * segment. In the range from there to lost_end_off, held bytes are kept; either may be empty.
 */
struct wf_outcome {
	uint64_t run_end_off;
	uint64_t lost_end_off;
	/* id of the extent whose bytes are kept in that range; WF_SLAB_NONE: the range is empty */
	uint32_t lost_id;
};

/*
 * Return the run of the segment that begins at @off, and the range after it. @id: the first held
 * extent that ends beyond @off.
 */
struct wf_outcome wf_contest_look_ahead(struct wf_insertion *ins, uint32_t id, uint64_t off);

/*
 * Join the segment to the held segment that ends where the new one begins, if Linux would find that
 * held segment before any segment that contains the first byte of the new one. Linux searches its
 * tree from the root, and weft assumes that the older of two segments is nearer to the root. The
 * function sets ins->joins, and the bounds and the arrival number of the joined segment.
 */
void wf_contest_try_join(struct wf_insertion *ins);

/*
 * Return the offset at which the original segment of @extent began. If @extent was joined to an
 * earlier segment, return an offset before @extent: where the chain began is not known here, and a
 * policy gives the same result for all offsets before @extent.
 */
uint64_t wf_contest_segment_off(const struct wf_extent *extent);

static inline uint64_t wf_min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t wf_max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

#endif
