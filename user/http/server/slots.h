/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slots.h - all connections of the server, and which one is closed if there are too many.
 */
#ifndef WF_HTTP_SERVER_SLOTS_H
#define WF_HTTP_SERVER_SLOTS_H

#include <stdbool.h>

#include "http/server/server.h"

/*
 * Make sure that there is a free slot. If there is none, close the connection that was idle
 * longest; if no connection is idle, close the one that has handled its request for the longest
 * time. Return: false if all connections are WebSockets.
 */
bool wf_slots_make_room(struct wf_http *http);

/* Record a new connection; there is a free slot. */
void wf_slots_add(struct wf_http *http, struct lws *wsi);

/* Record the use of a connection. Does nothing for a connection that is not in a slot. */
void wf_slots_set(struct wf_http *http, struct lws *wsi, enum wf_http_use use);

/* Return the number of connections with @use. */
size_t wf_slots_count(const struct wf_http *http, enum wf_http_use use);

#endif
