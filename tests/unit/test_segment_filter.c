// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_segment_filter.c - ports, prefixes and sample in user space select the segments that the
 * kernel's filter selects.
 */
#include "unit/support/test.h"

#include <string.h>

#include "packet/packet.h"
#include "packet/segment_filter.h"

static struct weft_prefix prefix4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint8_t bits)
{
	return (struct weft_prefix){
		.addr = {[10] = 0xff, [11] = 0xff, [12] = a, [13] = b, [14] = c, [15] = d},
		.bits = (uint8_t)(96 + bits),
	};
}

static struct wf_packet packet_of(struct weft_prefix src, uint16_t sport, struct weft_prefix dst,
				  uint16_t dport)
{
	struct wf_packet packet;

	memset(&packet, 0, sizeof(packet));
	memcpy(packet.key.addr[0], src.addr, 16);
	memcpy(packet.key.addr[1], dst.addr, 16);
	packet.key.port[0] = sport;
	packet.key.port[1] = dport;
	return packet;
}

static bool wants(const struct weft_filter_opts *opts, const struct wf_packet *packet)
{
	struct wf_segment_filter *filter;
	bool is_wanted;

	assert_int_equal(wf_segment_filter_new(opts, &filter), 0);
	assert_non_null(filter);
	is_wanted = wf_segment_filter_wants(filter, packet, packet->hash);
	wf_segment_filter_free(filter);
	return is_wanted;
}

TEST(segment_filter_that_excludes_nothing_is_none)
{
	struct wf_segment_filter *filter;

	WEFT_OPTS(weft_filter_opts, opts, .sample = 1);

	assert_int_equal(wf_segment_filter_new(&opts, &filter), 0);
	assert_null(filter);
}

TEST(segment_filter_either_port)
{
	const uint16_t ports[] = {80, 65535};
	const struct weft_prefix host = prefix4(10, 0, 0, 1, 32);

	WEFT_OPTS(weft_filter_opts, opts, .ports = ports, .ports_count = 2);
	struct wf_packet packet = packet_of(host, 80, host, 1000);

	assert_true(wants(&opts, &packet));
	packet = packet_of(host, 1000, host, 65535);
	assert_true(wants(&opts, &packet));
	packet = packet_of(host, 81, host, 79);
	assert_false(wants(&opts, &packet));
}

TEST(segment_filter_deny_wins_over_allow)
{
	const struct weft_prefix allow[] = {prefix4(10, 0, 0, 0, 8), prefix4(192, 168, 0, 0, 16)};
	const struct weft_prefix deny[] = {prefix4(10, 1, 2, 3, 32), prefix4(10, 9, 7, 7, 15)};
	const struct weft_prefix far = prefix4(8, 8, 8, 8, 32);

	WEFT_OPTS(weft_filter_opts, opts, .allow = allow, .allow_count = 2, .deny = deny,
		  .deny_count = 2);
	const struct {
		struct weft_prefix addr;
		bool is_wanted;
	} rows[] = {
		{prefix4(10, 255, 0, 1, 32), true},    {prefix4(192, 168, 9, 9, 32), true},
		{prefix4(192, 169, 0, 0, 32), false},  {prefix4(10, 1, 2, 3, 32), false},
		{prefix4(10, 1, 2, 2, 32), true},      {prefix4(10, 8, 0, 0, 32), false},
		{prefix4(10, 9, 255, 255, 32), false}, {prefix4(10, 10, 0, 0, 32), true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct wf_packet packet = packet_of(rows[i].addr, 1, far, 2);

		assert_int_equal(wants(&opts, &packet), rows[i].is_wanted);
		packet = packet_of(far, 1, rows[i].addr, 2);
		assert_int_equal(wants(&opts, &packet), rows[i].is_wanted);
	}
}

/* Many prefixes of many lengths agree with a comparison bit by bit. */
TEST(segment_filter_agrees_with_a_slow_search)
{
	static struct weft_prefix list[WEFT_FILTER_PREFIXES_MAX];
	uint32_t random = 1;

	for (size_t i = 0; i < WEFT_FILTER_PREFIXES_MAX; i++) {
		for (int at = 0; at < 16; at++)
			list[i].addr[at] =
				(uint8_t)((random = random * 1664525 + 1013904223) >> 30);
		list[i].bits = (uint8_t)(8 + (random >> 20) % 121);
	}
	WEFT_OPTS(weft_filter_opts, opts, .deny = list, .deny_count = WEFT_FILTER_PREFIXES_MAX);
	for (int round = 0; round < 200; round++) {
		struct weft_prefix addr = {{0}, 0}, zero = {{0xff}, 0};
		struct wf_packet packet;
		bool is_denied = false;

		for (int at = 0; at < 16; at++)
			addr.addr[at] = (uint8_t)((random = random * 1664525 + 1013904223) >> 30);
		for (size_t i = 0; i < WEFT_FILTER_PREFIXES_MAX; i++) {
			unsigned int same = 0;

			while (same < list[i].bits &&
			       !((addr.addr[same / 8] ^ list[i].addr[same / 8]) >> (7 - same % 8) &
				 1))
				same++;
			is_denied |= same == list[i].bits;
		}
		packet = packet_of(addr, 1, zero, 2);
		assert_int_equal(wants(&opts, &packet), !is_denied);
	}
}

TEST(segment_filter_sample_is_a_share_of_the_hashes)
{
	unsigned int wanted = 0;

	WEFT_OPTS(weft_filter_opts, opts, .sample = 0.25);
	for (uint32_t i = 0; i < 4000; i++) {
		struct wf_packet packet =
			packet_of(prefix4(1, 1, 1, 1, 32), 1, prefix4(2, 2, 2, 2, 32), 2);

		packet.hash = i * 0x01000193u;
		wanted += wants(&opts, &packet);
	}
	assert_in_range(wanted, 900, 1100);
}

TEST(segment_filter_joined_one_of_both_suffices)
{
	const struct weft_prefix host = prefix4(10, 0, 0, 1, 32);
	const uint16_t web = 80, mail = 25;

	WEFT_OPTS(weft_filter_opts, first, .ports = &web, .ports_count = 1);
	WEFT_OPTS(weft_filter_opts, second, .ports = &mail, .ports_count = 1);
	struct wf_packet packet = packet_of(host, 80, host, 1000);
	struct wf_segment_filter *a, *b, *both;

	assert_int_equal(wf_segment_filter_new(&first, &a), 0);
	assert_int_equal(wf_segment_filter_new(&second, &b), 0);
	both = wf_segment_filter_join(a, b);
	assert_true(wf_segment_filter_wants(both, &packet, 0));
	packet = packet_of(host, 1000, host, 25);
	assert_true(wf_segment_filter_wants(both, &packet, 0));
	packet = packet_of(host, 1000, host, 26);
	assert_false(wf_segment_filter_wants(both, &packet, 0));
	assert_null(wf_segment_filter_join(both, NULL)); /* NULL wants every segment */
}
