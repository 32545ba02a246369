// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <errno.h>
#include <string.h>

#include "bus/names.h"
#include "unit/support/delivery.h"

TEST(bus_names_sensor_rejects_other_characters)
{
	static const char *const bad[] = {"",	 ".",  "..", "a.b",	"a/b",
					  "a b", "a*", "a>", "\xc3\xa4"};
	char longest[WF_BUS_SENSOR_BYTES + 1];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(wf_bus_sensor_is(bad[i]));
	memset(longest, 'a', sizeof(longest));
	longest[WF_BUS_SENSOR_BYTES] = '\0';
	assert_false(wf_bus_sensor_is(longest));
	longest[WF_BUS_SENSOR_BYTES - 1] = '\0';
	assert_true(wf_bus_sensor_is(longest));
	assert_true(wf_bus_sensor_is("Rack-3_b"));
}

TEST(bus_names_sensor_from_host_is_valid)
{
	char sensor[WF_BUS_SENSOR_BYTES];

	wf_bus_sensor_from_host("tap3.example.org", sensor);
	assert_string_equal(sensor, "tap3_example_org");
	wf_bus_sensor_from_host("", sensor);
	assert_string_equal(sensor, "sensor");
}

TEST(bus_names_subject_round_trip)
{
	static const char *const texts[] = {"weft.s1.data.0", "weft.s1.data.255",
					    "weft.a-b.event.flow", "weft.x.stats"};
	struct wf_bus_subject subject;
	char text[WF_BUS_SUBJECT_BYTES];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(wf_bus_subject_parse(texts[i], &subject), 0);
		wf_bus_subject_text(&subject, text);
		assert_string_equal(text, texts[i]);
	}
}

TEST(bus_names_subject_of_others_is_rejected)
{
	static const char *const bad[] = {"",
					  "weft.",
					  "weft..stats",
					  "weft.s.data",
					  "weft.s.data.",
					  "weft.s.data.01",
					  "weft.s.data.256",
					  "weft.s.data.1.2",
					  "weft.s.event.A",
					  "weft.s.event.",
					  "weft.s.statsx",
					  "other.s.stats"};
	struct wf_bus_subject subject;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(wf_bus_subject_parse(bad[i], &subject), -EINVAL);
}

TEST(bus_names_flow_round_trip)
{
	struct wf_bus_flow flow = {.sensor = "a-1-2", .boot = 0xfedcba9876543210, .id = 1};
	struct wf_bus_flow again;
	char text[WF_BUS_FLOW_BYTES];

	wf_bus_flow_text(&flow, text);
	assert_string_equal(text, "a-1-2-fedcba9876543210-1");
	assert_int_equal(wf_bus_flow_parse(text, &again), 0);
	assert_memory_equal(&flow, &again, sizeof(flow));
}

TEST(bus_names_flow_malformed_is_rejected)
{
	static const char *const bad[] = {"",
					  "s-1-1",
					  "-fedcba9876543210-1",
					  "s-FEDCBA9876543210-1",
					  "s-fedcba9876543210-",
					  "s-fedcba9876543210-01",
					  "s-fedcba9876543210-18446744073709551616",
					  "../s-fedcba9876543210-1"};
	struct wf_bus_flow flow;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(wf_bus_flow_parse(bad[i], &flow), -EINVAL);
}

TEST(bus_names_partition_is_the_same_in_both_directions)
{
	struct weft_flow flow = delivery_flow(1);
	struct weft_flow back = flow;
	unsigned int seen = 0;

	memcpy(back.src_addr, flow.dst_addr, 16);
	memcpy(back.dst_addr, flow.src_addr, 16);
	back.src_port = flow.dst_port;
	back.dst_port = flow.src_port;
	for (uint16_t port = 1; port < 1000; port++) {
		flow.src_port = back.dst_port = port;
		assert_int_equal(wf_bus_partition(&flow, 16), wf_bus_partition(&back, 16));
		seen |= 1u << wf_bus_partition(&flow, 16);
	}
	assert_int_equal(seen, 0xffff);
}

/* The value is a contract: sensors of different versions must agree. */
TEST(bus_names_partition_has_a_fixed_value)
{
	struct weft_flow flow = delivery_flow(1);

	assert_int_equal(wf_bus_partition(&flow, 256), 0x4c);
}
