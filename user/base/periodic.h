/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * periodic.h - a thread that runs one function repeatedly and sleeps in between.
 *
 * The function returns the time of its next run, so it can vary the interval. Other threads can
 * request an earlier run.
 *
 * Thread: one thread at a time for start and stop; any for wf_periodic_run_now().
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

/* A periodic thread. Zeroed storage represents a thread that is not running. */
struct wf_periodic {
	const char *name;
	wf_periodic_fn fn;
	void *ctx; /* borrowed */
	pthread_t thread;
	bool is_started;
	_Atomic bool is_stopping;
	_Atomic bool is_asked; /* wf_periodic_run_now() was called since the last run began */
	struct wf_waiter waiter;
};

/*
 * Start a thread that runs @fn at once, and then at each time that @fn returned for its next run.
 * @name: the thread's name, at most 13 characters; borrowed until the thread ends. Return: 0;
 * negative errno.
 */
int wf_periodic_start(struct wf_periodic *periodic, const char *name, wf_periodic_fn fn, void *ctx);

/* Stop the thread, after waiting until a run in progress has returned. Idempotent. */
void wf_periodic_stop(struct wf_periodic *periodic);

/* Request a run of the function at once, or, if it is running now, as soon as it has returned. */
void wf_periodic_run_now(struct wf_periodic *periodic);

#endif
