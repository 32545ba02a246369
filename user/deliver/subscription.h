/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subscription.h - one consumer: an inline callback, or one queue for each worker
 * and a reader that merges them.
 *
 * Life: main creates the subscription → workers dispatch events to it, and its reader polls it →
 * each worker closes its queue, and the reader gets -ESHUTDOWN, unless it has ended the
 * subscription before → main frees the subscription, after all workers have closed their queues or
 * if none has run.
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

/* Maximum number of events that one poll returns. */
#define WF_SUB_BATCH_MAX 256

/* Counters of inline delivery by one worker. Only this worker writes them. */
struct wf_sub_inline {
	_Alignas(WF_CACHE_LINE) _Atomic uint64_t events;
	_Atomic uint64_t bytes;
};

struct weft_sub {
	/* set at creation; constant afterwards */
	char name[32];
	struct wf_budget *budget; /* borrowed */
	uint32_t events;	  /* mask of WEFT_EVENT_BIT()s of the wanted events, never 0 */
	uint32_t workers;
	bool lazy_wake;
	weft_event_fn inline_fn; /* the callback; NULL: events are queued */
	void *inline_ctx;
	/* owned: one for each worker if delivery is inline, else NULL */
	struct wf_sub_inline *inlines;
	/* owned: one for each worker if events are queued, else NULL */
	struct wf_queue *queues;

	_Atomic bool ended;    /* the consumer ended the subscription and wants no more events */
	_Atomic bool stopping; /* the handle is being stopped */

	/* written by the reader; workers also write the waiter */
	_Alignas(WF_CACHE_LINE) struct wf_waiter reader; /* the waiter on which the reader sleeps */
	uint32_t next_queue; /* index of the queue with which the next poll begins */
	int held;
	struct wf_queue_slot *slots; /* owned: slots of the events that the last poll lent */
};

/*
 * Create a subscription. @live: true if the source is live; the default overflow policy is then
 * drop-oldest, otherwise block.
 * Return: 0; -EINVAL: the policy is block for a live source, or queue_bytes is out of range;
 * -ENOBUFS; -ENOMEM. Errors are logged.
 */
int wf_sub_new(const struct weft_sub_opts *opts, uint32_t workers, bool live,
	       struct wf_arena *arena, struct weft_sub **ret_sub);

/*
 * Free a subscription. All workers must have closed their queues, or must never have run. NULL is
 * allowed.
 */
void wf_sub_free(struct weft_sub *sub);

/* Poll for events, see weft_sub_poll(). Thread: the reader. */
int wf_sub_poll(struct weft_sub *sub, struct weft_event *events, int events_max, int timeout_ms);

/*
 * End a subscription as weft_unsubscribe() does, but keep @sub valid until wf_sub_free(). Thread:
 * the reader. Idempotent.
 */
void wf_sub_end(struct weft_sub *sub);

/*
 * Announce that the handle stops. From then on, workers wait for a reader only while it still takes
 * events.
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
