/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * periodic.h - a thread that runs one function repeatedly and sleeps in between.
 *
 * The function returns the time of its next run, so that it may adapt the interval. Another
 * thread can request an earlier run.
 *
 * Thread: main starts and stops; wf_periodic_run_now() any.
 */
#ifndef WF_BASE_PERIODIC_H
#define WF_BASE_PERIODIC_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/waiter.h"

/* @now_ns: CLOCK_MONOTONIC. Return: the time of the next run. */
typedef uint64_t (*wf_periodic_fn)(void *ctx, uint64_t now_ns);

/* Zeroed storage is a thread that is not started. */
struct wf_periodic {
	const char *name;
	wf_periodic_fn fn;
	void *ctx; /* borrowed */
	pthread_t thread;
	bool is_started;
	_Atomic bool is_stopping;
	_Atomic bool is_asked; /* an earlier run is requested */
	struct wf_waiter waiter;
};

/*
 * Start a thread that runs @fn at once, and then whenever it is due. @name: the thread's name,
 * at most 13 characters; borrowed until the thread ends. Return: 0; negative errno.
 */
int wf_periodic_start(struct wf_periodic *periodic, const char *name, wf_periodic_fn fn, void *ctx);

/* Stop the thread, after waiting until a run in progress has returned. Idempotent. */
void wf_periodic_stop(struct wf_periodic *periodic);

/* Request a run as soon as the run in progress, if any, has returned. */
void wf_periodic_run_now(struct wf_periodic *periodic);

#endif
