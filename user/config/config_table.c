// SPDX-License-Identifier: BSD-2-Clause
/*
 * config_table.c - the table of keys, made from weft/options.def, and access by key.
 */
#include "config/config_table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/suggest.h"

#define MIB_SHIFT 20

#define VALUE(type_, path)                                                     \
	.type = WF_CONFIG_##type_, .offset = offsetof(struct wf_config, path), \
	.bytes = sizeof(((struct wf_config *)0)->path)

/* The arguments "..." are the flag and the values, which expand to initialisers of other fields. */
#define OPTION(type, path, name_, help_, details_, ...) \
	{VALUE(type, path), .name = name_, .help = help_, .details = details_, __VA_ARGS__},
#define LIST(type, path, name_, help_, details_, ...)                   \
	{VALUE(type, path),                                             \
	 .name = name_,                                                 \
	 .help = help_,                                                 \
	 .details = details_,                                           \
	 .count_offset = offsetof(struct wf_config, path##_count),      \
	 .choices = WF_CONFIG_##type == WF_CONFIG_OVERLAPS   ? overlaps \
		    : WF_CONFIG_##type == WF_CONFIG_VERDICTS ? verdicts \
							     : NULL,    \
	 __VA_ARGS__},

#define WEFT_NO_FLAG .flag = {.name = NULL}
#define WEFT_FLAG(letter_, name_, argument_) \
	.flag = {.letter = letter_, .name = name_, .argument = argument_}
#define WEFT_RUN_FLAG(letter_, name_, argument_) \
	.flag = {.letter = letter_, .name = name_, .argument = argument_, .is_run_only = true}

#define WEFT_RANGE(min_, max_, initial_, unit_) \
	.min = min_, .max = max_, .initial = initial_, .unit = unit_
#define WEFT_SWITCHED(initial_) .initial = initial_
#define WEFT_CHOICES(initial_, ...)                           \
	.initial = initial_, .choices = (const char *const[]) \
	{                                                     \
		__VA_ARGS__, NULL                             \
	}
#define WEFT_SHARE(initial_)   .initial_share = initial_
#define WEFT_TEXT(initial_)    .initial_text = initial_
#define WEFT_ENTRIES(entries_) .max = entries_

#define WEFT_LIBRARY_OPTION(kind, type, member, key, flag, values, help, details) \
	OPTION(kind, library.member, key, help, details, flag, values)
#define WEFT_LIBRARY_LIST(kind, type, member, key, flag, values, help, details) \
	LIST(kind, library.member, key, help, details, flag, values)
#define WEFT_INTERFACE_OPTION(kind, type, member, key, flag, values, help, details) \
	OPTION(kind, interface.member, key, help, details, flag, values)
#define WEFT_INTERFACE_LIST(kind, type, member, key, flag, values, help, details) \
	LIST(kind, interface.member, key, help, details, flag, values)
#define WEFT_SINK_OPTION(kind, type, member, key, flag, values, help, details) \
	OPTION(kind, sinks.member, key, help, details, flag, values)
#define WEFT_AGENT_OPTION(kind, type, member, key, flag, values, help, details) \
	OPTION(kind, member, key, help, details, flag, values)
#define WEFT_AGENT_LIST(kind, type, member, key, flag, values, help, details) \
	LIST(kind, member, key, help, details, flag, values)
#define WEFT_LATER_OPTION(name_, help_) {.type = WF_CONFIG_LATER, .name = name_, .help = help_},

static const char *const overlaps[] = {WEFT_OVERLAP_NAMES, NULL};

/* "shed" is missing, because only the kernel sets this verdict. */
static const char *const verdicts[] = {"steer", "shunt", "pass", NULL};

static const struct wf_config_key keys[] = {
#include <weft/options.def>
	{.name = NULL},
};

const struct wf_config_key *wf_config_keys(void)
{
	return keys;
}

int wf_config_refuse(struct wf_config_error *ret_error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(ret_error->text, sizeof(ret_error->text), format, args);
	va_end(args);
	return -EINVAL;
}

const struct wf_config_key *wf_config_key_find(const char *place, const char *name,
					       struct wf_config_error *ret_error)
{
	struct wf_suggest suggest;
	char hint[96];

	wf_suggest_init(&suggest, name);
	for (const struct wf_config_key *key = keys; key->name; key++) {
		if (!strcmp(key->name, name)) {
			if (key->type != WF_CONFIG_LATER)
				return key;
			wf_config_refuse(ret_error, "%s: %s (%s): this version does not support it",
					 place, name, key->help);
			return NULL;
		}
		if (key->type != WF_CONFIG_LATER)
			wf_suggest_offer(&suggest, key->name);
	}
	wf_config_refuse(ret_error, "%s: unknown key '%s'%s", place, name,
			 wf_suggest_text(&suggest, hint, sizeof(hint)));
	return NULL;
}

const char *wf_config_place(const struct wf_config *config, const char *name)
{
	const struct wf_config_key *key = keys;

	while (strcmp(key->name, name))
		key++;
	return config->places[key - keys];
}

bool wf_config_type_is_list(enum wf_config_type type)
{
	return wf_config_element_bytes(type) > 0;
}

bool wf_config_type_is_map(enum wf_config_type type)
{
	return type == WF_CONFIG_OVERLAPS || type == WF_CONFIG_VERDICTS;
}

size_t wf_config_element_bytes(enum wf_config_type type)
{
	switch (type) {
	case WF_CONFIG_NAMES:
		return sizeof(char *);
	case WF_CONFIG_PORTS:
		return sizeof(uint16_t);
	case WF_CONFIG_PREFIXES:
		return sizeof(struct weft_prefix);
	case WF_CONFIG_OVERLAPS:
		return sizeof(struct weft_overlap_rule);
	case WF_CONFIG_VERDICTS:
		return sizeof(struct weft_verdict_rule);
	case WF_CONFIG_NUMBER:
	case WF_CONFIG_MEBIBYTES:
	case WF_CONFIG_SWITCH:
	case WF_CONFIG_CHOICE:
	case WF_CONFIG_SHARE:
	case WF_CONFIG_TEXT:
	case WF_CONFIG_LATER:
		break;
	}
	return 0;
}

uint64_t wf_config_number(const struct wf_config *config, const struct wf_config_key *key)
{
	const char *member = (const char *)config + key->offset;
	uint32_t narrow;
	uint64_t value;

	if (key->bytes == sizeof(value)) {
		memcpy(&value, member, sizeof(value));
	} else {
		memcpy(&narrow, member, sizeof(narrow));
		value = narrow;
	}
	return key->type == WF_CONFIG_MEBIBYTES ? value >> MIB_SHIFT : value;
}

void wf_config_set_number(struct wf_config *config, const struct wf_config_key *key, uint64_t value)
{
	char *member = (char *)config + key->offset;
	uint32_t narrow = (uint32_t)value;

	if (key->type == WF_CONFIG_MEBIBYTES)
		value <<= MIB_SHIFT;
	if (key->bytes == sizeof(value))
		memcpy(member, &value, sizeof(value));
	else
		memcpy(member, &narrow, sizeof(narrow));
}
