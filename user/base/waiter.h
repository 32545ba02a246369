/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * waiter.h - lets threads sleep until another thread has work for them.
 *
 * The sleep is announced first, so that work published between the last check and the sleep is
 * not missed:
 *
 *   sleeper                              waker
 *   ticket = wf_waiter_announce()        publish the work
 *   check for work once more             wf_waiter_wake()  (a fence and a load if nobody sleeps)
 *   if none: wf_waiter_sleep(ticket)
 *   wf_waiter_cancel(), if there is no other sleeper
 *
 * A waiter is one futex word; zeroed storage is a valid waiter. A sleeper that also waits for
 * other descriptors calls wf_waiter_open(): then it polls, and an eventfd wakes it.
 *
 * Thread: any number of sleepers and wakers; one sleeper if it is open for polling.
 */
#ifndef WF_BASE_WAITER_H
#define WF_BASE_WAITER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct wf_waiter {
	/* lowest bit: a sleep is announced; other bits: number of wake-ups */
	_Atomic uint32_t word;
	bool is_polled;
	int fd; /* eventfd, owned if is_polled */
};

/*
 * Open an eventfd, so that the sleeper calls poll(2) on waiter->fd instead of
 * wf_waiter_sleep(). Return: 0; negative errno.
 */
int wf_waiter_open(struct wf_waiter *waiter);

/* Close the eventfd. Idempotent; does nothing to a waiter that was never opened. */
void wf_waiter_close(struct wf_waiter *waiter);

/*
 * Announce that the caller may sleep; the caller then checks for work once more. Return: the
 * ticket for wf_waiter_sleep().
 */
uint32_t wf_waiter_announce(struct wf_waiter *waiter);

/*
 * Sleep until a wf_waiter_wake() that follows the announcement, or until @deadline_ns
 * (CLOCK_MONOTONIC; UINT64_MAX: no limit). Spurious wake-ups are possible.
 */
void wf_waiter_sleep(struct wf_waiter *waiter, uint32_t ticket, uint64_t deadline_ns);

/*
 * Clear the announcement and any pending wake-up after a sleep. Not allowed if the waiter has
 * several sleepers, because the call would clear the announcements of all of them. Without this
 * call the announcement remains set, and a later wf_waiter_wake() may find no sleeper.
 */
void wf_waiter_cancel(struct wf_waiter *waiter);

/* Wake all sleepers. To be called after the work was published. Async-signal-safe. */
void wf_waiter_wake(struct wf_waiter *waiter);

/*
 * Return true if a sleep is announced. The load is sequentially consistent, as is the store of the
 * announcement.
 */
static inline bool wf_waiter_is_announced(const struct wf_waiter *waiter)
{
	return atomic_load(&waiter->word) & 1;
}

#endif
