/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lock.h - a mutex with a time limit, which counts the waiting.
 *
 * For the control plane only: nothing on the path of a packet takes one. A thread that does not
 * get it in time gives up with -ETIMEDOUT, so that a deadlock can't stop a program for ever.
 */
#ifndef WF_BASE_LOCK_H
#define WF_BASE_LOCK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

struct wf_lock {
	pthread_mutex_t mutex;
	uint32_t timeout_ms;
	_Atomic int32_t holder;	   /* thread id, for the log */
	_Atomic uint64_t waits;	   /* times that a thread had to wait */
	_Atomic uint64_t wait_ns;  /* total of these waits */
	_Atomic uint64_t timeouts; /* waits that failed */
};

void wf_lock_init(struct wf_lock *lock, uint32_t timeout_ms);
void wf_lock_fini(struct wf_lock *lock);

/* @what: for the log. Return: 0; -ETIMEDOUT: not in time (logged, with the holder). */
int wf_lock_take(struct wf_lock *lock, const char *what);
void wf_lock_put(struct wf_lock *lock);

#endif
