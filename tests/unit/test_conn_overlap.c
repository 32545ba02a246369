// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_conn_overlap.c - which policy decides about overlapping data, and which anomalies are
 * reported.
 */
#include "unit/support/test.h"
#include "unit/support/rig.h"

#include <arpa/inet.h>
#include <string.h>

#include "packet/packet.h"

static struct rig rig;

#define ACK (WF_TCP_ACK | WF_TCP_PSH)

static struct weft_overlap_rule rule(const char *addr, uint8_t bits, enum weft_overlap policy)
{
	struct weft_overlap_rule made = {.prefix.bits = bits, .policy = policy};

	if (strchr(addr, ':')) {
		assert_int_equal(inet_pton(AF_INET6, addr, made.prefix.addr), 1);
		return made;
	}
	memset(made.prefix.addr + 10, 0xff, 2);
	assert_int_equal(inet_pton(AF_INET, addr, made.prefix.addr + 12), 1);
	made.prefix.bits = (uint8_t)(96 + bits);
	return made;
}

static void start(const struct weft_overlap_rule *rules, size_t count, enum weft_overlap policy,
		  enum weft_deliver deliver)
{
	WEFT_OPTS(weft_opts, opts, .overlap = policy, .deliver = deliver);

	opts.overlap_rules = rules;
	opts.overlap_rules_count = count;
	rig_start(&rig, &opts);
}

/*
 * Sends two different copies of the same bytes behind a hole; the policy decides which copy is
 * delivered.
 */
static void contest(enum rig_side from)
{
	rig_segment(&rig, from, ACK, 3, 0, "AAAA");
	rig_segment(&rig, from, ACK, 3, 0, "BBBB");
	rig_segment(&rig, from, ACK, 0, 0, "one");
}

static void assert_streams(const char *to_server, const char *to_client)
{
	assert_string_equal(rig.stream[WEFT_TO_SERVER], to_server);
	assert_string_equal(rig.stream[WEFT_TO_CLIENT], to_client);
	rig_stop(&rig);
}

TEST(overlap_default_is_for_both_directions)
{
	start(NULL, 0, WEFT_OVERLAP_LAST, WEFT_DELIVER_ARRIVAL);
	rig_handshake(&rig);
	contest(RIG_CLIENT);
	contest(RIG_SERVER);
	assert_streams("oneBBBB", "oneBBBB");
}

TEST(overlap_by_prefix_is_that_of_the_receiver)
{
	const struct weft_overlap_rule rules[] = {rule("10.0.0.2", 32, WEFT_OVERLAP_LAST)};

	start(rules, 1, WEFT_OVERLAP_FIRST, WEFT_DELIVER_ARRIVAL);
	rig_handshake(&rig);
	contest(RIG_CLIENT);
	contest(RIG_SERVER);
	assert_streams("oneBBBB", "oneAAAA");
}

TEST(overlap_of_several_prefixes_the_longest_decides)
{
	const struct weft_overlap_rule rules[] = {
		rule("10.0.0.0", 8, WEFT_OVERLAP_FIRST),
		rule("10.0.0.0", 24, WEFT_OVERLAP_LAST),
		rule("10.0.0.0", 16, WEFT_OVERLAP_FIRST),
		rule("10.0.0.1", 32, WEFT_OVERLAP_FIRST),
	};

	start(rules, 4, WEFT_OVERLAP_FIRST, WEFT_DELIVER_ARRIVAL);
	rig_handshake(&rig);
	contest(RIG_CLIENT);
	contest(RIG_SERVER);
	assert_streams("oneBBBB", "oneAAAA");
}

/* 10.0.0.2 is in 10.0.0.2/31, 10.0.0.1 is not. */
TEST(overlap_prefix_may_end_within_a_byte)
{
	const struct weft_overlap_rule rules[] = {rule("10.0.0.2", 31, WEFT_OVERLAP_LAST)};

	start(rules, 1, WEFT_OVERLAP_FIRST, WEFT_DELIVER_ARRIVAL);
	rig_handshake(&rig);
	contest(RIG_CLIENT);
	contest(RIG_SERVER);
	assert_streams("oneBBBB", "oneAAAA");
}

TEST(overlap_prefix_of_ipv6_is_not_for_ipv4)
{
	const struct weft_overlap_rule rules[] = {rule("2001:db8::", 32, WEFT_OVERLAP_LAST)};

	start(rules, 1, WEFT_OVERLAP_FIRST, WEFT_DELIVER_ARRIVAL);
	rig_handshake(&rig);
	contest(RIG_CLIENT);
	assert_streams("oneAAAA", "");
}

TEST(overlap_by_prefix_of_ipv6)
{
	const struct weft_overlap_rule rules[] = {rule("2001:db8:0:2::", 64, WEFT_OVERLAP_LAST)};

	start(rules, 1, WEFT_OVERLAP_FIRST, WEFT_DELIVER_ARRIVAL);
	rig.addr[RIG_CLIENT] = "2001:db8:0:1::1";
	rig.addr[RIG_SERVER] = "2001:db8:0:2::1";
	rig_handshake(&rig);
	contest(RIG_CLIENT);
	contest(RIG_SERVER);
	assert_streams("oneBBBB", "oneAAAA");
}

TEST(overlap_by_prefix_is_for_midstream_and_acked_too)
{
	const struct weft_overlap_rule rules[] = {rule("10.0.0.2", 32, WEFT_OVERLAP_LAST)};

	start(rules, 1, WEFT_OVERLAP_FIRST, WEFT_DELIVER_ACKED);
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "zero");
	rig_segment(&rig, RIG_SERVER, ACK, 0, 4, "nought");
	rig_wait_ms(&rig, WEFT_START_PATIENCE_MS + 1);
	rig_segment(&rig, RIG_CLIENT, ACK, 7, 6, "AAAA");
	rig_segment(&rig, RIG_CLIENT, ACK, 7, 6, "BBBB");
	rig_segment(&rig, RIG_CLIENT, ACK, 4, 6, "one");
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 6, 11, NULL);
	assert_streams("zerooneBBBB", "nought");
}

/*
 * The receiver has the hole's data, which the tap captures later: acknowledged data behind the hole
 * is final.
 */
TEST(overlap_behind_a_hole_never_changes_what_was_acknowledged)
{
	start(NULL, 0, WEFT_OVERLAP_LAST, WEFT_DELIVER_ARRIVAL);
	rig_handshake(&rig);
	rig_segment(&rig, RIG_CLIENT, ACK, 3, 0, "AAAA");
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, 5, NULL);
	rig_segment(&rig, RIG_CLIENT, ACK, 3, 0, "BBBB");
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "one");
	assert_streams("oneAABB", "");
}

/*
 * Earlier bytes are captured after the first segment, and a hole lies between them. The segment is
 * therefore not the start of the stream, and its bytes are not final.
 */
TEST(overlap_of_what_was_first_seen_is_open_once_its_start_moved_back)
{
	start(NULL, 0, WEFT_OVERLAP_LAST, WEFT_DELIVER_ARRIVAL);
	rig_segment(&rig, RIG_CLIENT, ACK, 5, 0, "AAAA");
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "on");
	rig_segment(&rig, RIG_CLIENT, ACK, 5, 0, "BBBB");
	rig_segment(&rig, RIG_CLIENT, ACK, 2, 0, "ce ");
	rig_wait_ms(&rig, WEFT_START_PATIENCE_MS + 1);
	assert_streams("once BBBB", "");
}

TEST(overlap_in_order_never_changes_while_it_waits_for_its_acknowledgement)
{
	start(NULL, 0, WEFT_OVERLAP_LAST, WEFT_DELIVER_ACKED);
	rig_handshake(&rig);
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "AAAA");
	rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "BBBB");
	assert_string_equal(rig_log(&rig), "open\n> anomaly overlap_conflict\n");
	rig_segment(&rig, RIG_SERVER, WF_TCP_ACK, 0, 4, NULL);
	assert_streams("AAAA", "");
}

/*
 * Three segments overlap. Depending on the policy, the third is compared with the remaining parts
 * of the first two, or with both whole segments.
 */
TEST(overlap_of_three_is_not_that_of_their_pairs)
{
	static const struct {
		enum weft_overlap policy;
		const char *stream;
	} rows[] = {
		{WEFT_OVERLAP_BSD, "-AAAANNNN"},
		{WEFT_OVERLAP_LINUX, "-AAAABBNN"},
		{WEFT_OVERLAP_LAST, "-AABNNNNN"},
		{WEFT_OVERLAP_FIRST, "-AAAABBNN"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start(NULL, 0, rows[i].policy, WEFT_DELIVER_ARRIVAL);
		rig_handshake(&rig);
		rig_segment(&rig, RIG_CLIENT, ACK, 1, 0, "AAAA");
		rig_segment(&rig, RIG_CLIENT, ACK, 3, 0, "BBBB");
		rig_segment(&rig, RIG_CLIENT, ACK, 4, 0, "NNNNN");
		rig_segment(&rig, RIG_CLIENT, ACK, 0, 0, "-");
		assert_streams(rows[i].stream, "");
	}
}
