/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arrival_clock.h - the time of arrival of a packet, from the time that the BPF program wrote into
 * its metadata (CLOCK_MONOTONIC). Timers use this time; reports use it plus realtime_offset_ns.
 *
 * Reading a clock for each packet is too expensive in the kernel, so the BPF program's time may be
 * up to one tick before the arrival. The time of arrival is taken as the BPF program's time plus
 * one tick, or as the present time if that is earlier. It is at most one tick after the arrival,
 * however long the packet waited in the ring.
 *
 * Thread: the worker that receives the packets.
 */
#ifndef WF_BASE_ARRIVAL_CLOCK_H
#define WF_BASE_ARRIVAL_CLOCK_H

#include "base/clock.h"

struct wf_arrival_clock {
	uint64_t lag_ns; /* length of a tick, by which the BPF program's time may be early */
	uint64_t now_ns; /* CLOCK_MONOTONIC at the last wf_arrival_clock_read() */
	uint64_t realtime_offset_ns; /* CLOCK_REALTIME - CLOCK_MONOTONIC */
	uint64_t offset_until_ns;    /* CLOCK_MONOTONIC at which the offset is read again */
};

/*
 * Read CLOCK_MONOTONIC, and CLOCK_REALTIME at most once a second. To be called once for each batch
 * of packets.
 */
static inline void wf_arrival_clock_read(struct wf_arrival_clock *clock)
{
	clock->now_ns = wf_clock_monotonic_ns();
	if (clock->now_ns < clock->offset_until_ns)
		return;
	clock->realtime_offset_ns = wf_clock_realtime_ns() - clock->now_ns;
	clock->offset_until_ns = clock->now_ns + WF_NS_PER_SEC;
}

/* Return the time of arrival of a packet (CLOCK_MONOTONIC). @time_ns: the BPF program's time. */
static inline uint64_t wf_arrival_clock_monotonic(const struct wf_arrival_clock *clock,
						  uint64_t time_ns)
{
	uint64_t latest_ns = time_ns + clock->lag_ns;

	return clock->now_ns < latest_ns ? clock->now_ns : latest_ns;
}

#endif
