// SPDX-License-Identifier: BSD-2-Clause
/*
 * not_http.c - sends one fixed response, and closes the connection.
 */
#include "http/server/not_http.h"

#include <string.h>

#include "http/server/server.h"
#include "http/server/slots.h"

#define BODY \
	"{\"error\":\"method: not supported; the methods are GET, HEAD, POST, PUT and DELETE\"}\n"

static const char response[] = "HTTP/1.1 501 Not Implemented\r\n"
			       "server: weft\r\n"
			       "content-type: application/json\r\n"
			       "x-content-type-options: nosniff\r\n"
			       "cache-control: no-store\r\n"
			       "connection: close\r\n"
			       "\r\n" BODY;

/* A socket that has just been accepted has room for the response. */
static void answer(struct lws *wsi)
{
	unsigned char buffer[LWS_PRE + sizeof(response)];

	memcpy(buffer + LWS_PRE, response, sizeof(response));
	lws_write(wsi, buffer + LWS_PRE, sizeof(response) - 1, LWS_WRITE_RAW);
}

int wf_not_http_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
			 size_t len)
{
	switch (reason) {
	case LWS_CALLBACK_RAW_RX:
		answer(wsi);
		return -1;
	case LWS_CALLBACK_WSI_DESTROY:
		wf_slots_set(wf_http_of(wsi), wsi, WF_HTTP_UNUSED);
		return 0;
	default:
		return 0;
	}
}
