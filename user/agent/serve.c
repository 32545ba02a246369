// SPDX-License-Identifier: BSD-2-Clause
/*
 * serve.c - opens the HTTP server with the table of requests, and the table of sensors that its
 * dashboard shows.
 */
#include "agent/serve.h"

#include <stdio.h>
#include <string.h>

#include "agent/request.h"
#include "agent/requests.h"
#include "bus/connect.h"
#include "config/config_table.h"
#include "fleet/watch.h"
#include "http/http.h"

/* Set the path of the token's file: the configured path, or one beside the control socket. */
static void name_token(struct wf_serve *serve, const char *configured, const char *socket)
{
	size_t chars = strlen(socket) - strlen(".sock");

	if (configured)
		snprintf(serve->token_path, sizeof(serve->token_path), "%s", configured);
	else
		snprintf(serve->token_path, sizeof(serve->token_path), "%.*s.token", (int)chars,
			 socket);
}

static int log_error(const char *what, const char *why, int err, weft_log_fn log, void *log_ctx)
{
	char message[WF_BUS_ERROR_BYTES + 16];

	if (log) {
		snprintf(message, sizeof(message), "%s: %s", what, why);
		log(WEFT_LOG_ERROR, message, log_ctx);
	}
	return err;
}

static int open_fleet(struct wf_serve *serve, const struct wf_sink_opts *sinks, struct weft *weft,
		      weft_log_fn log, void *log_ctx)
{
	const struct wf_fleet_watch_opts opts = {
		.bus = {.url = sinks->nats_url,
			.name = "weft dashboard",
			.tls_ca_file = sinks->nats_tls_ca_file,
			.tls_cert_file = sinks->nats_tls_cert_file,
			.tls_key_file = sinks->nats_tls_key_file,
			.credentials_file = sinks->nats_credentials_file,
			.key_prefix = "sinks.nats."},
		.stream = sinks->nats_stream,
		.weft = weft,
	};
	char error[WF_BUS_ERROR_BYTES];
	int err = opts.bus.url && *opts.bus.url ? wf_fleet_watch_open(&opts, &serve->fleet, error)
						: 0;

	return err ? log_error("nats", error, err, log, log_ctx) : 0;
}

int wf_serve_open(struct wf_serve *serve, const struct wf_config *config,
		  const struct wf_control *control, struct wf_request_env *env, weft_log_fn log,
		  void *log_ctx)
{
	const struct wf_http_opts opts = {
		.listen = config->http_listen,
		.token_path = serve->token_path,
		.names = config->http_names,
		.names_count = config->http_names_count,
		.read_needs_token = config->http_read_token == WEFT_ON,
		.route = wf_requests_route,
		.answer = wf_requests_answer,
		.answer_ctx = env,
		.weft = env->weft,
		.log = log,
		.log_ctx = log_ctx,
	};
	struct wf_control_error error;
	int err;

	if (!control || !opts.listen)
		return 0;
	name_token(serve, config->http_token_file, wf_control_path(control));
	err = wf_http_open(&opts, &serve->http, &error);
	if (err)
		return log_error("http", error.text, err, log, log_ctx);
	return open_fleet(serve, &config->sinks, env->weft, log, log_ctx);
}

int wf_serve_start(struct wf_serve *serve)
{
	int err = serve->fleet ? wf_fleet_watch_start(serve->fleet) : 0;

	return serve->http && !err ? wf_http_start(serve->http) : err;
}

void wf_serve_set(struct wf_serve *serve, const struct wf_config *config)
{
	if (serve->http)
		wf_http_set_read_token(serve->http, config->http_read_token == WEFT_ON);
}

void wf_serve_drain(struct wf_serve *serve)
{
	if (serve->http)
		wf_http_drain(serve->http);
}

void wf_serve_close(struct wf_serve *serve)
{
	wf_http_close(serve->http);
	serve->http = NULL;
}

void wf_serve_fini(struct wf_serve *serve)
{
	wf_fleet_watch_close(serve->fleet);
	serve->fleet = NULL;
}
