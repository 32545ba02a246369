/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lock.h - a mutex with a time limit, which counts and measures waits.
 *
 * Used only in the control plane, never on the packet path. A thread that does not get the
 * mutex in time gives up with -ETIMEDOUT, so that a deadlock does not stop the program for
 * ever.
 */
#ifndef WF_BASE_LOCK_H
#define WF_BASE_LOCK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

struct wf_lock {
	pthread_mutex_t mutex;
	uint32_t timeout_ms;
	_Atomic int32_t holder;	   /* thread id of the holder, for the log */
	_Atomic uint64_t waits;	   /* number of times that a thread had to wait */
	_Atomic uint64_t wait_ns;  /* total duration of these waits */
	_Atomic uint64_t timeouts; /* number of waits that timed out */
};

void wf_lock_init(struct wf_lock *lock, uint32_t timeout_ms);
void wf_lock_fini(struct wf_lock *lock);

/*
 * Lock the mutex. @what: the operation, for the log. Return: 0; -ETIMEDOUT: it was not free in
 * time (logged with the holder).
 */
int wf_lock_take(struct wf_lock *lock, const char *what);
void wf_lock_put(struct wf_lock *lock);

#endif
