/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * overload.h - computes the percentage of new flows to shed, so that the other flows are captured
 * whole.
 *
 *   frames lost at full rings, fill level ──each tick──► share of new flows to shed
 *
 * Shedding begins only after losses that repeat: a single loss is caused by a burst, or by a worker
 * that did not run for a while, and is over before shedding takes effect. Each rise sheds half or
 * more of the new flows still captured, up to 98 % of all; while flows are shed, a ring that is
 * half full also causes a rise. After a time without overload, the percentage is lowered as a
 * trial. If the overload returns, the next such time is twice as long, up to a limit, so that
 * trials are rare under a steady overload. More than two successful trials in a row shorten it.
 *
 * This is computation only; the thread that reads the rings is in shedding.c.
 */
#ifndef WF_PRESSURE_OVERLOAD_H
#define WF_PRESSURE_OVERLOAD_H

#include <stdbool.h>
#include <stdint.h>

/* One reading of receive rings; the frame counts are cumulative. */
struct wf_overload_reading {
	uint64_t lost_frames;
	uint64_t received_frames;
	/* percentage filled of the fullest receive ring; host mode: of one worker's two rings */
	uint32_t fill_percent;
};

struct wf_overload {
	uint32_t percent; /* percentage of new flows to shed */
	uint64_t rises;	  /* number of times the percentage was raised */
	uint64_t falls;	  /* number of times the percentage was lowered */
	struct wf_overload_reading last;
	/* earlier reading, from which losses and rates are computed */
	struct wf_overload_reading base;
	uint64_t base_ns;   /* time of the reading base; 0: no reading yet */
	uint64_t rate;	    /* frames per second taken by workers, as last measured */
	uint64_t full_rate; /* frames per second at the last rise that a loss caused */
	/* the present series: losses that follow one another within a second */
	uint64_t series_ns;	/* time of the first loss of the series */
	uint64_t loss_ns;	/* time of the latest loss; 0: no loss yet */
	uint32_t loss_readings; /* number of readings with a loss in the series */
	uint64_t changed_ns;	/* time of the last change of percent */
	uint64_t calm_ns;	/* start of the current time without overload */
	uint64_t hold_ns;	/* time without overload required before percent is lowered */
	uint32_t trials;	/* number of times percent was lowered since it was last raised */
};

void wf_overload_init(struct wf_overload *overload);

/* Evaluate @reading and update the percentage. Return: overload->percent. */
uint32_t wf_overload_judge(struct wf_overload *overload, const struct wf_overload_reading *reading,
			   uint64_t now_ns);

/*
 * Return true if nothing is shed and no loss belongs to a present series, so that the rings may be
 * read less often.
 */
bool wf_overload_is_calm(const struct wf_overload *overload, uint64_t now_ns);

#endif
