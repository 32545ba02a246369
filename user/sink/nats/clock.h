/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock.h - clocks and sleeping for the sink `nats`.
 */
#ifndef WF_SINK_NATS_CLOCK_H
#define WF_SINK_NATS_CLOCK_H

#include <stdint.h>
#include <time.h>

#define WF_NATS_NS_PER_SEC 1000000000ull
#define WF_NATS_NS_PER_MS  1000000ull

static inline uint64_t wf_nats_clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * WF_NATS_NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* Return the monotonic time. */
static inline uint64_t wf_nats_now_ns(void)
{
	return wf_nats_clock_ns(CLOCK_MONOTONIC);
}

static inline void wf_nats_sleep_ms(unsigned int ms)
{
	const struct timespec time = {.tv_sec = ms / 1000,
				      .tv_nsec = (long)(ms % 1000) * (long)WF_NATS_NS_PER_MS};

	nanosleep(&time, NULL);
}

#endif
