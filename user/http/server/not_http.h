/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * not_http.h - answers a connection whose first bytes libwebsockets does not parse: a method that
 * it does not know, or another protocol.
 *
 * Without this, libwebsockets would answer with an HTML page of its own, which names a file that
 * the server does not have.
 */
#ifndef WF_HTTP_SERVER_NOT_HTTP_H
#define WF_HTTP_SERVER_NOT_HTTP_H

#include <libwebsockets.h>

#define WF_NOT_HTTP_PROTOCOL "weft other"

/* The callback of WF_NOT_HTTP_PROTOCOL. */
int wf_not_http_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
			 size_t len);

#endif
