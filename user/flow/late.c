// SPDX-License-Identifier: BSD-2-Clause
/* late.c - records the gaps of a direction, and counts the bytes that arrive for them later. */
#include "flow/late.h"

void wf_late_init(struct wf_late *late)
{
	late->late_bytes = 0;
	late->newest = 0;
	late->count = 0;
}

void wf_late_add_gap(struct wf_late *late, uint64_t off, uint64_t end_off)
{
	if (late->count && late->gaps[late->newest].end_off == off) {
		late->gaps[late->newest].end_off = end_off;
		return;
	}
	late->newest = (late->newest + 1) % WF_LATE_GAPS;
	late->count += late->count < WF_LATE_GAPS;
	late->gaps[late->newest] = (struct wf_late_gap){off, end_off};
}

uint64_t wf_late_count(struct wf_late *late, uint64_t off, uint64_t end_off)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < late->count; i++) {
		const struct wf_late_gap *gap =
			&late->gaps[(late->newest + WF_LATE_GAPS - i) % WF_LATE_GAPS];
		uint64_t begin = gap->off > off ? gap->off : off;
		uint64_t end = gap->end_off < end_off ? gap->end_off : end_off;

		if (gap->end_off <= off)
			break;
		if (begin < end)
			bytes += end - begin;
	}
	late->late_bytes += bytes;
	return bytes;
}
