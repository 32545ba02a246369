/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ws_watch.h - the watches of a WebSocket. While the socket has room, changes of the state store
 * are polled one by one with the request "state_watch".
 *
 * Changes wait in the queue of the watch in the store, so that a slow client loses changes of its
 * own watches only.
 */
#ifndef WF_HTTP_WS_WS_WATCH_H
#define WF_HTTP_WS_WS_WATCH_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "http/server/opts.h"
#include "http/wire/limits.h"

enum { WF_WS_WATCH_POLL_MS = 100 };

/** struct wf_ws_watches - the watches of one WebSocket; zero-initialise */
struct wf_ws_watches {
	struct wf_ws_watch {
		uint32_t id;	   /* number that the client gave to the watch */
		json_int_t number; /* number that the agent gave to the watch */
	} list[WF_HTTP_WATCHES_MAX];
	size_t count;
	size_t next; /* index of the watch to be polled next */
};

/*
 * Watch the keys that begin with @prefix. Return: 0; -1, with the reason in @ret_error.
 */
int wf_ws_watches_add(struct wf_ws_watches *watches, const struct wf_http_opts *opts, uint32_t id,
		      const char *prefix, struct wf_control_error *ret_error);

/* Return true if there is a watch with @id. */
bool wf_ws_watches_has(const struct wf_ws_watches *watches, uint32_t id);

/* End the watch with @id, which exists. */
void wf_ws_watches_remove(struct wf_ws_watches *watches, const struct wf_http_opts *opts,
			  uint32_t id);

/* End all watches. */
void wf_ws_watches_clear(struct wf_ws_watches *watches, const struct wf_http_opts *opts);

/*
 * Poll the watches in turn, until one has a change or has ended. Return: the message for the
 * client, owned by the caller; NULL if there is none.
 */
json_t *wf_ws_watches_take(struct wf_ws_watches *watches, const struct wf_http_opts *opts);

#endif
