// SPDX-License-Identifier: BSD-2-Clause
/*
 * policy_request.c - common members, errors and answers of requests about the policy.
 */
#include "agent/policy/policy_request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { BY_MAX_BYTES = 64 };

json_t *wf_policy_refuse(struct wf_control_error *ret_error, int err,
			 const struct wf_policy_error *error)
{
	ret_error->err = err;
	ret_error->is_usage = err == -EINVAL || err == -EFBIG;
	ret_error->is_missing = err == -ENOENT;
	snprintf(ret_error->text, sizeof(ret_error->text), "%s", error->text);
	return NULL;
}

bool wf_policy_read_change(const json_t *request, struct wf_policy_change *ret_change,
			   struct wf_control_error *ret_error)
{
	const json_t *version = json_object_get(request, "if_version");
	const json_t *by = json_object_get(request, "by");

	*ret_change = (struct wf_policy_change){
		.by = by ? json_string_value(by) : "http",
		.if_version =
			version ? (uint64_t)json_integer_value(version) : WF_POLICY_ANY_VERSION,
	};
	if (version && json_integer_value(version) <= 0) {
		wf_request_refuse_usage(ret_error, "if_version", "not the number of a version");
		return false;
	}
	if (ret_change->by && *ret_change->by && strlen(ret_change->by) <= BY_MAX_BYTES)
		return true;
	wf_request_refuse_usage(ret_error, "by", "not a text of 1 to 64 characters");
	return false;
}

json_t *wf_policy_answer(const struct wf_request_env *env, struct wf_control_error *ret_error)
{
	json_t *answer = wf_policies_get(env->policies);

	if (answer)
		return answer;
	ret_error->err = -EBUSY;
	return wf_request_refuse(ret_error, "policy", "no memory, or the agent is too busy");
}
