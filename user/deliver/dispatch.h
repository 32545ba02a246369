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

#include <stdint.h>

#include <weft/event.h>

struct wf_page;
struct wf_dispatch;

/* True if some subscription wants events of @type: lets the caller skip building them. */
static inline int wf_dispatch_wants(const struct wf_dispatch *dispatch, enum weft_event_type type);

/*
 * Tell every subscription that wants it. @page: holds the bytes of a DATA event,
 * borrowed; NULL if they are in a mapped file. Conflict bytes of an ANOMALY are
 * copied into the record.
 */
void wf_dispatch_event(struct wf_dispatch *dispatch, const struct weft_event *event,
		       struct wf_page *page);

/* Make what was queued visible to its readers and wake them; called once a batch. */
void wf_dispatch_flush(struct wf_dispatch *dispatch);

/* Written by the owner of the subscriptions before workers start; see subscription.h. */
struct wf_dispatch {
	uint32_t wanted; /* WEFT_EVENT_BIT()s of all subscriptions */
	uint32_t worker; /* whose */
	uint32_t subs_count;
	struct wf_subscription **subs; /* borrowed */
};

static inline int wf_dispatch_wants(const struct wf_dispatch *dispatch, enum weft_event_type type)
{
	return (dispatch->wanted >> type) & 1;
}

#endif
