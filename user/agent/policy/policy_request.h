/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy_request.h - common members, errors and answers of requests about the policy.
 */
#ifndef WF_AGENT_POLICY_POLICY_REQUEST_H
#define WF_AGENT_POLICY_POLICY_REQUEST_H

#include <jansson.h>
#include <stdbool.h>

#include "agent/request.h"
#include "policy/policies.h"

/* Report that a call of policies.h failed with @err for the reason @error. Return: NULL. */
json_t *wf_policy_refuse(struct wf_control_error *ret_error, int err,
			 const struct wf_policy_error *error);

/*
 * Read the members "if_version" and "by" of @request. Without "by", the author is "http": requests
 * from the HTTP server have no such member, and the commands of weft always send it. Return: false
 * if a member is not valid, with the reason in @ret_error.
 */
bool wf_policy_read_change(const json_t *request, struct wf_policy_change *ret_change,
			   struct wf_control_error *ret_error);

/* Return the present version, the answer to a change; NULL on failure. */
json_t *wf_policy_answer(const struct wf_request_env *env, struct wf_control_error *ret_error);

#endif
