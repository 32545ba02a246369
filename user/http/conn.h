/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conn.h - a connection of a client, from the headers of a request to the end of its response.
 */
#ifndef WF_HTTP_CONN_H
#define WF_HTTP_CONN_H

#include <jansson.h>
#include <libwebsockets.h>

#include "http/server/reply.h"
#include "http/wire/route.h"

/** struct wf_conn - the present request of a connection; zeroed: none */
struct wf_conn {
	const struct wf_http_route *route;
	json_t *request; /* owned: the request to the agent, with the members read so far */
	char allow[32];	 /* methods of the path, for the header Allow */
	char *body;	 /* owned: the part of the body that has arrived */
	size_t body_bytes;
	size_t body_room; /* length that the client announced */
	struct wf_reply reply;
};

/* Callback of libwebsockets for HTTP; @user: struct wf_conn. */
int wf_conn_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		     size_t len);

#endif
