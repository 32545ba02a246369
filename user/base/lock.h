/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lock.h - a mutex that is waited for only so long, and that counts the waiting.
 *
 * For the control plane only: nothing on the path of a packet takes one. Who does not get
 * it in time gives up with -ETIMEDOUT, so that two mistakes can't stop a program for ever.
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
	_Atomic uint64_t waits;	   /* times somebody had to wait */
	_Atomic uint64_t wait_ns;  /* ... and how long, in all */
	_Atomic uint64_t timeouts; /* ... in vain */
};

void wf_lock_init(struct wf_lock *lock, uint32_t timeout_ms);
void wf_lock_fini(struct wf_lock *lock);

/* @what: for the log. Return: 0; -ETIMEDOUT: not in time (logged, with who has it). */
int wf_lock_take(struct wf_lock *lock, const char *what);
void wf_lock_put(struct wf_lock *lock);

#endif
