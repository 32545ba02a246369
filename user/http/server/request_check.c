// SPDX-License-Identifier: BSD-2-Clause
/*
 * request_check.c - reads headers of a request and applies guard.c to them.
 */
#include "http/server/request_check.h"

#include <errno.h>
#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/wire/guard.h"
#include "http/server/server.h"

enum { HEADER_BYTES = 300 };

/*
 * Copy a header. Return: its length; 0 if it is missing or empty; -1 if it is longer than any valid
 * one.
 */
static int header(struct lws *wsi, enum lws_token_indexes token, char ret_text[HEADER_BYTES])
{
	*ret_text = '\0';
	if (!lws_hdr_total_length(wsi, token))
		return 0;
	return lws_hdr_copy(wsi, ret_text, HEADER_BYTES, token);
}

static unsigned int refuse(struct wf_request_refusal *ret_refusal, unsigned int status,
			   const char *text)
{
	snprintf(ret_refusal->text, sizeof(ret_refusal->text), "%s", text);
	return status;
}

/* Write the address to which the client connected. */
static void local_addr(struct lws *wsi, char ret_text[WF_GUARD_ADDR_BYTES])
{
	struct sockaddr_storage addr = {.ss_family = AF_UNSPEC};
	socklen_t bytes = sizeof(addr);

	*ret_text = '\0';
	if (!getsockname(lws_get_socket_fd(wsi), (struct sockaddr *)&addr, &bytes) &&
	    (addr.ss_family == AF_INET || addr.ss_family == AF_INET6))
		wf_listen_addr_text(&addr, ret_text, WF_GUARD_ADDR_BYTES);
}

unsigned int wf_request_check_sender(const struct wf_http *http, struct lws *wsi,
				     struct wf_request_refusal *ret_refusal)
{
	char host[HEADER_BYTES], origin[HEADER_BYTES], local[WF_GUARD_ADDR_BYTES];
	int host_chars = header(wsi, WSI_TOKEN_HOST, host);
	int origin_chars = header(wsi, WSI_TOKEN_ORIGIN, origin);

	if (!host_chars)
		return refuse(ret_refusal, 400, "Host: the header is missing");
	local_addr(wsi, local);
	if (host_chars < 0 ||
	    !wf_guard_is_host(host, local, http->opts.names, http->opts.names_count))
		return refuse(ret_refusal, 403,
			      "Host: not a name of this server; sinks.http.names lists further "
			      "names");
	if (origin_chars < 0 || (origin_chars && !wf_guard_is_origin(origin, host)))
		return refuse(ret_refusal, 403, "Origin: requests of other web sites are rejected");
	return 0;
}

unsigned int wf_request_check_token(const struct wf_http *http, struct lws *wsi,
				    struct wf_request_refusal *ret_refusal)
{
	char authorization[HEADER_BYTES];
	int chars = header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, authorization);

	if (chars > 0 && http->token.path && wf_guard_is_token(authorization, http->token.text))
		return 0;
	return refuse(ret_refusal, 401,
		      chars ? "Authorization: not \"Bearer \" and the token of this agent"
			    : "Authorization: the header is missing; send \"Bearer \" and the "
			      "token that sinks.http.token_file contains");
}

unsigned int wf_request_check_body(struct lws *wsi, size_t *ret_body_bytes,
				   struct wf_request_refusal *ret_refusal)
{
	char text[HEADER_BYTES];
	int chars = header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, text);
	size_t digits = strspn(text, "0123456789");
	unsigned long long bytes;

	if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING))
		return refuse(ret_refusal, 411,
			      "Transfer-Encoding: not supported; send the header Content-Length");
	*ret_body_bytes = 0;
	if (!chars)
		return 0;
	if (chars < 0 || !digits || text[digits])
		return refuse(ret_refusal, 400, "Content-Length: not a number");
	errno = 0;
	bytes = strtoull(text, NULL, 10);
	if (errno || bytes > WF_HTTP_BODY_BYTES) {
		snprintf(ret_refusal->text, sizeof(ret_refusal->text),
			 "Content-Length: the body has more than %d bytes", WF_HTTP_BODY_BYTES);
		return 413;
	}
	*ret_body_bytes = (size_t)bytes;
	return 0;
}

bool wf_request_if_match(struct lws *wsi, char *ret_text, size_t text_bytes)
{
	char text[HEADER_BYTES];
	int chars = header(wsi, WSI_TOKEN_HTTP_IF_MATCH, text);

	if (chars < 0)
		snprintf(text, sizeof(text), "too long");
	snprintf(ret_text, text_bytes, "%s", text);
	return chars != 0;
}
