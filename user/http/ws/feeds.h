/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * feeds.h - the subscriptions of WebSockets: each has a bounded queue of its own in the library.
 *
 * One epoll descriptor, which the loop of the server watches, contains the descriptors of all
 * subscriptions. While events of a subscription wait for its client, the descriptor of the
 * subscription is disarmed, so that a slow client does not keep the loop busy: the client's queue
 * becomes full, and its events are dropped.
 */
#ifndef WF_HTTP_WS_FEEDS_H
#define WF_HTTP_WS_FEEDS_H

#include <libwebsockets.h>
#include <stdbool.h>
#include <stdint.h>

#include <weft/weft.h>

struct wf_feeds;

enum { WF_FEED_EVENTS = 32 };

/** struct wf_feed - one subscription of a WebSocket */
struct wf_feed {
	struct lws *wsi;      /* borrowed: the WebSocket */
	uint32_t id;	      /* number that the client gave to the subscription */
	struct weft_sub *sub; /* owned */
	uint64_t queue_bytes; /* total size of its queues from all workers */
	struct weft_event events[WF_FEED_EVENTS]; /* lent until the next poll */
	int events_count;
	int next;
	bool is_ready; /* events may wait */
	bool is_ended; /* the subscription has ended, and all its events were taken */
};

/* Allocate an empty table of subscriptions. Return: 0; negative errno. */
int wf_feeds_new(struct wf_feeds **ret_feeds);
void wf_feeds_free(struct wf_feeds *feeds);

/* Return the epoll descriptor, for the loop. */
int wf_feeds_fd(const struct wf_feeds *feeds);

/*
 * Subscribe for @wsi. @opts: its queue_bytes are shared out among the workers; name, is_pollable
 * and the idle TTL are set by this function. Return: 0; -ENOSPC if there are WF_HTTP_SUBS_TOTAL
 * subscriptions; -ENOBUFS if the queues of all would exceed their part of the memory; -ESHUTDOWN
 * after wf_feeds_drain(); -ENOMEM; errors of weft_subscribe() and epoll_ctl(2).
 */
int wf_feeds_add(struct wf_feeds *feeds, struct weft *weft, struct lws *wsi, uint32_t id,
		 struct weft_sub_opts *opts, struct wf_feed **ret_feed);

/* End a subscription and free what it holds. NULL is allowed. */
void wf_feeds_remove(struct wf_feeds *feeds, struct wf_feed *feed);

/* Return the subscription @id of @wsi; NULL if there is none. */
struct wf_feed *wf_feeds_find(struct wf_feeds *feeds, const struct lws *wsi, uint32_t id);

/* Return the subscription of @wsi after @last, or its first one if @last is NULL; NULL: none. */
struct wf_feed *wf_feeds_next(struct wf_feeds *feeds, const struct lws *wsi,
			      const struct wf_feed *last);

/*
 * Return the next event of @feed, lent until the next call; NULL if none waits. Then the descriptor
 * is armed again, unless feed->is_ended.
 */
const struct weft_event *wf_feeds_take(struct wf_feeds *feeds, struct wf_feed *feed);

/*
 * From now on, wf_feeds_take() takes no more events from the library: it returns those that it has
 * already taken, then ends the subscription.
 */
void wf_feeds_drain(struct wf_feeds *feeds);

/* Callback of libwebsockets for the epoll descriptor. */
int wf_feeds_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		      size_t len);

#endif
