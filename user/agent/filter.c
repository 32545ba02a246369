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

static json_t *parts_new(const struct wf_config *config)
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

json_t *wf_filter_request_new(const struct wf_config *config)
{
	json_t *request = parts_new(config);

	json_object_set_new(request, "command", json_string("filter"));
	return request;
}

/* ---- setting ---- */

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
		return -EINVAL;
	}
	return 0;
}

static const char *why_not_set(int err)
{
	switch (err) {
	case -EINVAL:
		return "the expression is not valid in tcpdump's syntax; the agent's log shows the "
		       "reason";
	case -ETIMEDOUT:
		return "a worker is too busy to answer";
	default:
		return strerror(-err);
	}
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

static json_t *answer_filter(const struct wf_request_env *env, const json_t *request,
			     struct wf_control_error *ret_error)
{
	struct wf_config config;
	json_t *answer = NULL;
	int err = wf_config_init(&config);

	if (!err)
		err = read_parts(request, &config, ret_error);
	if (err)
		goto out;
	err = wf_filter_apply(&config, config.library.filter, env->weft);
	if (!err)
		answer = parts_new(&config);
out:
	if (!answer && !*ret_error->text)
		snprintf(ret_error->text, sizeof(ret_error->text),
			 "filter: %s; the old filter is still in use",
			 why_not_set(err ? err : -ENOMEM));
	wf_config_fini(&config);
	return answer;
}

const struct wf_request wf_request_filter = {
	.name = "filter",
	.help = "replace the whole filter; members: filter.expression, filter.allow, filter.deny, "
		"filter.ports, filter.sample",
	.answer = answer_filter,
};

/* ---- explaining ---- */

void wf_filter_explain(const struct wf_config *config, bool is_live, FILE *out)
{
	bool any = false;

	for (const struct wf_config_key *key = wf_config_keys(); key->name; key++) {
		const char *where = is_live ? "kernel (XDP), before anything is copied"
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
