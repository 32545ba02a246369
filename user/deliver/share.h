/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * share.h - collects DATA, GAP and ANOMALY events, so that the queues of several subscriptions
 * share their records (queue/bundle.h).
 *
 * Sets of subscriptions are masks of slots (registry_state.h). Thread: the worker.
 */
#ifndef WF_DELIVER_SHARE_H
#define WF_DELIVER_SHARE_H

#include <stdbool.h>
#include <stdint.h>

struct weft_event;
struct wf_bundle;
struct wf_page;
struct wf_page_pool;
struct wf_sub_list;

struct wf_share {
	struct wf_page_pool *pages; /* borrowed: memory for bundles; NULL: there are no bundles */
	const struct wf_sub_list *list; /* lent by the dispatcher */
	uint32_t worker;		/* index of the worker */
	uint32_t can_share; /* subscriptions with a queue that want DATA events as a whole */
	/*
	 * mask of WEFT_EVENT_BIT(): the types of events that are collected. The subscriptions of
	 * can_share that want them are those that want DATA events
	 */
	uint32_t types;
	struct wf_bundle *bundle; /* owned: events that are not pushed yet; NULL: none */
	uint32_t takers;	  /* the subscriptions that get the events of @bundle */
	uint32_t unshared_left;	  /* number of events until one is collected again */
};

/*
 * Return those of @takers that can share the record of @event; 0 if fewer than two can, or while no
 * events are collected. If one of @takers must get collected events before @event, push these.
 * @rejected: subscriptions that cannot share this event.
 */
uint32_t wf_share_choose_any(struct wf_share *share, uint32_t takers, uint32_t rejected,
			     const struct weft_event *event);

static inline uint32_t wf_share_choose(struct wf_share *share, uint32_t takers, uint32_t rejected,
				       const struct weft_event *event)
{
	/* A single subscription, the most frequent case, shares nothing. */
	if (!(takers & (takers - 1)) && !share->bundle)
		return 0;
	return wf_share_choose_any(share, takers, rejected, event);
}

/*
 * Collect @event for @sharers. Its page gets a reference if it is not NULL. Return: false if there
 * is no memory for a bundle.
 */
bool wf_share_add(struct wf_share *share, uint32_t sharers, const struct weft_event *event,
		  struct wf_page *page);

/* Push the collected events, if there are any, to the queues of the subscriptions that want them.
 */
void wf_share_push(struct wf_share *share);

#endif
