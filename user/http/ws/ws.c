// SPDX-License-Identifier: BSD-2-Clause
/*
 * ws.c - receives requests of a WebSocket, and sends it replies and events.
 *
 * Events stay in the queues of the library until the socket takes them, so that a slow client loses
 * its own events only. At most one message is held by libwebsockets.
 *
 * Bound: WF_HTTP_MESSAGE_BYTES for a request, WF_HTTP_REPLIES_MAX replies, WF_HTTP_SUBS_MAX
 * subscriptions, WF_HTTP_WATCHES_MAX watches.
 */
#include "http/ws/ws.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include <weft/weft.h>

#include "http/ws/feeds.h"
#include "http/server/server.h"
#include "http/server/slots.h"
#include "http/ws/ws_message.h"
#include "http/ws/ws_request.h"

enum { MESSAGES_PER_CALL = 32 };

/* ---- replies ---- */

/* Append @reply to the replies that wait; takes @reply. Return: 0; -1: close the connection. */
static int add_reply(struct lws *wsi, struct wf_ws *ws, json_t *reply)
{
	char *text = reply ? json_dumps(reply, JSON_COMPACT) : NULL;

	json_decref(reply);
	if (!text || ws->replies_count == WF_HTTP_REPLIES_MAX) {
		free(text);
		lws_close_reason(wsi, LWS_CLOSE_STATUS_POLICY_VIOLATION, NULL, 0);
		return -1;
	}
	ws->replies[ws->replies_count++] = text;
	lws_callback_on_writable(wsi);
	return 0;
}

static int add_error(struct lws *wsi, struct wf_ws *ws, const struct wf_ws_request *request)
{
	json_t *text = json_string(request->error);
	json_t *reply = json_pack("{so}", "error", text ? text : json_string("message: not valid"));

	if (request->has_id)
		json_object_set_new(reply, "id", json_integer(request->id));
	return add_reply(wsi, ws, reply);
}

static int add_ok(struct lws *wsi, struct wf_ws *ws, uint32_t id)
{
	return add_reply(wsi, ws, json_pack("{sIsb}", "id", (json_int_t)id, "ok", 1));
}

/* ---- requests ---- */

static const char *why_not_subscribed(int err)
{
	switch (err) {
	case -ENOSPC:
		return "too many subscriptions";
	case -ENOBUFS:
		return "there is no memory left for its queue; use smaller queue_bytes";
	case -ESHUTDOWN:
		return "the capture ends";
	case -ETIMEDOUT:
		return "the agent is busy";
	default:
		return strerror(-err);
	}
}

static int subscribe(struct wf_http *http, struct lws *wsi, struct wf_ws *ws,
		     struct wf_ws_request *request)
{
	WEFT_OPTS(weft_sub_opts, opts, .filter = request->filter, .events = request->events,
		  .overflow = request->overflow, .queue_bytes = request->queue_bytes);
	struct wf_feed *feed;
	int err = ws->subs_count < WF_HTTP_SUBS_MAX ? 0 : -ENOSPC;

	if (!err)
		err = wf_feeds_add(http->feeds, http->opts.weft, wsi, request->id, &opts, &feed);
	if (err) {
		snprintf(request->error, sizeof(request->error), "subscribe: %s",
			 why_not_subscribed(err));
		return add_error(wsi, ws, request);
	}
	ws->subs_count++;
	return add_ok(wsi, ws, request->id);
}

static int watch(struct wf_http *http, struct lws *wsi, struct wf_ws *ws,
		 struct wf_ws_request *request)
{
	struct wf_control_error error;

	if (!wf_ws_watches_add(&ws->watches, &http->opts, request->id, request->prefix, &error))
		return add_ok(wsi, ws, request->id);
	snprintf(request->error, sizeof(request->error), "%s", error.text);
	return add_error(wsi, ws, request);
}

static void unsubscribe(struct wf_http *http, struct wf_ws *ws, struct wf_feed *feed)
{
	wf_feeds_remove(http->feeds, feed);
	ws->subs_count--;
}

static int handle(struct wf_http *http, struct lws *wsi, struct wf_ws *ws, const json_t *message)
{
	struct wf_ws_request request;
	struct wf_feed *feed;
	bool is_used;

	if (wf_ws_request_parse(message, &request))
		return add_error(wsi, ws, &request);
	feed = wf_feeds_find(http->feeds, wsi, request.id);
	is_used = feed || wf_ws_watches_has(&ws->watches, request.id);
	if (is_used != (request.op == WF_WS_UNSUBSCRIBE)) {
		snprintf(request.error, sizeof(request.error),
			 is_used ? "id: the subscription exists; unsubscribe first"
				 : "id: there is no such subscription");
		return add_error(wsi, ws, &request);
	}
	if (request.op == WF_WS_SUBSCRIBE)
		return subscribe(http, wsi, ws, &request);
	if (request.op == WF_WS_WATCH)
		return watch(http, wsi, ws, &request);
	if (feed)
		unsubscribe(http, ws, feed);
	else
		wf_ws_watches_remove(&ws->watches, &http->opts, request.id);
	return add_ok(wsi, ws, request.id);
}

static int on_message(struct wf_http *http, struct lws *wsi, struct wf_ws *ws)
{
	json_t *message =
		json_loadb(ws->received, ws->received_bytes, JSON_REJECT_DUPLICATES, NULL);
	int err = handle(http, wsi, ws, message);

	json_decref(message);
	ws->received_bytes = 0;
	return err;
}

static int on_part(struct wf_http *http, struct lws *wsi, struct wf_ws *ws, const char *bytes,
		   size_t len_bytes)
{
	if (lws_frame_is_binary(wsi)) {
		lws_close_reason(wsi, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE, NULL, 0);
		return -1;
	}
	if (!ws->received)
		ws->received = malloc(WF_HTTP_MESSAGE_BYTES);
	if (!ws->received || len_bytes > WF_HTTP_MESSAGE_BYTES - ws->received_bytes) {
		lws_close_reason(wsi, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, NULL, 0);
		return -1;
	}
	memcpy(ws->received + ws->received_bytes, bytes, len_bytes);
	ws->received_bytes += len_bytes;
	if (!lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi))
		return 0;
	return on_message(http, wsi, ws);
}

/* ---- sending ---- */

static int write_message(struct wf_http *http, struct lws *wsi, size_t bytes, bool is_binary)
{
	return lws_write(wsi, http->message + LWS_PRE, bytes,
			 is_binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT) < 0
		       ? -1
		       : 1;
}

static int send_reply(struct wf_http *http, struct lws *wsi, struct wf_ws *ws)
{
	char *text = ws->replies[0];
	size_t bytes = strlen(text);

	memmove(ws->replies, ws->replies + 1, --ws->replies_count * sizeof(ws->replies[0]));
	if (bytes > WF_HTTP_EVENT_BYTES)
		bytes = WF_HTTP_EVENT_BYTES;
	memcpy(http->message + LWS_PRE, text, bytes);
	free(text);
	return write_message(http, wsi, bytes, false);
}

/*
 * Send the next change of a watch. If there is none, a timer polls the watches again. Return: 1 if
 * a message was sent; 0 if none waits; -1: close the connection.
 */
static int send_change(struct wf_http *http, struct lws *wsi, struct wf_ws *ws)
{
	json_t *change = wf_ws_watches_take(&ws->watches, &http->opts);
	size_t bytes;

	if (!change) {
		if (ws->watches.count)
			lws_set_timer_usecs(wsi, WF_WS_WATCH_POLL_MS * 1000);
		return 0;
	}
	bytes = json_dumpb(change, (char *)http->message + LWS_PRE, WF_HTTP_EVENT_BYTES,
			   JSON_COMPACT);
	json_decref(change);
	return bytes && bytes <= WF_HTTP_EVENT_BYTES ? write_message(http, wsi, bytes, false) : -1;
}

/* Send the next event of @feed. Return: 1 if a message was sent; 0 if none waits; -1: close. */
static int send_event(struct wf_http *http, struct lws *wsi, struct wf_feed *feed)
{
	const struct weft_event *event;

	while ((event = wf_feeds_take(http->feeds, feed)) != NULL) {
		const char *interface =
			event->flow ? weft_interface_name(http->opts.weft, event->flow->interface)
				    : NULL;
		bool is_binary;
		size_t bytes =
			wf_ws_message_write(event, feed->id, interface, http->message + LWS_PRE,
					    WF_HTTP_EVENT_BYTES, &is_binary);

		if (bytes)
			return write_message(http, wsi, bytes, is_binary);
	}
	return 0;
}

/* Report that the subscription has ended, and free it. */
static int end_feed(struct wf_http *http, struct lws *wsi, struct wf_ws *ws, struct wf_feed *feed)
{
	struct wf_ws_request request = {.has_id = true, .id = feed->id};

	snprintf(request.error, sizeof(request.error), "subscription: it has ended: %s",
		 atomic_load(&http->drain_ns) ? "the capture ends"
					      : "the client did not receive its events in time");
	unsubscribe(http, ws, feed);
	return add_error(wsi, ws, &request);
}

/*
 * Send one message: a reply, an event of a subscription (the subscriptions take turns), or a change
 * of a watch. Return: 1 if a message was sent; 0 if none waits; -1: close the connection.
 */
static int send_one(struct wf_http *http, struct lws *wsi, struct wf_ws *ws)
{
	struct wf_feed *feed = wf_feeds_find(http->feeds, wsi, ws->last_id);

	if (ws->replies_count)
		return send_reply(http, wsi, ws);
	for (size_t i = 0, count = ws->subs_count; i < count; i++) {
		int sent;

		feed = wf_feeds_next(http->feeds, wsi, feed);
		if (!feed)
			feed = wf_feeds_next(http->feeds, wsi, NULL);
		sent = send_event(http, wsi, feed);
		ws->last_id = feed->id;
		if (sent)
			return sent;
		if (feed->is_ended)
			return end_feed(http, wsi, ws, feed);
	}
	return send_change(http, wsi, ws);
}

static int on_writable(struct wf_http *http, struct lws *wsi, struct wf_ws *ws)
{
	for (int i = 0; i < MESSAGES_PER_CALL && !lws_send_pipe_choked(wsi); i++) {
		int sent = send_one(http, wsi, ws);

		if (sent <= 0)
			return sent;
	}
	lws_callback_on_writable(wsi);
	return 0;
}

static void close_ws(struct wf_http *http, struct lws *wsi, struct wf_ws *ws)
{
	struct wf_feed *feed;

	while ((feed = wf_feeds_next(http->feeds, wsi, NULL)) != NULL)
		unsubscribe(http, ws, feed);
	wf_ws_watches_clear(&ws->watches, &http->opts);
	while (ws->replies_count)
		free(ws->replies[--ws->replies_count]);
	free(ws->received);
	ws->received = NULL;
}

int wf_ws_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		   size_t len)
{
	struct wf_http *http = wf_http_of(wsi);

	switch (reason) {
	case LWS_CALLBACK_ESTABLISHED:
		wf_slots_set(http, wsi, WF_HTTP_SOCKET);
		return 0;
	case LWS_CALLBACK_RECEIVE:
		return on_part(http, wsi, user, in, len);
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return on_writable(http, wsi, user);
	case LWS_CALLBACK_TIMER:
		lws_callback_on_writable(wsi);
		return 0;
	case LWS_CALLBACK_CLOSED:
		close_ws(http, wsi, user);
		return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		wf_slots_set(http, wsi, WF_HTTP_UNUSED);
		return 0;
	default:
		return 0;
	}
}
