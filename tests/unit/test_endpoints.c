// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tests of endpoints/: the table of hosts, its limits and removals, the selection of hosts, a long
 * run of random events that is compared with a model, the tracker's intervals, and the tracker of a
 * handle.
 */
#include "unit/support/test.h"
#include "unit/support/handle_metrics.h"
#include "unit/support/packet_builder.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weft/weft.h>

#include "endpoints/endpoint_list.h"
#include "endpoints/endpoints_metrics.h"
#include "endpoints/pace.h"
#include "endpoints/table.h"
#include "endpoints/tracker.h"
#include "packet/packet.h"

enum { HOSTS_MAX = 8, SEC_NS = 1000000000 };

static struct wf_endpoints *table;

static int setup(void **state)
{
	assert_int_equal(wf_endpoints_new(HOSTS_MAX, &table), 0);
	return 0;
}

static int teardown(void **state)
{
	assert_true(wf_endpoints_is_valid(table));
	wf_endpoints_free(table);
	return 0;
}

static void set_addr(uint8_t addr[16], const char *text)
{
	memset(addr, 0, 16);
	if (inet_pton(AF_INET6, text, addr) == 1)
		return;
	addr[10] = addr[11] = 0xff;
	assert_int_equal(inet_pton(AF_INET, text, addr + 12), 1);
}

/* Open or close a connection at @sec, with the frame bytes 100 and 1000 at its end. */
static void event_at(enum weft_event_type type, const char *src, const char *dst, uint64_t sec)
{
	const struct weft_flow_record record = {.counts = {{.bytes = 100}, {.bytes = 1000}}};
	struct weft_flow flow = {.id = 1};
	struct weft_event event = {.type = type, .time_ns = sec * SEC_NS, .flow = &flow};

	set_addr(flow.src_addr, src);
	set_addr(flow.dst_addr, dst);
	if (type == WEFT_EVENT_CLOSE)
		event.close = &record;
	assert_int_equal(wf_endpoints_take(table, &event, 1, sec * SEC_NS), 0);
}

/* Return the host @text; its address is 0 if it is not in the table. */
static struct wf_endpoint host(const char *text)
{
	struct wf_endpoint hosts[HOSTS_MAX], none = {.seen_ns = 0};
	uint32_t position = 0;
	uint8_t addr[16];
	int64_t count = wf_endpoints_read(table, &position, hosts, HOSTS_MAX);

	set_addr(addr, text);
	for (int64_t i = 0; i < count; i++)
		if (!memcmp(hosts[i].addr, addr, sizeof(addr)))
			return hosts[i];
	return none;
}

static bool has(const char *text)
{
	return host(text).seen_ns != 0;
}

TEST_WITH(endpoints_open_and_close_count_at_both_hosts, setup, teardown)
{
	event_at(WEFT_EVENT_OPEN, "10.0.0.1", "10.0.0.2", 1);
	event_at(WEFT_EVENT_OPEN, "10.0.0.1", "2001:db8::1", 2);
	event_at(WEFT_EVENT_CLOSE, "10.0.0.1", "10.0.0.2", 3);
	assert_int_equal(host("10.0.0.1").open, 1);
	assert_int_equal(host("10.0.0.1").total, 2);
	assert_int_equal(host("10.0.0.1").as_client, 2);
	assert_int_equal(host("10.0.0.1").sent_bytes, 100);
	assert_int_equal(host("10.0.0.1").received_bytes, 1000);
	assert_int_equal(host("10.0.0.1").first_ns, 1ull * SEC_NS);
	assert_int_equal(host("10.0.0.1").last_ns, 3ull * SEC_NS);
	assert_int_equal(host("10.0.0.2").open, 0);
	assert_int_equal(host("10.0.0.2").as_client, 0);
	assert_int_equal(host("10.0.0.2").sent_bytes, 1000);
	assert_int_equal(host("2001:db8::1").total, 1);
}

TEST_WITH(endpoints_host_that_talks_to_itself_has_one_connection, setup, teardown)
{
	event_at(WEFT_EVENT_OPEN, "127.0.0.1", "127.0.0.1", 1);
	assert_int_equal(host("127.0.0.1").open, 1);
	event_at(WEFT_EVENT_CLOSE, "127.0.0.1", "127.0.0.1", 2);
	assert_int_equal(host("127.0.0.1").open, 0);
	assert_int_equal(host("127.0.0.1").total, 1);
	assert_int_equal(host("127.0.0.1").sent_bytes, 1100);
}

TEST_WITH(endpoints_close_of_an_unknown_host_counts_its_connection, setup, teardown)
{
	event_at(WEFT_EVENT_CLOSE, "10.0.0.1", "10.0.0.2", 1);
	assert_int_equal(host("10.0.0.1").open, 0);
	assert_int_equal(host("10.0.0.1").total, 1);
	assert_int_equal(host("10.0.0.1").as_client, 1);
	assert_int_equal(host("10.0.0.2").total, 1);
}

TEST_WITH(endpoints_at_the_limit_the_least_recently_seen_host_is_evicted, setup, teardown)
{
	struct wf_endpoints_counts counts;
	char text[16];

	for (int i = 1; i < HOSTS_MAX; i++) {
		snprintf(text, sizeof(text), "10.0.0.%d", i);
		event_at(WEFT_EVENT_OPEN, text, "10.0.1.1", (uint64_t)i);
	}
	event_at(WEFT_EVENT_CLOSE, "10.0.0.1", "10.0.1.1", 50);
	event_at(WEFT_EVENT_OPEN, "10.0.0.100", "10.0.1.1", 51);
	wf_endpoints_counts(table, &counts);
	assert_int_equal(counts.hosts, HOSTS_MAX);
	assert_int_equal(counts.evicted, 1);
	assert_true(has("10.0.0.1"));
	assert_false(has("10.0.0.2"));
	assert_true(has("10.0.0.100"));
}

TEST_WITH(endpoints_host_expires_unless_a_connection_is_open, setup, teardown)
{
	event_at(WEFT_EVENT_OPEN, "10.0.0.1", "10.0.0.2", 1);
	event_at(WEFT_EVENT_OPEN, "10.0.0.3", "10.0.0.4", 2);
	event_at(WEFT_EVENT_CLOSE, "10.0.0.3", "10.0.0.4", 3);
	event_at(WEFT_EVENT_CLOSE, "10.0.0.5", "10.0.0.6", 10);
	assert_int_equal(wf_endpoints_expire(table, 12ull * SEC_NS, 0), 0);
	assert_int_equal(wf_endpoints_expire(table, 12ull * SEC_NS, 9ull * SEC_NS), 2);
	assert_true(has("10.0.0.1"));
	assert_false(has("10.0.0.3"));
	assert_true(has("10.0.0.5"));
}

TEST_WITH(endpoints_host_with_a_lost_end_expires, setup, teardown)
{
	event_at(WEFT_EVENT_OPEN, "10.0.0.1", "10.0.0.2", 1);
	event_at(WEFT_EVENT_DROP, "10.0.0.1", "10.0.0.2", 2);
	assert_int_equal(wf_endpoints_expire(table, 12ull * SEC_NS, 9ull * SEC_NS), 2);
	assert_false(has("10.0.0.1"));
}

TEST_WITH(endpoints_host_is_removed_by_its_address, setup, teardown)
{
	uint8_t addr[16];

	set_addr(addr, "10.0.0.1");
	assert_int_equal(wf_endpoints_remove(table, addr), -ENOENT);
	event_at(WEFT_EVENT_OPEN, "10.0.0.1", "10.0.0.2", 1);
	assert_int_equal(wf_endpoints_remove(table, addr), 0);
	assert_false(has("10.0.0.1"));
	assert_true(has("10.0.0.2"));
}

/* ---- the selection ---- */

/* Select hosts, and compare their addresses with @expected, separated by spaces. */
static void assert_selected(const struct wf_endpoint_query *query, const char *expected,
			    uint64_t expected_total)
{
	char text[WEFT_ADDR_TEXT_BYTES], got[256] = "";
	struct wf_endpoint *hosts;
	uint64_t total;
	int64_t count = wf_endpoint_list_new(table, query, &hosts, &total);

	assert_true(count >= 0);
	for (int64_t i = 0; i < count; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s", i ? " " : "",
			 weft_addr_text(hosts[i].addr, text));
	free(hosts);
	assert_string_equal(got, expected);
	assert_int_equal(total, expected_total);
}

TEST_WITH(endpoint_list_is_sorted_and_cut, setup, teardown)
{
	struct wf_endpoint_query query = {.max = 2};

	event_at(WEFT_EVENT_OPEN, "10.0.0.9", "10.0.0.10", 1);
	event_at(WEFT_EVENT_OPEN, "2001:db8::1", "10.0.0.10", 2);
	event_at(WEFT_EVENT_CLOSE, "10.0.0.9", "10.0.0.10", 3);
	query.sort = WF_ENDPOINT_SORT_CONNECTIONS;
	assert_selected(&query, "10.0.0.10 10.0.0.9", 3);
	query.sort = WF_ENDPOINT_SORT_OPEN;
	assert_selected(&query, "10.0.0.10 2001:db8::1", 3);
	query.sort = WF_ENDPOINT_SORT_FIRST;
	assert_selected(&query, "10.0.0.9 10.0.0.10", 3);
	query.max = 3;
	query.sort = WF_ENDPOINT_SORT_LAST;
	assert_selected(&query, "10.0.0.9 10.0.0.10 2001:db8::1", 3);
	query.sort = WF_ENDPOINT_SORT_BYTES;
	assert_selected(&query, "10.0.0.9 10.0.0.10 2001:db8::1", 3);
	query.sort = WF_ENDPOINT_SORT_ADDRESS;
	assert_selected(&query, "10.0.0.9 10.0.0.10 2001:db8::1", 3);
}

TEST_WITH(endpoint_list_has_only_hosts_with_the_prefix, setup, teardown)
{
	struct wf_endpoint_query query = {.max = 1, .sort = WF_ENDPOINT_SORT_ADDRESS};

	event_at(WEFT_EVENT_OPEN, "10.0.0.63", "10.0.0.64", 1);
	event_at(WEFT_EVENT_OPEN, "10.0.0.65", "2001:db8::1", 2);
	set_addr(query.prefix.addr, "10.0.0.64");
	query.prefix.bits = 96 + 31;
	assert_selected(&query, "10.0.0.64", 2);
	query.prefix.bits = 128;
	assert_selected(&query, "10.0.0.64", 1);
	query.prefix.bits = 96;
	assert_selected(&query, "10.0.0.63", 3);
}

/* ---- random events ---- */

enum { MODEL_HOSTS = 40, MODEL_CONNS = 500, MODEL_STEPS = 20000 };

/* A table that is large enough has the counts of a model that knows every connection. */
TEST(endpoints_counts_equal_those_of_a_model)
{
	uint32_t opened[MODEL_HOSTS] = {0}, open[MODEL_HOSTS] = {0};
	uint8_t conns[MODEL_CONNS][2];
	uint32_t conns_count = 0;
	char texts[MODEL_HOSTS][32];
	uint64_t sum = 0, hosts = 0;
	struct wf_endpoint *list;

	srandom(7);
	assert_int_equal(wf_endpoints_new(MODEL_HOSTS, &table), 0);
	for (int i = 0; i < MODEL_HOSTS; i++)
		snprintf(texts[i], sizeof(texts[i]), i % 2 ? "10.1.0.%d" : "2001:db8::%x", i);
	for (int step = 0; step < MODEL_STEPS; step++) {
		uint32_t i = (uint32_t)random() % MODEL_CONNS;
		bool opens = i >= conns_count && conns_count < MODEL_CONNS;
		uint8_t *conn = conns[opens ? conns_count : i % conns_count];

		if (opens) {
			conn[0] = (uint8_t)(random() % MODEL_HOSTS);
			conn[1] = (uint8_t)((conn[0] + 1 + random() % (MODEL_HOSTS - 1)) %
					    MODEL_HOSTS);
			conns_count++;
		}
		event_at(opens ? WEFT_EVENT_OPEN : WEFT_EVENT_CLOSE, texts[conn[0]], texts[conn[1]],
			 (uint64_t)step + 1);
		for (int side = 0; side < 2; side++) {
			opened[conn[side]] += opens;
			open[conn[side]] += opens ? 1 : -1u;
		}
		if (!opens)
			memmove(conn, conns[--conns_count], sizeof(conns[0]));
	}
	assert_true(wf_endpoints_is_valid(table));
	assert_true(wf_endpoint_list_new(table, &(struct wf_endpoint_query){.max = MODEL_HOSTS},
					 &list, &hosts) == MODEL_HOSTS);
	for (uint64_t i = 0; i < hosts; i++)
		for (int j = 0; j < MODEL_HOSTS; j++) {
			uint8_t addr[16];

			set_addr(addr, texts[j]);
			if (memcmp(addr, list[i].addr, sizeof(addr)))
				continue;
			assert_int_equal(list[i].total, opened[j]);
			assert_int_equal(list[i].open, open[j]);
			sum += list[i].total;
		}
	assert_true(sum > MODEL_STEPS / 4);
	free(list);
	wf_endpoints_free(table);
}

/* A small table stays within its limit, whatever happens. */
TEST_WITH(endpoints_table_stays_valid_at_its_limit, setup, teardown)
{
	struct wf_endpoints_counts counts;
	char texts[2][16];

	srandom(11);
	for (int step = 1; step < 5000; step++) {
		uint8_t addr[16];

		for (int side = 0; side < 2; side++)
			snprintf(texts[side], sizeof(texts[side]), "10.0.%d.%d", side,
				 (int)(random() % 12));
		set_addr(addr, texts[0]);
		if (random() % 16 == 0)
			wf_endpoints_remove(table, addr);
		else
			event_at(random() % 2 ? WEFT_EVENT_OPEN : WEFT_EVENT_CLOSE, texts[0],
				 texts[1], (uint64_t)step);
		if (random() % 64 == 0)
			wf_endpoints_expire(table, (uint64_t)step * SEC_NS, 3ull * SEC_NS);
		assert_true(wf_endpoints_is_valid(table));
	}
	wf_endpoints_counts(table, &counts);
	assert_true(counts.hosts <= HOSTS_MAX && counts.evicted && counts.removed &&
		    counts.expired);
}

/* ---- the pace ---- */

enum { GOAL = 100 };

/* Simulate runs for @ms at @rate events per ms. Return: the number of events of the last run. */
static uint64_t run_at(struct wf_pace *pace, uint64_t *now_ns, uint64_t ms, uint64_t rate)
{
	uint64_t end_ns = *now_ns + ms * WF_NS_PER_MS, taken = 0;

	while (*now_ns < end_ns) {
		uint64_t next_ns;

		taken = (*now_ns - pace->last_ns) * rate / WF_NS_PER_MS;
		next_ns = wf_pace_next(pace, *now_ns, taken, GOAL);
		assert_in_range(next_ns - *now_ns, WF_PACE_MIN_NS, WF_PACE_MAX_NS);
		*now_ns = next_ns;
	}
	return taken;
}

TEST(pace_runs_take_about_the_goal_at_any_rate)
{
	struct wf_pace pace = {.last_ns = SEC_NS};
	uint64_t now_ns = SEC_NS;

	for (uint64_t rate = 3; rate <= 96; rate *= 2)
		assert_in_range(run_at(&pace, &now_ns, 500, rate), GOAL - rate, GOAL);
	assert_int_equal(run_at(&pace, &now_ns, 100, 1000), 1000); /* at the shortest interval */
}

TEST(pace_grows_step_by_step_to_the_longest_interval)
{
	struct wf_pace pace = {.last_ns = SEC_NS};
	uint64_t now_ns = SEC_NS, next_ns;

	run_at(&pace, &now_ns, 100, 50); /* interval 2 ms */
	for (uint64_t ms = 4; ms <= 32; ms *= 2) {
		next_ns = wf_pace_next(&pace, now_ns, 0, GOAL);
		assert_int_equal(next_ns - now_ns, ms * WF_NS_PER_MS);
		now_ns = next_ns;
	}
	assert_int_equal(wf_pace_next(&pace, now_ns, 0, GOAL) - now_ns, WF_PACE_MAX_NS);
}

/* ---- the tracker ---- */

static struct weft *weft;

static void submit(uint16_t port, uint8_t flags, const char *data)
{
	static struct packet_builder pb;
	const struct pb_tcp tcp = {.src_port = port, .dst_port = 80, .seq = 1, .flags = flags};
	struct weft_packet packet = {.bytes = pb.bytes, .time_ns = 1700000000000000000ull};

	pb_segment(&pb, "10.0.0.1", "10.0.0.2", &tcp, data, (uint32_t)strlen(data));
	packet.cap_bytes = (uint32_t)pb.len_bytes;
	assert_int_equal(weft_submit(weft, &packet, 1, -1), 1);
}

TEST(tracker_fills_the_table_and_frees_its_memory)
{
	WEFT_OPTS(weft_opts, opts, .memory_max_bytes = 32 << 20, .workers = 2);
	const struct wf_tracker_opts tracker_opts = {.hosts_max = 1000000, .ttl_sec = 60};
	struct wf_endpoints_counts counts;
	struct wf_tracker *tracker;

	assert_int_equal(weft_new(&opts, &weft), 0);
	assert_int_equal(weft_add_submit(weft, NULL), 0);
	assert_int_equal(wf_tracker_open(weft, &tracker_opts, &tracker), 0);
	table = wf_tracker_table(tracker);
	wf_endpoints_counts(table, &counts);
	assert_true(wf_endpoints_bytes((uint32_t)counts.hosts_max) <=
		    (32u << 20) / WF_TRACKER_MEMORY_PARTS);
	assert_true(counts.hosts_max > 2000);
	assert_int_equal(weft_start(weft), 0);
	assert_int_equal(wf_tracker_start(tracker), 0);
	for (uint16_t port = 1; port <= 50; port++)
		submit(port, WF_TCP_ACK, "data");
	submit(1000, WF_TCP_SYN, ""); /* half-open: no event */
	while (host("10.0.0.1").open < 50)
		poll(NULL, 0, 1);
	assert_int_equal(host("10.0.0.2").open, 50);
	weft_stop(weft);
	assert_int_equal(weft_wait(weft, -1), 0);
	while (host("10.0.0.1").open)
		poll(NULL, 0, 1);
	assert_int_equal(host("10.0.0.1").total, 50);
	assert_true(handle_metric(weft, "memory_state_bytes") >= counts.hosts_max * 64);
	wf_tracker_stop(tracker);
	weft_free(weft);
	wf_tracker_free(tracker);
}

TEST_WITH(endpoints_metrics_are_printed, setup, teardown)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	event_at(WEFT_EVENT_OPEN, "10.0.0.1", "10.0.0.2", 1);
	wf_endpoints_metrics_print(table, out);
	fclose(out);
	assert_non_null(strstr(text, "\nweft_endpoints 2\n"));
	assert_non_null(strstr(text, "\nweft_endpoints_limit 8\n"));
	free(text);
}
