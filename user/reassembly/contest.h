/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * contest.h - a segment against held data: the bytes that it wins.
 *
 * Internal to reassembly. Changes nothing but its own notes in the insertion.
 */
#ifndef WF_REASSEMBLY_CONTEST_H
#define WF_REASSEMBLY_CONTEST_H

#include <stdbool.h>
#include <stdint.h>

#include "reassembly/extent.h"
#include "reassembly/overlap.h"
#include "reassembly/stream.h"

/* The answer for the chain of joined extents that was asked about last. */
struct wf_chain {
	uint64_t end_off; /* how far it has been followed */
	uint32_t id;	  /* the last extent */
	bool replaced;
};

struct wf_insertion {
	struct wf_stream *stream;
	struct wf_stream_env *env;
	const struct wf_stream_segment *segment;
	struct wf_insert_info *info;
	const struct wf_overlap_policy *policy;
	struct wf_overlap_range range; /* as the policy sees the segment */
	uint64_t end_off;	       /* of the captured bytes */
	struct wf_place place;	       /* of the first byte that is not before next_off */
	struct wf_chain chain;
	uint32_t arrival;
	bool joins;
	bool passed; /* info->chunk is set */
	bool held;
	bool copied;
	bool failed;
};

/* The next run that the segment wins, and the stretch behind it that it loses. */
struct wf_outcome {
	uint64_t run_end_off;
	uint64_t lost_end_off;
	uint32_t lost_id; /* the extent that keeps the lost stretch */
};

/* @id: the first held that ends beyond @off. */
struct wf_outcome wf_contest_look_ahead(struct wf_insertion *ins, uint32_t id, uint64_t off);

/*
 * Does it begin where a held segment ends, and find that one before any other
 * that has its first byte? Linux looks from the root of its tree: of two, the
 * older is above. Sets joins, and the bounds and arrival of the segment joined.
 */
void wf_contest_try_join(struct wf_insertion *ins);

/* Where the segment began, or the chain, that @extent is the first known part of. */
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
