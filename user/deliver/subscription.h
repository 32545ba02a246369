/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subscription.h - one consumer: an inline callback, or one queue for each worker
 * and a reader that merges them.
 *
 * Life: created (main) → workers dispatch to it, its reader polls it → each worker closes its
 * queue, and the reader gets -ESHUTDOWN, unless it ended the subscription before → freed (main,
 * when all workers have closed or never ran).
 *
 * Memory: the rings come from the arena; all other memory is fixed at creation and charged to
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

/* Maximum of events that one poll returns. */
#define WF_SUB_BATCH_MAX 256

/* Counters of inline delivery by one worker, which alone writes them. */
struct wf_sub_inline {
	_Alignas(WF_CACHE_LINE) _Atomic uint64_t events;
	_Atomic uint64_t bytes;
};

struct weft_sub {
	/* fixed at creation */
	char name[32];
	struct wf_budget *budget; /* borrowed */
	uint32_t events;	  /* WEFT_EVENT_BIT()s of the wanted events, never 0 */
	uint32_t workers;
	bool lazy_wake;
	weft_event_fn inline_fn; /* NULL: events are queued */
	void *inline_ctx;
	struct wf_sub_inline *inlines; /* owned: one for each worker, if inline */
	struct wf_queue *queues;       /* owned: one for each worker, if queued */

	_Atomic bool ended;    /* the consumer ended the subscription and wants no more events */
	_Atomic bool stopping; /* the handle stops */

	/* written by the reader; the waiter also by workers */
	_Alignas(WF_CACHE_LINE) struct wf_waiter reader; /* the reader sleeps on it */
	uint32_t next_queue; /* index of the queue with which the next poll begins */
	int held;
	struct wf_queue_slot *slots; /* owned: slots of the events that the last poll lent */
};

/*
 * Create a subscription. @live: the default overflow policy is drop-oldest, otherwise block.
 * Return: 0; -EINVAL: block for a live source, or queue_bytes out of range; -ENOBUFS; -ENOMEM.
 * Errors are logged.
 */
int wf_sub_new(const struct weft_sub_opts *opts, uint32_t workers, bool live,
	       struct wf_arena *arena, struct weft_sub **ret_sub);

/* Free a subscription. All workers have closed their queues, or never ran. NULL is allowed. */
void wf_sub_free(struct weft_sub *sub);

/* Poll for events, see weft_sub_poll(). Thread: the reader. */
int wf_sub_poll(struct weft_sub *sub, struct weft_event *events, int events_max, int timeout_ms);

/*
 * End a subscription as weft_unsubscribe() does, but @sub is valid until wf_sub_free(). Thread:
 * the reader. Idempotent.
 */
void wf_sub_end(struct weft_sub *sub);

/*
 * Announce that the handle stops: workers wait for a reader only while it still takes events.
 * Thread: any; async-signal-safe.
 */
void wf_sub_stop(struct weft_sub *sub);

/*
 * Close the queue of @worker, which pushes no more events. Thread: that worker, as its last
 * call.
 */
void wf_sub_close_worker(struct weft_sub *sub, uint32_t worker);

/* Read the statistics of a subscription. Thread: any. */
void wf_sub_stats(const struct weft_sub *sub, struct weft_sub_stats *ret_stats);

#endif
