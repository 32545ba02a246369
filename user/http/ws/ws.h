/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ws.h - a WebSocket: its requests, the events of its subscriptions, and the changes of its
 * watches.
 */
#ifndef WF_HTTP_WS_WS_H
#define WF_HTTP_WS_WS_H

#include <libwebsockets.h>

#include "http/wire/limits.h"
#include "http/ws/ws_watch.h"

struct wf_feed;

/** struct wf_ws - one WebSocket */
struct wf_ws {
	char *received; /* owned: the part of a message that has arrived */
	size_t received_bytes;
	char *replies[WF_HTTP_REPLIES_MAX]; /* owned: replies that wait, the oldest first */
	size_t replies_count;
	size_t subs_count;
	struct wf_ws_watches watches;
	uint32_t last_id; /* id of the subscription that had its turn to send an event last */
};

/* Callback of libwebsockets for WebSockets; @user: struct wf_ws. */
int wf_ws_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		   size_t len);

#endif
