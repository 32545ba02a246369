// SPDX-License-Identifier: BSD-2-Clause
/*
 * query.c - makes a request to the agent from a query or from a JSON body.
 */
#include "http/wire/query.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/wire/filter_text.h"

enum { WHY_BYTES = 160, LIST_BYTES = 160, BAD_REQUEST = 400, UNPROCESSABLE = 422 };

static int refuse(struct wf_query_error *ret_error, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int refuse(struct wf_query_error *ret_error, int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(ret_error->text, sizeof(ret_error->text), format, args);
	va_end(args);
	return status;
}

static const struct wf_http_param *find_param(const struct wf_http_route *route, const char *name,
					      size_t name_chars)
{
	for (const struct wf_http_param *param = route->params; param && param->name; param++)
		if (strlen(param->name) == name_chars && !memcmp(param->name, name, name_chars))
			return param;
	return NULL;
}

/* Write the names of all parameters of @route, or "no parameters". */
static const char *list_params(const struct wf_http_route *route, char text[LIST_BYTES])
{
	size_t used = 0;

	snprintf(text, LIST_BYTES, "no parameters");
	for (const struct wf_http_param *param = route->params; param && param->name; param++)
		if (used < LIST_BYTES)
			used += (size_t)snprintf(text + used, LIST_BYTES - used, "%s%s",
						 used ? ", " : "", param->name);
	return text;
}

static int refuse_unknown(const struct wf_http_route *route, int status, const char *name,
			  size_t name_chars, struct wf_query_error *ret_error)
{
	char list[LIST_BYTES];

	return refuse(ret_error, status, "%.*s: unknown parameter; %s has %s",
		      name_chars > 40 ? 40 : (int)name_chars, name, route->path,
		      list_params(route, list));
}

/* Return the number in @text; NULL if it is not a number of at most 15 digits. */
static json_t *number_new(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits && digits <= 15 && !text[digits] ? json_integer(atoll(text)) : NULL;
}

int wf_query_add(json_t *request, const struct wf_http_route *route, const char *argument,
		 struct wf_query_error *ret_error)
{
	size_t chars = strcspn(argument, "=");
	const struct wf_http_param *param = find_param(route, argument, chars);
	const char *text = argument + chars + (argument[chars] == '=');
	char why[WHY_BYTES];
	json_t *value;

	if (!param)
		return refuse_unknown(route, BAD_REQUEST, argument, chars, ret_error);
	value = param->is_number ? number_new(text) : json_string(text);
	if (!value)
		return refuse(ret_error, BAD_REQUEST, "%s: not a %s", param->name,
			      param->is_number ? "number" : "text in UTF-8");
	if (param->is_filter && wf_filter_text_check(text, why, sizeof(why))) {
		json_decref(value);
		return refuse(ret_error, BAD_REQUEST, "%s: %s", param->name, why);
	}
	json_object_set_new(request, param->member, value);
	return 0;
}

static int check_required(const struct wf_http_route *route, const json_t *body,
			  struct wf_query_error *ret_error)
{
	for (const struct wf_http_param *param = route->params; param && param->name; param++)
		if (param->is_required && !json_object_get(body, param->name))
			return refuse(ret_error, UNPROCESSABLE, "%s: the member is missing",
				      param->name);
	return 0;
}

static int add_members(json_t *request, const struct wf_http_route *route, json_t *body,
		       struct wf_query_error *ret_error)
{
	const char *name;
	json_t *value;

	json_object_foreach(body, name, value)
	{
		const struct wf_http_param *param = find_param(route, name, strlen(name));

		if (!param)
			return refuse_unknown(route, UNPROCESSABLE, name, strlen(name), ret_error);
		if (param->is_number ? !json_is_integer(value) : !json_is_string(value))
			return refuse(ret_error, UNPROCESSABLE, "%s: not a %s", param->name,
				      param->is_number ? "number" : "string");
		json_object_set(request, param->member, value);
	}
	return check_required(route, body, ret_error);
}

int wf_query_add_body(json_t *request, const struct wf_http_route *route, const char *body,
		      size_t body_bytes, struct wf_query_error *ret_error)
{
	json_error_t error;
	json_t *object = json_loadb(body, body_bytes, JSON_REJECT_DUPLICATES, &error);
	int status;

	if (!object)
		return refuse(ret_error, BAD_REQUEST, "body: not JSON: line %d: %.200s", error.line,
			      error.text);
	if (json_is_object(object))
		status = add_members(request, route, object, ret_error);
	else
		status = refuse(ret_error, UNPROCESSABLE, "body: not an object");
	json_decref(object);
	return status;
}

int wf_query_add_value(json_t *request, const struct wf_http_route *route, const char *body,
		       size_t body_bytes, struct wf_query_error *ret_error)
{
	json_error_t error;
	json_t *value =
		json_loadb(body, body_bytes, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);

	if (!value)
		return refuse(ret_error, BAD_REQUEST, "body: not JSON: line %d: %.200s", error.line,
			      error.text);
	json_object_set_new(request, route->body_member, value);
	return 0;
}

int wf_query_add_if_match(json_t *request, const struct wf_http_route *route, const char *header,
			  struct wf_query_error *ret_error)
{
	size_t chars = strlen(header);
	char digits[32] = "";
	json_t *version;

	if (chars >= 2 && header[0] == '"' && header[chars - 1] == '"') {
		header++;
		chars -= 2;
	}
	if (chars < sizeof(digits))
		memcpy(digits, header, chars);
	version = number_new(digits);
	if (!version)
		return refuse(ret_error, BAD_REQUEST, "If-Match: not the number of a version");
	json_object_set_new(request, route->if_match_member, version);
	return 0;
}
