/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mailbox.h - sends requests and calls from other threads to a worker or the reader.
 *
 *   request   a bit that the owner handles between two batches; the sender does not wait
 *   call      a function that runs on the worker's thread while the caller sleeps
 *
 * Only the worker's own thread may use its flows, pages and timers, so other threads send it
 * requests and calls. The worker checks its mailbox once per round, which costs one load of a cache
 * line that is rarely written. A call delays packets, so it must be short. One call waits or runs
 * at a time, because callers hold the engine's control lock. A worker whose inline callback waits
 * for that lock runs the call of the lock's holder meanwhile (engine/engine_call.c).
 *
 * Bound: one struct of fixed size for each worker and for the reader.
 */
#ifndef WF_WORKER_MAILBOX_H
#define WF_WORKER_MAILBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <weft/limits.h>

#include "base/assert.h"
#include "base/waiter.h"

struct wf_pipeline;

enum {
	WF_MAILBOX_TASKS_MAX = 16, /* maximum number of different cleanup tasks */
	WF_MAILBOXES_MAX = WEFT_WORKERS_MAX + 1,
};

enum wf_request {
	WF_REQUEST_CALL = 0,	 /* run the function in mailbox->call */
	WF_REQUEST_LEVEL,	 /* the pressure level has changed */
	WF_REQUEST_HALVE_CACHES, /* free half of the cached page spans */
	/* give up holes, to free held data: there was no memory for received packets */
	WF_REQUEST_FREE_HELD,
	/* run cleanup task 0; the next bits are the other tasks (cleanup_tasks.c) */
	WF_REQUEST_CLEANUP_FIRST,
};

/* A function to run on a worker's thread. */
struct wf_call {
	void (*fn)(void *ctx, struct wf_pipeline *pipeline); /* runs on the worker's thread */
	void *ctx;
};

struct wf_mailbox {
	struct wf_waiter *owner; /* borrowed; woken by each post; NULL: no thread is woken */

	/* written by other threads; the owner clears requested and call */
	_Alignas(WF_CACHE_LINE) _Atomic uint32_t requested; /* 1 << enum wf_request */
	_Atomic uint32_t level;				    /* enum weft_pressure_level */
	/*
	 * at the critical level, the worker gives up holes until less than this percentage of the
	 * budget is used; 0: as long as the level lasts
	 */
	_Atomic uint32_t goal_percent;
	const struct wf_call *_Atomic call;

	/* written by the owner; done_items is indexed by cleanup task */
	_Alignas(WF_CACHE_LINE) _Atomic uint64_t done_items[WF_MAILBOX_TASKS_MAX];
	_Atomic uint64_t calls_done;
	bool is_in_call;	 /* the owner runs a call, whose caller waits */
	struct wf_waiter caller; /* the caller sleeps here until calls_done changes */
};

/* The mailboxes of an engine's workers, and of its reader if it has one. */
struct wf_mailboxes {
	struct wf_mailbox *list[WF_MAILBOXES_MAX]; /* borrowed */
	uint32_t count;
};

/* Post @request to the mailbox and wake its owner. Thread: any. */
void wf_mailbox_post(struct wf_mailbox *mailbox, uint32_t request);

/* Post @request to each mailbox. Thread: any. */
void wf_mailboxes_post(const struct wf_mailboxes *mailboxes, uint32_t request);

/*
 * Run @call on the worker's thread and wait for it. Return: 0 if @call has run; -ETIMEDOUT if the
 * worker did not start it within @timeout_ms, in which case it will not run. Thread: any except the
 * worker's; one caller at a time.
 */
int wf_mailbox_call(struct wf_mailbox *mailbox, const struct wf_call *call, uint32_t timeout_ms);

/*
 * Take all pending requests. Return: the bits requested since the previous call. Thread: the owner.
 */
static inline uint32_t wf_mailbox_take(struct wf_mailbox *mailbox)
{
	if (wf_likely(!atomic_load_explicit(&mailbox->requested, memory_order_relaxed)))
		return 0;
	/*
	 * Pairs with the release in wf_mailbox_post(): level and call are written before the bit.
	 */
	return atomic_exchange_explicit(&mailbox->requested, 0, memory_order_acquire);
}

/* Run the posted call, unless the caller has withdrawn it. Thread: the owner. */
void wf_mailbox_run_call(struct wf_mailbox *mailbox, struct wf_pipeline *pipeline);

/* Add @items to the number of items that @task has removed. Thread: the owner. */
static inline void wf_mailbox_add_done(struct wf_mailbox *mailbox, uint32_t task, uint64_t items)
{
	_Atomic uint64_t *done = &mailbox->done_items[task];

	atomic_store_explicit(done, atomic_load_explicit(done, memory_order_relaxed) + items,
			      memory_order_relaxed);
}

#endif
