// SPDX-License-Identifier: BSD-2-Clause
/*
 * policy_change.c - the requests that change the policy. The answer is the version that is present
 * after the change.
 *
 *   {"command": "policy_set", "policy": {see policy/policy.h}, "if_version", "by"}
 *   {"command": "policy_set", "from_config": true, "if_version", "by"}
 *   {"command": "policy_rollback", "version", "if_version", "by"}
 */
#include "agent/policy/policy_request.h"

static json_t *answer_set(const struct wf_request_env *env, const json_t *request,
			  struct wf_control_error *ret_error)
{
	const json_t *policy = json_object_get(request, "policy");
	struct wf_policy_change change;
	struct wf_policy_error error;
	int err;

	if (!wf_policy_read_change(request, &change, ret_error))
		return NULL;
	if (!policy && !json_is_true(json_object_get(request, "from_config")))
		return wf_request_refuse_usage(ret_error, "policy", "the member is missing");
	err = wf_policies_set(env->policies, policy, &change, &error);
	return err ? wf_policy_refuse(ret_error, err, &error) : wf_policy_answer(env, ret_error);
}

static json_t *answer_rollback(const struct wf_request_env *env, const json_t *request,
			       struct wf_control_error *ret_error)
{
	json_int_t version = json_integer_value(json_object_get(request, "version"));
	struct wf_policy_change change;
	struct wf_policy_error error;
	int err;

	if (!wf_policy_read_change(request, &change, ret_error))
		return NULL;
	if (version <= 0)
		return wf_request_refuse_usage(ret_error, "version", "not the number of a version");
	err = wf_policies_roll_back(env->policies, (uint64_t)version, &change, &error);
	return err ? wf_policy_refuse(ret_error, err, &error) : wf_policy_answer(env, ret_error);
}

const struct wf_request wf_request_policy_set = {
	.name = "policy_set",
	.help = "replace the whole policy; members: policy or from_config, if_version, by",
	.http = {.method = "PUT",
		 .path = "/api/v1/policy",
		 .body_member = "policy",
		 .if_match_member = "if_version"},
	.answer = answer_set,
};

static const struct wf_http_param rollback_params[] = {
	{.name = "version", .member = "version", .is_number = true, .is_required = true},
	{.name = NULL},
};

const struct wf_request wf_request_policy_rollback = {
	.name = "policy_rollback",
	.help = "make an earlier policy the present one; members: version, if_version, by",
	.http = {.method = "POST",
		 .path = "/api/v1/policy/rollback",
		 .params = rollback_params,
		 .if_match_member = "if_version"},
	.answer = answer_rollback,
};
