/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * request.h - the interface that each request to the running agent implements.
 *
 * A request is one file that defines `const struct wf_request wf_request_NAME`, and one row in
 * requests.c.
 */
#ifndef WF_AGENT_REQUEST_H
#define WF_AGENT_REQUEST_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/control/control.h"
#include "http/wire/route.h"

struct weft;
struct wf_endpoints;
struct wf_fleet_watch;
struct wf_losses;
struct wf_drops;
struct wf_policies;
struct wf_privileges;
struct wf_reload;
struct wf_run_limit;
struct wf_serve;
struct wf_sink;
struct wf_store;
struct wf_subscribers;

/** struct wf_request_env - the agent as seen by requests; all pointers are borrowed */
struct wf_request_env {
	struct weft *weft;
	const char *source; /* see wf_report_name_source() */
	uint64_t start_ns;  /* CLOCK_MONOTONIC time of the start of the present capture */
	struct wf_sink *const *sinks;
	size_t sinks_count;
	const struct wf_losses *losses; /* recent losses of frames */
	const struct wf_drops *drops;	/* recent drops of each of the sinks */
	const struct wf_privileges *privileges;
	struct wf_subscribers *subscribers;
	struct wf_store *store;		/* NULL in replay, like policies */
	struct wf_policies *policies;	/* the policy in use, and its history */
	struct wf_reload *reload;	/* reads the configuration again */
	struct wf_endpoints *endpoints; /* NULL: not recorded */
	struct wf_fleet_watch *fleet;	/* NULL: no sinks.nats.url, or no HTTP server */
	struct wf_run_limit *limit;
	struct wf_serve *serve; /* the HTTP server */
};

/**
 * struct wf_request - a request
 * @name:   the "command" of the request, and the name of the response member with the result
 * @help:   one line: the effect of the request and its members
 * @http:   its path in the HTTP server, if it has one; its member command is not set
 * @answer: returns the result, owned by the caller; NULL on failure, with the reason in @ret_error,
 *          which may be left empty if memory is missing. NULL for a request with @stream
 * @stream: takes the connection for a stream; see wf_control_stream_fn. NULL for other requests
 *
 * Thread of @answer and @stream: the control thread. A request with a path is also answered on the
 * thread of the HTTP server, and "stats" and "health" on that of the sink nats
 * (wf_requests_state()), at the same time.
 */
struct wf_request {
	const char *name;
	const char *help;
	struct wf_http_route http;
	json_t *(*answer)(const struct wf_request_env *env, const json_t *request,
			  struct wf_control_error *ret_error);
	int (*stream)(const struct wf_request_env *env, int fd, const json_t *request,
		      struct wf_control_error *ret_error);
};

/*
 * Write "@what: @why" to @ret_error. Return: NULL, for answer() to return.
 * wf_request_refuse_usage() is for requests with a wrong member: the command then exits with
 * WF_EXIT_USAGE.
 */
json_t *wf_request_refuse_usage(struct wf_control_error *ret_error, const char *what,
				const char *why);
json_t *wf_request_refuse(struct wf_control_error *ret_error, const char *what, const char *why);

/* Return @ns, ns since 1970, as text: 2026-01-31T23:59:59.000000+0000. */
json_t *wf_request_time_new(uint64_t ns);

#endif
