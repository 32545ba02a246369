/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * periodic.h - a thread that runs one function again and again, and sleeps in between.
 *
 * The function returns when it is due next, so that intervals may follow what it found. It can be
 * asked to run earlier.
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

/* @now_ns: CLOCK_MONOTONIC. Return: when to run next. */
typedef uint64_t (*wf_periodic_fn)(void *ctx, uint64_t now_ns);

/* All zero: not started. */
struct wf_periodic {
	const char *name;
	wf_periodic_fn fn;
	void *ctx; /* borrowed */
	pthread_t thread;
	bool is_started;
	_Atomic bool is_stopping;
	_Atomic bool is_asked; /* to run earlier than it is due */
	struct wf_waiter waiter;
};

/*
 * Run @fn at once, and then whenever it is due. @name: of the thread, at most 13 characters; it
 * outlives the thread. Return: 0; negative errno.
 */
int wf_periodic_start(struct wf_periodic *periodic, const char *name, wf_periodic_fn fn, void *ctx);

/* Waits until a run under way has returned; none follows. Idempotent. */
void wf_periodic_stop(struct wf_periodic *periodic);

/* Run as soon as the present run, if any, has returned. */
void wf_periodic_run_now(struct wf_periodic *periodic);

#endif
