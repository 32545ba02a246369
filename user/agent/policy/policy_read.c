// SPDX-License-Identifier: BSD-2-Clause
/*
 * policy_read.c - the requests that read the policy.
 *
 *   {"command": "policy"}          -> {"version", "changed", "by", "policy": {see policy/policy.h}}
 *   {"command": "policy_history"}  -> {"versions": [{as above}, ...]}, newest first
 *   {"command": "policy_check", "policy"} -> {"policy"}, with all its keys; nothing is changed
 */
#include <errno.h>

#include "agent/policy/policy_request.h"

static json_t *answer_policy(const struct wf_request_env *env, const json_t *request,
			     struct wf_control_error *ret_error)
{
	return wf_policy_answer(env, ret_error);
}

static json_t *answer_history(const struct wf_request_env *env, const json_t *request,
			      struct wf_control_error *ret_error)
{
	json_t *answer = wf_policies_history(env->policies);

	if (answer)
		return answer;
	ret_error->err = -EBUSY;
	return wf_request_refuse(ret_error, "policy", "no memory, or the agent is too busy");
}

static json_t *answer_check(const struct wf_request_env *env, const json_t *request,
			    struct wf_control_error *ret_error)
{
	struct wf_policy_error error;
	json_t *policy;
	int err = wf_policies_check(json_object_get(request, "policy"), &policy, &error);

	return err ? wf_policy_refuse(ret_error, err, &error) : json_pack("{so}", "policy", policy);
}

const struct wf_request wf_request_policy = {
	.name = "policy",
	.help = "show the present policy and its version",
	.http = {.method = "GET", .path = "/api/v1/policy"},
	.answer = answer_policy,
};

const struct wf_request wf_request_policy_history = {
	.name = "policy_history",
	.help = "list the present and earlier versions of the policy, newest first",
	.http = {.method = "GET", .path = "/api/v1/policy/history"},
	.answer = answer_history,
};

const struct wf_request wf_request_policy_check = {
	.name = "policy_check",
	.help = "check a policy without using it; members: policy",
	.answer = answer_check,
};
