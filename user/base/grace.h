/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * grace.h - waits until BPF programs that are running have ended.
 *
 * Programs run in RCU read-side sections, and MEMBARRIER_CMD_GLOBAL of membarrier(2) waits for a
 * grace period of RCU. A kernel with nohz_full CPUs rejects the command without waiting.
 *
 * Thread: any, but not one that processes packets, because a grace period takes milliseconds.
 */
#ifndef WF_BASE_GRACE_H
#define WF_BASE_GRACE_H

#include <errno.h>
#include <linux/membarrier.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

/*
 * wf_grace_wait() sleeps for this time if the kernel rejects the command. A program runs for
 * microseconds.
 */
#define WF_GRACE_SLEEP_NS (50 * WF_NS_PER_MS)

/* Return true if wf_grace_try() succeeds on this kernel. */
static inline bool wf_grace_is_supported(void)
{
	long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);

	return commands > 0 && commands & MEMBARRIER_CMD_GLOBAL;
}

/* Wait for a grace period. Return: 0; negative errno: the kernel can't wait for one. */
static inline int wf_grace_try(void)
{
	return syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) ? -errno : 0;
}

/*
 * Wait for a grace period; if the kernel can't, sleep for WF_GRACE_SLEEP_NS instead. After the
 * return, programs that were running at the call have ended. After a sleep, this is not certain: a
 * hypervisor or a real-time thread may have stopped a program for that long.
 */
static inline void wf_grace_wait(void)
{
	uint64_t until_ns;
	struct timespec until;

	if (!wf_grace_try())
		return;
	until_ns = wf_clock_monotonic_ns() + WF_GRACE_SLEEP_NS;
	until.tv_sec = (time_t)(until_ns / WF_NS_PER_SEC);
	until.tv_nsec = (long)(until_ns % WF_NS_PER_SEC);
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

#endif
