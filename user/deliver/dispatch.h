/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dispatch.h - passes a worker's events to all subscriptions, by inline calls or through queues.
 *
 * An event contains values, not references to the flow table. Payload bytes are never copied: a
 * queued record holds a reference to the page (or points into the mapped file).
 *
 * Sets of subscriptions are masks of slots (registry_state.h). The takers of an event are the
 * subscriptions that want it. They are looked up before the event is built, and an event without
 * takers is not built:
 *
 *   takers = wf_dispatch_takers(dispatch, dir, type)   subscriptions that want such events
 *   if (takers & dispatch->needs_map), some of them have a map of connections to look at:
 *     wf_dispatch_choose()      returns those of all takers that want the connection
 *     wf_dispatch_introduce()   evaluates the filters of those that do not know the connection
 *   wf_dispatch_event(dispatch, takers, event, page)
 *
 * A connection is identified by the address of its state in the arena, see conn_states.h.
 *
 * Thread: the worker, unless stated otherwise.
 */
#ifndef WF_DELIVER_DISPATCH_H
#define WF_DELIVER_DISPATCH_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/event.h>
#include <weft/limits.h>

#include "deliver/share.h"

struct weft_sub;
struct wf_page;
struct wf_page_pool;
struct wf_registry;
struct wf_sub_list;

/* A result of wf_dispatch_choose() that is still valid. */
struct wf_choice {
	const void *conn; /* NULL: none */
	uint32_t takers;
	uint32_t chosen;
};

enum { WF_CHOICES = 256 };

/* The dispatcher of one worker. */
struct wf_dispatch {
	/* by direction and type of event: the subscriptions that want such events */
	uint32_t takers[WEFT_DIR_COUNT][WEFT_EVENT_TYPE_COUNT];
	uint32_t queued;    /* the subscriptions with a queue */
	uint32_t needs_map; /* subscriptions whose map of connections must be read for each event */
	/* subscriptions that want every connection that is not in their map */
	uint32_t wants_unlisted;
	/*
	 * subscriptions whose queue has rejected the OPEN of the connection that was last passed to
	 * wf_dispatch_choose()
	 */
	uint32_t open_rejected;
	uint32_t worker;		/* index of the worker */
	struct wf_registry *registry;	/* borrowed */
	const struct wf_sub_list *list; /* lent until wf_registry_pass() with a newer list */
	/* removed subscriptions whose waiting events are being freed; owns a reference to each */
	struct weft_sub *leaving[WEFT_SUBSCRIPTIONS_MAX];
	uint32_t leaving_count;
	struct wf_share share; /* events that are not pushed yet */
	/*
	 * By address of the connection: otherwise each event would read a map for each
	 * subscription. The choice of a connection is removed if a state in a map changes.
	 */
	struct wf_choice choices[WF_CHOICES];
};
_Static_assert(WEFT_SUBSCRIPTIONS_MAX <= 32, "a bit for each slot");

/* Initialize the dispatcher of one worker. Thread: main, before the worker starts. */
void wf_dispatch_init(struct wf_dispatch *dispatch, struct wf_registry *registry, uint32_t worker);

/*
 * Let subscriptions share the records of events (queue/bundle.h), in pages of @pages,
 * which is borrowed. Thread: main, before the worker starts.
 */
void wf_dispatch_share(struct wf_dispatch *dispatch, struct wf_page_pool *pages);

/* Declare that the calling thread runs the worker. Thread: the worker, as its first call. */
void wf_dispatch_adopt(struct wf_dispatch *dispatch);

/*
 * Return the subscriptions that want events of @dir and @type. If there are none, no event need be
 * built.
 */
static inline uint32_t wf_dispatch_takers(const struct wf_dispatch *dispatch, enum weft_dir dir,
					  enum weft_event_type type)
{
	return dispatch->takers[dir][type];
}

/*
 * Return true if one of @takers has a queue, so that the event's bytes must stay valid until the
 * event is read.
 */
static inline bool wf_dispatch_queues(const struct wf_dispatch *dispatch, uint32_t takers)
{
	return dispatch->queued & takers;
}

/*
 * Evaluate, for the new connection @flow, the filters of the subscriptions in needs_map, and record
 * the results in their maps. Call wf_dispatch_open() afterwards.
 */
void wf_dispatch_begin(struct wf_dispatch *dispatch, const void *conn,
		       const struct weft_flow *flow);

/*
 * Return those of @takers that want the connection. *@ret_not_introduced: those that do not know
 * it, because they began after it, or because their queue has rejected its OPEN: call
 * wf_dispatch_introduce() for them, then this function again. The dispatcher records in
 * open_rejected the subscriptions whose queue has rejected the connection's OPEN; until the next
 * call, it counts their events as lost.
 */
uint32_t wf_dispatch_choose(struct wf_dispatch *dispatch, uint32_t takers, const void *conn,
			    uint32_t *ret_not_introduced);

/*
 * Evaluate the filters of @not_introduced (see wf_dispatch_choose()) for the connection of
 * @open, an OPEN event that is marked as midway. Those whose filter matches get the event if they
 * want events of this type.
 */
void wf_dispatch_introduce(struct wf_dispatch *dispatch, uint32_t not_introduced, const void *conn,
			   const struct weft_event *open);

/*
 * Pass an OPEN event to @takers. A queue without room gets an OPEN that is marked as midway before
 * a later event of the connection, as soon as there is room then.
 */
void wf_dispatch_open(struct wf_dispatch *dispatch, uint32_t takers, const void *conn,
		      const struct weft_event *open);

/*
 * Pass @event, which is not OPEN, to @takers. A DATA, GAP or ANOMALY event may be pushed to queues
 * later, but before any other event of its takers, and at the latest in wf_dispatch_flush(). @page:
 * the page that holds the bytes of a DATA event, borrowed; NULL if they are in a mapped file, or if
 * the event is not queued. Conflict bytes of an ANOMALY are copied into the record.
 */
void wf_dispatch_event(struct wf_dispatch *dispatch, uint32_t takers,
		       const struct weft_event *event, struct wf_page *page);

/*
 * Publish the queued events, wake their readers, and use the newest list of subscriptions. Called
 * between batches and when idle.
 */
void wf_dispatch_flush(struct wf_dispatch *dispatch);

/* A position in the sequence of dispatched events. */
struct wf_dispatch_mark {
	uint64_t generation; /* generation of the list of subscriptions */
	uint64_t pushed_bytes[WEFT_SUBSCRIPTIONS_MAX];
};

void wf_dispatch_mark(struct wf_dispatch *dispatch, struct wf_dispatch_mark *ret_mark);

/*
 * Return true if at least as much payload has been released or dropped in each queue as was pushed
 * to it before @mark, or if subscriptions were added or removed since then.
 */
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

/*
 * Publish the events in all queues, and leave every subscription. Idempotent. Thread: the worker,
 * as its last call; or main, once the worker has ended.
 */
void wf_dispatch_close(struct wf_dispatch *dispatch);

#endif
