// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <string.h>

#include "bus/message.h"
#include "unit/support/delivery.h"

static struct wf_bus_message message_of(enum wf_bus_kind kind, const char *body)
{
	struct wf_bus_message message = {.kind = kind,
					 .flow = {.sensor = "s1", .boot = 0xab, .id = 7},
					 .peers = delivery_flow(1),
					 .off = 100,
					 .time_ns = 1700000000000000000ull,
					 .body = body,
					 .body_bytes = strlen(body)};

	message.peers.use = 2;
	message.len_bytes = kind == WF_BUS_DATA ? message.body_bytes : 0;
	if (kind == WF_BUS_GAP)
		message.len_bytes = 50;
	return message;
}

static const struct wf_bus_texts valid = {
	.subject = "weft.s1.data.3",
	.header = {"1", "data", "s1-00000000000000ab-7", "10.0.0.1.40000-10.0.0.2.80@vlan5#3",
		   "toclient", "100", NULL, "1700000000000000000"},
	.body = "bytes",
	.body_bytes = 5,
};

static void check_header(natsMsg *msg, const char *name, const char *wanted)
{
	const char *value = NULL;

	assert_int_equal(natsMsgHeader_Get(msg, name, &value), NATS_OK);
	assert_string_equal(value, wanted);
}

/* libnats can make messages only after it was opened. */
static int open_nats(void **state)
{
	return nats_Open(-1) == NATS_OK ? 0 : -1;
}

static int close_nats(void **state)
{
	nats_Close();
	return 0;
}

TEST_GROUP(open_nats, close_nats);

TEST(message_headers_are_as_documented)
{
	struct wf_bus_message message = message_of(WF_BUS_GAP, "{}");
	natsMsg *msg;

	assert_int_equal(wf_bus_message_new(&message, 16, &msg), 0);
	check_header(msg, "Weft-Version", "1");
	check_header(msg, "Weft-Kind", "gap");
	check_header(msg, "Weft-Flow", "s1-00000000000000ab-7");
	check_header(msg, "Weft-Name", "10.0.0.1.40000-10.0.0.2.80#2");
	check_header(msg, "Weft-Dir", "toserver");
	check_header(msg, "Weft-Offset", "100");
	check_header(msg, "Weft-Length", "50");
	check_header(msg, "Weft-Time", "1700000000000000000");
	check_header(msg, "Nats-Msg-Id", "s1-00000000000000ab-7-gap-0-100-50");
	natsMsg_Destroy(msg);
}

TEST(message_of_each_kind_is_read_as_written)
{
	for (int kind = 0; kind < WF_BUS_KIND_COUNT; kind++) {
		struct wf_bus_message message = message_of((enum wf_bus_kind)kind, "{\"a\":1}");
		struct wf_bus_message again;
		natsMsg *msg;

		assert_int_equal(wf_bus_message_new(&message, 16, &msg), 0);
		assert_int_equal(wf_bus_message_parse(msg, &again), WF_BUS_FAULT_NONE);
		assert_int_equal(again.kind, message.kind);
		assert_int_equal(again.off, message.off);
		assert_int_equal(again.len_bytes, message.len_bytes);
		assert_int_equal(again.peers.use, 2);
		assert_memory_equal(again.peers.dst_addr, message.peers.dst_addr, 16);
		assert_memory_equal(&again.flow, &message.flow, sizeof(again.flow));
		assert_int_equal(again.body_bytes, message.body_bytes);
		assert_memory_equal(again.body, message.body, message.body_bytes);
		natsMsg_Destroy(msg);
	}
}

TEST(message_without_headers_is_rejected)
{
	struct wf_bus_message message;
	natsMsg *msg;

	assert_int_equal(natsMsg_Create(&msg, "weft.s1.data.3", NULL, "bytes", 5), NATS_OK);
	assert_int_equal(wf_bus_message_parse(msg, &message), WF_BUS_FAULT_HEADERS);
	natsMsg_Destroy(msg);
}

TEST(message_with_a_tenant_is_read)
{
	struct wf_bus_message message;

	assert_int_equal(wf_bus_texts_parse(&valid, &message), WF_BUS_FAULT_NONE);
	assert_int_equal(message.dir, WEFT_TO_CLIENT);
	assert_int_equal(message.peers.vlan[0], 5);
	assert_int_equal(message.peers.use, 3);
	assert_int_equal(message.peers.src_port, 40000);
}

/* One wrong header, and the fault that must be found. */
static const struct {
	enum wf_bus_header header;
	const char *value;
	enum wf_bus_fault fault;
} lies[] = {
	{WF_BUS_HEADER_VERSION, NULL, WF_BUS_FAULT_HEADERS},
	{WF_BUS_HEADER_VERSION, "2", WF_BUS_FAULT_VERSION},
	{WF_BUS_HEADER_VERSION, "x", WF_BUS_FAULT_VERSION},
	{WF_BUS_HEADER_KIND, "steal", WF_BUS_FAULT_FIELD},
	{WF_BUS_HEADER_KIND, "gap", WF_BUS_FAULT_FIELD},
	{WF_BUS_HEADER_KIND, "open", WF_BUS_FAULT_BODY},
	{WF_BUS_HEADER_FLOW, NULL, WF_BUS_FAULT_FIELD},
	{WF_BUS_HEADER_FLOW, "s1-ab-7", WF_BUS_FAULT_FIELD},
	{WF_BUS_HEADER_FLOW, "s2-00000000000000ab-7", WF_BUS_FAULT_SENSOR},
	{WF_BUS_HEADER_NAME, "../../etc/passwd", WF_BUS_FAULT_NAME},
	{WF_BUS_HEADER_NAME, "10.0.0.1.40000-10.0.0.2.80/x", WF_BUS_FAULT_NAME},
	{WF_BUS_HEADER_NAME, "10.0.0.1.040000-10.0.0.2.80", WF_BUS_FAULT_NAME},
	{WF_BUS_HEADER_NAME, "10.0.0.1.40000-10.0.0.2.80#1", WF_BUS_FAULT_NAME},
	{WF_BUS_HEADER_NAME, "10.0.0.1.70000-10.0.0.2.80", WF_BUS_FAULT_NAME},
	{WF_BUS_HEADER_NAME, "", WF_BUS_FAULT_NAME},
	{WF_BUS_HEADER_DIR, "sideways", WF_BUS_FAULT_FIELD},
	{WF_BUS_HEADER_OFFSET, "-1", WF_BUS_FAULT_OFFSET},
	{WF_BUS_HEADER_OFFSET, "4611686018427387904", WF_BUS_FAULT_OFFSET},
	{WF_BUS_HEADER_OFFSET, "18446744073709551615", WF_BUS_FAULT_OFFSET},
	{WF_BUS_HEADER_OFFSET, "99999999999999999999999", WF_BUS_FAULT_OFFSET},
	{WF_BUS_HEADER_LENGTH, "5", WF_BUS_FAULT_FIELD},
	{WF_BUS_HEADER_TIME, "yesterday", WF_BUS_FAULT_FIELD},
};

TEST(message_lies_are_rejected)
{
	struct wf_bus_message message;

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct wf_bus_texts texts = valid;

		texts.header[lies[i].header] = lies[i].value;
		assert_int_equal(wf_bus_texts_parse(&texts, &message), lies[i].fault);
	}
}

TEST(message_body_too_long_is_rejected)
{
	static char body[WF_BUS_DATA_MAX + 1];
	struct wf_bus_texts texts = valid;
	struct wf_bus_message message;

	texts.body = body;
	texts.body_bytes = WF_BUS_DATA_MAX;
	assert_int_equal(wf_bus_texts_parse(&texts, &message), WF_BUS_FAULT_NONE);
	texts.body_bytes++;
	assert_int_equal(wf_bus_texts_parse(&texts, &message), WF_BUS_FAULT_BODY);
	texts.body_bytes = 0;
	assert_int_equal(wf_bus_texts_parse(&texts, &message), WF_BUS_FAULT_BODY);
}

TEST(message_on_the_subject_of_another_sensor_is_rejected)
{
	struct wf_bus_texts texts = valid;
	struct wf_bus_message message;

	texts.subject = "weft.s2.data.3";
	assert_int_equal(wf_bus_texts_parse(&texts, &message), WF_BUS_FAULT_SENSOR);
	texts.subject = "weft.s1.stats";
	assert_int_equal(wf_bus_texts_parse(&texts, &message), WF_BUS_FAULT_SENSOR);
}
