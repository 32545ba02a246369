// SPDX-License-Identifier: BSD-2-Clause
/*
 * state_entry.c - reads members of requests about the state store, and makes entries.
 *
 * Keys consist of characters that need no escape in a path of HTTP, a label of Prometheus or a
 * shell.
 */
#include "agent/store/state_entry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:@+-"

/* Return true if @part, of @chars characters, may stand between two "/" of a key. */
static bool is_part(const char *part, size_t chars)
{
	return chars && strspn(part, KEY_CHARS) >= chars && strncmp(part, ".", chars) &&
	       !(chars == 2 && !memcmp(part, "..", 2));
}

static bool is_key(const char *key)
{
	if (strlen(key) > WF_STATE_KEY_MAX_BYTES)
		return false;
	for (;;) {
		size_t chars = strcspn(key, "/");

		if (!is_part(key, chars))
			return false;
		if (!key[chars])
			return true;
		key += chars + 1;
	}
}

const char *wf_state_read_key(const json_t *request, struct wf_control_error *ret_error)
{
	const char *key = json_string_value(json_object_get(request, "key"));

	if (key && is_key(key))
		return key;
	wf_request_refuse_usage(ret_error, "key",
				"not 1 to 255 letters, digits and ._:@+-, in parts separated by "
				"/ that are not empty, \".\" or \"..\"");
	return NULL;
}

const char *wf_state_read_text(const json_t *request, const char *name,
			       struct wf_control_error *ret_error)
{
	const json_t *value = json_object_get(request, name);
	const char *text = value ? json_string_value(value) : "";

	if (text && strlen(text) <= WF_STATE_KEY_MAX_BYTES)
		return text;
	wf_request_refuse_usage(ret_error, name, "not a string of at most 255 characters");
	return NULL;
}

bool wf_state_read_number(const json_t *request, const char *name, int64_t min, int64_t max,
			  uint64_t *ret_number, struct wf_control_error *ret_error)
{
	const json_t *value = json_object_get(request, name);
	json_int_t number = json_integer_value(value);
	char why[80];

	if (!value)
		return true;
	if (json_is_integer(value) && number >= min && number <= max) {
		*ret_number = (uint64_t)number;
		return true;
	}
	snprintf(why, sizeof(why), "not a number from %lld to %lld", (long long)min,
		 (long long)max);
	wf_request_refuse_usage(ret_error, name, why);
	return false;
}

/* Return the maximum nesting depth of arrays and objects in @text, which is valid JSON. */
static int depth_of(const char *text)
{
	bool is_string = false;
	int depth = 0;
	int deepest = 0;

	for (; *text; text++) {
		if (is_string && *text == '\\')
			text++;
		else if (*text == '"')
			is_string = !is_string;
		else if (!is_string && (*text == '[' || *text == '{'))
			deepest = ++depth > deepest ? depth : deepest;
		else if (!is_string && (*text == ']' || *text == '}'))
			depth--;
	}
	return deepest;
}

char *wf_state_read_value(const json_t *request, struct wf_control_error *ret_error)
{
	const json_t *value = json_object_get(request, "value");
	char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	if (text && strlen(text) <= WF_STATE_JSON_MAX_BYTES &&
	    depth_of(text) <= WF_STATE_JSON_MAX_DEPTH)
		return text;
	if (!value)
		wf_request_refuse_usage(ret_error, "value", "the member is missing");
	else if (!text)
		wf_state_refuse(ret_error, "value", -ENOMEM);
	else if (strlen(text) > WF_STATE_JSON_MAX_BYTES)
		wf_request_refuse_usage(ret_error, "value", "more than 65536 bytes of JSON");
	else
		wf_request_refuse_usage(ret_error, "value",
					"arrays and objects are nested more than 64 deep");
	free(text);
	return NULL;
}

json_t *wf_state_entry_new(const struct wf_record *record)
{
	json_t *value = record->is_deleted ? json_true()
					   : json_loadb(wf_record_value(record),
							record->value_bytes, JSON_DECODE_ANY, NULL);

	if (!value)
		return NULL;
	return json_pack("{ss sI so so}", "key", wf_record_key(record), "version",
			 (json_int_t)record->version, "time", wf_request_time_new(record->time_ns),
			 record->is_deleted ? "deleted" : "value", value);
}

static const char *why_not(int err)
{
	switch (err) {
	case -ENOENT:
		return "there is no such key";
	case -ESTALE:
		return "conflict: the key has another version than the one given; read it again";
	case -ENOSPC:
		return "there are state.max_entries keys; delete some, or raise the limit";
	case -ENOBUFS:
		return "the memory limit state.max_mb is reached; delete keys, or raise the limit";
	case -ETIMEDOUT:
		return "the store is too busy to answer; try again";
	default:
		return strerror(-err);
	}
}

json_t *wf_state_refuse(struct wf_control_error *ret_error, const char *key, int err)
{
	ret_error->err = err;
	ret_error->is_missing = err == -ENOENT;
	return wf_request_refuse(ret_error, key, why_not(err));
}
