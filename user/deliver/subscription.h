/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subscription.h - one consumer: an inline callback, or one queue for each worker
 * and a reader that merges them.
 *
 * Life: new (main) → dispatched to by workers, polled by its reader → each worker
 * closes its end; the reader gets -ESHUTDOWN, or ends earlier → free (main, when
 * all workers have closed or never ran).
 *
 * Memory: the rings come from the arena; the rest is fixed at creation and charged to
 * WF_BUDGET_QUEUES.
 */
#ifndef WF_DELIVER_SUBSCRIPTION_H
#define WF_DELIVER_SUBSCRIPTION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <weft/subscribe.h>

#include "deliver/queue.h"

struct wf_arena;

/* The maximum of events that one poll hands out. */
#define WF_SUB_BATCH_MAX 256

/* One worker's counts of inline delivery, written by it. */
struct wf_sub_inline {
	_Alignas(WF_CACHE_LINE) _Atomic uint64_t events;
	_Atomic uint64_t bytes;
};

struct weft_sub {
	/* fixed */
	char name[32];
	struct wf_budget *budget; /* borrowed */
	uint32_t events;	  /* WEFT_EVENT_BIT()s, never 0 */
	uint32_t workers;
	bool lazy_wake;
	weft_event_fn inline_fn; /* NULL: queued */
	void *inline_ctx;
	struct wf_sub_inline *inlines; /* owned: one a worker, if inline */
	struct wf_queue *queues;       /* owned: one a worker, if queued */

	_Atomic bool ended;    /* by its consumer: no more events are wanted */
	_Atomic bool stopping; /* the handle stops */

	/* written by the reader; the waiter also by workers */
	_Alignas(WF_CACHE_LINE) struct wf_waiter reader; /* it sleeps here */
	uint32_t next_queue;				 /* round robin */
	int held;
	struct wf_queue_slot
		*slots; /* owned: WF_SUB_BATCH_MAX, of the events that the last poll lent */
};

/*
 * @live: overflow "default" means drop-oldest, else block. Return: 0; -EINVAL:
 * block for a live source, or queue_bytes out of range; -ENOBUFS; -ENOMEM. Logged.
 */
int wf_sub_new(const struct weft_sub_opts *opts, uint32_t workers, bool live,
	       struct wf_arena *arena, struct weft_sub **ret_sub);

/* All workers have closed, or never ran. NULL is allowed. */
void wf_sub_free(struct weft_sub *sub);

/* As weft_sub_poll(). Thread: the reader. */
int wf_sub_poll(struct weft_sub *sub, struct weft_event *events, int events_max, int timeout_ms);

/* As weft_unsubscribe(), but @sub stays until wf_sub_free(). Thread: the reader. Idempotent. */
void wf_sub_end(struct weft_sub *sub);

/*
 * The handle stops: workers wait for a reader only as long as it goes on taking.
 * Thread: any; async-signal-safe.
 */
void wf_sub_stop(struct weft_sub *sub);

/* @worker pushes no more events. Thread: that worker, as its last call. */
void wf_sub_close_worker(struct weft_sub *sub, uint32_t worker);

/* Thread: any. */
void wf_sub_stats(const struct weft_sub *sub, struct weft_sub_stats *ret_stats);

#endif
