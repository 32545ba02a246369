// SPDX-License-Identifier: BSD-2-Clause
/*
 * filter.c - the request "filter", and the list of where each part of a filter is checked.
 *
 * A part is a key in the section "filter" of the configuration, so only answer_filter() must be
 * changed for a new part.
 */
#include "agent/filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <weft/weft.h>

#include "config/config.h"
#include "config/config_print.h"
#include "agent/control/control.h"
#include "agent/request.h"

#define MODE_KEY "capture.mode"

/* indexed by enum weft_mode; names as in the configuration */
static const char *const mode_names[] = {"auto", "tap", "host"};
_Static_assert(sizeof(mode_names) / sizeof(mode_names[0]) == WEFT_MODE_COUNT,
	       "a name for each mode");

static bool is_part(const struct wf_config_key *key)
{
	return !strncmp(key->name, "filter.", strlen("filter."));
}

/* Return true if the part @key is set; other parts do not restrict the filter. */
static bool is_set(const struct wf_config *config, const struct wf_config_key *key)
{
	const char *member = (const char *)config + key->offset;

	if (key->type == WF_CONFIG_SHARE)
		return *(const double *)member < 1;
	if (key->type == WF_CONFIG_TEXT)
		return *(char *const *)member != NULL;
	return *(const size_t *)((const char *)config + key->count_offset) > 0;
}

/* Return the value of the part @key, owned by the caller; NULL if there is no memory. */
static char *part_text(const struct wf_config *config, const struct wf_config_key *key)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		return NULL;
	wf_config_print_plain(config, key, out);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

json_t *wf_filter_parts_new(const struct wf_config *config)
{
	json_t *parts = json_object();

	for (const struct wf_config_key *key = wf_config_keys(); key->name; key++) {
		char *text;

		if (!is_part(key) || !is_set(config, key))
			continue;
		text = part_text(config, key);
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
	return wf_request_check_expression(config->library.filter, ret_error);
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

/* Replace the filter by the parts in @request. Return: 0; negative errno, which was reported. */
static int replace(const struct wf_request_env *env, const json_t *request,
		   struct wf_control_error *ret_error)
{
	struct wf_config config;
	json_t *parts = NULL;
	int err = wf_config_init(&config);

	if (!err)
		err = read_parts(request, &config, ret_error);
	if (!err)
		parts = wf_filter_parts_new(&config);
	if (!err && !parts)
		err = -ENOMEM;
	if (!err)
		err = wf_filter_apply(&config, config.library.filter, env->weft);
	if (err) {
		json_decref(parts);
		if (!*ret_error->text)
			wf_request_refuse(ret_error, "the old filter is still in use",
					  err == -ETIMEDOUT ? "a worker is too busy to answer"
							    : strerror(-err));
	} else {
		json_decref(*env->filter);
		*env->filter = parts;
	}
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
 * Return the filter in use, owned by the caller. The answer contains the mode of the interfaces,
 * which determines where the filter is checked; "auto" if the modes differ.
 */
static json_t *answer_new(const struct wf_request_env *env)
{
	enum weft_mode mode = WEFT_MODE_COUNT;
	json_t *answer = json_copy(*env->filter);

	weft_interfaces_each(env->weft, find_mode, &mode);
	if (answer && mode != WEFT_MODE_COUNT)
		json_object_set_new(answer, MODE_KEY, json_string(mode_names[mode]));
	return answer;
}

static json_t *answer_filter(const struct wf_request_env *env, const json_t *request,
			     struct wf_control_error *ret_error)
{
	if (has_parts(request) && replace(env, request, ret_error))
		return NULL;
	return answer_new(env);
}

const struct wf_request wf_request_filter = {
	.name = "filter",
	.help = "show the filter and capture.mode, or replace the whole of it; members: filter.expression, "
		"filter.allow, filter.deny, filter.ports, filter.sample, or clear",
	.answer = answer_filter,
};

/* ---- explaining ---- */

/* Indexed by enum weft_mode; AUTO is replaced by one of the others at start. */
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
