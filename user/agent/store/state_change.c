// SPDX-License-Identifier: BSD-2-Clause
/*
 * state_change.c - the requests that change the state store.
 *
 *   {"command": "state_set", "key", "value": any JSON, "if_version"}  -> {"key", "version"}
 *   {"command": "state_delete", "key", "if_version"}                  -> {"key", "version"}
 *
 * With "if_version", the change is made only if the key has this version; 0, for state_set: only if
 * there is no such key. The answer has the version of the change.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/store/state_entry.h"
#include "policy/policies.h"
#include "state/store.h"

static bool read_version(const json_t *request, uint64_t *ret_version,
			 struct wf_control_error *ret_error)
{
	*ret_version = WF_VERSION_ANY;
	return wf_state_read_number(request, "if_version", 0, INT64_MAX, ret_version, ret_error);
}

/* Return the time of a change, ns since 1970. */
static uint64_t day_time_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Return the key to change; NULL if it is not valid, or is changed by other requests only. */
static const char *read_key(const json_t *request, struct wf_control_error *ret_error)
{
	const char *key = wf_state_read_key(request, ret_error);

	if (!key || strncmp(key, WF_POLICY_PREFIX, strlen(WF_POLICY_PREFIX)))
		return key;
	wf_request_refuse_usage(ret_error, key,
				"only weft policy (HTTP: /api/v1/policy) changes the policy");
	return NULL;
}

static json_t *changed_new(const char *key, uint64_t version)
{
	return json_pack("{ss sI}", "key", key, "version", (json_int_t)version);
}

static json_t *answer_set(const struct wf_request_env *env, const json_t *request,
			  struct wf_control_error *ret_error)
{
	const char *key = read_key(request, ret_error);
	uint64_t if_version;
	uint64_t version;
	char *value;
	int err;

	if (!key || !read_version(request, &if_version, ret_error))
		return NULL;
	value = wf_state_read_value(request, ret_error);
	if (!value)
		return NULL;
	err = wf_store_set(env->store, key, value, strlen(value), if_version, day_time_ns(),
			   &version);
	free(value);
	return err ? wf_state_refuse(ret_error, key, err) : changed_new(key, version);
}

static json_t *answer_delete(const struct wf_request_env *env, const json_t *request,
			     struct wf_control_error *ret_error)
{
	const char *key = read_key(request, ret_error);
	uint64_t if_version;
	uint64_t version;
	int err;

	if (!key || !read_version(request, &if_version, ret_error))
		return NULL;
	err = wf_store_delete(env->store, key, if_version, day_time_ns(), &version);
	return err ? wf_state_refuse(ret_error, key, err) : changed_new(key, version);
}

const struct wf_request wf_request_state_set = {
	.name = "state_set",
	.help = "set a key of the state store; members: key, value, if_version",
	.http = {.method = "PUT",
		 .path = "/api/v1/state/",
		 .rest_member = "key",
		 .body_member = "value",
		 .if_match_member = "if_version"},
	.answer = answer_set,
};

const struct wf_request wf_request_state_delete = {
	.name = "state_delete",
	.help = "delete a key of the state store with its history; members: key, if_version",
	.http = {.method = "DELETE",
		 .path = "/api/v1/state/",
		 .rest_member = "key",
		 .if_match_member = "if_version"},
	.answer = answer_delete,
};
