// SPDX-License-Identifier: BSD-2-Clause
/*
 * upgrade.c - checks requests for a WebSocket.
 */
#include "http/upgrade.h"

#include <stdio.h>
#include <string.h>

#include "http/server/reply.h"
#include "http/server/request_check.h"
#include "http/server/server.h"
#include "http/server/slots.h"
#include "http/wire/guard.h"

enum { PROTOCOLS_BYTES = 256 };

static unsigned int refuse(struct wf_request_refusal *ret_refusal, unsigned int status,
			   const char *text)
{
	snprintf(ret_refusal->text, sizeof(ret_refusal->text), "%s", text);
	return status;
}

/*
 * Check the token of a WebSocket, if requests that only read need it. A script in a browser can't
 * set the header Authorization of a WebSocket, so the token may also be sent in the name of a
 * subprotocol.
 */
static unsigned int check_token(struct wf_http *http, struct lws *wsi, const char *protocols,
				struct wf_request_refusal *ret_refusal)
{
	if (!atomic_load(&http->read_needs_token) ||
	    wf_guard_has_token_name(protocols, WF_UPGRADE_TOKEN, http->token.text))
		return 0;
	return wf_request_check_token(http, wsi, ret_refusal);
}

static unsigned int check(struct wf_http *http, struct lws *wsi, const char *kind,
			  struct wf_request_refusal *ret_refusal)
{
	char protocols[PROTOCOLS_BYTES] = "";
	unsigned int status = wf_request_check_sender(http, wsi, ret_refusal);
	char *path = NULL;
	int chars = 0;

	if (status)
		return status;
	if (strcmp(kind, "websocket"))
		return refuse(ret_refusal, 400, "Upgrade: only websocket is supported");
	if (lws_http_get_uri_and_method(wsi, &path, &chars) < 0 || !path ||
	    strcmp(path, WF_UPGRADE_PATH) || !http->opts.weft)
		return refuse(ret_refusal, 404,
			      "Upgrade: the path of the WebSocket is " WF_UPGRADE_PATH);
	if (lws_hdr_copy(wsi, protocols, sizeof(protocols), WSI_TOKEN_PROTOCOL) < 0 ||
	    !wf_guard_has_name(protocols, WF_UPGRADE_PROTOCOL))
		return refuse(ret_refusal, 400,
			      "Sec-WebSocket-Protocol: only " WF_UPGRADE_PROTOCOL " is supported");
	if (wf_slots_count(http, WF_HTTP_SOCKET) >= WF_HTTP_SOCKETS_MAX)
		return refuse(ret_refusal, 503, "Upgrade: too many WebSockets are open");
	return check_token(http, wsi, protocols, ret_refusal);
}

int wf_upgrade_check(struct wf_http *http, struct lws *wsi, const char *kind)
{
	struct wf_request_refusal refusal;
	struct wf_reply reply = {.status = 0};
	unsigned int status = check(http, wsi, kind, &refusal);

	if (!status)
		return 0;
	wf_reply_error(http, &reply, status, "%s", refusal.text);
	wf_reply_now(wsi, &reply);
	wf_reply_free(http, &reply);
	return -1;
}
