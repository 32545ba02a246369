// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <weft/filter.h>
#include <weft/log.h>

#include "packet/frame.h"
#include "capture/file/pcap_filter.h"

static char last_log[512];
static int warnings;

static void keep_log(enum weft_log_level level, const char *message, void *ctx)
{
	warnings += level <= WEFT_LOG_INFO;
	if (level <= WEFT_LOG_WARN)
		snprintf(last_log, sizeof(last_log), "%s", message);
}

/* An IPv4 and TCP packet from 10.0.0.1:1234 to 10.0.0.2:80, to be placed after a link header. */
static const uint8_t ip_tcp[] = {
	0x45, 0,    0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10,	  0, 0,	   1,	 10, 0, 0, 2,
	0x04, 0xd2, 0, 80, 0, 0, 0, 1, 0,  0, 0, 0, 0x50, 2, 0xff, 0xff, 0,  0, 0, 0,
};

static struct wf_frame frame_of(enum weft_link link, uint8_t *buffer)
{
	static const struct {
		uint8_t len;
		uint8_t bytes[40];
	} headers[WEFT_LINK_COUNT] = {
		[WEFT_LINK_ETHERNET] = {14, {[12] = 8}},
		[WEFT_LINK_RAW] = {0, {0}},
		[WEFT_LINK_NULL] = {4, {2}},
		[WEFT_LINK_LOOP] = {4, {0, 0, 0, 2}},
		[WEFT_LINK_SLL] = {16, {[14] = 8}},
		[WEFT_LINK_SLL2] = {20, {8}},
		[WEFT_LINK_PPP] = {4, {0xff, 3, 0, 0x21}},
		[WEFT_LINK_PPP_HDLC] = {4, {0xff, 3, 0, 0x21}},
		[WEFT_LINK_PPP_DIRECTION] = {5, {1, 0xff, 3, 0, 0x21}},
		[WEFT_LINK_PPP_PPPD] = {4, {1, 3, 0, 0x21}},
		[WEFT_LINK_PPPOE] = {8, {0x11, [5] = 42, [7] = 0x21}},
		[WEFT_LINK_CISCO_HDLC] = {4, {0x0f, 0, 8, 0}},
		[WEFT_LINK_IEEE80211] = {32, {8, 1, [24] = 0xaa, 0xaa, 3, 0, 0, 0, 8, 0}},
		[WEFT_LINK_RADIOTAP] = {40,
					{0, 0, 8, [8] = 8, 1, [32] = 0xaa, 0xaa, 3, 0, 0, 0, 8}},
	};
	uint32_t len = headers[link].len;

	memcpy(buffer, headers[link].bytes, len);
	memcpy(buffer + len, ip_tcp, sizeof(ip_tcp));
	len += (uint32_t)sizeof(ip_tcp);
	return (struct wf_frame){
		.bytes = buffer, .cap_bytes = len, .wire_bytes = len + 1000, .link = link};
}

TEST(filter_matches_on_every_link_type_that_can_be_filtered)
{
	struct wf_pcap_filter *wanted, *other;
	uint8_t buffer[128];

	assert_int_equal(wf_pcap_filter_new("tcp port 80 and host 10.0.0.1", &wanted), 0);
	assert_int_equal(wf_pcap_filter_new("tcp port 81", &other), 0);
	for (int link = 0; link < WEFT_LINK_COUNT; link++) {
		struct wf_frame frame = frame_of((enum weft_link)link, buffer);

		/* libpcap can't filter these: the first packet is reported, all are left out */
		if (link == WEFT_LINK_NFLOG || link == WEFT_LINK_PKTAP) {
			assert_false(wf_pcap_filter_match(wanted, &frame));
			continue;
		}
		assert_true(wf_pcap_filter_match(wanted, &frame));
		assert_false(wf_pcap_filter_match(other, &frame));
	}
	wf_pcap_filter_free(wanted);
	wf_pcap_filter_free(other);
}

TEST(filter_length_is_that_of_the_wire)
{
	struct wf_pcap_filter *filter;
	uint8_t buffer[128];
	struct wf_frame frame = frame_of(WEFT_LINK_ETHERNET, buffer);

	assert_int_equal(wf_pcap_filter_new("greater 1000", &filter), 0);
	assert_true(wf_pcap_filter_match(filter, &frame));
	frame.wire_bytes = frame.cap_bytes;
	assert_false(wf_pcap_filter_match(filter, &frame));
	wf_pcap_filter_free(filter);
}

TEST(filter_cut_frame_does_not_match_beyond_its_bytes)
{
	struct wf_pcap_filter *filter;
	uint8_t buffer[128];
	struct wf_frame frame = frame_of(WEFT_LINK_ETHERNET, buffer);

	assert_int_equal(wf_pcap_filter_new("tcp dst port 80", &filter), 0);
	frame.cap_bytes = 14 + 20;
	assert_false(wf_pcap_filter_match(filter, &frame));
	frame.cap_bytes = 0;
	assert_false(wf_pcap_filter_match(filter, &frame));
	wf_pcap_filter_free(filter);
}

TEST(filter_for_one_link_type_matches_nothing_on_another)
{
	struct wf_pcap_filter *filter;
	uint8_t buffer[128];
	struct wf_frame ethernet = frame_of(WEFT_LINK_ETHERNET, buffer);
	struct wf_frame raw;

	assert_int_equal(wf_pcap_filter_new("ether src 00:00:00:00:00:00", &filter), 0);
	assert_true(wf_pcap_filter_match(filter, &ethernet));
	raw = frame_of(WEFT_LINK_RAW, buffer);
	assert_false(wf_pcap_filter_match(filter, &raw));
	wf_pcap_filter_free(filter);
}

/* Link types that do not occur in the capture are not reported. */
TEST(filter_for_one_link_type_is_reported_once_when_another_comes)
{
	struct wf_pcap_filter *filter;
	uint8_t buffer[128];
	struct wf_frame frame;

	warnings = 0;
	assert_int_equal(wf_pcap_filter_new("vlan and tcp", &filter), 0);
	frame = frame_of(WEFT_LINK_ETHERNET, buffer);
	(void)wf_pcap_filter_match(filter, &frame);
	assert_int_equal(warnings, 0);
	frame = frame_of(WEFT_LINK_RAW, buffer);
	assert_false(wf_pcap_filter_match(filter, &frame));
	assert_false(wf_pcap_filter_match(filter, &frame));
	assert_int_equal(warnings, 1);
	assert_non_null(strstr(last_log, "\"vlan and tcp\" is not valid for link type RAW"));
	wf_pcap_filter_free(filter);
}

TEST(filter_that_is_no_expression_is_refused_with_the_reason)
{
	struct wf_pcap_filter *filter = NULL;

	assert_int_equal(wf_pcap_filter_new("tcp prot 80", &filter), -EINVAL);
	assert_null(filter);
	assert_non_null(strstr(last_log, "filter: \"tcp prot 80\": "));
}

TEST(filter_check_gives_the_reason_and_logs_nothing)
{
	char reason[100] = "";

	last_log[0] = '\0';
	assert_int_equal(weft_filter_check("tcp port 80", reason, sizeof(reason)), 0);
	assert_string_equal(reason, "");
	assert_int_equal(weft_filter_check("portt 80", reason, sizeof(reason)), -EINVAL);
	assert_non_null(strstr(reason, "syntax error"));
	assert_int_equal(weft_filter_check("portt 80", NULL, 0), -EINVAL);
	assert_string_equal(last_log, "");
}

TEST(filter_empty_matches_everything)
{
	struct wf_pcap_filter *filter;
	uint8_t buffer[128];
	struct wf_frame frame = frame_of(WEFT_LINK_ETHERNET, buffer);

	assert_int_equal(wf_pcap_filter_new("", &filter), 0);
	assert_true(wf_pcap_filter_match(filter, &frame));
	wf_pcap_filter_free(filter);
	wf_pcap_filter_free(NULL);
}

static int prepare(void **state)
{
	weft_log_set(keep_log, NULL);
	return 0;
}

TEST_GROUP(prepare, NULL);
