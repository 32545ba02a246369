// SPDX-License-Identifier: BSD-2-Clause
/*
 * subscribe_request.c - one row per member of the request: its name, the function that reads it,
 * and the option that it sets.
 */
#include "serve/subscribe_request.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <weft/weft.h>
#include <weft/client.h>

#include "agent/control/filter_check.h"

/* A word in a request, and the value that it stands for. */
struct word {
	const char *text; /* NULL ends the list */
	uint32_t value;
};

static const struct word event_words[] = {
	{"open", WEFT_EVENT_BIT(WEFT_EVENT_OPEN)},
	{"data", WEFT_EVENT_BIT(WEFT_EVENT_DATA)},
	{"gap", WEFT_EVENT_BIT(WEFT_EVENT_GAP)},
	{"close", WEFT_EVENT_BIT(WEFT_EVENT_CLOSE)},
	{"anomaly", WEFT_EVENT_BIT(WEFT_EVENT_ANOMALY)},
	{.text = NULL},
};

static const struct word dir_words[] = {
	{"toserver", WEFT_DIR_BIT(WEFT_TO_SERVER)},
	{"toclient", WEFT_DIR_BIT(WEFT_TO_CLIENT)},
	{.text = NULL},
};

static const struct word overflow_words[] = {
	{"drop-oldest", WEFT_OVERFLOW_DROP_OLDEST},
	{"drop-newest", WEFT_OVERFLOW_DROP_NEWEST},
	{"block", WEFT_OVERFLOW_BLOCK},
	{"block-with-timeout", WEFT_OVERFLOW_BLOCK_WITH_TIMEOUT},
	{"resize", WEFT_OVERFLOW_RESIZE},
	{.text = NULL},
};

/* Write a message to @ret_error. Return: -EINVAL. */
static int refuse(struct wf_control_error *ret_error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int refuse(struct wf_control_error *ret_error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(ret_error->text, sizeof(ret_error->text), format, args);
	va_end(args);
	ret_error->is_usage = true;
	return -EINVAL;
}

/* ---- values ---- */

/* Reject a value, and list the words that are allowed. */
static int refuse_word(const char *key, const struct word *words,
		       struct wf_control_error *ret_error)
{
	char list[128] = "";

	for (const struct word *word = words; word->text; word++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s",
			 *list ? ", " : "", word->text);
	return refuse(ret_error, "%s: not one of %s", key, list);
}

static int read_word(const char *key, const json_t *value, const struct word *words,
		     uint32_t *ret_value, struct wf_control_error *ret_error)
{
	const char *text = json_string_value(value);

	for (const struct word *word = words; text && word->text; word++) {
		if (!strcmp(word->text, text)) {
			*ret_value = word->value;
			return 0;
		}
	}
	return refuse_word(key, words, ret_error);
}

static int read_mask(const char *key, const json_t *value, const struct word *words,
		     uint32_t *ret_mask, struct wf_control_error *ret_error)
{
	uint32_t mask = 0;

	if (!json_is_array(value) || !json_array_size(value))
		return refuse(ret_error, "%s: an array with at least one name is needed", key);
	for (size_t i = 0; i < json_array_size(value); i++) {
		uint32_t bit;
		int err = read_word(key, json_array_get(value, i), words, &bit, ret_error);

		if (err)
			return err;
		mask |= bit;
	}
	*ret_mask = mask;
	return 0;
}

/* Return @value if it is an integer from 0 to @max, else @max + 1. */
static uint64_t number_of(const json_t *value, uint64_t max)
{
	json_int_t number = json_integer_value(value);

	return json_is_integer(value) && number >= 0 && (uint64_t)number <= max ? (uint64_t)number
										: max + 1;
}

/* ---- members ---- */

struct member {
	const char *name;
	int (*read)(const struct member *member, const json_t *value, struct weft_sub_opts *opts,
		    struct wf_control_error *ret_error);
	size_t offset; /* of the option in struct weft_sub_opts; 0 if @read does not need it */
};

static void *option_of(const struct member *member, struct weft_sub_opts *opts)
{
	return (char *)opts + member->offset;
}

static int read_u64(const struct member *member, const json_t *value, struct weft_sub_opts *opts,
		    struct wf_control_error *ret_error)
{
	uint64_t number = number_of(value, INT64_MAX);

	if (number > INT64_MAX)
		return refuse(ret_error, "%s: a number of at least 0 is needed", member->name);
	*(uint64_t *)option_of(member, opts) = number;
	return 0;
}

static int read_u32(const struct member *member, const json_t *value, struct weft_sub_opts *opts,
		    struct wf_control_error *ret_error)
{
	uint64_t number = number_of(value, UINT32_MAX);

	if (number > UINT32_MAX)
		return refuse(ret_error, "%s: a number from 0 to %u is needed", member->name,
			      UINT32_MAX);
	*(uint32_t *)option_of(member, opts) = (uint32_t)number;
	return 0;
}

static int read_events(const struct member *member, const json_t *value, struct weft_sub_opts *opts,
		       struct wf_control_error *ret_error)
{
	return read_mask(member->name, value, event_words, &opts->events, ret_error);
}

static int read_directions(const struct member *member, const json_t *value,
			   struct weft_sub_opts *opts, struct wf_control_error *ret_error)
{
	return read_mask(member->name, value, dir_words, &opts->directions, ret_error);
}

static int read_overflow(const struct member *member, const json_t *value,
			 struct weft_sub_opts *opts, struct wf_control_error *ret_error)
{
	uint32_t overflow;
	int err = read_word(member->name, value, overflow_words, &overflow, ret_error);

	if (!err)
		opts->overflow = (enum weft_overflow)overflow;
	return err;
}

/* The name becomes a label of metrics, so characters that must be escaped there are rejected. */
static int read_name(const struct member *member, const json_t *value, struct weft_sub_opts *opts,
		     struct wf_control_error *ret_error)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	const char *text = json_string_value(value);

	if (!text || !*text || strspn(text, allowed) != strlen(text) ||
	    strlen(text) >= WF_SUBSCRIBE_NAME_BYTES)
		return refuse(ret_error, "%s: 1 to %d letters, digits, '.', '_' or '-' are needed",
			      member->name, WF_SUBSCRIBE_NAME_BYTES - 1);
	opts->name = text;
	return 0;
}

static int read_filter(const struct member *member, const json_t *value, struct weft_sub_opts *opts,
		       struct wf_control_error *ret_error)
{
	const char *text = json_string_value(value);

	if (!text)
		return refuse(ret_error, "%s: a string is needed", member->name);
	opts->filter = text;
	return wf_control_check_filter(text, ret_error);
}

static int read_version(const struct member *member, const json_t *value,
			struct weft_sub_opts *opts, struct wf_control_error *ret_error)
{
	if (number_of(value, UINT32_MAX) == WEFT_CLIENT_VERSION)
		return 0;
	return refuse(ret_error, "%s: this agent has version %d of the protocol", member->name,
		      WEFT_CLIENT_VERSION);
}

static int read_command(const struct member *member, const json_t *value,
			struct weft_sub_opts *opts, struct wf_control_error *ret_error)
{
	return 0;
}

/* Check the type only: wf_subscribe_request_read() reads the value, which is no option. */
static int read_shm(const struct member *member, const json_t *value, struct weft_sub_opts *opts,
		    struct wf_control_error *ret_error)
{
	return json_is_boolean(value)
		       ? 0
		       : refuse(ret_error, "%s: true or false is needed", member->name);
}

#define OPTION(member) offsetof(struct weft_sub_opts, member)

static const struct member members[] = {
	{"command", read_command, 0},
	{"version", read_version, 0},
	{"name", read_name, 0},
	{"filter", read_filter, 0},
	{"events", read_events, 0},
	{"directions", read_directions, 0},
	{"shm", read_shm, 0},
	{"overflow", read_overflow, 0},
	{"first_bytes", read_u64, OPTION(first_bytes)},
	{"queue_bytes", read_u64, OPTION(queue_bytes)},
	{"queue_bytes_max", read_u64, OPTION(queue_bytes_max)},
	{"queue_events", read_u64, OPTION(queue_events)},
	{"block_timeout_ms", read_u32, OPTION(block_timeout_ms)},
	{"idle_ttl_ms", read_u32, OPTION(idle_ttl_ms)},
};

static const struct member *find_member(const char *name)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (!strcmp(members[i].name, name))
			return &members[i];
	return NULL;
}

int wf_subscribe_request_read(const json_t *request, struct weft_sub_opts *ret_opts,
			      bool *ret_is_shared, struct wf_control_error *ret_error)
{
	const char *key;
	json_t *value;

	*ret_opts = (struct weft_sub_opts){.sz = sizeof(*ret_opts), .is_pollable = true};
	json_object_foreach((json_t *)request, key, value)
	{
		const struct member *member = find_member(key);
		int err;

		if (!member)
			return refuse(ret_error, "subscribe: no member \"%.64s\"", key);
		err = member->read(member, value, ret_opts, ret_error);
		if (err)
			return err;
	}
	*ret_is_shared = json_is_true(json_object_get(request, "shm"));
	return 0;
}
