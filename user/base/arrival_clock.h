/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arrival_clock.h - the time of arrival of a packet, from the time that a kernel program wrote into
 * its metadata (CLOCK_MONOTONIC): timers follow it, reports add realtime_offset_ns.
 *
 * Reading a clock for each packet is too expensive in the kernel, so the program's time may lag by
 * up to one tick. Adding the lag, but never passing the present, gives a time that is at most one
 * tick wrong, regardless of the packet's time in the ring.
 *
 * Thread: the one that receives.
 */
#ifndef WF_BASE_ARRIVAL_CLOCK_H
#define WF_BASE_ARRIVAL_CLOCK_H

#include "base/clock.h"

struct wf_arrival_clock {
	uint64_t lag_ns;	     /* maximum lag of the program's time */
	uint64_t now_ns;	     /* CLOCK_MONOTONIC, as last read */
	uint64_t realtime_offset_ns; /* CLOCK_REALTIME - CLOCK_MONOTONIC */
	uint64_t offset_until_ns;    /* CLOCK_MONOTONIC at which the offset is read again */
};

/* Read the clock, once for all packets of a batch. */
static inline void wf_arrival_clock_read(struct wf_arrival_clock *clock)
{
	clock->now_ns = wf_clock_monotonic_ns();
	if (clock->now_ns < clock->offset_until_ns)
		return;
	clock->realtime_offset_ns = wf_clock_realtime_ns() - clock->now_ns;
	clock->offset_until_ns = clock->now_ns + WF_NS_PER_SEC;
}

/* Return the time of arrival (CLOCK_MONOTONIC) of a packet with the program's time @time_ns. */
static inline uint64_t wf_arrival_clock_passing(const struct wf_arrival_clock *clock,
						uint64_t time_ns)
{
	uint64_t latest_ns = time_ns + clock->lag_ns;

	return clock->now_ns < latest_ns ? clock->now_ns : latest_ns;
}

#endif
