/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dispatch.h - a worker's events to all subscriptions: inline calls, or records in queues.
 *
 * Knows nothing of flows: an event carries values. Payload bytes are never
 * copied: a queued record keeps a reference to the page (or to the mapped file).
 *
 * Thread: the worker, except where told.
 */
#ifndef WF_DELIVER_DISPATCH_H
#define WF_DELIVER_DISPATCH_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/event.h>
#include <weft/limits.h>

struct weft_sub;
struct wf_page;

/* One for each worker. */
struct wf_dispatch {
	uint32_t wanted; /* WEFT_EVENT_BIT()s of all subscriptions */
	uint32_t worker; /* index of the worker */
	uint32_t subs_count;
	struct weft_sub **subs; /* borrowed: the owner's array, complete before workers start */
};

/* Thread: main, before the worker starts. */
void wf_dispatch_init(struct wf_dispatch *dispatch, uint32_t worker, struct weft_sub **subs,
		      uint32_t count);

/* True if some subscription wants events of @type: lets the caller skip building them. */
static inline int wf_dispatch_wants(const struct wf_dispatch *dispatch, enum weft_event_type type)
{
	return (dispatch->wanted >> type) & 1;
}

/*
 * Pass @event to every subscription that wants it. @page: holds the bytes of a DATA event,
 * borrowed; NULL if they are in a mapped file. Conflict bytes of an ANOMALY are
 * copied into the record.
 */
void wf_dispatch_event(struct wf_dispatch *dispatch, const struct weft_event *event,
		       struct wf_page *page);

/* Make what was queued visible to its readers and wake them; called once a batch and when idle. */
void wf_dispatch_flush(struct wf_dispatch *dispatch);

/* A position in the sequence of dispatched events. */
struct wf_dispatch_mark {
	uint64_t pushed_bytes[WEFT_SUBSCRIPTIONS_MAX];
};

void wf_dispatch_mark(const struct wf_dispatch *dispatch, struct wf_dispatch_mark *ret_mark);

/* Have all readers released the events that were dispatched before @mark? */
bool wf_dispatch_has_passed(const struct wf_dispatch *dispatch,
			    const struct wf_dispatch_mark *mark);

/* Events that slow subscriptions lost. */
struct wf_dispatch_drops {
	uint64_t events;
	uint64_t bytes;
};

/* Memory is short: drop the oldest events of slow subscriptions, see wf_queue_drop_waiting(). */
void wf_dispatch_drop_waiting(struct wf_dispatch *dispatch, struct wf_dispatch_drops *ret_drops);

/* The worker ends: flush, then close its end of every subscription. */
void wf_dispatch_close(struct wf_dispatch *dispatch);

#endif
