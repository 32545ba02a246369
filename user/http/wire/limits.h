/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limits.h - the limits of the HTTP server. "more: N" means that a request above the limit is
 * rejected with HTTP status N; "more: closed", that the connection is closed.
 */
#ifndef WF_HTTP_WIRE_LIMITS_H
#define WF_HTTP_WIRE_LIMITS_H

#include <weft/limits.h>

enum {
	/*
	 * connections; at the limit the connection that was idle longest is closed, or if none is
	 * idle, the one that has handled its request for the longest time
	 */
	WF_HTTP_CONNECTIONS_MAX = 128,
	WF_HTTP_HEADER_BYTES = 8192,	 /* all headers of a request; more: closed */
	WF_HTTP_IF_MATCH_BYTES = 64,	 /* the header If-Match; more: 400 */
	WF_HTTP_URI_BYTES = 4096,	 /* path and query; more: 414 */
	WF_HTTP_FILTER_CHARS = 512,	 /* a filter expression; more: 400 */
	WF_HTTP_BODY_BYTES = 65536,	 /* body of a request; more: 413 */
	WF_HTTP_PENDING_BYTES = 1 << 22, /* all responses that wait to be sent; more: 503 */
	WF_HTTP_CHUNK_BYTES = 16384,	 /* a response is sent in parts of at most this size */
	WF_HTTP_ROUTES_MAX = 32,

	WF_HTTP_HEADER_SEC = 10,  /* maximum time until all headers have arrived */
	WF_HTTP_REQUEST_SEC = 30, /* maximum time to receive a body and send the response */

	WF_HTTP_MESSAGE_BYTES = 16384, /* WebSocket message of a client; more: closed with 1009 */
	WF_HTTP_SOCKETS_MAX = 32,      /* WebSockets; more: 503 */
	WF_HTTP_SUBS_MAX = 8,	       /* subscriptions of one WebSocket */
	WF_HTTP_WATCHES_MAX = 4,       /* watches of the state store of one WebSocket */
	/* changes in the queue of a watch; so few that all watches use little of the smallest store
	 */
	WF_HTTP_WATCH_CHANGES = 256,
	/*
	 * maximum number of subscriptions of all WebSockets, so that they leave the rest of
	 * WEFT_SUBSCRIPTIONS_MAX to outputs, endpoints and clients of the control socket
	 */
	WF_HTTP_SUBS_TOTAL = 16,
	WF_HTTP_QUEUE_BYTES = 1 << 20, /* default of "queue_bytes" */
	WF_HTTP_QUEUE_BYTES_MAX = 1 << 24,
	/* the queues of all WebSockets use at most 1/WF_HTTP_QUEUE_PARTS of the memory limit */
	WF_HTTP_QUEUE_PARTS = 8,
	/* a message with one event; the data of an event is shorter than a captured frame */
	WF_HTTP_EVENT_BYTES = WEFT_FRAME_MAX_BYTES + 1024,
	WF_HTTP_REPLIES_MAX = 16, /* replies that wait for a client; more: closed */
	WF_HTTP_PING_SEC = 20,	  /* a WebSocket that is silent for this time gets a ping */
	WF_HTTP_HANGUP_SEC = 40,  /* a WebSocket that is silent for this time is closed */
	WF_HTTP_DRAIN_MS = 1000,  /* maximum time for unread events after a request to stop */
};

#endif
