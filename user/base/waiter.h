/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * waiter.h - lets one thread sleep until others have something for it.
 *
 * The usual race (work arrives between the last look and the sleep) is closed by
 * announcing first:
 *
 *   sleeper                              waker
 *   wf_waiter_announce()                 publish the work
 *   look for work once more              wf_waiter_wake()  (a load, if nobody sleeps)
 *   none: poll wf_waiter_fd() or wait
 *   wf_waiter_cancel()
 *
 * Thread: one sleeper, any number of wakers.
 */
#ifndef WF_BASE_WAITER_H
#define WF_BASE_WAITER_H

#include <stdatomic.h>
#include <stdbool.h>

struct wf_waiter {
	_Atomic int sleeping;
	int fd; /* owned: an eventfd, for poll(2) */
};

int wf_waiter_init(struct wf_waiter *waiter);
void wf_waiter_fini(struct wf_waiter *waiter);

/* Say that a sleep may follow; look for work after this. */
void wf_waiter_announce(struct wf_waiter *waiter);

/* Sleep until woken or @timeout_ms passed (-1: no limit). */
void wf_waiter_wait(struct wf_waiter *waiter, int timeout_ms);

/* Awake again: take back the announcement and any wake-up left over. */
void wf_waiter_cancel(struct wf_waiter *waiter);

/* After publishing work. Async-signal-safe. */
void wf_waiter_wake(struct wf_waiter *waiter);

#endif
