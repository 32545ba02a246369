// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_flow_list.c - selects the first N of many connections by filter and sorts them.
 */
#include "unit/support/test.h"

#include <arpa/inet.h>
#include <string.h>

#include "capture/file/flow_filter.h"
#include "control/flow_list.h"

static struct wf_flow_list list;

static int teardown(void **state)
{
	wf_flow_list_fini(&list);
	return 0;
}

static struct wf_kernel_flow flow_of(const char *low, uint16_t low_port, const char *high,
				     uint16_t high_port)
{
	struct wf_kernel_flow flow = {.key = {.port = {low_port, high_port}}};
	const char *const texts[2] = {low, high};

	for (int i = 0; i < 2; i++) {
		if (inet_pton(AF_INET6, texts[i], flow.key.addr[i]) == 1)
			continue;
		flow.key.addr[i][10] = flow.key.addr[i][11] = 0xff;
		assert_int_equal(inet_pton(AF_INET, texts[i], flow.key.addr[i] + 12), 1);
	}
	return flow;
}

static bool matches(const char *expression, const struct wf_kernel_flow *flow)
{
	struct wf_flow_filter *filter;
	bool match;

	assert_int_equal(wf_flow_filter_new(expression, WF_FLOW_FILTER_ETHERNET, &filter), 0);
	match = wf_flow_list_matches(filter, &flow->key);
	wf_flow_filter_free(filter);
	return match;
}

TEST_WITH(flow_list_keeps_the_first_by_bytes, NULL, teardown)
{
	struct wf_kernel_flow flow = flow_of("10.0.0.1", 1, "10.0.0.2", 2);

	assert_int_equal(wf_flow_list_init(&list, 3), 0);
	for (uint16_t i = 0; i < 100; i++) {
		flow.key.port[0] = i;
		flow.bytes[0] = i * 37 % 101;
		wf_flow_list_add(&list, &flow, 0);
	}
	wf_flow_list_finish(&list);
	assert_int_equal(list.total, 100);
	assert_int_equal(list.count, 3);
	assert_int_equal(list.items[0].rank, 100);
	assert_int_equal(list.items[1].rank, 99);
	assert_int_equal(list.items[2].rank, 98);
}

TEST_WITH(flow_list_leaves_out_what_has_ended_if_asked_to, NULL, teardown)
{
	const uint64_t second_ns = 1000000000;
	struct wf_kernel_flow flow = flow_of("10.0.0.1", 1, "10.0.0.2", 2);

	assert_int_equal(wf_flow_list_init(&list, 10), 0);
	list.now_ns = 10 * second_ns;
	list.without_closed = true;
	flow.tcp_flags[0] = flow.tcp_flags[1] = 0x11; /* both FINs, silent */
	wf_flow_list_add(&list, &flow, 0);
	assert_int_equal(list.total, 0);
	flow.tcp_flags[1] = 0x10; /* half closed */
	wf_flow_list_add(&list, &flow, 0);
	assert_int_equal(list.total, 1);
	flow.tcp_flags[1] = 0x04; /* reset, silent */
	wf_flow_list_add(&list, &flow, 0);
	assert_int_equal(list.total, 1);
	flow.last_ns = list.now_ns - second_ns / 2; /* a reset that was ignored */
	wf_flow_list_add(&list, &flow, 0);
	assert_int_equal(list.total, 2);
	flow.last_ns = 0;
	list.without_closed = false;
	wf_flow_list_add(&list, &flow, 0);
	assert_int_equal(list.total, 3);
}

TEST_WITH(flow_list_age_is_since_the_first_segment, NULL, teardown)
{
	struct wf_kernel_flow flow = flow_of("10.0.0.1", 1, "10.0.0.2", 2);

	assert_int_equal(wf_flow_list_init(&list, 2), 0);
	list.sort = WEFT_FLOW_SORT_AGE;
	list.now_ns = 1000;
	for (uint64_t first_ns = 100; first_ns <= 900; first_ns += 400) {
		flow.first_ns = first_ns;
		wf_flow_list_add(&list, &flow, 0);
	}
	wf_flow_list_finish(&list);
	assert_int_equal(list.items[0].kernel.first_ns, 100);
	assert_int_equal(list.items[1].kernel.first_ns, 500);
}

TEST(flow_list_filter_matches_either_direction)
{
	struct wf_kernel_flow flow = flow_of("10.0.0.1", 80, "192.168.0.2", 40000);

	assert_true(matches("tcp src port 80", &flow));
	assert_true(matches("tcp dst port 80 and src host 192.168.0.2", &flow));
	assert_true(matches("net 192.168.0.0/16", &flow));
	assert_false(matches("src port 80 and dst port 80", &flow));
	assert_false(matches("ip6", &flow));
	assert_false(matches("udp", &flow));
}

TEST(flow_list_filter_knows_ipv6_and_vlans)
{
	struct wf_kernel_flow flow = flow_of("2001:db8::1", 443, "2001:db8::2", 50000);

	assert_true(matches("ip6 host 2001:db8::2 and tcp port 443", &flow));
	assert_false(matches("vlan 7", &flow));
	flow.key.vlan[0] = 7;
	assert_true(matches("vlan 7 and port 443", &flow));
}
