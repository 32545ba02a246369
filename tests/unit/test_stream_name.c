// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <arpa/inet.h>
#include <string.h>

#include "sink/format/stream_name.h"
#include "unit/support/delivery.h"

TEST(stream_name_ipv4_both_directions)
{
	struct weft_flow flow = delivery_flow(1);
	char name[WF_STREAM_NAME_BYTES];

	wf_stream_name(&flow, WEFT_TO_SERVER, (struct wf_stream_number){.number = 1}, name);
	assert_string_equal(name, "10.0.0.1.40000-10.0.0.2.80");
	wf_stream_name(&flow, WEFT_TO_CLIENT, (struct wf_stream_number){.number = 1}, name);
	assert_string_equal(name, "10.0.0.2.80-10.0.0.1.40000");
}

TEST(stream_name_number_from_two_on)
{
	struct weft_flow flow = delivery_flow(1);
	char name[WF_STREAM_NAME_BYTES];

	wf_stream_name(&flow, WEFT_TO_SERVER, (struct wf_stream_number){.number = 2}, name);
	assert_string_equal(name, "10.0.0.1.40000-10.0.0.2.80#2");
	wf_stream_name(&flow, WEFT_TO_SERVER, (struct wf_stream_number){.number = UINT32_MAX},
		       name);
	assert_string_equal(name, "10.0.0.1.40000-10.0.0.2.80#4294967295");
}

TEST(stream_name_by_tenant)
{
	static const struct {
		uint16_t vlan[2];
		uint32_t vni;
		const char *suffix;
	} rows[] = {{{10, 0}, 0, "@vlan10#2"},
		    {{10, 20}, 0, "@vlan10.20#2"},
		    {{0, 0}, 5, "@vni5#2"},
		    {{4094, 4094}, UINT32_MAX, "@vlan4094.4094.vni4294967295#2"}};
	const struct wf_stream_number number = {.number = 2, .by_tenant = true};
	struct weft_flow flow = delivery_flow(1);
	char name[WF_STREAM_NAME_BYTES];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memcpy(flow.vlan, rows[i].vlan, sizeof(flow.vlan));
		flow.vni = rows[i].vni;
		wf_stream_name(&flow, WEFT_TO_SERVER, number, name);
		assert_memory_equal(name, "10.0.0.1.40000-10.0.0.2.80", 26);
		assert_string_equal(name + 26, rows[i].suffix);
		assert_true(wf_stream_name_is(name));
	}
}

TEST(stream_name_ipv6_has_underscores)
{
	struct weft_flow flow = {.ip_version = 6, .src_port = 1, .dst_port = 65535};
	char name[WF_STREAM_NAME_BYTES];

	inet_pton(AF_INET6, "2001:db8::1", flow.src_addr);
	inet_pton(AF_INET6, "fe80::ffff:0:1", flow.dst_addr);
	wf_stream_name(&flow, WEFT_TO_SERVER, (struct wf_stream_number){.number = 1}, name);
	assert_string_equal(name, "2001_db8__1.1-fe80__ffff_0_1.65535");
	assert_true(wf_stream_name_is(name));
	inet_pton(AF_INET6, "::", flow.src_addr);
	inet_pton(AF_INET6, "::ffff:1.2.3.4", flow.dst_addr);
	wf_stream_name(&flow, WEFT_TO_CLIENT, (struct wf_stream_number){.number = 1}, name);
	assert_string_equal(name, "1.2.3.4.65535-__.1");
	assert_true(wf_stream_name_is(name));
}

TEST(stream_name_is_separates_ours_from_others)
{
	static const char *const ours[] = {"10.0.0.1.40000-10.0.0.2.80", "1.2.3.4.0-5.6.7.8.1#22",
					   "__1.80-__1.80",
					   "1.2.3.4.0-5.6.7.8.1@vlan10.20.vni5#22"};
	static const char *const others[] = {"",
					     ".",
					     "..",
					     "eve.json",
					     "report.xml",
					     "1.2.3.4",
					     "10.0.0.1.40000-10.0.0.2.80#",
					     "10.0.0.1.40000-10.0.0.2.80.txt",
					     "80-80",
					     "-",
					     "10.0.0.1.1-x.2",
					     "10.0.0.1.1-10.0.0.2.2@example.org",
					     "notes-2.0"};

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		assert_true(wf_stream_name_is(ours[i]));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(wf_stream_name_is(others[i]));
}

TEST(stream_name_parse_reads_what_was_written)
{
	static const char *const names[] = {"10.0.0.1.40000-10.0.0.2.80",
					    "10.0.0.1.40000-10.0.0.2.80#4294967295",
					    "2001_db8__1.1-fe80__ffff_0_1.65535#2",
					    "__.0-__1.80",
					    "1.2.3.4.0-5.6.7.8.1@vlan10.20.vni5#22",
					    "1.2.3.4.0-5.6.7.8.1@vni4294967295",
					    "1.2.3.4.0-5.6.7.8.1@vlan4094"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char again[WF_STREAM_NAME_BYTES];
		struct wf_stream_number number;
		struct weft_flow flow;

		assert_true(wf_stream_name_parse(names[i], &flow));
		number.number = flow.use;
		number.by_tenant = wf_stream_has_tenant(&flow);
		wf_stream_name(&flow, WEFT_TO_SERVER, number, again);
		assert_string_equal(again, names[i]);
	}
}

TEST(stream_name_parse_rejects_others)
{
	static const char *const others[] = {"",
					     "..",
					     "1.2.3.4-5.6.7.8",
					     "1.2.3.4.1-5.6.7.8.2#1",
					     "1.2.3.4.1-5.6.7.8.2#02",
					     "1.2.3.4.1-5.6.7.8.2#",
					     "1.2.3.4.1-5.6.7.8.2@",
					     "1.2.3.4.1-5.6.7.8.2@vlan0",
					     "1.2.3.4.1-5.6.7.8.2x",
					     "1.2.3.4.65536-5.6.7.8.2",
					     "1.2.3.04.1-5.6.7.8.2",
					     "2001_db8_0_0_0_0_0_1.1-__1.1",
					     "1_2_3_4_5_6_7_8_9.1-__1.1"};
	struct weft_flow flow;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(wf_stream_name_parse(others[i], &flow));
}
