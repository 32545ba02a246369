/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * overload.h - which part of the new flows to shed, so that the other flows are captured whole.
 *
 *   frames lost at full rings, fill level ──each tick──► share of new flows to shed
 *
 * Shedding begins with a loss, never before. Each rise sheds at least half of the part that is
 * still taken; rings that are half full while flows are shed are a reason too. After a calm time a
 * part is taken back; if that brings the overload back, the next calm time is twice as long, up to
 * a limit. So under a steady overload trials are rare; successful trials shorten the calm time.
 *
 * Plain values; the thread that reads the rings is in shedding.c.
 */
#ifndef WF_PRESSURE_OVERLOAD_H
#define WF_PRESSURE_OVERLOAD_H

#include <stdbool.h>
#include <stdint.h>

/* A reading of all receive rings; the counts only rise. */
struct wf_overload_reading {
	uint64_t lost_frames;
	uint64_t received_frames;
	uint32_t fill_percent; /* of the fullest ring */
};

struct wf_overload {
	uint32_t percent; /* of new flows to shed */
	uint64_t rises;	  /* changes so far */
	uint64_t falls;
	struct wf_overload_reading last;
	struct wf_overload_reading base; /* an earlier one, against which a rise is measured */
	uint64_t base_ns;		 /* 0: nothing was read yet */
	uint64_t rate;			 /* frames taken per second, last measured */
	uint64_t full_rate;		 /* the rate when frames were last lost */
	uint64_t changed_ns;		 /* last change of percent */
	uint64_t calm_ns;		 /* calm since then */
	uint64_t hold_ns;		 /* calm time before the next trial */
	uint32_t trials;		 /* falls since the last rise */
};

void wf_overload_init(struct wf_overload *overload);

/* Return: overload->percent, which may have changed. */
uint32_t wf_overload_judge(struct wf_overload *overload, const struct wf_overload_reading *reading,
			   uint64_t now_ns);

#endif
