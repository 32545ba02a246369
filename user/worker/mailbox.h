/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mailbox.h - what other threads ask of a worker, or of the reader.
 *
 *   request   a bit: the worker does it between two batches and adds to done_items; nobody waits
 *   call      a function that runs on the worker's thread while the caller sleeps
 *
 * A worker's flows, pages and timers are its own: what is to be done with them is done on its own
 * thread. It looks once a round, which costs a load of a cache line that nobody else writes
 * meanwhile; so a call has to be short. One call at a time: callers take turns (the engine's
 * control lock).
 *
 * Bound: fixed.
 */
#ifndef WF_WORKER_MAILBOX_H
#define WF_WORKER_MAILBOX_H

#include <stdatomic.h>
#include <stdint.h>

#include <weft/limits.h>

#include "base/assert.h"
#include "base/waiter.h"

struct wf_pipeline;

enum {
	WF_MAILBOX_TASKS_MAX = 16, /* cleanup tasks that can be requested */
	WF_MAILBOXES_MAX = WEFT_WORKERS_MAX + 1,
};

enum wf_request {
	WF_REQUEST_CALL = 0,	  /* run the function in mailbox->call */
	WF_REQUEST_LEVEL,	  /* the pressure level has changed */
	WF_REQUEST_HALVE_CACHES,  /* give back half of the spans that are kept ready */
	WF_REQUEST_GIVE_UP_DATA,  /* arriving packets find no memory: give up held data */
	WF_REQUEST_CLEANUP_FIRST, /* of WF_MAILBOX_TASKS_MAX cleanup tasks (cleanup_tasks.c) */
};

/* A function for one worker. */
struct wf_call {
	void (*fn)(void *ctx, struct wf_pipeline *pipeline); /* on the worker's thread */
	void *ctx;
};

struct wf_mailbox {
	struct wf_waiter
		*owner; /* borrowed: where the thread sleeps; NULL: it wakes up by itself */

	/* written by others; the owner takes bits and call */
	_Alignas(WF_CACHE_LINE) _Atomic uint32_t requested; /* 1 << enum wf_request */
	_Atomic uint32_t level;				    /* enum weft_pressure_level */
	_Atomic uint32_t goal_percent; /* at critical: give up until the budget reads less */
	const struct wf_call *_Atomic call;

	/* written by the owner */
	_Alignas(WF_CACHE_LINE) _Atomic uint64_t done_items[WF_MAILBOX_TASKS_MAX]; /* by task */
	_Atomic uint64_t calls_done;
	struct wf_waiter caller; /* sleeps until calls_done has changed */
};

/* The mailboxes of all threads of an engine that have pages. */
struct wf_mailboxes {
	struct wf_mailbox *list[WF_MAILBOXES_MAX]; /* borrowed */
	uint32_t count;
};

/* Thread: any. */
void wf_mailbox_post(struct wf_mailbox *mailbox, uint32_t request);

/* The same to each. */
void wf_mailboxes_post(const struct wf_mailboxes *mailboxes, uint32_t request);

/*
 * Return: 0: @call has run; -ETIMEDOUT: the worker did not come to it in time, and will not.
 * Thread: any but the worker's, one at a time.
 */
int wf_mailbox_call(struct wf_mailbox *mailbox, const struct wf_call *call, uint32_t timeout_ms);

/* Return: the bits requested since the last time. Thread: the owner. */
static inline uint32_t wf_mailbox_take(struct wf_mailbox *mailbox)
{
	if (wf_likely(!atomic_load_explicit(&mailbox->requested, memory_order_relaxed)))
		return 0;
	/* Pairs with the release in wf_mailbox_post(): level and call before the bit. */
	return atomic_exchange_explicit(&mailbox->requested, 0, memory_order_acquire);
}

/* Run the call that WF_REQUEST_CALL asks for, if it was not taken back. Thread: the owner. */
void wf_mailbox_run_call(struct wf_mailbox *mailbox, struct wf_pipeline *pipeline);

/* @items more were removed by @task. Thread: the owner. */
static inline void wf_mailbox_add_done(struct wf_mailbox *mailbox, uint32_t task, uint64_t items)
{
	_Atomic uint64_t *done = &mailbox->done_items[task];

	atomic_store_explicit(done, atomic_load_explicit(done, memory_order_relaxed) + items,
			      memory_order_relaxed);
}

#endif
