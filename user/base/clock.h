/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock.h - access to the system's clocks, in nanoseconds.
 *
 * The clocks are read by the outer loops of threads, and by functions that wait or measure a
 * duration. All other functions take `now_ns` as a parameter, so that tests and replay supply their
 * own time.
 */
#ifndef WF_BASE_CLOCK_H
#define WF_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define WF_NS_PER_SEC 1000000000ull
#define WF_NS_PER_MS  1000000ull
#define WF_NS_PER_US  1000ull

static inline uint64_t wf_clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * WF_NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

static inline uint64_t wf_clock_realtime_ns(void)
{
	return wf_clock_ns(CLOCK_REALTIME);
}

static inline uint64_t wf_clock_monotonic_ns(void)
{
	return wf_clock_ns(CLOCK_MONOTONIC);
}

/* Return the length of one tick of the kernel's timer in nanoseconds. */
static inline uint64_t wf_clock_tick_ns(void)
{
	struct timespec ts = {0};

	clock_getres(CLOCK_MONOTONIC_COARSE, &ts);
	return (uint64_t)ts.tv_sec * WF_NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

#endif
