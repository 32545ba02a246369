/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * overlap.h - the overlap policies. A policy defines which copy of a byte a receiver keeps if a new
 * segment overlaps a held one.
 *
 * A policy consists of a function that compares the bounds of two overlapping segments, and of
 * flags that define which bounds are compared. README.md lists the source of each policy.
 *
 * Thread: any; all data is constant.
 */
#ifndef WF_REASSEMBLY_OVERLAP_H
#define WF_REASSEMBLY_OVERLAP_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/opts.h>

/* The range of stream offsets that a segment covers: [off, end_off). */
struct wf_overlap_range {
	uint64_t off;
	uint64_t end_off;
};

/*
 * Return true if the bytes of @incoming replace the bytes of @held where the two segments overlap.
 */
typedef bool (*wf_overlap_fn)(const struct wf_overlap_range *held,
			      const struct wf_overlap_range *incoming);

struct wf_overlap_policy {
	wf_overlap_fn replaces;

	/*
	 * true: the receiver keeps segments whole and resolves overlaps when it delivers them, so
	 * the original bounds of a held segment are compared. false: the receiver cuts segments on
	 * arrival, so the bounds of the remaining part are compared.
	 */
	bool keeps_whole;

	/*
	 * A segment that begins where a held one ends is joined to it (Linux: skb coalescing). From
	 * then on both are compared as one segment.
	 */
	bool joins;
};

/* Return the row of the table for @policy; never NULL. */
const struct wf_overlap_policy *wf_overlap_policy(enum weft_overlap policy);

#endif
