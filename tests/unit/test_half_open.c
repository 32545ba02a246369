// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <string.h>

#include "base/clock.h"
#include "flow/half_open.h"
#include "memory/arena.h"
#include "memory/page_pool.h"
#include "metrics/metrics.h"

enum { CLIENT = 0, SERVER = 1, HANDSHAKES_MAX = 64, PER_SOURCE_MAX = 10 };

#define CLIENT_ISN 1000u
#define SERVER_ISN 5000u
#define START_NS   (100 * WF_NS_PER_SEC)

struct fixture {
	struct wf_arena *arena;
	struct wf_page_pool *pages;
	struct wf_metrics metrics;
	struct wf_half_open table;
	struct wf_packet packet;
	uint8_t payload[100];
};

static struct fixture fixture;

static int setup(void **state)
{
	const struct wf_page_pool_opts pages = {
		.small_bytes = 256, .medium_bytes = 1500, .large_bytes = 9000};
	const struct wf_half_open_opts opts = {
		.handshakes_max = HANDSHAKES_MAX,
		.per_source_max = PER_SOURCE_MAX,
		.timeout_ns = 30 * WF_NS_PER_SEC,
		.secret = {{1, 2, 3, 4}},
	};

	memset(&fixture, 0, sizeof(fixture));
	assert_int_equal(wf_arena_new(16 << 20, &fixture.arena), 0);
	assert_int_equal(wf_page_pool_new(fixture.arena, &pages, &fixture.metrics, &fixture.pages),
			 0);
	assert_int_equal(wf_half_open_init(&fixture.table, fixture.arena, &opts, fixture.pages,
					   &fixture.metrics),
			 0);
	fixture.packet.time_ns = START_NS;
	fixture.packet.link_bytes = 60;
	fixture.packet.window = 1000;
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_true(wf_half_open_is_valid(&fixture.table));
	wf_half_open_clear(&fixture.table);
	assert_int_equal(wf_source_count_sources(&fixture.table.sources), 0);
	assert_int_equal(wf_metric_get(&fixture.metrics, payload_held_bytes), 0);
	wf_half_open_fini(&fixture.table);
	wf_page_pool_free(fixture.pages);
	wf_arena_free(fixture.arena);
	return 0;
}

/* Sets the key: the source is 10.0.0.@host, port @port, and its endpoint is CLIENT. */
static void address(uint8_t host, uint16_t port)
{
	fixture.packet.key.addr[CLIENT][15] = host;
	fixture.packet.key.addr[SERVER][15] = 99;
	fixture.packet.key.port[CLIENT] = port;
	fixture.packet.key.port[SERVER] = 80;
	fixture.packet.hash = host * 65537u + port * 2654435761u;
}

static const struct wf_packet *segment(int from, uint32_t flags, uint32_t seq, uint32_t ack,
				       uint32_t len)
{
	fixture.packet.src = (uint8_t)from;
	fixture.packet.tcp_flags = (uint16_t)flags;
	fixture.packet.seq = seq;
	fixture.packet.ack = ack;
	fixture.packet.payload = fixture.payload;
	fixture.packet.payload_bytes = len;
	fixture.packet.payload_captured_bytes = len;
	return &fixture.packet;
}

static struct wf_handshake *handshake(void)
{
	return wf_half_open_find(&fixture.table, &fixture.packet.key, fixture.packet.hash);
}

static bool take(const struct wf_packet *packet)
{
	return wf_half_open_syn(&fixture.table, handshake(), packet);
}

static bool syn(uint32_t isn)
{
	return take(segment(CLIENT, WF_TCP_SYN, isn, 0, 0));
}

static bool syn_ack(uint32_t isn, uint32_t ack)
{
	return take(segment(SERVER, WF_TCP_SYN | WF_TCP_ACK, isn, ack, 0));
}

static enum wf_handshake_fit fits(int from, uint32_t seq, uint32_t ack, uint32_t len)
{
	return wf_handshake_fits(handshake(), segment(from, WF_TCP_ACK, seq, ack, len));
}

TEST_WITH(half_open_handshake_fits_its_third_segment, setup, teardown)
{
	address(1, 1025);
	assert_true(syn(CLIENT_ISN));
	assert_true(syn_ack(SERVER_ISN, CLIENT_ISN + 1));
	assert_int_equal(fits(CLIENT, CLIENT_ISN + 1, SERVER_ISN + 1, 0), WF_HANDSHAKE_FIT_BOTH);
	assert_int_equal(fits(CLIENT, CLIENT_ISN + 1, 77, 0), WF_HANDSHAKE_FIT_NONE);
	assert_int_equal(fits(CLIENT, CLIENT_ISN + (1u << 30), SERVER_ISN + 1, 0),
			 WF_HANDSHAKE_FIT_NONE);
}

TEST_WITH(half_open_one_sided_syn_fits_its_data, setup, teardown)
{
	address(1, 1025);
	syn(CLIENT_ISN);
	assert_int_equal(fits(CLIENT, CLIENT_ISN + 1, 777, 10), WF_HANDSHAKE_FIT_ALONE);
}

TEST_WITH(half_open_syn_ack_alone_shows_both_numbers, setup, teardown)
{
	struct wf_tcp_syn result;

	address(1, 1025);
	assert_true(syn_ack(SERVER_ISN, CLIENT_ISN + 1));
	assert_int_equal(handshake()->client, CLIENT);
	wf_handshake_syn(handshake(), CLIENT, &result);
	assert_true(result.known);
	assert_false(result.seen);
	assert_int_equal(result.isn_seq, CLIENT_ISN);
	assert_int_equal(fits(SERVER, SERVER_ISN + 1, CLIENT_ISN + 1, 10), WF_HANDSHAKE_FIT_BOTH);
}

TEST_WITH(half_open_syn_again_with_another_number_either_may_count, setup, teardown)
{
	address(1, 1025);
	syn(CLIENT_ISN);
	syn(CLIENT_ISN + 70000000);
	assert_true(syn_ack(SERVER_ISN, CLIENT_ISN + 1));
	assert_int_equal(handshake()->side[CLIENT].isn_seq, CLIENT_ISN);
	assert_int_equal(fits(CLIENT, CLIENT_ISN + 1, SERVER_ISN + 1, 0), WF_HANDSHAKE_FIT_BOTH);
}

TEST_WITH(half_open_syn_ack_again_with_another_number_the_acknowledged_counts, setup, teardown)
{
	address(1, 1025);
	syn(CLIENT_ISN);
	syn_ack(SERVER_ISN, CLIENT_ISN + 1);
	syn_ack(SERVER_ISN + 70000000, CLIENT_ISN + 1);
	assert_int_equal(fits(CLIENT, CLIENT_ISN + 1, SERVER_ISN + 1, 0), WF_HANDSHAKE_FIT_BOTH);
	assert_int_equal(handshake()->side[SERVER].isn_seq, SERVER_ISN);
}

TEST_WITH(half_open_syn_ack_of_another_syn_answers_nothing, setup, teardown)
{
	address(1, 1025);
	syn(CLIENT_ISN);
	assert_false(syn_ack(SERVER_ISN, CLIENT_ISN + 1234567));
	assert_true(handshake()->side[SERVER].flags & WF_HANDSHAKE_UNCONFIRMED);
	assert_false(handshake()->side[CLIENT].flags & WF_HANDSHAKE_ANSWERED);
	assert_false(handshake()->answered);
}

TEST_WITH(half_open_split_handshake_waits_for_the_second_syn, setup, teardown)
{
	address(1, 1025);
	syn(CLIENT_ISN);
	assert_int_equal(fits(SERVER, 12345, CLIENT_ISN + 1, 0), WF_HANDSHAKE_FIT_NONE);
	assert_true(take(segment(SERVER, WF_TCP_SYN, SERVER_ISN, 0, 0)));
	assert_true(take(segment(CLIENT, WF_TCP_SYN | WF_TCP_ACK, CLIENT_ISN, SERVER_ISN + 1, 0)));
	assert_int_equal(handshake()->client, CLIENT);
	assert_int_equal(fits(SERVER, SERVER_ISN + 1, CLIENT_ISN + 1, 0), WF_HANDSHAKE_FIT_BOTH);
}

TEST_WITH(half_open_simultaneous_open_fits, setup, teardown)
{
	address(1, 1025);
	syn(CLIENT_ISN);
	take(segment(SERVER, WF_TCP_SYN, SERVER_ISN, 0, 0));
	assert_int_equal(fits(CLIENT, CLIENT_ISN + 1, SERVER_ISN + 1, 10), WF_HANDSHAKE_FIT_BOTH);
}

TEST_WITH(half_open_reset_by_server_and_by_client, setup, teardown)
{
	address(1, 1025);
	syn(CLIENT_ISN);
	assert_true(wf_handshake_is_reset_by(
		handshake(), segment(SERVER, WF_TCP_RST | WF_TCP_ACK, 0, CLIENT_ISN + 1, 0)));
	assert_false(wf_handshake_is_reset_by(
		handshake(), segment(SERVER, WF_TCP_RST | WF_TCP_ACK, 0, CLIENT_ISN + 2, 0)));
	assert_true(wf_handshake_is_reset_by(handshake(),
					     segment(CLIENT, WF_TCP_RST, CLIENT_ISN + 1, 0, 0)));
	assert_false(wf_handshake_is_reset_by(handshake(),
					      segment(CLIENT, WF_TCP_RST, CLIENT_ISN + 9, 0, 0)));
}

TEST_WITH(half_open_only_the_old_are_over, setup, teardown)
{
	struct wf_handshake *over;
	int count = 0;

	for (uint8_t host = 1; host <= 10; host++) {
		address(host, 1025);
		syn(CLIENT_ISN);
		fixture.packet.time_ns += WF_NS_PER_SEC;
	}
	assert_null(wf_half_open_oldest_over(&fixture.table, START_NS + 30 * WF_NS_PER_SEC - 1));
	while ((over = wf_half_open_oldest_over(&fixture.table, START_NS + 34 * WF_NS_PER_SEC))) {
		assert_int_equal(over->key.addr[CLIENT][15], ++count);
		wf_half_open_remove(&fixture.table, over);
	}
	assert_int_equal(wf_half_open_count(&fixture.table), 5);
}

TEST_WITH(half_open_full_forgets_the_oldest, setup, teardown)
{
	for (uint8_t host = 0; host <= HANDSHAKES_MAX; host++) {
		address(host, 1025);
		assert_true(syn(CLIENT_ISN));
	}
	assert_int_equal(wf_half_open_count(&fixture.table), HANDSHAKES_MAX);
	assert_int_equal(wf_metric_get(&fixture.metrics, embryonic_evicted_flows), 1);
	address(0, 1025);
	assert_null(handshake());
	address(1, 1025);
	assert_non_null(handshake());
}

/* Adds @count half-open connections, each of another source, with or without a SYN-ACK. */
static void flood(uint8_t first_host, int count, bool answered)
{
	for (int i = 0; i < count; i++) {
		address((uint8_t)(first_host + i), 2000);
		assert_true(syn(CLIENT_ISN));
		if (answered)
			assert_true(syn_ack(SERVER_ISN, CLIENT_ISN + 1));
	}
}

TEST_WITH(half_open_unanswered_flood_leaves_answered_handshakes, setup, teardown)
{
	flood(1, 1, true);
	flood(100, HANDSHAKES_MAX + 10, false);
	assert_int_equal(wf_half_open_count(&fixture.table), HANDSHAKES_MAX);
	address(1, 2000);
	assert_non_null(handshake());
	address(100, 2000);
	assert_null(handshake());
}

TEST_WITH(half_open_answered_flood_leaves_half_to_others, setup, teardown)
{
	flood(1, HANDSHAKES_MAX / 2 - 1, false);
	flood(100, HANDSHAKES_MAX + 10, true);
	assert_int_equal(wf_half_open_count(&fixture.table), HANDSHAKES_MAX);
	address(1, 2000);
	assert_non_null(handshake());
	address(100, 2000);
	assert_null(handshake());
}

TEST_WITH(half_open_over_are_found_answered_or_not, setup, teardown)
{
	struct wf_handshake *over;
	int count = 0;

	flood(1, 3, false);
	flood(10, 3, true);
	while ((over = wf_half_open_oldest_over(&fixture.table, START_NS + 30 * WF_NS_PER_SEC))) {
		wf_half_open_remove(&fixture.table, over);
		count++;
	}
	assert_int_equal(count, 6);
}

TEST_WITH(half_open_one_source_is_limited_and_its_count_vanishes, setup, teardown)
{
	for (uint16_t port = 0; port < PER_SOURCE_MAX; port++) {
		address(1, port);
		assert_true(syn(CLIENT_ISN));
	}
	address(1, PER_SOURCE_MAX);
	assert_false(syn(CLIENT_ISN));
	assert_int_equal(wf_metric_get(&fixture.metrics, half_open_refused_flows), 1);
	address(2, 1);
	assert_true(syn(CLIENT_ISN));
	assert_int_equal(wf_source_count_sources(&fixture.table.sources), 2);
	wf_half_open_remove(&fixture.table, handshake());
	assert_int_equal(wf_source_count_sources(&fixture.table.sources), 1);
}

/* A source at its limit must not evict an entry of another source. */
TEST_WITH(half_open_source_at_its_limit_evicts_nothing, setup, teardown)
{
	flood(2, HANDSHAKES_MAX - PER_SOURCE_MAX, false);
	for (uint16_t port = 0; port < PER_SOURCE_MAX; port++) {
		address(1, port);
		assert_true(syn(CLIENT_ISN));
	}
	address(1, PER_SOURCE_MAX);
	assert_false(syn(CLIENT_ISN));
	assert_int_equal(wf_metric_get(&fixture.metrics, half_open_refused_flows), 1);
	assert_int_equal(wf_metric_get(&fixture.metrics, flows_refused_flows), 0);
	assert_int_equal(wf_metric_get(&fixture.metrics, embryonic_evicted_flows), 0);
	assert_int_equal(wf_half_open_count(&fixture.table), HANDSHAKES_MAX);
}

TEST_WITH(half_open_data_on_syn_counts_as_far_as_acknowledged, setup, teardown)
{
	struct wf_syn_data *data;

	address(1, 1025);
	take(segment(CLIENT, WF_TCP_SYN, CLIENT_ISN, 0, 100));
	assert_int_equal(wf_metric_get(&fixture.metrics, payload_held_bytes), 100);
	assert_true(syn_ack(SERVER_ISN, CLIENT_ISN + 101));
	data = wf_syn_data_find(&fixture.table.syn_data, handshake(), CLIENT,
				segment(CLIENT, WF_TCP_ACK, CLIENT_ISN + 101, SERVER_ISN + 1, 0));
	assert_int_equal(data->accepted_bytes, 100);
}

TEST_WITH(half_open_data_on_syn_not_acknowledged_is_dropped, setup, teardown)
{
	address(1, 1025);
	take(segment(CLIENT, WF_TCP_SYN, CLIENT_ISN, 0, 100));
	assert_true(syn_ack(SERVER_ISN, CLIENT_ISN + 1));
	assert_int_equal(wf_metric_get(&fixture.metrics, payload_held_bytes), 0);
	assert_int_equal(wf_metric_get(&fixture.metrics, payload_unaccepted_bytes), 100);
}

TEST_WITH(half_open_data_on_syn_one_sided_is_known_by_what_follows, setup, teardown)
{
	address(1, 1025);
	take(segment(CLIENT, WF_TCP_SYN, CLIENT_ISN, 0, 100));
	assert_int_equal(
		wf_syn_data_find(&fixture.table.syn_data, handshake(), CLIENT,
				 segment(CLIENT, WF_TCP_ACK, CLIENT_ISN + 1, SERVER_ISN + 1, 9))
			->accepted_bytes,
		0);
	assert_int_equal(
		wf_syn_data_find(&fixture.table.syn_data, handshake(), CLIENT,
				 segment(CLIENT, WF_TCP_ACK, CLIENT_ISN + 101, SERVER_ISN + 1, 9))
			->accepted_bytes,
		100);
}
