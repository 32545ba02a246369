/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http.h - the HTTP server of a running agent: the dashboard, metrics, health, the requests to the
 * agent as JSON, and events over WebSocket. `weft collect` uses it, too, for metrics and health
 * (collect/web.c); "the agent" in this room then means the collector.
 *
 * One thread serves all clients and answers requests itself, as the control socket does. Workers
 * do not wait for it before the capture ends; then wf_http_drain() limits the wait. Every client
 * has limits of size and time (limits.h).
 */
#ifndef WF_HTTP_HTTP_H
#define WF_HTTP_HTTP_H

#include "http/server/opts.h"

struct wf_http;

/**
 * wf_http_open() - listen, and make the token
 *
 * Clients that connect wait until wf_http_start(). Return: 0; negative errno, with the reason in
 * @ret_error.
 */
int wf_http_open(const struct wf_http_opts *opts, struct wf_http **ret_http,
		 struct wf_control_error *ret_error);

/* Start the thread. Return: 0; negative errno. */
int wf_http_start(struct wf_http *http);

/* @is_needed: whether requests that only read need the token from now on, too. Thread: any. */
void wf_http_set_read_token(struct wf_http *http, bool is_needed);

/*
 * Announce that the capture ends: subscriptions end within a second, so that workers do not wait
 * for their clients. Thread: any.
 */
void wf_http_drain(struct wf_http *http);

/* Stop the thread, close all connections, and remove the token file. NULL is allowed. */
void wf_http_close(struct wf_http *http);

#endif
