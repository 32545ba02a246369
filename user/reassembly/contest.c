// SPDX-License-Identifier: BSD-2-Clause
/*
 * contest.c - decides, for each range of bytes that a new segment shares with held segments, which
 * copy is kept. The ranges are processed in ascending order.
 *
 * Policies with keeps_whole compare the original bounds of segments, which hidden_before and
 * hidden_after record. A segment that was joined to another one (as Linux does) may be a separate
 * extent, but the policy compares the bounds of the whole chain of joined segments. The result for
 * the first extent of a chain is used for all other extents of the chain.
 *
 * Work: the policy function is called at most once for each held extent that overlaps the segment,
 * and twice if only a part of the extent is final.
 */
#include "reassembly/contest.h"

#include <stddef.h>

#include "reassembly/extent.h"

uint64_t wf_contest_segment_off(const struct wf_extent *extent)
{
	uint64_t off = extent->off - extent->hidden_before;

	/*
	 * The start of the chain is unknown here. For the policy, all offsets before this extent
	 * are equivalent.
	 */
	return extent->flags & WF_EXTENT_JOINED && off ? off - 1 : off;
}

/*
 * Examine the chain from extent @id on until it ends or exceeds @end_off. Return: the end of the
 * examined part.
 */
static uint64_t chain_end(const struct wf_insertion *ins, uint32_t id, uint64_t end_off)
{
	const struct wf_slab *slab = ins->env->extents;
	const struct wf_extent *extent = wf_extent_at(slab, id);

	for (;;) {
		uint64_t here_off = wf_extent_end(extent) + extent->hidden_after;
		uint32_t next_id = wf_extents_next(slab, id);
		const struct wf_extent *next = next_id ? wf_extent_at(slab, next_id) : NULL;

		if (here_off > end_off || !next || next->off != here_off ||
		    !(next->flags & WF_EXTENT_JOINED))
			return here_off;
		id = next_id;
		extent = next;
	}
}

/* Return true if the new segment replaces the bytes of extent @id, except bytes that are final. */
static bool replaces(struct wf_insertion *ins, uint32_t id)
{
	const struct wf_extent *extent = wf_extent_at(ins->env->extents, id);
	struct wf_overlap_range held = {.off = extent->off, .end_off = wf_extent_end(extent)};

	if (!ins->policy->keeps_whole)
		return ins->policy->replaces(&held, &ins->range);

	if (ins->chain.id == id)
		return ins->chain.replaced;
	if (!(extent->flags & WF_EXTENT_JOINED) || ins->chain.end_off != extent->off) {
		held.off = wf_contest_segment_off(extent);
		held.end_off = chain_end(ins, id, ins->range.end_off);
		ins->chain.replaced = ins->policy->replaces(&held, &ins->range);
	}
	ins->chain.id = id;
	ins->chain.end_off = wf_extent_end(extent) + extent->hidden_after;
	return ins->chain.replaced;
}

/* Return the offset below which the bytes of @extent are final. */
static uint64_t final_below(const struct wf_insertion *ins, const struct wf_extent *extent)
{
	return extent->flags & WF_EXTENT_FINAL ? UINT64_MAX : ins->segment->acked_off;
}

/*
 * Return true if the new segment replaces the byte of extent @id at @off. The result also applies
 * to all following bytes before *@ret_end_off.
 */
static bool wins(struct wf_insertion *ins, uint32_t id, uint64_t off, uint64_t *ret_end_off)
{
	const struct wf_extent *extent = wf_extent_at(ins->env->extents, id);
	uint64_t final_off = final_below(ins, extent);
	bool replaced = replaces(ins, id);

	*ret_end_off = wf_min_u64(wf_extent_end(extent), ins->end_off);
	if (off >= final_off)
		return replaced;
	if (replaced)
		*ret_end_off = wf_min_u64(*ret_end_off, final_off);
	return false;
}

struct wf_outcome wf_contest_look_ahead(struct wf_insertion *ins, uint32_t id, uint64_t off)
{
	const struct wf_slab *slab = ins->env->extents;
	uint64_t end_off;

	while (off < ins->end_off && id) {
		off = wf_max_u64(off, wf_min_u64(wf_extent_at(slab, id)->off, ins->end_off));
		if (off == ins->end_off)
			break;
		if (!wins(ins, id, off, &end_off))
			return (struct wf_outcome){off, end_off, id};
		off = end_off;
		id = wf_extents_next(slab, id);
	}
	return (struct wf_outcome){ins->end_off, ins->end_off, WF_SLAB_NONE};
}

void wf_contest_try_join(struct wf_insertion *ins)
{
	const struct wf_slab *slab = ins->env->extents;
	uint64_t off = ins->segment->off;
	const struct wf_extent *before;

	if (!ins->place.before_id)
		return;
	before = wf_extent_at(slab, ins->place.before_id);
	if (wf_extent_end(before) != off || before->hidden_after)
		return;
	if (ins->place.after_id) {
		const struct wf_extent *after = wf_extent_at(slab, ins->place.after_id);

		if (after->off == off && (after->flags & WF_EXTENT_JOINED ||
					  (int32_t)(before->arrival - after->arrival) >= 0))
			return;
	}
	ins->joins = true;
	ins->arrival = before->arrival;
	/*
	 * The policy needs only an offset at or before the start of the chain: no held segment that
	 * overlaps the new one begins before the chain. 0 is such an offset.
	 */
	ins->range.off = 0;
}
