/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock.h - the monotonic clock in nanoseconds.
 */
#ifndef WF_AGENT_CONTROL_CLOCK_H
#define WF_AGENT_CONTROL_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t wf_clock_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#endif
