/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * share.h - lets the queues of several subscriptions share the records of DATA events. For
 * dispatch.c.
 *
 * Thread: the worker.
 */
#ifndef WF_DELIVER_SHARE_H
#define WF_DELIVER_SHARE_H

#include <stdbool.h>
#include <stdint.h>

struct weft_event;
struct wf_dispatch;
struct wf_page;

/*
 * Return those of @takers that can share the record of @event; 0 if fewer than two can. If one of
 * @takers must get collected events before @event, push these.
 */
uint32_t wf_share_choose(struct wf_dispatch *dispatch, uint32_t takers,
			 const struct weft_event *event);

/*
 * Collect @event for @sharers. Its page gets a reference if it is not NULL. Return: false if there
 * is no memory for a bundle.
 */
bool wf_share_add(struct wf_dispatch *dispatch, uint32_t sharers, const struct weft_event *event,
		  struct wf_page *page);

/* Push the collected events, if there are any, to the queues of the subscriptions that want them.
 */
void wf_share_push(struct wf_dispatch *dispatch);

#endif
