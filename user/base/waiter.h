/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * waiter.h - lets threads sleep until another thread has something for them.
 *
 * The usual race (work arrives between the last look and the sleep) is closed by
 * announcing the sleep first:
 *
 *   sleeper                              waker
 *   ticket = wf_waiter_announce()        publish the work
 *   look for work once more              wf_waiter_wake()  (a load, if nobody sleeps)
 *   none: wf_waiter_sleep(ticket)
 *   wf_waiter_cancel()
 *
 * A waiter is one futex word, and all zero is a valid one. A sleeper that also waits for other
 * descriptors opens it for polling: then it is woken through an eventfd, and it polls.
 *
 * Thread: any number of sleepers and wakers; one sleeper if it is open for polling.
 */
#ifndef WF_BASE_WAITER_H
#define WF_BASE_WAITER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct wf_waiter {
	_Atomic uint32_t word; /* lowest bit: a sleep is announced; the others count wake-ups */
	bool is_polled;
	int fd; /* owned if polled: an eventfd */
};

/* For poll(2) on waiter->fd in place of wf_waiter_sleep(). Return: 0; negative errno. */
int wf_waiter_open(struct wf_waiter *waiter);

/* Idempotent; does nothing to a waiter that was never opened. */
void wf_waiter_close(struct wf_waiter *waiter);

/* Announce that a sleep may follow; look for work after this. Return: for wf_waiter_sleep(). */
uint32_t wf_waiter_announce(struct wf_waiter *waiter);

/*
 * Sleep until a wf_waiter_wake() after the announcement, until @deadline_ns (CLOCK_MONOTONIC;
 * UINT64_MAX: no limit), or for no reason.
 */
void wf_waiter_sleep(struct wf_waiter *waiter, uint32_t ticket, uint64_t deadline_ns);

/*
 * A sole sleeper is awake again: its announcement and a wake-up left over are taken back. Where
 * several threads sleep nobody calls this; the next wf_waiter_wake() may then wake nobody.
 */
void wf_waiter_cancel(struct wf_waiter *waiter);

/* After publishing work: wake all that sleep. Async-signal-safe. */
void wf_waiter_wake(struct wf_waiter *waiter);

/* Is a sleep announced? Sequentially consistent, as the announcement is. */
static inline bool wf_waiter_is_announced(const struct wf_waiter *waiter)
{
	return atomic_load(&waiter->word) & 1;
}

#endif
