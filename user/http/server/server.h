/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server.h - the state of the server that http/, http/server/ and http/ws/ share.
 *
 * Thread: that of the server, unless a member is atomic.
 */
#ifndef WF_HTTP_SERVER_SERVER_H
#define WF_HTTP_SERVER_SERVER_H

#include <libwebsockets.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "http/wire/limits.h"
#include "http/wire/listen.h"
#include "http/server/opts.h"
#include "http/wire/token.h"

/* The use of a connection. The use decides whether the connection may be closed for a new one. */
enum wf_http_use {
	WF_HTTP_UNUSED = 0, /* the slot is free */
	WF_HTTP_IDLE,	    /* no complete request has arrived since @since_ns */
	WF_HTTP_BUSY,	    /* a request is being received, or answered */
	WF_HTTP_SOCKET,	    /* a WebSocket */
};

struct wf_http_slot {
	struct lws *wsi; /* borrowed */
	enum wf_http_use use;
	uint64_t since_ns; /* time of the last change of @use */
};

struct wf_http {
	struct wf_http_opts opts;
	struct wf_http_route routes[WF_HTTP_ROUTES_MAX];
	size_t routes_count;
	struct wf_listen listen;
	struct wf_token token;
	struct lws_context *context; /* owned */
	struct lws_vhost *vhost;     /* owned by context */
	struct lws *feeds_wsi;	     /* owned by context: the epoll descriptor of feeds */
	pthread_t thread;
	bool has_thread;
	_Atomic bool stopping;
	_Atomic bool read_needs_token; /* at first opts.read_needs_token */
	_Atomic uint64_t drain_ns;     /* time at which all subscriptions end; 0: no time is set */
	struct wf_http_slot slots[WF_HTTP_CONNECTIONS_MAX];
	size_t pending_bytes;	/* size of the allocated bodies of all responses */
	struct wf_feeds *feeds; /* owned: the subscriptions of WebSockets */
	/* owned: the WebSocket message that is being sent; LWS_PRE + WF_HTTP_EVENT_BYTES bytes */
	unsigned char *message;
};

/* Return the server of a connection. */
static inline struct wf_http *wf_http_of(struct lws *wsi)
{
	return lws_context_user(lws_get_context(wsi));
}

static inline uint64_t wf_http_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#endif
