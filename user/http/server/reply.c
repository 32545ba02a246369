// SPDX-License-Identifier: BSD-2-Clause
/*
 * reply.c - builds and sends responses.
 *
 * The headers forbid browsers to run scripts or load anything from elsewhere, to show the page in a
 * frame, to guess media types, and to keep answers.
 */
#include "http/server/reply.h"

#include <libwebsockets.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/server/server.h"

enum { HEADERS_BYTES = 1024, ERROR_BYTES = 400 };

#define OUT_OF_MEMORY "{\"error\":\"response: out of memory\"}\n"
#define TOO_MANY      "{\"error\":\"response: too many responses wait to be sent; ask again later\"}\n"

static const char *const headers[][2] = {
	{"content-security-policy:",
	 "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
	 "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
	{"x-content-type-options:", "nosniff"},
	{"x-frame-options:", "DENY"},
	{"referrer-policy:", "no-referrer"},
	{"cross-origin-resource-policy:", "same-origin"},
	{"cache-control:", "no-store"},
	{"connection:", "close"},
};

/* ---- building ---- */

void wf_reply_static(struct wf_reply *reply, const char *type, const char *bytes, size_t len_bytes)
{
	if (!reply->status)
		reply->status = 200;
	reply->type = type;
	reply->bytes = bytes;
	reply->len_bytes = len_bytes;
}

static void refuse(struct wf_reply *reply, const char *json)
{
	reply->status = 503;
	wf_reply_static(reply, "application/json", json, strlen(json));
}

void wf_reply_owned(struct wf_http *http, struct wf_reply *reply, const char *type, char *owned,
		    size_t len_bytes)
{
	if (!owned) {
		refuse(reply, OUT_OF_MEMORY);
		return;
	}
	if (len_bytes > WF_HTTP_PENDING_BYTES - http->pending_bytes) {
		free(owned);
		refuse(reply, TOO_MANY);
		return;
	}
	reply->owned = owned;
	http->pending_bytes += len_bytes;
	wf_reply_static(reply, type, owned, len_bytes);
}

/* Return @value as a line of text, owned by the caller; NULL if there is no memory. */
static char *json_line(const json_t *value)
{
	size_t bytes = json_dumpb(value, NULL, 0, JSON_COMPACT);
	char *text = bytes ? malloc(bytes + 2) : NULL;

	if (!text)
		return NULL;
	json_dumpb(value, text, bytes, JSON_COMPACT);
	memcpy(text + bytes, "\n", 2);
	return text;
}

void wf_reply_json(struct wf_http *http, struct wf_reply *reply, unsigned int status, json_t *value)
{
	char *text = value ? json_line(value) : NULL;

	json_decref(value);
	reply->status = status;
	wf_reply_owned(http, reply, "application/json", text, text ? strlen(text) : 0);
}

void wf_reply_error(struct wf_http *http, struct wf_reply *reply, unsigned int status,
		    const char *format, ...)
{
	char text[ERROR_BYTES];
	json_t *string;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* json_string() fails if the text contains bytes of the client that are not UTF-8. */
	string = json_string(text);
	if (!string)
		string = json_string("request: not valid");
	wf_reply_json(http, reply, status, json_pack("{so}", "error", string));
}

void wf_reply_free(struct wf_http *http, struct wf_reply *reply)
{
	if (reply->owned)
		http->pending_bytes -= reply->len_bytes;
	free(reply->owned);
	*reply = (struct wf_reply){.status = 0};
}

/* ---- sending ---- */

static int add_header(struct lws *wsi, const char *name, const char *value, unsigned char **pos,
		      unsigned char *end)
{
	return lws_add_http_header_by_name(wsi, (const unsigned char *)name,
					   (const unsigned char *)value, (int)strlen(value), pos,
					   end);
}

static int add_headers(struct lws *wsi, const struct wf_reply *reply, unsigned char **pos,
		       unsigned char *end)
{
	int failed = lws_add_http_common_headers(wsi, reply->status, reply->type, reply->len_bytes,
						 pos, end);

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		failed |= add_header(wsi, headers[i][0], headers[i][1], pos, end);
	if (reply->allow)
		failed |= add_header(wsi, "allow:", reply->allow, pos, end);
	if (reply->status == 401)
		failed |= add_header(wsi, "www-authenticate:", "Bearer realm=\"weft\"", pos, end);
	return failed;
}

static int send_headers(struct lws *wsi, const struct wf_reply *reply)
{
	unsigned char buf[LWS_PRE + HEADERS_BYTES];
	unsigned char *start = buf + LWS_PRE, *pos = start, *end = buf + sizeof(buf) - 1;

	if (add_headers(wsi, reply, &pos, end) || lws_finalize_http_header(wsi, &pos, end))
		return -1;
	return lws_write(wsi, start, (size_t)(pos - start),
			 reply->is_head || !reply->len_bytes
				 ? LWS_WRITE_HTTP_HEADERS | LWS_WRITE_H2_STREAM_END
				 : LWS_WRITE_HTTP_HEADERS) < 0
		       ? -1
		       : 0;
}

int wf_reply_begin(struct lws *wsi, struct wf_reply *reply)
{
	if (send_headers(wsi, reply))
		return -1;
	if (reply->is_head)
		reply->sent_bytes = reply->len_bytes;
	lws_callback_on_writable(wsi);
	return 0;
}

static int send_part(struct lws *wsi, struct wf_reply *reply)
{
	unsigned char buf[LWS_PRE + WF_HTTP_CHUNK_BYTES];
	size_t left = reply->len_bytes - reply->sent_bytes;
	size_t part = left < WF_HTTP_CHUNK_BYTES ? left : WF_HTTP_CHUNK_BYTES;

	memcpy(buf + LWS_PRE, reply->bytes + reply->sent_bytes, part);
	if (lws_write(wsi, buf + LWS_PRE, part,
		      part == left ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < 0)
		return -1;
	reply->sent_bytes += part;
	return 0;
}

int wf_reply_continue(struct lws *wsi, struct wf_reply *reply)
{
	if (reply->sent_bytes == reply->len_bytes)
		return 1;
	if (send_part(wsi, reply))
		return -1;
	/* libwebsockets calls again when the socket has room for the next part. */
	lws_callback_on_writable(wsi);
	return 0;
}

void wf_reply_now(struct lws *wsi, struct wf_reply *reply)
{
	if (!send_headers(wsi, reply))
		send_part(wsi, reply);
}
