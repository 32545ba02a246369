// SPDX-License-Identifier: BSD-2-Clause
/*
 * filter.c - the request "filter", and the list that says where each part of a filter is checked.
 *
 * A part of a filter is a key in the section "filter" of the configuration; the verdicts by prefix
 * in that section are no part. The policy contains the filter, so a change of the filter is a
 * change of the policy, whose other keys stay as they are.
 */
#include "agent/filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <weft/weft.h>

#include "config/config.h"
#include "config/config_print.h"
#include "agent/control/control.h"
#include "agent/control/filter_check.h"
#include "agent/request.h"
#include "policy/policies.h"

#define MODE_KEY "capture.mode"

/* indexed by enum weft_mode; names as in the configuration */
static const char *const mode_names[] = {"auto", "tap", "host"};
_Static_assert(sizeof(mode_names) / sizeof(mode_names[0]) == WEFT_MODE_COUNT,
	       "a name for each mode");

static bool is_part(const struct wf_config_key *key)
{
	return !strncmp(key->name, "filter.", strlen("filter.")) && key->type != WF_CONFIG_VERDICTS;
}

/* Return true if the part @key is set. A part that is not set excludes no segment. */
static bool is_set(const struct wf_config *config, const struct wf_config_key *key)
{
	const char *member = (const char *)config + key->offset;

	if (key->type == WF_CONFIG_SHARE)
		return *(const double *)member < 1;
	if (key->type == WF_CONFIG_TEXT)
		return *(char *const *)member != NULL;
	return *(const size_t *)((const char *)config + key->count_offset) > 0;
}

json_t *wf_filter_parts_new(const struct wf_config *config)
{
	json_t *parts = json_object();

	for (const struct wf_config_key *key = wf_config_keys(); key->name; key++) {
		char *text;

		if (!is_part(key) || !is_set(config, key))
			continue;
		text = wf_config_text_new(config, key);
		if (!text || json_object_set_new(parts, key->name, json_string(text))) {
			free(text);
			json_decref(parts);
			return NULL;
		}
		free(text);
	}
	return parts;
}

bool wf_filter_is_given(const struct wf_config *config)
{
	const struct wf_config_key *keys = wf_config_keys();

	for (const struct wf_config_key *key = keys; key->name; key++)
		if (is_part(key) && config->places[key - keys])
			return true;
	return false;
}

/* ---- the request ---- */

static int read_parts(const json_t *request, struct wf_config *config,
		      struct wf_control_error *ret_error)
{
	for (const struct wf_config_key *key = wf_config_keys(); key->name; key++) {
		const char *text = json_string_value(json_object_get(request, key->name));
		struct wf_config_error error = {"out of memory"};

		if (!is_part(key) || !text ||
		    !wf_config_set(config, key->name, key->name, text, &error))
			continue;
		snprintf(ret_error->text, sizeof(ret_error->text), "%.255s", error.text);
		ret_error->is_usage = true;
		return -EINVAL;
	}
	return wf_control_check_filter(config->library.filter, ret_error);
}

int wf_filter_apply(const struct wf_config *config, const char *expression, struct weft *weft)
{
	WEFT_OPTS(weft_filter_opts, opts, .expression = expression,
		  .ports = config->interface.ports, .ports_count = config->interface.ports_count,
		  .allow = config->interface.allow, .allow_count = config->interface.allow_count,
		  .deny = config->interface.deny, .deny_count = config->interface.deny_count,
		  .sample = config->interface.sample);

	return weft_filter_set(weft, &opts);
}

/* Write the policy in use to @config. *@ret_version: its version. */
static int read_policy(const struct wf_request_env *env, struct wf_config *config,
		       uint64_t *ret_version)
{
	json_t *present = wf_policies_get(env->policies);
	struct wf_policy_error error;
	int err = present ? wf_policy_read(json_object_get(present, "policy"), config, &error)
			  : -EBUSY;

	*ret_version = (uint64_t)json_integer_value(json_object_get(present, "version"));
	json_decref(present);
	return err;
}

static int set_policy(const struct wf_request_env *env, const struct wf_config *config,
		      uint64_t if_version, struct wf_control_error *ret_error)
{
	const struct wf_policy_change change = {.by = "weft filter", .if_version = if_version};
	struct wf_policy_error error;
	json_t *policy = wf_policy_new(config);
	int err = policy ? wf_policies_set(env->policies, policy, &change, &error) : -ENOMEM;

	json_decref(policy);
	if (policy && err) {
		snprintf(ret_error->text, sizeof(ret_error->text), "%s", error.text);
		ret_error->is_usage = err == -EINVAL;
	}
	return err;
}

/* Replace the filter by the parts in @request. Return: 0; negative errno, which was reported. */
static int replace(const struct wf_request_env *env, const json_t *request,
		   struct wf_control_error *ret_error)
{
	struct wf_config config;
	uint64_t version;
	int err = wf_config_init(&config);

	if (!err)
		err = read_policy(env, &config, &version);
	for (const struct wf_config_key *key = wf_config_keys(); !err && key->name; key++)
		if (is_part(key))
			err = wf_config_reset(&config, key);
	if (!err)
		err = read_parts(request, &config, ret_error);
	if (!err)
		err = set_policy(env, &config, version, ret_error);
	if (err && !*ret_error->text)
		wf_request_refuse(ret_error, "the old filter is still in use", strerror(-err));
	wf_config_fini(&config);
	return err;
}

static bool has_parts(const json_t *request)
{
	for (const struct wf_config_key *key = wf_config_keys(); key->name; key++)
		if (is_part(key) && json_object_get(request, key->name))
			return true;
	return json_is_true(json_object_get(request, "clear"));
}

static void find_mode(const struct weft_interface *interface, void *ctx)
{
	enum weft_mode *mode = ctx;

	if (*mode == interface->mode || *mode == WEFT_MODE_COUNT)
		*mode = interface->mode;
	else
		*mode = WEFT_MODE_AUTO;
}

/*
 * Return the filter in use, owned by the caller; NULL on failure. The answer contains the mode of
 * the interfaces, because the mode determines where the filter is checked; the mode is "auto" if
 * the interfaces have different ones.
 */
static json_t *answer_new(const struct wf_request_env *env)
{
	enum weft_mode mode = WEFT_MODE_COUNT;
	struct wf_config config;
	json_t *answer = NULL;
	uint64_t version;

	if (wf_config_init(&config))
		return NULL;
	if (!read_policy(env, &config, &version))
		answer = wf_filter_parts_new(&config);
	wf_config_fini(&config);
	weft_interfaces_each(env->weft, find_mode, &mode);
	if (answer && mode != WEFT_MODE_COUNT)
		json_object_set_new(answer, MODE_KEY, json_string(mode_names[mode]));
	return answer;
}

static json_t *answer_filter(const struct wf_request_env *env, const json_t *request,
			     struct wf_control_error *ret_error)
{
	json_t *answer;

	if (has_parts(request) && replace(env, request, ret_error))
		return NULL;
	answer = answer_new(env);
	return answer ? answer : wf_request_refuse(ret_error, "filter", "the agent is too busy");
}

const struct wf_request wf_request_filter = {
	.name = "filter",
	.help = "show the filter and capture.mode, or replace the whole of it; members: filter.expression, "
		"filter.allow, filter.deny, filter.ports, filter.sample, or clear",
	.answer = answer_filter,
};

/* ---- explaining ---- */

/* Indexed by enum weft_mode. At the start, AUTO is replaced by TAP or HOST. */
static const char *const kernel_places[] = {
	"kernel (XDP or tc program), before anything is copied",
	"kernel (XDP program), before anything is copied",
	"kernel (tc program), before anything is copied",
};
_Static_assert(sizeof(kernel_places) / sizeof(kernel_places[0]) == WEFT_MODE_COUNT, "each mode");

void wf_filter_explain(const struct wf_config *config, bool is_live, FILE *out)
{
	bool any = false;

	for (const struct wf_config_key *key = wf_config_keys(); key->name; key++) {
		const char *where = is_live ? kernel_places[config->interface.mode]
					    : "user space, after decoding";

		if (!is_part(key) || !is_set(config, key))
			continue;
		if (key->type == WF_CONFIG_TEXT)
			where = "user space, before decoding";
		fprintf(out, "%-18s ", key->name);
		wf_config_print_plain(config, key, out);
		fprintf(out, "\n%18s -> %s\n", "", where);
		any = true;
	}
	if (!any)
		fputs("no filter: every TCP segment is wanted\n", out);
}

void wf_filter_print(const json_t *parts, FILE *out)
{
	struct wf_control_error error = {.text = ""};
	const char *mode = json_string_value(json_object_get(parts, MODE_KEY));
	struct wf_config_error unread;
	struct wf_config config;
	int err = wf_config_init(&config);

	if (!err)
		err = read_parts(parts, &config, &error);
	if (!err && mode)
		wf_config_set(&config, MODE_KEY, MODE_KEY, mode, &unread);
	if (!err)
		wf_filter_explain(&config, true, out);
	wf_config_fini(&config);
}
