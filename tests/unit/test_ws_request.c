// SPDX-License-Identifier: BSD-2-Clause
/* Tests of http/ws/ws_request.c and http/ws/ws_message.c: requests of a WebSocket, and its
 * messages. */
#include "unit/support/test.h"

#include <errno.h>
#include <string.h>

#include <weft/limits.h>

#include "http/ws/ws_message.h"
#include "http/ws/ws_request.h"

static int parse(const char *text, struct wf_ws_request *ret_request)
{
	json_t *message = json_loads(text, 0, NULL);
	int err = wf_ws_request_parse(message, ret_request);

	ret_request->filter = NULL; /* borrowed from the message */
	json_decref(message);
	return err;
}

TEST(ws_subscribe_has_defaults)
{
	struct wf_ws_request request;

	assert_int_equal(parse("{\"op\":\"subscribe\",\"id\":7}", &request), 0);
	assert_int_equal(request.op, WF_WS_SUBSCRIBE);
	assert_int_equal(request.id, 7);
	assert_int_equal(request.events, WEFT_EVENT_BIT(WEFT_EVENT_CLOSE) |
						 WEFT_EVENT_BIT(WEFT_EVENT_GAP) |
						 WEFT_EVENT_BIT(WEFT_EVENT_ANOMALY));
	assert_int_equal(request.overflow, WEFT_OVERFLOW_DROP_OLDEST);
	assert_int_equal(request.queue_bytes, 1 << 20);
}

TEST(ws_subscribe_with_all_members)
{
	struct wf_ws_request request;

	assert_int_equal(parse("{\"op\":\"subscribe\",\"id\":4294967295,\"filter\":\"tcp port 80\","
			       "\"events\":[\"data\",\"flow\"],\"queue_bytes\":131072,"
			       "\"overflow\":\"drop-newest\"}",
			       &request),
			 0);
	assert_int_equal(request.id, UINT32_MAX);
	assert_int_equal(request.events,
			 WEFT_EVENT_BIT(WEFT_EVENT_DATA) | WEFT_EVENT_BIT(WEFT_EVENT_CLOSE));
	assert_int_equal(request.overflow, WEFT_OVERFLOW_DROP_NEWEST);
	assert_int_equal(request.queue_bytes, 131072);
}

TEST(ws_wrong_message_is_rejected_with_its_id)
{
	static const struct {
		const char *message;
		const char *error; /* begins with this */
		bool has_id;
	} cases[] = {
		{"[1]", "message: not a JSON object", false},
		{"{}", "id: not a number", false},
		{"{\"id\":-1}", "id: not a number", false},
		{"{\"id\":4294967296}", "id: not a number", false},
		{"{\"id\":\"1\"}", "id: not a number", false},
		{"{\"id\":1}", "op: not one of", true},
		{"{\"id\":1,\"op\":\"watch\",\"prefix\":1}", "prefix: ", true},
		{"{\"id\":1,\"op\":\"watch\",\"filter\":\"\"}", "filter: unknown member", true},
		{"{\"id\":1,\"op\":\"subscribe\",\"prefix\":\"\"}", "prefix: unknown member", true},
		{"{\"id\":1,\"op\":\"unsubscribe\",\"filter\":\"x\"}", "filter: unknown member",
		 true},
		{"{\"id\":1,\"op\":\"subscribe\",\"x\":1}", "x: unknown member", true},
		{"{\"id\":1,\"op\":\"subscribe\",\"events\":[]}", "events: not a list", true},
		{"{\"id\":1,\"op\":\"subscribe\",\"events\":\"data\"}", "events: not a list", true},
		{"{\"id\":1,\"op\":\"subscribe\",\"events\":[\"data\",1]}", "events: a name", true},
		{"{\"id\":1,\"op\":\"subscribe\",\"filter\":1}", "filter: not a string", true},
		{"{\"id\":1,\"op\":\"subscribe\",\"filter\":\"port\"}", "filter: ", true},
		{"{\"id\":1,\"op\":\"subscribe\",\"queue_bytes\":131071}", "queue_bytes: not",
		 true},
		{"{\"id\":1,\"op\":\"subscribe\",\"queue_bytes\":16777217}", "queue_bytes: not",
		 true},
		{"{\"id\":1,\"op\":\"subscribe\",\"overflow\":\"block\"}", "overflow: not one of",
		 true},
	};
	struct wf_ws_request request;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(cases[i].message, &request), -EINVAL);
		assert_memory_equal(request.error, cases[i].error, strlen(cases[i].error));
		assert_int_equal(request.has_id, cases[i].has_id);
	}
}

static const struct weft_flow flow = {.id = 0x0102030405060708};

TEST(ws_data_message_is_header_and_bytes)
{
	static const unsigned char expected[] = {0, 0, 1, 2, 1, 0, 0, 0, 1, 2, 3,   4,	 5,  6,
						 7, 8, 0, 0, 0, 1, 0, 0, 0, 9, 'a', 'b', 'c'};
	const struct weft_event event = {
		.type = WEFT_EVENT_DATA,
		.dir = WEFT_TO_CLIENT,
		.flow = &flow,
		.data = {.bytes = (const uint8_t *)"abc", .len_bytes = 3, .off = 0x100000009},
	};
	unsigned char buf[64];
	bool is_binary;

	assert_int_equal(wf_ws_message_write(&event, 258, NULL, buf, sizeof(buf), &is_binary),
			 sizeof(expected));
	assert_true(is_binary);
	assert_memory_equal(buf, expected, sizeof(expected));
	assert_int_equal(
		wf_ws_message_write(&event, 258, NULL, buf, sizeof(expected) - 1, &is_binary), 0);
}

TEST(ws_drop_message_has_counts)
{
	static const char expected[] = "{\"id\":3,\"drop\":{\"events\":5,\"bytes\":700}}";
	const struct weft_event event = {.type = WEFT_EVENT_DROP,
					 .drop = {.events = 5, .data_bytes = 700}};
	unsigned char buf[64];
	bool is_binary;

	assert_int_equal(wf_ws_message_write(&event, 3, NULL, buf, sizeof(buf), &is_binary),
			 sizeof(expected) - 1);
	assert_false(is_binary);
	assert_memory_equal(buf, expected, sizeof(expected) - 1);
	assert_int_equal(wf_ws_message_write(&event, 3, NULL, buf, 20, &is_binary), 0);
}

TEST(ws_gap_message_contains_the_event)
{
	const struct weft_event event = {
		.type = WEFT_EVENT_GAP,
		.flow = &flow,
		.gap = {.off = 10, .len_bytes = 20, .cause = WEFT_GAP_TIMEOUT},
	};
	unsigned char buf[1024];
	bool is_binary;
	size_t bytes = wf_ws_message_write(&event, 1, "eth0", buf, sizeof(buf), &is_binary);
	json_t *message = json_loadb((char *)buf, bytes, 0, NULL);
	json_t *content = json_object_get(message, "event");

	assert_string_equal(json_string_value(json_object_get(content, "event_type")), "gap");
	assert_string_equal(json_string_value(json_object_get(content, "in_iface")), "eth0");
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(content, "gap"), "offset")), 10);
	json_decref(message);
}

TEST(ws_event_without_message_is_left_out)
{
	const struct weft_event event = {.type = WEFT_EVENT_OPEN, .flow = &flow};
	unsigned char buf[1024];
	bool is_binary;

	assert_int_equal(wf_ws_message_write(&event, 1, NULL, buf, sizeof(buf), &is_binary), 0);
}
