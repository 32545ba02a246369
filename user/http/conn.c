// SPDX-License-Identifier: BSD-2-Clause
/*
 * conn.c - the steps of a request: checks, body, answer, response.
 *
 *   headers → sender (400, 403) → path (404, 405, 414, 426) → token (401)
 *           → length (400, 411, 413) → query (400), or body (400, 422) → the agent → response
 *
 * Bound: WF_HTTP_BODY_BYTES for the body; responses count in wf_http.pending_bytes. The time from
 * the headers to the end of the response is at most WF_HTTP_REQUEST_SEC.
 */
#include "http/conn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/wire/openmetrics.h"
#include "http/page.h"
#include "http/wire/query.h"
#include "http/server/request_check.h"
#include "http/server/server.h"
#include "http/server/slots.h"
#include "http/upgrade.h"

enum { ACCEPT_BYTES = 512 };

#define TYPE_PROMETHEUS	 "text/plain; version=0.0.4; charset=utf-8"
#define TYPE_OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* ---- answering ---- */

/* Return the HTTP status of a request that the agent rejected. */
static unsigned int status_of(const struct wf_http_route *route,
			      const struct wf_control_error *error)
{
	if (error->is_usage)
		return !strcmp(route->method, "GET") ? 400 : 422;
	switch (error->err) {
	case -ENOENT:
		return 404;
	case -EALREADY:
	case -ESTALE:
		return 409;
	case -ENOBUFS:
	case -ENOSPC:
		return 507;
	case -EBUSY:
	case -ENODEV:
	case -ESHUTDOWN:
	case -ETIMEDOUT:
		return 503;
	default:
		return 500;
	}
}

static void reply_metrics(struct wf_http *http, struct lws *wsi, struct wf_reply *reply,
			  json_t *result)
{
	char accept[ACCEPT_BYTES];
	const char *text = json_string_value(result);
	size_t bytes = text ? strlen(text) : 0;
	bool is_open = lws_hdr_copy(wsi, accept, sizeof(accept), WSI_TOKEN_HTTP_ACCEPT) > 0 &&
		       wf_openmetrics_is_wanted(accept);
	char *body = NULL;

	if (text)
		body = is_open ? wf_openmetrics_new(text, &bytes) : strdup(text);
	json_decref(result);
	wf_reply_owned(http, reply, is_open ? TYPE_OPENMETRICS : TYPE_PROMETHEUS, body, bytes);
}

static bool is_unhealthy(const json_t *health)
{
	const char *status = json_string_value(json_object_get(health, "status"));

	return !status || !strcmp(status, "unhealthy");
}

/* Pass the request to the agent and set the reply. */
static void answer(struct wf_http *http, struct lws *wsi, struct wf_conn *conn)
{
	const struct wf_http_route *route = conn->route;
	struct wf_control_error error = {.text = ""};
	json_t *result =
		http->opts.answer(route->command, conn->request, &error, http->opts.answer_ctx);

	if (!result)
		wf_reply_error(http, &conn->reply, status_of(route, &error), "%s", error.text);
	else if (route->form == WF_HTTP_METRICS)
		reply_metrics(http, wsi, &conn->reply, result);
	else
		wf_reply_json(http, &conn->reply,
			      route->form == WF_HTTP_HEALTH && is_unhealthy(result) ? 503 : 200,
			      result);
}

/* Answer the request if @status is 0; otherwise set an error reply with this HTTP status. */
static void answer_or_refuse(struct wf_http *http, struct lws *wsi, struct wf_conn *conn,
			     int status, const struct wf_query_error *error)
{
	if (status)
		wf_reply_error(http, &conn->reply, (unsigned int)status, "%s", error->text);
	else
		answer(http, wsi, conn);
}

static void answer_query(struct wf_http *http, struct lws *wsi, struct wf_conn *conn)
{
	char argument[WF_HTTP_URI_BYTES];
	struct wf_query_error error;
	int status = 0;

	for (int i = 0; !status; i++) {
		if (lws_hdr_copy_fragment(wsi, argument, sizeof(argument), WSI_TOKEN_HTTP_URI_ARGS,
					  i) < 0)
			break;
		if (*argument)
			status = wf_query_add(conn->request, conn->route, argument, &error);
	}
	answer_or_refuse(http, wsi, conn, status, &error);
}

static void answer_body(struct wf_http *http, struct lws *wsi, struct wf_conn *conn)
{
	const struct wf_http_route *route = conn->route;
	const char *body = conn->body ? conn->body : "";
	struct wf_query_error error;
	int status = 0;

	if (route->body_member)
		status = wf_query_add_value(conn->request, route, body, conn->body_bytes, &error);
	else if (strcmp(route->method, "DELETE"))
		status = wf_query_add_body(conn->request, route, body, conn->body_bytes, &error);
	answer_or_refuse(http, wsi, conn, status, &error);
}

/*
 * Make the request to the agent from the path and the header If-Match. Return: true if this header
 * is wrong; the reply is then set.
 */
static bool begin_request(struct wf_http *http, struct lws *wsi, struct wf_conn *conn,
			  const char *path)
{
	const struct wf_http_route *route = conn->route;
	char if_match[WF_HTTP_IF_MATCH_BYTES];
	struct wf_query_error error;

	conn->request = json_pack("{ss}", "command", route->command);
	if (route->rest_member)
		json_object_set_new(conn->request, route->rest_member,
				    json_string(path + strlen(route->path)));
	if (!route->if_match_member || !wf_request_if_match(wsi, if_match, sizeof(if_match)) ||
	    !wf_query_add_if_match(conn->request, route, if_match, &error))
		return false;
	wf_reply_error(http, &conn->reply, 400, "%s", error.text);
	return true;
}

/* ---- checks ---- */

static bool is_path(const struct wf_http_route *route, const char *path)
{
	return route->rest_member ? !strncmp(route->path, path, strlen(route->path))
				  : !strcmp(route->path, path);
}

static void add_allow(struct wf_conn *conn, const char *method)
{
	size_t used = strlen(conn->allow);

	snprintf(conn->allow + used, sizeof(conn->allow) - used, "%s%s%s", used ? ", " : "", method,
		 strcmp(method, "GET") ? "" : ", HEAD");
}

/* Find the route of @path. @method: from method_of(). Return: true if the reply was set. */
static bool find_route(struct wf_http *http, struct wf_conn *conn, const char *method,
		       const char *path)
{
	for (size_t i = 0; i < http->routes_count; i++) {
		if (!is_path(&http->routes[i], path))
			continue;
		if (!strcmp(http->routes[i].method, method))
			conn->route = &http->routes[i];
		add_allow(conn, http->routes[i].method);
	}
	if (conn->route)
		return false;
	if (!*conn->allow && http->opts.weft && wf_page_find(path))
		add_allow(conn, "GET");
	if (*conn->allow) {
		conn->reply.allow = conn->allow;
		wf_reply_error(http, &conn->reply, 405, "method: %.100s accepts only %s", path,
			       conn->allow);
	} else {
		wf_reply_error(http, &conn->reply, 404, "%.100s: there is no such path", path);
	}
	return true;
}

static const char *method_of(int method, bool *ret_is_head)
{
	*ret_is_head = method == LWSHUMETH_HEAD;
	switch (method) {
	case LWSHUMETH_GET:
	case LWSHUMETH_HEAD:
		return "GET";
	case LWSHUMETH_POST:
		return "POST";
	case LWSHUMETH_PUT:
		return "PUT";
	case LWSHUMETH_DELETE:
		return "DELETE";
	default:
		return "other";
	}
}

/* Set the reply of a static file. Return: false if @path has none, or if @method is not GET. */
static bool answer_page(const struct wf_http *http, struct wf_conn *conn, const char *method,
			const char *path)
{
	const struct wf_page *page =
		strcmp(method, "GET") || !http->opts.weft ? NULL : wf_page_find(path);

	if (!page)
		return false;
	wf_reply_static(&conn->reply, page->type, page->begin, (size_t)(page->end - page->begin));
	return true;
}

/*
 * Check whether the client may make the request and, if the request changes something, the length
 * of its body. Return: true if the request was rejected.
 */
static bool refuse_request(struct wf_http *http, struct lws *wsi, struct wf_conn *conn)
{
	bool changes = strcmp(conn->route->method, "GET") != 0;
	struct wf_request_refusal refusal;
	unsigned int status = 0;

	if (changes || atomic_load(&http->read_needs_token))
		status = wf_request_check_token(http, wsi, &refusal);
	if (!status && changes)
		status = wf_request_check_body(wsi, &conn->body_room, &refusal);
	if (!status)
		return false;
	wf_reply_error(http, &conn->reply, status, "%s", refusal.text);
	return true;
}

/*
 * Check the headers, and answer if no body follows. If this sets no reply, the reply is set when
 * the body has arrived.
 */
static void begin(struct wf_http *http, struct lws *wsi, struct wf_conn *conn, const char *path,
		  const char *method)
{
	struct wf_request_refusal refusal;
	unsigned int status = wf_request_check_sender(http, wsi, &refusal);

	if (status)
		wf_reply_error(http, &conn->reply, status, "%s", refusal.text);
	else if (strlen(path) + (size_t)lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_URI_ARGS) >=
		 WF_HTTP_URI_BYTES)
		wf_reply_error(http, &conn->reply, 414, "path: it is longer than %d bytes",
			       WF_HTTP_URI_BYTES);
	else if (!strcmp(path, WF_UPGRADE_PATH) && http->opts.weft)
		wf_reply_error(http, &conn->reply, 426, "%s: needs an upgrade to WebSocket", path);
	else if (answer_page(http, conn, method, path) || find_route(http, conn, method, path) ||
		 refuse_request(http, wsi, conn) || begin_request(http, wsi, conn, path))
		return;
	else if (!strcmp(method, "GET"))
		answer_query(http, wsi, conn);
	else if (!conn->body_room)
		answer_body(http, wsi, conn);
}

/* ---- the steps, called by libwebsockets ---- */

static void reset(struct wf_http *http, struct wf_conn *conn)
{
	free(conn->body);
	json_decref(conn->request);
	wf_reply_free(http, &conn->reply);
	memset(conn, 0, sizeof(*conn));
}

/* Handle the headers of a request. */
static int on_headers(struct wf_http *http, struct lws *wsi, struct wf_conn *conn)
{
	const char *method;
	char *uri = NULL;
	int uri_chars = 0;
	bool is_head;

	reset(http, conn);
	wf_slots_set(http, wsi, WF_HTTP_BUSY);
	lws_set_timer_usecs(wsi, (lws_usec_t)WF_HTTP_REQUEST_SEC * 1000000);
	method = method_of(lws_http_get_uri_and_method(wsi, &uri, &uri_chars), &is_head);
	conn->reply.is_head = is_head;
	begin(http, wsi, conn, uri ? uri : "", method);
	if (!conn->reply.status)
		return 0;
	return wf_reply_begin(wsi, &conn->reply);
}

static int on_body(struct wf_conn *conn, const char *bytes, size_t len_bytes)
{
	if (conn->reply.status)
		return 0;
	if (!conn->body)
		conn->body = malloc(conn->body_room);
	if (!conn->body || len_bytes > conn->body_room - conn->body_bytes)
		return -1;
	memcpy(conn->body + conn->body_bytes, bytes, len_bytes);
	conn->body_bytes += len_bytes;
	return 0;
}

static int on_body_end(struct wf_http *http, struct lws *wsi, struct wf_conn *conn)
{
	if (conn->reply.status || !conn->route)
		return 0;
	answer_body(http, wsi, conn);
	return wf_reply_begin(wsi, &conn->reply);
}

static int on_writable(struct wf_http *http, struct lws *wsi, struct wf_conn *conn)
{
	int done;

	if (!conn->reply.status)
		return 0;
	done = wf_reply_continue(wsi, &conn->reply);
	if (done <= 0)
		return done;
	/*
	 * One request per connection: libwebsockets 4.1 does not return from lws_service() if a
	 * request with a body was received together with the request before it.
	 */
	return -1;
}

int wf_conn_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		     size_t len)
{
	struct wf_http *http = wf_http_of(wsi);
	struct wf_conn *conn = user;

	switch (reason) {
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return wf_upgrade_check(http, wsi, in);
	case LWS_CALLBACK_HTTP:
		return on_headers(http, wsi, conn);
	case LWS_CALLBACK_HTTP_BODY:
		return on_body(conn, in, len);
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		return on_body_end(http, wsi, conn);
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return on_writable(http, wsi, conn);
	case LWS_CALLBACK_TIMER:
		return -1;
	case LWS_CALLBACK_CLOSED_HTTP:
	case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
		if (conn)
			reset(http, conn);
		return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		wf_slots_set(http, wsi, WF_HTTP_UNUSED);
		return 0;
	default:
		return 0;
	}
}
