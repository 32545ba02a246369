/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * contest.h - the bytes that a segment wins against held data.
 *
 * Internal to reassembly. It only changes members of struct wf_insertion.
 */
#ifndef WF_REASSEMBLY_CONTEST_H
#define WF_REASSEMBLY_CONTEST_H

#include <stdbool.h>
#include <stdint.h>

#include "reassembly/extent.h"
#include "reassembly/overlap.h"
#include "reassembly/stream.h"

/* The last answer for a chain of joined extents. */
struct wf_chain {
	uint64_t end_off; /* offset up to which the chain was followed */
	uint32_t id;	  /* last extent that was followed */
	bool replaced;
};

struct wf_insertion {
	struct wf_stream *stream;
	struct wf_stream_env *env;
	const struct wf_stream_segment *segment;
	struct wf_insert_info *info;
	const struct wf_overlap_policy *policy;
	struct wf_overlap_range range; /* bounds of the segment, as the policy sees them */
	uint64_t end_off;	       /* end of the captured bytes */
	struct wf_place place;	       /* place of the first byte that is not before next_off */
	struct wf_chain chain;
	uint32_t arrival;
	bool joins;
	bool passed; /* info->chunk is set */
	bool held;
	bool copied;
	bool failed;
};

/* The next run that the segment wins, and the stretch after it that it loses. */
struct wf_outcome {
	uint64_t run_end_off;
	uint64_t lost_end_off;
	uint32_t lost_id; /* extent that wins the lost stretch */
};

/* Return the next run from @off on. @id: the first held extent that ends beyond @off. */
struct wf_outcome wf_contest_look_ahead(struct wf_insertion *ins, uint32_t id, uint64_t off);

/*
 * Join the segment to the held segment that ends where it begins, if Linux would find that one
 * before any other segment that holds the first byte. Linux searches from the root of its tree,
 * where the older of two segments is nearer to the root. Sets joins, and the bounds and arrival of
 * the joined segment.
 */
void wf_contest_try_join(struct wf_insertion *ins);

/*
 * Return the offset at which the segment of @extent began, or its chain, if @extent is the first
 * known part of one.
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
