// SPDX-License-Identifier: BSD-2-Clause
/*
 * reload_request.c - the request "reload", which reads the configuration again.
 *
 *   {"command": "reload"} -> {"changed": [key...], "rejected": [{"key", "reason"}...],
 *                             "other_version": number of the policy in use, if this is another
 *                             policy than that of the configuration}
 *
 * If there are rejected keys, nothing is changed.
 */
#include <errno.h>
#include <stdio.h>

#include "agent/request.h"
#include "agent/watch/reload.h"

static json_t *answer_reload(const struct wf_request_env *env, const json_t *request,
			     struct wf_control_error *ret_error)
{
	struct wf_config_error error;
	json_t *result;
	int err;

	if (!env->reload->fn)
		return wf_request_refuse(ret_error, "reload",
					 "this agent can't read its configuration again");
	err = wf_reload(env->reload, "weft reload", &result, &error);
	if (!err)
		return result;
	ret_error->err = err;
	ret_error->is_usage = err == -EINVAL;
	snprintf(ret_error->text, sizeof(ret_error->text), "nothing is changed: %.290s",
		 error.text);
	return NULL;
}

const struct wf_request wf_request_reload = {
	.name = "reload",
	.help = "read the configuration again, and apply either all of its changes or none",
	.answer = answer_reload,
};
