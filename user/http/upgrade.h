/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * upgrade.h - decides whether a connection may become a WebSocket.
 */
#ifndef WF_HTTP_UPGRADE_H
#define WF_HTTP_UPGRADE_H

struct lws;
struct wf_http;

#define WF_UPGRADE_PATH	    "/ws"
#define WF_UPGRADE_PROTOCOL "weft.v1"
#define WF_UPGRADE_TOKEN    "weft.token."

/*
 * Check an upgrade to @kind: Host, Origin, path, subprotocol, the number of WebSockets, and the
 * token if it is needed. Return: 0 if it may proceed; -1 if it was rejected with a response, and
 * the connection must be closed.
 */
int wf_upgrade_check(struct wf_http *http, struct lws *wsi, const char *kind);

#endif
