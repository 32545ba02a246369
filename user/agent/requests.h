/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * requests.h - answers any request to the running agent.
 */
#ifndef WF_AGENT_REQUESTS_H
#define WF_AGENT_REQUESTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "agent/control/control.h"
#include "http/wire/route.h"

/* Answer a request as wf_control_fn (control.h) describes. @env: a struct wf_request_env. */
json_t *wf_requests_answer(const char *command, const json_t *request,
			   struct wf_control_error *ret_error, void *env);

/* Reject a request to a replay, which answers "subscribe" only; a wf_control_fn. */
json_t *wf_requests_refuse(const char *command, const json_t *request,
			   struct wf_control_error *ret_error, void *env);

/*
 * Return the state of the agent: the answer to "stats" with that to "health" as the member health;
 * owned by the caller. NULL if there is no memory. @env: a struct wf_request_env. Thread: any.
 */
json_t *wf_requests_state(void *env);

/*
 * Store the route of a request in @ret_route. @index: counts only the requests that have a path.
 * Return: false if there are no more.
 */
bool wf_requests_route(size_t index, struct wf_http_route *ret_route);

/* Begin a stream; a wf_control_stream_fn. @env: struct wf_request_env. */
int wf_requests_stream(const char *command, int fd, const json_t *request,
		       struct wf_control_error *ret_error, void *env);

#endif
