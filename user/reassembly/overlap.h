/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * overlap.h - the copy that a receiver keeps where a segment overlaps a held one.
 *
 * A policy is a row: one function that compares the bounds of two overlapping segments, and the
 * choice of these bounds. README.md gives the source of each row.
 *
 * Thread: any; nothing here changes.
 */
#ifndef WF_REASSEMBLY_OVERLAP_H
#define WF_REASSEMBLY_OVERLAP_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/opts.h>

/* A segment's place in the stream: [off, end_off). */
struct wf_overlap_range {
	uint64_t off;
	uint64_t end_off;
};

/* Do the bytes of @incoming replace those of @held where the two overlap? */
typedef bool (*wf_overlap_fn)(const struct wf_overlap_range *held,
			      const struct wf_overlap_range *incoming);

struct wf_overlap_policy {
	wf_overlap_fn replaces;

	/*
	 * The receiver keeps segments whole and resolves overlaps when it delivers: a held segment
	 * is compared by its original bounds. Otherwise the receiver cuts segments on arrival, and
	 * the rest of a held segment is compared.
	 */
	bool keeps_whole;

	/*
	 * A segment that begins where a held one ends becomes one with it (Linux: skb coalescing),
	 * and is compared as part of it from then on.
	 */
	bool joins;
};

/* Return the row of @policy; never NULL. */
const struct wf_overlap_policy *wf_overlap_policy(enum weft_overlap policy);

#endif
