/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * opts.h - the options of the server, which the agent or the collector sets.
 */
#ifndef WF_HTTP_SERVER_OPTS_H
#define WF_HTTP_SERVER_OPTS_H

#include <stdbool.h>
#include <stddef.h>

#include <weft/log.h>

#include "agent/control/control.h"
#include "http/wire/route.h"

struct weft;

/**
 * struct wf_http_opts - a server
 * @listen:     address, see wf_listen_parse()
 * @token_path: file for the token; borrowed until wf_http_close(); NULL: there is no token, and
 * requests that need it are rejected
 * @names, @names_count: further values of the header Host that are accepted; borrowed
 * @read_needs_token: requests that only read need the token, too
 * @route:      stores route @index in @ret_route; returns false if there are no more
 * @answer:     answers a request to the agent, see wf_control_fn. Thread: that of the server
 * @answer_ctx: argument of @answer
 * @weft:       the handle whose events WebSockets subscribe to; borrowed; NULL: there is neither a
 *              WebSocket nor the dashboard, which needs one
 * @log:        receives messages; may be NULL
 */
struct wf_http_opts {
	const char *listen;
	const char *token_path;
	char *const *names;
	size_t names_count;
	bool read_needs_token;
	bool (*route)(size_t index, struct wf_http_route *ret_route);
	wf_control_fn answer;
	void *answer_ctx;
	struct weft *weft;
	weft_log_fn log;
	void *log_ctx;
};

#endif
