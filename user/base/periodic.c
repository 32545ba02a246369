// SPDX-License-Identifier: BSD-2-Clause
/* periodic.c - the loop of a thread that runs a function when the next run is due or requested. */
#include "base/periodic.h"

#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/cpu.h"

/* The name of a thread is the given one and "-0", and the kernel allows 15 characters. */
enum { NAME_MAX_CHARS = 13 };

static bool is_stopping(const struct wf_periodic *periodic)
{
	return atomic_load_explicit(&periodic->is_stopping, memory_order_relaxed);
}

static void sleep_until(struct wf_periodic *periodic, uint64_t due_ns)
{
	uint32_t ticket = wf_waiter_announce(&periodic->waiter);

	if (!is_stopping(periodic) &&
	    !atomic_load_explicit(&periodic->is_asked, memory_order_relaxed))
		wf_waiter_sleep(&periodic->waiter, ticket, due_ns);
	wf_waiter_cancel(&periodic->waiter);
}

static void *run(void *arg)
{
	struct wf_periodic *periodic = arg;
	uint64_t due_ns = 0;

	wf_cpu_name_thread(periodic->name, 0);
	while (!is_stopping(periodic)) {
		uint64_t now_ns = wf_clock_monotonic_ns();

		/*
		 * Pairs with the release in wf_periodic_run_now(): the requester's writes
		 * happen before this run.
		 */
		if (atomic_exchange_explicit(&periodic->is_asked, false, memory_order_acquire) ||
		    now_ns >= due_ns)
			due_ns = periodic->fn(periodic->ctx, now_ns);
		sleep_until(periodic, due_ns);
	}
	return NULL;
}

int wf_periodic_start(struct wf_periodic *periodic, const char *name, wf_periodic_fn fn, void *ctx)
{
	int err;

	wf_assert(strlen(name) <= NAME_MAX_CHARS);
	*periodic = (struct wf_periodic){.name = name, .fn = fn, .ctx = ctx};
	err = pthread_create(&periodic->thread, NULL, run, periodic);
	periodic->is_started = !err;
	return -err;
}

void wf_periodic_stop(struct wf_periodic *periodic)
{
	if (!periodic->is_started)
		return;
	atomic_store_explicit(&periodic->is_stopping, true, memory_order_relaxed);
	wf_waiter_wake(&periodic->waiter);
	pthread_join(periodic->thread, NULL);
	periodic->is_started = false;
}

void wf_periodic_run_now(struct wf_periodic *periodic)
{
	atomic_store_explicit(&periodic->is_asked, true, memory_order_release);
	wf_waiter_wake(&periodic->waiter);
}
