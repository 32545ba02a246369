// SPDX-License-Identifier: BSD-2-Clause
/*
 * lock.c - a mutex with a time limit. A thread first tries to lock it without waiting, so that the
 * clock is read only if the thread must wait.
 */
#include "base/lock.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/owner.h"
#include "base/tsan.h"

void wf_lock_init(struct wf_lock *lock, uint32_t timeout_ms)
{
	*lock = (struct wf_lock){.timeout_ms = timeout_ms};
	pthread_mutex_init(&lock->mutex, NULL);
}

void wf_lock_fini(struct wf_lock *lock)
{
	pthread_mutex_destroy(&lock->mutex);
}

static int wait_for(struct wf_lock *lock)
{
	uint64_t begin_ns = wf_clock_monotonic_ns();
	uint64_t end_ns = begin_ns + lock->timeout_ms * WF_NS_PER_MS;
	const struct timespec end = {
		.tv_sec = (time_t)(end_ns / WF_NS_PER_SEC),
		.tv_nsec = (long)(end_ns % WF_NS_PER_SEC),
	};
	int err = pthread_mutex_clocklock(&lock->mutex, CLOCK_MONOTONIC, &end);

	if (!err)
		wf_tsan_locked(&lock->mutex);
	atomic_fetch_add_explicit(&lock->waits, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&lock->wait_ns, wf_clock_monotonic_ns() - begin_ns,
				  memory_order_relaxed);
	return err;
}

int wf_lock_try(struct wf_lock *lock)
{
	if (pthread_mutex_trylock(&lock->mutex))
		return -EBUSY;
	atomic_store_explicit(&lock->holder, wf_thread_id(), memory_order_relaxed);
	return 0;
}

int wf_lock_take(struct wf_lock *lock, const char *what)
{
	if (pthread_mutex_trylock(&lock->mutex) && wait_for(lock)) {
		atomic_fetch_add_explicit(&lock->timeouts, 1, memory_order_relaxed);
		wf_error(
			"concurrency: %s: gave up after %u ms of waiting for a lock that thread %d holds",
			what, lock->timeout_ms,
			atomic_load_explicit(&lock->holder, memory_order_relaxed));
		return -ETIMEDOUT;
	}
	atomic_store_explicit(&lock->holder, wf_thread_id(), memory_order_relaxed);
	return 0;
}

void wf_lock_put(struct wf_lock *lock)
{
	atomic_store_explicit(&lock->holder, 0, memory_order_relaxed);
	pthread_mutex_unlock(&lock->mutex);
}
