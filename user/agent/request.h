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

struct weft;
struct wf_sink;

/** struct wf_request_env - the agent as seen by requests; all pointers are borrowed */
struct wf_request_env {
	struct weft *weft;
	const char *source; /* names of the interfaces, or the file */
	uint64_t start_ns;  /* CLOCK_MONOTONIC time of the start */
	struct wf_sink *const *sinks;
	size_t sinks_count;
	json_t **filter; /* parts of the filter in use, replaced by the request "filter" */
};

/**
 * struct wf_request - a request
 * @name:   the "command" of the request, and the name of the response member with the result
 * @help:   one line: the effect of the request and its members
 * @answer: returns the result, owned by the caller; NULL on failure, with the reason in @ret_error.
 * Thread: the control thread.
 */
struct wf_request {
	const char *name;
	const char *help;
	json_t *(*answer)(const struct wf_request_env *env, const json_t *request,
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

/* Return: 0 if @expression is NULL or valid; otherwise negative errno, with the reason in
 * @ret_error. */
int wf_request_check_expression(const char *expression, struct wf_control_error *ret_error);

#endif
