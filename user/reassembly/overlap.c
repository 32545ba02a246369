// SPDX-License-Identifier: BSD-2-Clause
/*
 * overlap.c - one function for each family of receivers, one row for each policy.
 *
 * Every function compares two segments that overlap in at least one byte. For more segments the
 * caller compares each pair in stream order, and cuts segments or keeps their bounds as the row
 * says.
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
 * The segment that begins first wins; on a tie, the held one: 4.4BSD's tcp_reass() trims the front
 * of the new segment against the segment before it, then trims or drops those after it.
 */
static bool if_begins_before(const struct wf_overlap_range *held,
			     const struct wf_overlap_range *incoming)
{
	return incoming->off < held->off;
}

/* The segment that begins last wins; on a tie, the new one. */
static bool unless_begins_before(const struct wf_overlap_range *held,
				 const struct wf_overlap_range *incoming)
{
	return incoming->off >= held->off;
}

/* The segment that begins first wins; on a tie, the longer one; on a second tie, the held one. */
static bool if_begins_before_or_is_longer(const struct wf_overlap_range *held,
					  const struct wf_overlap_range *incoming)
{
	return incoming->off < held->off ||
	       (incoming->off == held->off && incoming->end_off > held->end_off);
}

/* The segment that begins first wins; on a tie, the longer one; on a second tie, the new one. */
static bool if_begins_before_unless_shorter(const struct wf_overlap_range *held,
					    const struct wf_overlap_range *incoming)
{
	return incoming->off < held->off ||
	       (incoming->off == held->off && incoming->end_off >= held->end_off);
}

/*
 * The new segment wins if it covers the held one or reaches beyond its end: the held
 * segment survives only where it ends later.
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
