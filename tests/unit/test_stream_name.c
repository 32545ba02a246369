// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <arpa/inet.h>

#include "sink/stream_name.h"
#include "unit/support/delivery.h"

TEST(stream_name_ipv4_both_directions)
{
	struct weft_flow flow = delivery_flow(1);
	char name[WF_STREAM_NAME_BYTES];

	wf_stream_name(&flow, WEFT_TO_SERVER, 1, name);
	assert_string_equal(name, "10.0.0.1.40000-10.0.0.2.80");
	wf_stream_name(&flow, WEFT_TO_CLIENT, 1, name);
	assert_string_equal(name, "10.0.0.2.80-10.0.0.1.40000");
}

TEST(stream_name_number_from_two_on)
{
	struct weft_flow flow = delivery_flow(1);
	char name[WF_STREAM_NAME_BYTES];

	wf_stream_name(&flow, WEFT_TO_SERVER, 2, name);
	assert_string_equal(name, "10.0.0.1.40000-10.0.0.2.80#2");
	wf_stream_name(&flow, WEFT_TO_SERVER, UINT32_MAX, name);
	assert_string_equal(name, "10.0.0.1.40000-10.0.0.2.80#4294967295");
}

TEST(stream_name_ipv6_has_underscores)
{
	struct weft_flow flow = {.ip_version = 6, .src_port = 1, .dst_port = 65535};
	char name[WF_STREAM_NAME_BYTES];

	inet_pton(AF_INET6, "2001:db8::1", flow.src_addr);
	inet_pton(AF_INET6, "fe80::ffff:0:1", flow.dst_addr);
	wf_stream_name(&flow, WEFT_TO_SERVER, 1, name);
	assert_string_equal(name, "2001_db8__1.1-fe80__ffff_0_1.65535");
	assert_true(wf_stream_name_is(name));
	inet_pton(AF_INET6, "::", flow.src_addr);
	inet_pton(AF_INET6, "::ffff:1.2.3.4", flow.dst_addr);
	wf_stream_name(&flow, WEFT_TO_CLIENT, 1, name);
	assert_string_equal(name, "__ffff_1.2.3.4.65535-__.1");
	assert_true(wf_stream_name_is(name));
}

TEST(stream_name_is_tells_ours_from_others)
{
	static const char *const ours[] = {"10.0.0.1.40000-10.0.0.2.80", "1.2.3.4.0-5.6.7.8.1#22",
					   "__1.80-__1.80"};
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
					     "notes-2.0"};

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		assert_true(wf_stream_name_is(ours[i]));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(wf_stream_name_is(others[i]));
}
