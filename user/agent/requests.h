/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * requests.h - answers any request to the running agent.
 */
#ifndef WF_AGENT_REQUESTS_H
#define WF_AGENT_REQUESTS_H

#include <jansson.h>

#include "agent/control/control.h"

/* Answer a request; a wf_control_fn. @env: struct wf_request_env. */
json_t *wf_requests_answer(const char *command, const json_t *request,
			   struct wf_control_error *ret_error, void *env);

#endif
