/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reply.h - a response: its status, headers and body, sent in parts as the client takes them.
 */
#ifndef WF_HTTP_SERVER_REPLY_H
#define WF_HTTP_SERVER_REPLY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct lws;
struct wf_http;

/** struct wf_reply - a response; zeroed: not set yet */
struct wf_reply {
	unsigned int status;
	const char *type;  /* media type; static */
	const char *allow; /* header Allow; borrowed; NULL: none */
	const char *bytes; /* the body; static, or equal to @owned */
	char *owned;	   /* freed by wf_reply_free(); counts in wf_http.pending_bytes */
	size_t len_bytes;
	size_t sent_bytes;
	bool is_head; /* the request was HEAD: only headers are sent */
};

/* Set a body that is static. */
void wf_reply_static(struct wf_reply *reply, const char *type, const char *bytes, size_t len_bytes);

/*
 * Set an allocated body; takes @owned. The status is 503 if @owned is NULL (out of memory), or if
 * all responses in memory would exceed WF_HTTP_PENDING_BYTES.
 */
void wf_reply_owned(struct wf_http *http, struct wf_reply *reply, const char *type, char *owned,
		    size_t len_bytes);

/* Set @value as the body; takes @value. */
void wf_reply_json(struct wf_http *http, struct wf_reply *reply, unsigned int status,
		   json_t *value);

/* Set the body {"error": text}. */
void wf_reply_error(struct wf_http *http, struct wf_reply *reply, unsigned int status,
		    const char *format, ...) __attribute__((format(printf, 4, 5)));

/*
 * Send the headers, and request a callback when the socket has room for the body. Return: 0; -1 if
 * the connection must be closed.
 */
int wf_reply_begin(struct lws *wsi, struct wf_reply *reply);

/*
 * Send the next part of the body. Return: 1 if everything was sent; 0 if more is to be sent; -1 if
 * the connection must be closed.
 */
int wf_reply_continue(struct lws *wsi, struct wf_reply *reply);

/* Send headers and body at once; only for small bodies. */
void wf_reply_now(struct lws *wsi, struct wf_reply *reply);

void wf_reply_free(struct wf_http *http, struct wf_reply *reply);

#endif
