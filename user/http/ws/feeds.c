// SPDX-License-Identifier: BSD-2-Clause
/*
 * feeds.c - the table of all subscriptions of WebSockets.
 */
#include "http/ws/feeds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "http/server/server.h"

enum { IDLE_TTL_MS = 60000 };

struct wf_feeds {
	int epoll_fd;
	bool is_draining;
	struct wf_feed *list[WF_HTTP_SUBS_TOTAL]; /* owned; NULL: free */
};

int wf_feeds_new(struct wf_feeds **ret_feeds)
{
	struct wf_feeds *feeds = calloc(1, sizeof(*feeds));

	if (!feeds)
		return -ENOMEM;
	feeds->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (feeds->epoll_fd < 0) {
		int err = -errno;

		free(feeds);
		return err;
	}
	*ret_feeds = feeds;
	return 0;
}

void wf_feeds_free(struct wf_feeds *feeds)
{
	if (!feeds)
		return;
	for (size_t i = 0; i < WF_HTTP_SUBS_TOTAL; i++)
		wf_feeds_remove(feeds, feeds->list[i]);
	close(feeds->epoll_fd);
	free(feeds);
}

int wf_feeds_fd(const struct wf_feeds *feeds)
{
	return feeds->epoll_fd;
}

/* Set the @events for which epoll watches the descriptor of @feed. Return: 0; negative errno. */
static int arm(struct wf_feeds *feeds, struct wf_feed *feed, int operation, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = feed};

	return epoll_ctl(feeds->epoll_fd, operation, weft_sub_fd(feed->sub), &event) ? -errno : 0;
}

/* The values that limit the sizes of queues. */
struct memory {
	uint64_t limit_bytes;
	uint32_t workers;
};

static void find_limit(const struct weft_metric *metric, void *ctx)
{
	struct memory *memory = ctx;

	if (!strcmp(metric->name, "memory_limit_bytes"))
		memory->limit_bytes = metric->value;
}

static void count_worker(const struct weft_worker *worker, void *ctx)
{
	struct memory *memory = ctx;

	memory->workers++;
}

/*
 * Divide opts->queue_bytes by the number of workers; each queue gets at least WEFT_QUEUE_MIN_BYTES.
 * Return: the total size of the queues of the subscription; 0 if the queues of all subscriptions
 * would exceed their part of the memory.
 */
static uint64_t share_queue(const struct wf_feeds *feeds, const struct weft *weft,
			    struct weft_sub_opts *opts)
{
	struct memory memory = {.workers = 0};
	uint64_t used_bytes;

	weft_stats_each(weft, find_limit, &memory);
	weft_workers_each(weft, count_worker, &memory);
	if (memory.workers > 1)
		opts->queue_bytes /= memory.workers;
	if (opts->queue_bytes < WEFT_QUEUE_MIN_BYTES)
		opts->queue_bytes = WEFT_QUEUE_MIN_BYTES;
	used_bytes = opts->queue_bytes * memory.workers;
	for (size_t i = 0; i < WF_HTTP_SUBS_TOTAL; i++)
		used_bytes += feeds->list[i] ? feeds->list[i]->queue_bytes : 0;
	return used_bytes <= memory.limit_bytes / WF_HTTP_QUEUE_PARTS
		       ? opts->queue_bytes * memory.workers
		       : 0;
}

static struct wf_feed **find_free(struct wf_feeds *feeds)
{
	for (size_t i = 0; i < WF_HTTP_SUBS_TOTAL; i++)
		if (!feeds->list[i])
			return &feeds->list[i];
	return NULL;
}

int wf_feeds_add(struct wf_feeds *feeds, struct weft *weft, struct lws *wsi, uint32_t id,
		 struct weft_sub_opts *opts, struct wf_feed **ret_feed)
{
	struct wf_feed **place = find_free(feeds);
	struct wf_feed *feed;
	uint64_t queue_bytes;
	int err;

	if (feeds->is_draining)
		return -ESHUTDOWN;
	if (!place)
		return -ENOSPC;
	queue_bytes = share_queue(feeds, weft, opts);
	if (!queue_bytes)
		return -ENOBUFS;
	feed = calloc(1, sizeof(*feed));
	if (!feed)
		return -ENOMEM;
	opts->name = "websocket";
	opts->is_pollable = true;
	opts->idle_ttl_ms = IDLE_TTL_MS;
	feed->wsi = wsi;
	feed->id = id;
	feed->queue_bytes = queue_bytes;
	err = weft_subscribe(weft, opts, &feed->sub);
	if (!err)
		err = arm(feeds, feed, EPOLL_CTL_ADD, EPOLLIN);
	if (err) {
		weft_unsubscribe(feed->sub);
		free(feed);
		return err;
	}
	*place = feed;
	*ret_feed = feed;
	return 0;
}

void wf_feeds_remove(struct wf_feeds *feeds, struct wf_feed *feed)
{
	for (size_t i = 0; i < WF_HTTP_SUBS_TOTAL; i++) {
		if (!feed || feeds->list[i] != feed)
			continue;
		feeds->list[i] = NULL;
		arm(feeds, feed, EPOLL_CTL_DEL, 0);
		weft_unsubscribe(feed->sub);
		free(feed);
		return;
	}
}

struct wf_feed *wf_feeds_find(struct wf_feeds *feeds, const struct lws *wsi, uint32_t id)
{
	for (size_t i = 0; i < WF_HTTP_SUBS_TOTAL; i++) {
		struct wf_feed *feed = feeds->list[i];

		if (feed && feed->wsi == wsi && feed->id == id)
			return feed;
	}
	return NULL;
}

struct wf_feed *wf_feeds_next(struct wf_feeds *feeds, const struct lws *wsi,
			      const struct wf_feed *last)
{
	bool is_after = !last;

	for (size_t i = 0; i < WF_HTTP_SUBS_TOTAL; i++) {
		struct wf_feed *feed = feeds->list[i];

		if (feed && feed->wsi == wsi && is_after)
			return feed;
		is_after |= feed && feed == last;
	}
	return NULL;
}

const struct weft_event *wf_feeds_take(struct wf_feeds *feeds, struct wf_feed *feed)
{
	if (feed->next < feed->events_count)
		return &feed->events[feed->next++];
	if (!feed->is_ready || feed->is_ended)
		return NULL;
	feed->next = 0;
	feed->events_count = feeds->is_draining
				     ? -ESHUTDOWN
				     : weft_sub_poll(feed->sub, feed->events, WF_FEED_EVENTS, 0);
	if (feed->events_count > 0)
		return &feed->events[feed->next++];
	feed->is_ready = false;
	feed->is_ended = feed->events_count < 0;
	feed->events_count = 0;
	if (!feed->is_ended)
		arm(feeds, feed, EPOLL_CTL_MOD, EPOLLIN);
	return NULL;
}

static void wake(struct wf_feed *feed)
{
	feed->is_ready = true;
	lws_callback_on_writable(feed->wsi);
}

/* Disarm the subscriptions for which events wait, and wake their WebSockets. */
static void look(struct wf_feeds *feeds)
{
	struct epoll_event ready[WF_HTTP_SUBS_TOTAL];
	int count = epoll_wait(feeds->epoll_fd, ready, WF_HTTP_SUBS_TOTAL, 0);

	for (int i = 0; i < count; i++) {
		struct wf_feed *feed = ready[i].data.ptr;

		arm(feeds, feed, EPOLL_CTL_MOD, 0);
		wake(feed);
	}
}

void wf_feeds_drain(struct wf_feeds *feeds)
{
	feeds->is_draining = true;
	for (size_t i = 0; i < WF_HTTP_SUBS_TOTAL; i++)
		if (feeds->list[i])
			wake(feeds->list[i]);
}

/* If the capture ends, end the subscriptions, or set a timer for their end. */
static void watch_drain(struct wf_http *http)
{
	uint64_t drain_ns = atomic_load(&http->drain_ns);
	uint64_t now_ns = wf_http_now_ns();

	if (!drain_ns)
		return;
	if (now_ns >= drain_ns)
		wf_feeds_drain(http->feeds);
	else
		lws_set_timer_usecs(http->feeds_wsi,
				    (lws_usec_t)((drain_ns - now_ns) / 1000 + 1000));
}

int wf_feeds_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		      size_t len)
{
	struct wf_http *http = wf_http_of(wsi);

	switch (reason) {
	case LWS_CALLBACK_RAW_RX_FILE:
		look(http->feeds);
		break;
	case LWS_CALLBACK_EVENT_WAIT_CANCELLED: /* @wsi belongs to no connection */
	case LWS_CALLBACK_TIMER:
		watch_drain(http);
		break;
	default:
		break;
	}
	return 0;
}
