// SPDX-License-Identifier: BSD-2-Clause
/*
 * ws_request.c - parses a message of a WebSocket client, one function per member.
 */
#include "http/ws/ws_request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <weft/event.h>
#include <weft/filter.h>
#include <weft/limits.h>

#include "http/wire/filter_text.h"
#include "http/wire/limits.h"

static int refuse(struct wf_ws_request *request, const char *what, const char *why)
{
	snprintf(request->error, sizeof(request->error), "%s: %s", what, why);
	return -EINVAL;
}

static int read_op(const json_t *value, struct wf_ws_request *request)
{
	const char *op = json_string_value(value);

	if (op && !strcmp(op, "subscribe"))
		request->op = WF_WS_SUBSCRIBE;
	else if (op && !strcmp(op, "unsubscribe"))
		request->op = WF_WS_UNSUBSCRIBE;
	else if (op && !strcmp(op, "watch"))
		request->op = WF_WS_WATCH;
	else
		return refuse(request, "op", "not one of subscribe, unsubscribe, watch");
	return 0;
}

static int read_id(const json_t *value, struct wf_ws_request *request)
{
	json_int_t id = json_integer_value(value);

	if (!json_is_integer(value) || id < 0 || id > UINT32_MAX)
		return refuse(request, "id", "not a number from 0 to 4294967295");
	request->id = (uint32_t)id;
	request->has_id = true;
	return 0;
}

static int read_filter(const json_t *value, struct wf_ws_request *request)
{
	char reason[160];

	request->filter = json_string_value(value);
	if (!request->filter)
		return refuse(request, "filter", "not a string");
	if (wf_filter_text_check(request->filter, reason, sizeof(reason)) ||
	    weft_filter_check(request->filter, reason, sizeof(reason)))
		return refuse(request, "filter", reason);
	return 0;
}

static const struct event_name {
	const char *name;
	enum weft_event_type type;
} event_names[] = {
	{"flow", WEFT_EVENT_CLOSE},
	{"gap", WEFT_EVENT_GAP},
	{"anomaly", WEFT_EVENT_ANOMALY},
	{"data", WEFT_EVENT_DATA},
};

/* Return the bit of the event called @name; 0 if there is none. */
static uint32_t event_bit(const char *name)
{
	for (size_t i = 0; name && i < sizeof(event_names) / sizeof(event_names[0]); i++)
		if (!strcmp(event_names[i].name, name))
			return WEFT_EVENT_BIT(event_names[i].type);
	return 0;
}

static int read_events(const json_t *value, struct wf_ws_request *request)
{
	request->events = 0;
	for (size_t i = 0; i < json_array_size(value); i++) {
		uint32_t bit = event_bit(json_string_value(json_array_get(value, i)));

		if (!bit)
			return refuse(request, "events",
				      "a name is not one of flow, gap, anomaly, data");
		request->events |= bit;
	}
	if (!request->events)
		return refuse(request, "events",
			      "not a list of at least one of flow, gap, anomaly, data");
	return 0;
}

static int read_queue_bytes(const json_t *value, struct wf_ws_request *request)
{
	json_int_t bytes = json_integer_value(value);
	char why[80];

	snprintf(why, sizeof(why), "not a number from %d to %d", WEFT_QUEUE_MIN_BYTES,
		 WF_HTTP_QUEUE_BYTES_MAX);
	if (!json_is_integer(value) || bytes < WEFT_QUEUE_MIN_BYTES ||
	    bytes > WF_HTTP_QUEUE_BYTES_MAX)
		return refuse(request, "queue_bytes", why);
	request->queue_bytes = (uint64_t)bytes;
	return 0;
}

static int read_overflow(const json_t *value, struct wf_ws_request *request)
{
	const char *name = json_string_value(value);

	if (name && !strcmp(name, "drop-oldest"))
		request->overflow = WEFT_OVERFLOW_DROP_OLDEST;
	else if (name && !strcmp(name, "drop-newest"))
		request->overflow = WEFT_OVERFLOW_DROP_NEWEST;
	else
		return refuse(request, "overflow",
			      "not one of drop-oldest, drop-newest; a client may not block the "
			      "capture");
	return 0;
}

static int read_prefix(const json_t *value, struct wf_ws_request *request)
{
	request->prefix = json_string_value(value);
	return request->prefix ? 0 : refuse(request, "prefix", "not a string");
}

#define OF(op) (1u << (op))
#define OF_ALL (OF(WF_WS_SUBSCRIBE) | OF(WF_WS_UNSUBSCRIBE) | OF(WF_WS_WATCH))

static const struct member {
	const char *name;
	unsigned int ops; /* mask of the operations that have this member */
	int (*read)(const json_t *value, struct wf_ws_request *request);
} member_rows[] = {
	{"op", OF_ALL, read_op},
	{"id", OF_ALL, read_id},
	{"filter", OF(WF_WS_SUBSCRIBE), read_filter},
	{"events", OF(WF_WS_SUBSCRIBE), read_events},
	{"queue_bytes", OF(WF_WS_SUBSCRIBE), read_queue_bytes},
	{"overflow", OF(WF_WS_SUBSCRIBE), read_overflow},
	{"prefix", OF(WF_WS_WATCH), read_prefix},
};

enum { MEMBERS_COUNT = sizeof(member_rows) / sizeof(member_rows[0]) };

/* Reject a member that the operation does not have. */
static int check_names(const json_t *message, struct wf_ws_request *request)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)message, name, value)
	{
		size_t i = 0;
		char what[40];

		while (i < MEMBERS_COUNT && strcmp(member_rows[i].name, name))
			i++;
		if (i < MEMBERS_COUNT && member_rows[i].ops & OF(request->op))
			continue;
		snprintf(what, sizeof(what), "%.39s", name);
		return refuse(request, what, "unknown member");
	}
	return 0;
}

int wf_ws_request_parse(const json_t *message, struct wf_ws_request *ret_request)
{
	int err = 0;

	*ret_request = (struct wf_ws_request){
		.events = WEFT_EVENT_BIT(WEFT_EVENT_CLOSE) | WEFT_EVENT_BIT(WEFT_EVENT_GAP) |
			  WEFT_EVENT_BIT(WEFT_EVENT_ANOMALY),
		.overflow = WEFT_OVERFLOW_DROP_OLDEST,
		.queue_bytes = WF_HTTP_QUEUE_BYTES,
		.prefix = "",
	};
	if (!json_is_object(message))
		return refuse(ret_request, "message", "not a JSON object");
	/* The id is read first, so that the error message for another member contains the id. */
	err = read_id(json_object_get(message, "id"), ret_request);
	if (!err)
		err = read_op(json_object_get(message, "op"), ret_request);
	if (!err)
		err = check_names(message, ret_request);
	for (size_t i = 0; !err && i < MEMBERS_COUNT; i++) {
		const json_t *value = json_object_get(message, member_rows[i].name);

		if (value)
			err = member_rows[i].read(value, ret_request);
	}
	return err;
}
