// SPDX-License-Identifier: BSD-2-Clause
/*
 * http.c - opens and closes the server, and runs its thread.
 *
 * libwebsockets parses requests and sends data. It gets no mount point, so that no request can read
 * a file of the host.
 */
#include "http/http.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "http/server/accept.h"
#include "http/conn.h"
#include "http/ws/feeds.h"
#include "http/server/not_http.h"
#include "http/server/server.h"
#include "http/upgrade.h"
#include "http/ws/ws.h"

#define TOKEN_GROUP "weft"

enum { NICE = 10, DESCRIPTORS = 2 * WF_HTTP_CONNECTIONS_MAX + 32 };

/*
 * libwebsockets lets a client select any of these protocols by its name. The names of the internal
 * ones contain a space, which the name of a subprotocol can't contain, so no client selects them.
 */
static const struct lws_protocols protocols[] = {
	{"weft http", wf_conn_callback, sizeof(struct wf_conn), 0, 0, NULL, 0},
	{WF_UPGRADE_PROTOCOL, wf_ws_callback, sizeof(struct wf_ws), WF_HTTP_MESSAGE_BYTES, 0, NULL,
	 0},
	{"weft accept", wf_accept_callback, 0, 0, 0, NULL, 0},
	{"weft feeds", wf_feeds_callback, 0, 0, 0, NULL, 0},
	{WF_NOT_HTTP_PROTOCOL, wf_not_http_callback, 0, 0, 0, NULL, 0},
	{NULL, NULL, 0, 0, 0, NULL, 0},
};

static const lws_retry_bo_t silence = {
	.secs_since_valid_ping = WF_HTTP_PING_SEC,
	.secs_since_valid_hangup = WF_HTTP_HANGUP_SEC,
};

static void log_message(const struct wf_http *http, enum weft_log_level level, const char *format,
			...) __attribute__((format(printf, 3, 4)));

static void log_message(const struct wf_http *http, enum weft_log_level level, const char *format,
			...)
{
	char message[320];
	va_list args;

	if (!http->opts.log)
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	http->opts.log(level, message, http->opts.log_ctx);
}

static int refuse(struct wf_control_error *ret_error, int err, const char *what, const char *why)
{
	snprintf(ret_error->text, sizeof(ret_error->text), "%s: %s", what, why);
	return err;
}

/* ---- opening ---- */

static int open_listen(struct wf_http *http, struct wf_control_error *ret_error)
{
	int err = wf_listen_open(http->opts.listen, &http->listen);

	if (err == -EINVAL)
		return refuse(ret_error, err, http->opts.listen,
			      "not an address; use ADDR:PORT with a numeric address, or PORT for "
			      "127.0.0.1");
	if (err == -EADDRINUSE)
		return refuse(ret_error, err, http->opts.listen,
			      "another program listens on this port; use another port, or 0 for a "
			      "free one");
	return err ? refuse(ret_error, err, http->opts.listen, strerror(-err)) : 0;
}

static int make_token(struct wf_http *http, struct wf_control_error *ret_error)
{
	int err = http->opts.token_path
			  ? wf_token_make(http->opts.token_path, TOKEN_GROUP, &http->token)
			  : 0;

	if (!err)
		return 0;
	snprintf(ret_error->text, sizeof(ret_error->text),
		 "%.160s: the token can't be written: %s; name another file with --set "
		 "sinks.http.token_file=FILE",
		 http->opts.token_path, strerror(-err));
	return err;
}

static void copy_routes(struct wf_http *http)
{
	while (http->routes_count < WF_HTTP_ROUTES_MAX &&
	       http->opts.route(http->routes_count, &http->routes[http->routes_count]))
		http->routes_count++;
}

static struct lws_context_creation_info info_of(struct wf_http *http)
{
	struct lws_context_creation_info info;

	memset(&info, 0, sizeof(info));
	info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
	info.protocols = protocols;
	info.user = http;
	info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
		       LWS_SERVER_OPTION_FALLBACK_TO_APPLY_LISTEN_ACCEPT_CONFIG;
	info.listen_accept_role = "raw-skt";
	info.listen_accept_protocol = WF_NOT_HTTP_PROTOCOL;
	info.server_string = "weft";
	info.vhost_name = "weft";
	info.fd_limit_per_thread = DESCRIPTORS;
	info.max_http_header_data = WF_HTTP_HEADER_BYTES;
	info.max_http_header_pool = WF_HTTP_CONNECTIONS_MAX;
	info.timeout_secs = WF_HTTP_HEADER_SEC;
	info.timeout_secs_ah_idle = WF_HTTP_HEADER_SEC;
	info.retry_and_idle_policy = &silence;
	return info;
}

/*
 * Create the context and the virtual host of libwebsockets. lws_create_context() ignores SIGPIPE in
 * the whole process; the previous action is restored.
 */
static int create_context(struct wf_http *http)
{
	struct lws_context_creation_info info = info_of(http);
	struct sigaction before;

	lws_set_log_level(0, NULL);
	sigaction(SIGPIPE, NULL, &before);
	http->context = lws_create_context(&info);
	sigaction(SIGPIPE, &before, NULL);
	if (!http->context)
		return -ENOMEM;
	http->vhost = lws_create_vhost(http->context, &info);
	return http->vhost ? 0 : -ENOMEM;
}

/* Let the loop watch a duplicate of @fd. The loop closes the duplicate. */
static int watch(struct wf_http *http, int fd, const char *protocol, struct lws **ret_wsi)
{
	lws_sock_file_fd_type descriptor = {.filefd = fcntl(fd, F_DUPFD_CLOEXEC, 0)};

	if (descriptor.filefd < 0)
		return -errno;
	*ret_wsi = lws_adopt_descriptor_vhost(http->vhost, LWS_ADOPT_RAW_FILE_DESC, descriptor,
					      protocol, NULL);
	return *ret_wsi ? 0 : -ENOMEM;
}

static int create_loop(struct wf_http *http)
{
	struct lws *accept_wsi;
	int err = create_context(http);

	http->message = malloc(LWS_PRE + WF_HTTP_EVENT_BYTES);
	if (!http->message)
		return -ENOMEM;
	if (!err)
		err = wf_feeds_new(&http->feeds);
	if (!err)
		err = watch(http, http->listen.fd, "weft accept", &accept_wsi);
	if (!err)
		err = watch(http, wf_feeds_fd(http->feeds), "weft feeds", &http->feeds_wsi);
	return err;
}

int wf_http_open(const struct wf_http_opts *opts, struct wf_http **ret_http,
		 struct wf_control_error *ret_error)
{
	struct wf_http *http = calloc(1, sizeof(*http));
	int err;

	if (!http)
		return refuse(ret_error, -ENOMEM, opts->listen, strerror(ENOMEM));
	http->opts = *opts;
	atomic_init(&http->read_needs_token, opts->read_needs_token);
	http->listen.fd = -1;
	copy_routes(http);
	err = open_listen(http, ret_error);
	if (!err)
		err = make_token(http, ret_error);
	if (!err) {
		err = create_loop(http);
		if (err)
			refuse(ret_error, err, opts->listen, strerror(-err));
	}
	if (err)
		wf_http_close(http);
	else
		*ret_http = http;
	return err;
}

/* ---- running ---- */

static void *http_thread(void *ctx)
{
	struct wf_http *http = ctx;

	pthread_setname_np(pthread_self(), "weft-http");
	/*
	 * Requests of clients must not take processor time from the workers. In Linux,
	 * setpriority() with 0 changes only the calling thread.
	 */
	setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + NICE);
	while (!atomic_load(&http->stopping))
		if (lws_service(http->context, 0) < 0) {
			log_message(http, WEFT_LOG_ERROR, "http: %s: the server has failed",
				    http->listen.text);
			break;
		}
	return NULL;
}

int wf_http_start(struct wf_http *http)
{
	sigset_t all, old;
	int err;

	/* Block all signals in the new thread, which inherits the mask: the main thread handles
	 * them. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&http->thread, NULL, http_thread, http);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	http->has_thread = err == 0;
	if (err)
		return -err;
	log_message(http, WEFT_LOG_INFO, "http: http://%s/%s%s", http->listen.text,
		    http->token.path ? "; token for changes: " : "",
		    http->token.path ? http->token.path : "");
	if (!http->listen.is_loopback)
		log_message(http, WEFT_LOG_WARN,
			    "http: %s can be reached from other hosts, without encryption%s",
			    http->listen.text,
			    atomic_load(&http->read_needs_token) || !http->token.path
				    ? ""
				    : "; with sinks.http.read_token, reading needs the token, too");
	return 0;
}

void wf_http_set_read_token(struct wf_http *http, bool is_needed)
{
	atomic_store(&http->read_needs_token, is_needed);
}

void wf_http_drain(struct wf_http *http)
{
	if (atomic_load(&http->drain_ns))
		return;
	atomic_store(&http->drain_ns, wf_http_now_ns() + WF_HTTP_DRAIN_MS * 1000000ull);
	lws_cancel_service(http->context);
}

void wf_http_close(struct wf_http *http)
{
	if (!http)
		return;
	if (http->has_thread) {
		atomic_store(&http->stopping, true);
		lws_cancel_service(http->context);
		pthread_join(http->thread, NULL);
	}
	if (http->context)
		lws_context_destroy(http->context);
	if (http->listen.fd >= 0)
		close(http->listen.fd);
	wf_feeds_free(http->feeds);
	free(http->message);
	wf_token_remove(&http->token);
	free(http);
}
