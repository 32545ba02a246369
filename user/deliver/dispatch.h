/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dispatch.h - passes a worker's events to all subscriptions, by inline calls or through queues.
 *
 * An event contains values, not references to the flow table. Payload bytes are never copied: a
 * queued record holds a reference to the page (or points into the mapped file).
 *
 * Thread: the worker, unless stated otherwise.
 */
#ifndef WF_DELIVER_DISPATCH_H
#define WF_DELIVER_DISPATCH_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/event.h>
#include <weft/limits.h>

struct weft_sub;
struct wf_page;

/* The dispatcher of one worker. */
struct wf_dispatch {
	/* mask of WEFT_EVENT_BIT()s of the events that at least one subscription wants */
	uint32_t wanted;
	/* mask of those that at least one subscription wants in its queue */
	uint32_t queued;
	uint32_t worker; /* index of the worker */
	uint32_t subs_count;
	/* borrowed: array of all subscriptions, complete before workers start */
	struct weft_sub **subs;
};

/* Initialize the dispatcher of one worker. Thread: main, before the worker starts. */
void wf_dispatch_init(struct wf_dispatch *dispatch, uint32_t worker, struct weft_sub **subs,
		      uint32_t count);

/*
 * Return nonzero if any subscription wants events of @type. If not, the caller need not build them.
 */
static inline int wf_dispatch_wants(const struct wf_dispatch *dispatch, enum weft_event_type type)
{
	return (dispatch->wanted >> type) & 1;
}

/* Is an event of @type put into a queue, so that its bytes must stay valid until it is read? */
static inline int wf_dispatch_queues(const struct wf_dispatch *dispatch, enum weft_event_type type)
{
	return (dispatch->queued >> type) & 1;
}

/*
 * Pass @event to every subscription that wants it. @page: the page that holds the bytes of a
 * DATA event, borrowed; NULL if they are in a mapped file, or if the event is not queued. Conflict
 * bytes of an ANOMALY are copied into the record.
 */
void wf_dispatch_event(struct wf_dispatch *dispatch, const struct weft_event *event,
		       struct wf_page *page);

/* Publish the queued events to their readers and wake them. Called once per batch and when idle. */
void wf_dispatch_flush(struct wf_dispatch *dispatch);

/* A position in the sequence of dispatched events. */
struct wf_dispatch_mark {
	uint64_t pushed_bytes[WEFT_SUBSCRIPTIONS_MAX];
};

void wf_dispatch_mark(const struct wf_dispatch *dispatch, struct wf_dispatch_mark *ret_mark);

/* Return true if all readers have released the events that were dispatched before @mark. */
bool wf_dispatch_has_passed(const struct wf_dispatch *dispatch,
			    const struct wf_dispatch_mark *mark);

/* Events and payload bytes that were dropped from queues. */
struct wf_dispatch_drops {
	uint64_t events;
	uint64_t bytes;
};

/*
 * Drop the oldest events of slow subscriptions because memory is short, see
 * wf_queue_drop_waiting().
 */
void wf_dispatch_drop_waiting(struct wf_dispatch *dispatch, struct wf_dispatch_drops *ret_drops);

/* Flush, then close the worker's end of every subscription. Called when the worker ends. */
void wf_dispatch_close(struct wf_dispatch *dispatch);

#endif
