/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * serve.h - opens the HTTP server of an agent as its configuration says, and with the server the
 * table of all sensors that publish on NATS, which the dashboard shows.
 */
#ifndef WF_AGENT_SERVE_H
#define WF_AGENT_SERVE_H

#include <weft/log.h>

#include "agent/control/control.h"

struct wf_config;
struct wf_fleet_watch;
struct wf_http;
struct wf_request_env;

enum { WF_SERVE_PATH_BYTES = 256 };

/**
 * struct wf_serve - the HTTP server of an agent; zeroed: none
 * @http:  owned
 * @fleet: reads the states of all sensors; owned; NULL: there is no HTTP server or no
 * sinks.nats.url
 */
struct wf_serve {
	struct wf_http *http;
	struct wf_fleet_watch *fleet;
	char token_path[WF_SERVE_PATH_BYTES];
};

/*
 * Open the server if @config has an address for it. @control: the control socket, beside which the
 * token is written by default; NULL: no server is opened. @env: borrowed until wf_serve_close();
 * its member weft must be set, the other members are read from wf_serve_start() on. Return: 0;
 * negative errno (logged).
 */
int wf_serve_open(struct wf_serve *serve, const struct wf_config *config,
		  const struct wf_control *control, struct wf_request_env *env, weft_log_fn log,
		  void *log_ctx);

/* Start to answer. Return: 0, also if there is no server; negative errno. */
int wf_serve_start(struct wf_serve *serve);

/* Use the switches of @config that a reload can change. Thread: any. */
void wf_serve_set(struct wf_serve *serve, const struct wf_config *config);

/* Let the server announce to its clients that the capture ends. Further calls have no effect. */
void wf_serve_drain(struct wf_serve *serve);

/* Close the server. Requests of the control socket may still read the table of sensors. */
void wf_serve_close(struct wf_serve *serve);

/* Free the table of sensors. Call after the control socket was closed, because requests read it. */
void wf_serve_fini(struct wf_serve *serve);

#endif
