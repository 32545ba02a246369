// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_flow_filter.c - filters of connections: which expressions are valid, and what they match.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <weft/log.h>

#include "capture/file/flow_filter.h"

static char last_log[512];

static void take_log(enum weft_log_level level, const char *message, void *ctx)
{
	(void)level, (void)ctx;
	snprintf(last_log, sizeof(last_log), "%s", message);
}

static int compiles(const char *expression, enum wf_flow_filter_headers headers)
{
	struct wf_flow_filter *filter = NULL;
	int err = wf_flow_filter_new(expression, headers, &filter);

	wf_flow_filter_free(filter);
	return err;
}

/* These expressions are valid for both values of enum wf_flow_filter_headers. */
TEST(flow_filter_of_addresses_and_ports_is_valid)
{
	static const char *const valid[] = {
		"",
		"tcp",
		"not tcp",
		"ip or ip6",
		"udp port 53 or icmp or icmp6 or arp",
		"port 80",
		"tcp port 80",
		"src port 80 and not dst portrange 1000-2000",
		"host 10.0.0.1",
		"src net 10.0.0.0/8 or dst net 192.168.0.0/16",
		"ip6 host 2001:db8::1 and tcp src port 443",
		"net 2001:db8::/32",
		"host 10.0.0.1 and (port 80 or port 443) and not net 192.0.2.0/24",
		"(host 10.0.0.1 or host 10.0.0.2 or ip6 net fe80::/10) and tcp portrange 1-1024",
		"ip proto 6",
		"ip6 proto 6",
		"proto 17",
		"ip multicast or ip6 multicast",
		"ip[9] = 6",
		"ip[12:4] = 0x0a000001",
		"ip[19] & 1 = 0",
		"ip6[8:4] = 0x20010db8",
		"tcp[0:2] = 80",
		"tcp[2:2] > 1023",
		"tcp[0:2] = tcp[2:2]",
		"tcp[2:2] - tcp[0:2] > 5 or port 22",
		"port 80 and tcp[0:2] < 1024",
		"ip[20:2] = 80",
		"ip6 protochain 17",
	};

	for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++)
		for (int headers = 0; headers < 2; headers++)
			if (compiles(valid[i], (enum wf_flow_filter_headers)headers))
				fail_msg("\"%s\" is rejected for headers %d", valid[i], headers);
}

TEST(flow_filter_of_made_up_values_is_refused)
{
	static const char *const invalid[] = {
		"ip[8] > 1",	   /* TTL */
		"ip[9:2] = 6",	   /* protocol and checksum */
		"ip[8:2] = 6",	   /* TTL and protocol */
		"ip[10:2] = 0",	   /* checksum */
		"ip[1] = 0",	   /* type of service */
		"ip[2:2] > 100",   /* length */
		"ip[4:2] = 1",	   /* identification */
		"ip[24:4] = 0",	   /* sequence number */
		"ip[33] & 2 != 0", /* TCP flags */
		"ip[36:2] = 0",	    "ip[40] = 0",
		"ip[43] = 0",	    "ip6[7] = 64",
		"ip6[4:2] > 0",	    "ip6[0:4] & 0xfffff = 0",
		"ip6[44:4] = 0",    "tcp[4:4] = 0",
		"tcp[13] & 2 != 0", "tcp[tcpflags] & tcp-syn != 0",
		"tcp[3:2] = 0",	    "port 80 and tcp[14:2] > 0",
		"ip[ip[19]] = 1",   "tcp[tcp[0]] = 1",
		"greater 100",	    "less 100",
		"len = 54",
	};

	weft_log_set(take_log, NULL);
	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
		for (int headers = 0; headers < 2; headers++) {
			last_log[0] = '\0';
			if (compiles(invalid[i], (enum wf_flow_filter_headers)headers) != -EINVAL ||
			    !strstr(last_log, "can test only addresses"))
				fail_msg("\"%s\" for headers %d: %s", invalid[i], headers,
					 last_log);
		}
	weft_log_set(NULL, NULL);
}

TEST(flow_filter_of_ethernet_tests_the_vlan_but_no_mac_address)
{
	assert_int_equal(compiles("vlan 7", WF_FLOW_FILTER_ETHERNET), 0);
	assert_int_equal(compiles("vlan and port 80", WF_FLOW_FILTER_ETHERNET), 0);
	assert_int_equal(compiles("port 80 or (vlan 7 and host 10.0.0.1 and tcp dst port 80)",
				  WF_FLOW_FILTER_ETHERNET),
			 0);
	assert_int_equal(compiles("vlan 7", WF_FLOW_FILTER_IP), -EINVAL);
	assert_int_equal(compiles("ether host 02:00:00:00:00:01", WF_FLOW_FILTER_ETHERNET),
			 -EINVAL);
	assert_int_equal(compiles("ether multicast", WF_FLOW_FILTER_ETHERNET), -EINVAL);
	assert_int_equal(compiles("vlan and ip[8] = 64", WF_FLOW_FILTER_ETHERNET), -EINVAL);
}

TEST(flow_filter_matches_as_the_client_sends)
{
	struct weft_flow flow = {.ip_version = 4, .src_port = 1025, .dst_port = 80};
	struct wf_flow_filter *filter;

	flow.dst_addr[15] = 9;
	assert_int_equal(
		wf_flow_filter_new("tcp[2:2] = 80 and ip[19] = 9", WF_FLOW_FILTER_IP, &filter), 0);
	assert_true(wf_flow_filter_match(filter, &flow));
	flow.dst_port = 1025;
	flow.src_port = 80;
	assert_false(wf_flow_filter_match(filter, &flow));
	wf_flow_filter_free(filter);
}
