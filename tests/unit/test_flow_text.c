// SPDX-License-Identifier: BSD-2-Clause
/* test_flow_text.c - addresses, four-tuples and Community IDs as text, and link types. */
#include "unit/support/test.h"

#include <arpa/inet.h>
#include <string.h>

#include <weft/weft.h>

static struct weft_flow flow_of(const char *src, const char *dst)
{
	struct weft_flow flow = {.src_port = 65535, .dst_port = 443};

	assert_int_equal(inet_pton(AF_INET6, src, flow.src_addr), 1);
	assert_int_equal(inet_pton(AF_INET6, dst, flow.dst_addr), 1);
	return flow;
}

TEST(addr_text_is_the_shortest_form_and_ipv4_is_dotted)
{
	struct weft_flow flow = flow_of("2001:DB8:0:0:0::1", "::ffff:10.0.0.1");
	char text[WEFT_ADDR_TEXT_BYTES];

	assert_string_equal(weft_addr_text(flow.src_addr, text), "2001:db8::1");
	assert_string_equal(weft_addr_text(flow.dst_addr, text), "10.0.0.1");
}

TEST(flow_text_fits_the_longest_tuple)
{
	const char *longest = "1111:2222:3333:4444:5555:6666:7777:8888";
	struct weft_flow v6 = flow_of(longest, longest);
	struct weft_flow v4 = flow_of("::ffff:10.0.0.1", "::ffff:10.0.0.2");
	char text[WEFT_FLOW_TEXT_BYTES];

	assert_string_equal(weft_flow_text(&v6, text),
			    "[1111:2222:3333:4444:5555:6666:7777:8888]:65535 > "
			    "[1111:2222:3333:4444:5555:6666:7777:8888]:443");
	assert_string_equal(weft_flow_text(&v4, text), "10.0.0.1:65535 > 10.0.0.2:443");
}

TEST(link_from_dlt_knows_the_types_of_captures)
{
	assert_int_equal(weft_link_from_dlt(1), WEFT_LINK_ETHERNET);
	assert_int_equal(weft_link_from_dlt(12), WEFT_LINK_RAW);
	assert_int_equal(weft_link_from_dlt(113), WEFT_LINK_SLL);
	assert_int_equal(weft_link_from_dlt(147), -1);
	assert_int_equal(weft_link_from_dlt(-1), -1);
}

/* Values from the tests of other implementations; the last value follows the specification. */
TEST(community_id_is_that_of_the_specification)
{
	static const struct {
		const char *src, *dst;
		uint16_t src_port, dst_port;
		const char *id;
	} rows[] = {
		{"128.232.110.120", "66.35.250.204", 34855, 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
		{"66.35.250.204", "128.232.110.120", 80, 34855, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
		{"1.2.3.4", "5.6.7.8", 1122, 3344, "1:wCb3OG7yAFWelaUydu0D+125CLM="},
		{"2001:470:e5bf:dead:4957:2174:e82c:4887", "2607:f8b0:400c:c03::1a", 63943, 25,
		 "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="},
		{"2607:f8b0:400c:c03::1a", "2001:470:e5bf:dead:4957:2174:e82c:4887", 25, 63943,
		 "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="},
		{"2001:db8::2", "2001:db8::1", 443, 50000, "1:YXqXufkGr4i6TbJJYF83fvyDLZ8="},
	};
	char text[WEFT_COMMUNITY_ID_TEXT_BYTES];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct weft_flow flow = {.src_port = rows[i].src_port,
					 .dst_port = rows[i].dst_port};
		bool is_v6 = strchr(rows[i].src, ':');
		int family = is_v6 ? AF_INET6 : AF_INET;

		flow.ip_version = is_v6 ? 6 : 4;
		inet_pton(family, rows[i].src, flow.src_addr + (is_v6 ? 0 : 12));
		inet_pton(family, rows[i].dst, flow.dst_addr + (is_v6 ? 0 : 12));
		assert_string_equal(weft_community_id(&flow, text), rows[i].id);
	}
}
