// SPDX-License-Identifier: BSD-2-Clause
/*
 * policy.c - converts a policy between JSON, the keys of a configuration and the options of the
 * library, and checks it.
 *
 * A value of JSON is converted to text, which config_value.h checks and parses, so that a policy
 * and a configuration accept the same values.
 */
#include "policy/policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/config_print.h"
#include "config/config_reload.h"
#include "config/config_value.h"
#include "config/suggest.h"

enum { PLACE_BYTES = 128, SECTION_BYTES = 32 };

bool wf_policy_has(const struct wf_config_key *key)
{
	return wf_config_reload(key) == WF_CONFIG_POLICY;
}

/* Split the name of @key into section and member. Return: the member. */
static const char *split(const struct wf_config_key *key, char section[SECTION_BYTES])
{
	size_t chars = strcspn(key->name, ".");

	snprintf(section, SECTION_BYTES, "%.*s", (int)chars, key->name);
	return key->name + chars + 1;
}

/* ---- making ---- */

/* Add the entry @text of a list, "item" or "prefix=value", to @list. */
static int add_entry(const struct wf_config_key *key, char *text, json_t *list)
{
	char *equals = strchr(text, '=');

	if (wf_config_type_is_map(key->type)) {
		*equals = '\0';
		return json_object_set_new(list, text, json_string(equals + 1));
	}
	return json_array_append_new(list, key->type == WF_CONFIG_PORTS ? json_integer(atoi(text))
									: json_string(text));
}

/* Return the list whose entries are in @text, separated by commas; @text is changed. */
static json_t *list_new(const struct wf_config_key *key, char *text)
{
	json_t *list = wf_config_type_is_map(key->type) ? json_object() : json_array();
	char *rest = *text ? text : NULL;
	char *item;
	int err = 0;

	while (!err && (item = strsep(&rest, ",")) != NULL)
		err = add_entry(key, item, list);
	if (!err)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *value_from_text(const struct wf_config *config, const struct wf_config_key *key,
			       char *text)
{
	if (wf_config_type_is_list(key->type))
		return list_new(key, text);
	if (key->type == WF_CONFIG_NUMBER)
		return json_integer((json_int_t)wf_config_number(config, key));
	if (key->type == WF_CONFIG_SHARE)
		return json_real(*(const double *)((const char *)config + key->offset));
	return json_string(text);
}

static json_t *value_new(const struct wf_config *config, const struct wf_config_key *key)
{
	char *text = wf_config_text_new(config, key);
	json_t *value = text ? value_from_text(config, key, text) : NULL;

	free(text);
	return value;
}

static int add_key(json_t *policy, const struct wf_config *config, const struct wf_config_key *key)
{
	char name[SECTION_BYTES];
	const char *member = split(key, name);
	json_t *section = json_object_get(policy, name);

	if (!section) {
		section = json_object();
		if (json_object_set_new(policy, name, section))
			return -ENOMEM;
	}
	return json_object_set_new(section, member, value_new(config, key)) ? -ENOMEM : 0;
}

json_t *wf_policy_new(const struct wf_config *config)
{
	json_t *policy = json_object();
	int err = 0;

	for (const struct wf_config_key *key = wf_config_keys(); !err && key->name; key++)
		if (wf_policy_has(key))
			err = add_key(policy, config, key);
	if (!err)
		return policy;
	json_decref(policy);
	return NULL;
}

struct weft_policy_opts wf_policy_opts(const struct wf_config *config)
{
	const struct weft_interface_opts *interface = &config->interface;
	const struct weft_opts *library = &config->library;

	return (struct weft_policy_opts){
		.sz = sizeof(struct weft_policy_opts),
		.expression = library->filter,
		.ports = interface->ports,
		.ports_count = interface->ports_count,
		.allow = interface->allow,
		.allow_count = interface->allow_count,
		.deny = interface->deny,
		.deny_count = interface->deny_count,
		.sample = interface->sample,
		.overlap = library->overlap,
		.overlap_rules = library->overlap_rules,
		.overlap_rules_count = library->overlap_rules_count,
		.depth_bytes = library->depth_bytes,
		.verdict_rules = library->verdict_rules,
		.verdict_rules_count = library->verdict_rules_count,
	};
}

/* ---- reading ---- */

/* The entries of one value, as text; the items are owned. */
struct entries {
	char **items;
	size_t count;
};

static int refuse(struct wf_policy_error *ret_error, const char *place, const char *why)
{
	snprintf(ret_error->text, sizeof(ret_error->text), "%.100s: %.150s", place, why);
	return -EINVAL;
}

/* Format the place of an entry: "filter.ports[2]" or "filter.verdict_by_prefix.10.0.0.0/8". */
static const char *place_of(const struct wf_config_key *key, const char *name, size_t index,
			    char place[PLACE_BYTES])
{
	if (name)
		snprintf(place, PLACE_BYTES, "%s.%.48s", key->name, name);
	else
		snprintf(place, PLACE_BYTES, "%s[%zu]", key->name, index);
	return place;
}

/* Return true if @value has the type of a single value of @key. */
static bool has_type(const struct wf_config_key *key, const json_t *value)
{
	switch (key->type) {
	case WF_CONFIG_NUMBER: /* "1M", as in a configuration file, is a string */
		return json_is_integer(value) || json_is_string(value);
	case WF_CONFIG_PORTS:
		return json_is_integer(value);
	case WF_CONFIG_SHARE:
		return json_is_number(value);
	default:
		return json_is_string(value);
	}
}

/* Return the text of @value, a string or a number, owned by the caller; NULL without memory. */
static char *text_new(const json_t *value)
{
	char *text;
	int chars;

	if (json_is_string(value))
		return strdup(json_string_value(value));
	if (json_is_integer(value))
		chars = asprintf(&text, "%lld", (long long)json_integer_value(value));
	else
		chars = asprintf(&text, "%.17g", json_number_value(value));
	return chars < 0 ? NULL : text;
}

static const char *type_of(const json_t *value)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array",	 [JSON_STRING] = "a string",
		[JSON_INTEGER] = "a number", [JSON_REAL] = "a fraction", [JSON_TRUE] = "true",
		[JSON_FALSE] = "false",	     [JSON_NULL] = "null",
	};

	return names[json_typeof(value)];
}

static int refuse_type(const struct wf_config_key *key, const char *place, const json_t *value,
		       struct wf_policy_error *ret_error)
{
	char expected[128];
	char why[256];

	snprintf(why, sizeof(why), "%s: expected %s", type_of(value),
		 wf_config_expects(key, expected, sizeof(expected)));
	return refuse(ret_error, place, why);
}

/* Add the entry @value; @name: its name in a map, otherwise NULL. */
static int take_entry(const struct wf_config_key *key, const char *name, const json_t *value,
		      struct entries *entries, struct wf_policy_error *ret_error)
{
	char place[PLACE_BYTES];
	char *text, *item;

	if (!has_type(key, value))
		return refuse_type(key, place_of(key, name, entries->count, place), value,
				   ret_error);
	text = text_new(value);
	item = text;
	if (name && text) {
		if (asprintf(&item, "%s=%s", name, text) < 0)
			item = NULL;
		free(text);
	}
	if (!item)
		return -ENOMEM;
	entries->items[entries->count++] = item;
	return 0;
}

static int take_entries(const struct wf_config_key *key, const json_t *value,
			struct entries *entries, struct wf_policy_error *ret_error)
{
	const bool is_map = wf_config_type_is_map(key->type);
	const char *name;
	json_t *item;
	size_t i;
	int err = 0;

	if (!wf_config_type_is_list(key->type)) {
		if (!has_type(key, value))
			return refuse_type(key, key->name, value, ret_error);
		entries->items[0] = text_new(value);
		entries->count = entries->items[0] != NULL;
		return entries->count ? 0 : -ENOMEM;
	}
	if (is_map ? !json_is_object(value) : !json_is_array(value))
		return refuse_type(key, key->name, value, ret_error);
	json_array_foreach(value, i, item)
	{
		err = err ? err : take_entry(key, NULL, item, entries, ret_error);
	}
	if (is_map)
		json_object_foreach((json_t *)value, name, item)
		{
			err = err ? err : take_entry(key, name, item, entries, ret_error);
		}
	return err;
}

/*
 * Assign the entries to @key. If one is rejected, the entries are assigned again one by one, to
 * find the rejected one, so that the error text names its place.
 */
static int assign(struct wf_config *config, const struct wf_config_key *key,
		  const struct entries *entries, struct wf_policy_error *ret_error)
{
	const char *const *items = (const char *const *)entries->items;
	struct wf_config_error error = {"out of memory"};
	char place[PLACE_BYTES];
	char name[PLACE_BYTES];
	int err = wf_config_assign(config, key, key->name, items, entries->count, &error);

	for (size_t i = 0; err == -EINVAL && wf_config_type_is_list(key->type) &&
			   entries->count <= key->max && i < entries->count;
	     i++) {
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(items[i], "="), items[i]);
		place_of(key, wf_config_type_is_map(key->type) ? name : NULL, i, place);
		if (wf_config_assign(config, key, place, &items[i], 1, &error))
			break;
	}
	if (err)
		snprintf(ret_error->text, sizeof(ret_error->text), "%.255s", error.text);
	return err;
}

static int read_value(struct wf_config *config, const struct wf_config_key *key,
		      const json_t *value, struct wf_policy_error *ret_error)
{
	struct entries entries = {.count = 0};
	int err;

	/* Each member of an object or an array is an entry; any other value is one entry. */
	entries.items =
		calloc(json_object_size(value) + json_array_size(value) + 1, sizeof(char *));
	if (!entries.items)
		return -ENOMEM;
	err = take_entries(key, value, &entries, ret_error);
	if (!err)
		err = assign(config, key, &entries, ret_error);
	for (size_t i = 0; i < entries.count; i++)
		free(entries.items[i]);
	free(entries.items);
	return err;
}

/* Return the key @section.@member of policies; NULL if there is none, with the reason. */
static const struct wf_config_key *find_key(const char *section, const char *member,
					    struct wf_policy_error *ret_error)
{
	struct wf_suggest suggest;
	char name[PLACE_BYTES];
	char hint[96];
	char why[160];

	snprintf(name, sizeof(name), "%.40s%s%.60s", section, member ? "." : "",
		 member ? member : "");
	wf_suggest_init(&suggest, name);
	for (const struct wf_config_key *key = wf_config_keys(); key->name; key++) {
		if (!wf_policy_has(key))
			continue;
		if (!strcmp(key->name, name))
			return key;
		wf_suggest_offer(&suggest, key->name);
	}
	snprintf(why, sizeof(why), "not a part of a policy%s",
		 wf_suggest_text(&suggest, hint, sizeof(hint)));
	refuse(ret_error, name, why);
	return NULL;
}

static bool is_section(const char *name)
{
	char section[SECTION_BYTES];

	for (const struct wf_config_key *key = wf_config_keys(); key->name; key++) {
		if (!wf_policy_has(key))
			continue;
		split(key, section);
		if (!strcmp(section, name))
			return true;
	}
	return false;
}

static int read_section(struct wf_config *config, const char *name, const json_t *section,
			struct wf_policy_error *ret_error)
{
	const char *member;
	json_t *value;

	if (!is_section(name))
		return find_key(name, NULL, ret_error) ? 0 : -EINVAL;
	if (!json_is_object(section))
		return refuse(ret_error, name, "expected an object");
	json_object_foreach((json_t *)section, member, value)
	{
		const struct wf_config_key *key = find_key(name, member, ret_error);
		int err = key ? read_value(config, key, value, ret_error) : -EINVAL;

		if (err)
			return err;
	}
	return 0;
}

static int check_expression(const struct wf_config *config, struct wf_policy_error *ret_error)
{
	const char *expression = config->library.filter;
	char reason[128];
	char why[256];
	int err = expression ? weft_filter_check(expression, reason, sizeof(reason)) : 0;

	if (err != -EINVAL)
		return err;
	snprintf(why, sizeof(why), "'%.60s': not a filter expression in the syntax of tcpdump: %s",
		 expression, reason);
	return refuse(ret_error, "filter.expression", why);
}

int wf_policy_read(const json_t *policy, struct wf_config *config,
		   struct wf_policy_error *ret_error)
{
	const char *name;
	json_t *section;
	int err = 0;

	snprintf(ret_error->text, sizeof(ret_error->text), "policy: out of memory");
	if (!json_is_object(policy))
		return refuse(ret_error, "policy", "not an object");
	for (const struct wf_config_key *key = wf_config_keys(); !err && key->name; key++)
		if (wf_policy_has(key))
			err = wf_config_reset(config, key);
	json_object_foreach((json_t *)policy, name, section)
	{
		err = err ? err : read_section(config, name, section, ret_error);
	}
	return err ? err : check_expression(config, ret_error);
}
