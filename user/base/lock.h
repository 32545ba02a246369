/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lock.h - a mutex with a time limit. Its waits are counted and timed.
 *
 * Used only in the control plane, never on the packet path. If a thread does not get the mutex
 * within the limit, its call fails with -ETIMEDOUT, so a deadlock cannot block a thread for ever.
 */
#ifndef WF_BASE_LOCK_H
#define WF_BASE_LOCK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

struct wf_lock {
	pthread_mutex_t mutex;
	uint32_t timeout_ms;
	/* id of the thread that holds the mutex, for error messages; 0: not held */
	_Atomic int32_t holder;
	_Atomic uint64_t waits;	   /* number of times that a thread had to wait */
	_Atomic uint64_t wait_ns;  /* total duration of all waits, in nanoseconds */
	_Atomic uint64_t timeouts; /* number of waits that timed out */
};

void wf_lock_init(struct wf_lock *lock, uint32_t timeout_ms);
void wf_lock_fini(struct wf_lock *lock);

/* Lock the mutex without waiting. Return: 0; -EBUSY: another thread holds it. */
int wf_lock_try(struct wf_lock *lock);

/*
 * Lock the mutex. @what: name of the caller's operation, for the log. Return: 0; -ETIMEDOUT: the
 * mutex was not released within the limit (logged with the holder's thread id).
 */
int wf_lock_take(struct wf_lock *lock, const char *what);
void wf_lock_put(struct wf_lock *lock);

#endif
