/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * request.h - what a request to the running agent implements.
 *
 * A request is one file with a `const struct wf_request wf_request_NAME` and one row in
 * requests.c.
 */
#ifndef WF_AGENT_REQUEST_H
#define WF_AGENT_REQUEST_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/control.h"

struct weft;
struct wf_sink;

/** struct wf_request_env - the agent as its requests see it; everything is borrowed */
struct wf_request_env {
	struct weft *weft;
	const char *source; /* name of the interfaces or of the file */
	uint64_t start_ns;  /* CLOCK_MONOTONIC */
	struct wf_sink *const *sinks;
	size_t sinks_count;
};

/**
 * struct wf_request - a request
 * @name:   the "command" of the request, and the member of the response that holds the result
 * @help:   one line: what it does and which members it has
 * @answer: returns the result, which the caller owns, or NULL, and then @ret_error tells.
 *          Thread: the control thread.
 */
struct wf_request {
	const char *name;
	const char *help;
	json_t *(*answer)(const struct wf_request_env *env, const json_t *request,
			  struct wf_control_error *ret_error);
};

#endif
