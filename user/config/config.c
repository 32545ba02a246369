// SPDX-License-Identifier: BSD-2-Clause
/*
 * config.c - sets the defaults of a configuration, frees it, and sets values from a command line.
 */
#include "config/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_value.h"

/*
 * With a sanitizer, the process uses many times the memory of weft itself, and evicting data would
 * not reduce it. Therefore 0 turns the check of the process's memory off.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PROCESS_SLACK_BYTES 0
#else
#define PROCESS_SLACK_BYTES ((uint64_t)WEFT_PROCESS_SLACK_MB << 20)
#endif

static int set_default(struct wf_config *config, const struct wf_config_key *key)
{
	void *member = (char *)config + key->offset;

	switch (key->type) {
	case WF_CONFIG_NUMBER:
	case WF_CONFIG_MEBIBYTES:
	case WF_CONFIG_SWITCH:
	case WF_CONFIG_CHOICE:
		wf_config_set_number(config, key, key->initial);
		return 0;
	case WF_CONFIG_SHARE:
		*(double *)member = key->initial_share;
		return 0;
	case WF_CONFIG_TEXT:
		if (!*key->initial_text)
			return 0;
		*(char **)member = strdup(key->initial_text);
		return *(char **)member ? 0 : -ENOMEM;
	case WF_CONFIG_NAMES:
	case WF_CONFIG_PORTS:
	case WF_CONFIG_PREFIXES:
	case WF_CONFIG_OVERLAPS:
	case WF_CONFIG_VERDICTS:
	case WF_CONFIG_LATER:
		return 0;
	}
	return -EINVAL;
}

int wf_config_reset(struct wf_config *config, const struct wf_config_key *key)
{
	char **place = &config->places[key - wf_config_keys()];

	wf_config_clear(config, key);
	free(*place);
	*place = NULL;
	return set_default(config, key);
}

int wf_config_init(struct wf_config *config)
{
	*config = (struct wf_config){
		.library = {.sz = sizeof(config->library),
			    .process_slack_bytes = PROCESS_SLACK_BYTES},
		.interface = {.sz = sizeof(config->interface)},
	};
	for (const struct wf_config_key *key = wf_config_keys(); key->name; key++) {
		int err = set_default(config, key);

		if (err) {
			wf_config_fini(config);
			return err;
		}
	}
	return 0;
}

void wf_config_fini(struct wf_config *config)
{
	for (const struct wf_config_key *key = wf_config_keys(); key->name; key++)
		wf_config_clear(config, key);
	for (size_t i = 0; i < WF_CONFIG_KEYS; i++)
		free(config->places[i]);
	memset(config->places, 0, sizeof(config->places));
}

/* ---- from a command line ---- */

/*
 * Split @text at commas; @text is changed. Return: the number of items, or @items_max + 1 if there
 * are more than @items_max.
 */
static size_t split_commas(char *text, const char **items, size_t items_max)
{
	size_t count = 0;
	char *rest = text;
	char *item;

	while ((item = strsep(&rest, ",")) != NULL) {
		if (count == items_max)
			return items_max + 1;
		items[count++] = item;
	}
	return count;
}

static int set_list(struct wf_config *config, const struct wf_config_key *key, const char *place,
		    const char *text, struct wf_config_error *ret_error)
{
	const char **items = calloc(key->max, sizeof(*items));
	char *copy = strdup(text);
	size_t count = 0;
	int err = -ENOMEM;

	if (!items || !copy)
		goto out;

	if (*text)
		count = split_commas(copy, items, key->max);
	if (count > key->max)
		err = wf_config_refuse(ret_error, "%s: expected at most %llu entries", place,
				       (unsigned long long)key->max);
	else
		err = wf_config_assign(config, key, place, items, count, ret_error);
out:
	free(copy);
	free(items);
	return err;
}

int wf_config_set(struct wf_config *config, const char *place, const char *name, const char *text,
		  struct wf_config_error *ret_error)
{
	const struct wf_config_key *key = wf_config_key_find(place, name, ret_error);

	if (!key)
		return -EINVAL;
	if (wf_config_type_is_list(key->type))
		return set_list(config, key, place, text, ret_error);
	return wf_config_assign(config, key, place, &text, 1, ret_error);
}

int wf_config_set_pair(struct wf_config *config, const char *place, const char *pair,
		       struct wf_config_error *ret_error)
{
	const char *equals = strchr(pair, '=');
	char where[160];
	char *name;
	int err;

	if (!equals || equals == pair)
		return wf_config_refuse(ret_error, "%s '%s': expected key=value", place, pair);

	name = strndup(pair, (size_t)(equals - pair));
	if (!name)
		return -ENOMEM;
	snprintf(where, sizeof(where), "%s %s", place, name);
	err = wf_config_set(config, wf_config_key_find(place, name, ret_error) ? where : place,
			    name, equals + 1, ret_error);
	free(name);
	return err;
}
