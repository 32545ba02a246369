// SPDX-License-Identifier: BSD-2-Clause
/*
 * sizing.c - a decaying histogram of the page sizes that the traffic needs.
 *
 * Every function is a pass over 63 counters, off the path of a single packet:
 * decay comes once in WF_SIZING_PERIOD notes, the rest once a tend.
 */
#include "memory/sizing.h"

#include <weft/limits.h>

_Static_assert((WF_SIZING_BUCKETS - WF_SIZING_FINE / WF_SIZING_STEP + 1) * WF_SIZING_FINE ==
		       WEFT_SPAN_BYTES,
	       "the last bucket ends with the largest page");

void wf_sizing_decay(struct wf_sizing *sizing)
{
	for (uint32_t i = 0; i < WF_SIZING_BUCKETS; i++)
		sizing->counts[i] /= 2;
	sizing->notes = 0;
}

uint64_t wf_sizing_notes(const struct wf_sizing *sizing, uint32_t above, uint32_t upto)
{
	uint64_t notes = 0;

	for (uint32_t i = 0; i < WF_SIZING_BUCKETS; i++)
		if (wf_sizing_top(i) > above && wf_sizing_top(i) <= upto)
			notes += sizing->counts[i];
	return notes;
}

/* Bytes of pages needed for sizes in (@above, @upto], each counted as its bucket's top. */
static uint64_t needed_bytes(const struct wf_sizing *sizing, uint32_t above, uint32_t upto)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < WF_SIZING_BUCKETS; i++)
		if (wf_sizing_top(i) > above && wf_sizing_top(i) <= upto)
			bytes += (uint64_t)sizing->counts[i] * wf_sizing_top(i);
	return bytes;
}

uint32_t wf_sizing_ready(const struct wf_sizing *sizing, uint32_t above, uint32_t page_bytes,
			 uint32_t spare_spans)
{
	uint64_t all = needed_bytes(sizing, 0, WEFT_SPAN_BYTES);
	uint64_t mine = needed_bytes(sizing, above, page_bytes);

	if (!mine)
		return 0;
	return (uint32_t)((mine * spare_spans + all - 1) / all);
}
