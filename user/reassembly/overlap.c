// SPDX-License-Identifier: BSD-2-Clause
/*
 * overlap.c - the overlap policies: a table with one row for each policy, and the comparison
 * functions that its rows use.
 *
 * Each function compares a new segment with one held segment that overlaps it. If several held
 * segments overlap the new one, the caller compares them one by one in stream order. The row of the
 * policy defines whether segments are cut or keep their original bounds.
 */
#include "reassembly/overlap.h"

static bool never(const struct wf_overlap_range *held, const struct wf_overlap_range *incoming)
{
	return false;
}

static bool always(const struct wf_overlap_range *held, const struct wf_overlap_range *incoming)
{
	return true;
}

/*
 * Keep the bytes of the segment that begins first; if both begin at the same offset, those of the
 * held one. 4.4BSD's tcp_reass() does this: it trims the front of the new segment if an earlier
 * segment overlaps it, then trims or drops the later segments that overlap the new one.
 */
static bool if_begins_before(const struct wf_overlap_range *held,
			     const struct wf_overlap_range *incoming)
{
	return incoming->off < held->off;
}

/*
 * Keep the bytes of the segment that begins last; if both begin at the same offset, those of the
 * new one.
 */
static bool unless_begins_before(const struct wf_overlap_range *held,
				 const struct wf_overlap_range *incoming)
{
	return incoming->off >= held->off;
}

/*
 * Keep the bytes of the segment that begins first; if both begin at the same offset, those of the
 * longer one; if both are equally long, those of the held one.
 */
static bool if_begins_before_or_is_longer(const struct wf_overlap_range *held,
					  const struct wf_overlap_range *incoming)
{
	return incoming->off < held->off ||
	       (incoming->off == held->off && incoming->end_off > held->end_off);
}

/*
 * Keep the bytes of the segment that begins first; if both begin at the same offset, those of the
 * longer one; if both are equally long, those of the new one.
 */
static bool if_begins_before_unless_shorter(const struct wf_overlap_range *held,
					    const struct wf_overlap_range *incoming)
{
	return incoming->off < held->off ||
	       (incoming->off == held->off && incoming->end_off >= held->end_off);
}

/*
 * Keep the bytes of the segment that ends last; if both end at the same offset, those of the
 * segment that begins first; if both have the same bounds, those of the new one.
 */
static bool unless_ends_before(const struct wf_overlap_range *held,
			       const struct wf_overlap_range *incoming)
{
	if (incoming->off > held->off)
		return incoming->end_off > held->end_off;
	return incoming->end_off >= held->end_off;
}

static const struct wf_overlap_policy policies[WEFT_OVERLAP_COUNT] = {
	[WEFT_OVERLAP_DEFAULT] = {if_begins_before_or_is_longer, true, true},
	[WEFT_OVERLAP_FIRST] = {never, false, false},
	[WEFT_OVERLAP_LAST] = {always, false, false},
	[WEFT_OVERLAP_BSD] = {if_begins_before, false, false},
	[WEFT_OVERLAP_BSD_RIGHT] = {unless_begins_before, false, false},
	[WEFT_OVERLAP_LINUX] = {if_begins_before_or_is_longer, true, true},
	[WEFT_OVERLAP_OLD_LINUX] = {if_begins_before_unless_shorter, true, false},
	[WEFT_OVERLAP_WINDOWS] = {if_begins_before, false, false},
	[WEFT_OVERLAP_WINDOWS2K3] = {if_begins_before, false, false},
	[WEFT_OVERLAP_VISTA] = {never, false, false},
	[WEFT_OVERLAP_SOLARIS] = {unless_ends_before, false, false},
	[WEFT_OVERLAP_HPUX] = {unless_ends_before, false, false},
	[WEFT_OVERLAP_HPUX10] = {if_begins_before_or_is_longer, false, false},
	[WEFT_OVERLAP_IRIX] = {if_begins_before_or_is_longer, false, false},
	[WEFT_OVERLAP_MACOS] = {if_begins_before, false, false},
};

const struct wf_overlap_policy *wf_overlap_policy(enum weft_overlap policy)
{
	if ((unsigned int)policy >= WEFT_OVERLAP_COUNT)
		policy = WEFT_OVERLAP_DEFAULT;
	return &policies[policy];
}
