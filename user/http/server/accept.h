/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * accept.h - the listening socket in the loop of the server: accepts connections.
 */
#ifndef WF_HTTP_SERVER_ACCEPT_H
#define WF_HTTP_SERVER_ACCEPT_H

#include <libwebsockets.h>

/* Callback of libwebsockets for the listening socket. */
int wf_accept_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		       size_t len);

#endif
