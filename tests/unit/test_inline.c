// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_inline.c - control calls that an inline callback makes: on a connection of its own worker
 * they take effect before the next segment, and no worker waits for itself.
 */
#include "unit/support/test.h"
#include "unit/support/handle_metrics.h"
#include "unit/support/packet_builder.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <weft/weft.h>

#include "packet/packet.h"

enum { CONNS = 64, SEGMENTS = 5, WAIT_MS = 20000, LOG_BYTES = 4096 };

#define START_NS 1700000000000000000ull

/* The action of the callback at the first DATA event to the server. */
enum deed { DO_SHUNT, DO_PASS, DO_END, DO_FILTER, DO_LIST };

static struct {
	struct weft *weft;
	enum deed deed;
	char log[LOG_BYTES];	/* what the callbacks write, on the workers' threads */
	char listed[LOG_BYTES]; /* what list() writes, on the thread of the test */
	uint64_t time_ns;
	_Atomic uint32_t failed;
	_Atomic uint32_t done;
} run;

/* Connections that a test has submitted so far. */
static _Atomic uint64_t submitted;

static void note(const char *text, uint64_t number)
{
	size_t used = strlen(run.log);

	snprintf(run.log + used, sizeof(run.log) - used, "%s %llu\n", text,
		 (unsigned long long)number);
}

static void note_view(const struct weft_flow_view *view, void *ctx)
{
	char *log = ctx;
	size_t used = strlen(log);
	const struct weft_flow_side *side = view->sides;

	assert_true(view->is_tracked);
	assert_string_equal(view->ifname, "");
	assert_int_equal(view->flow.interface, 0);
	assert_int_equal(view->flow.use, 1);
	assert_int_not_equal(view->flow.id, 0);
	snprintf(log + used, LOG_BYTES - used,
		 "%u %s at %llu to %llu ms: %llu/%llu %s, %llu/%llu %s\n", view->flow.src_port,
		 weft_flow_state_name(view->state),
		 (unsigned long long)(view->first_ns - START_NS) / 1000000,
		 (unsigned long long)(view->last_ns - START_NS) / 1000000,
		 (unsigned long long)side[0].packets, (unsigned long long)side[0].stream_bytes,
		 weft_flow_verdict_name(side[0].verdict), (unsigned long long)side[1].packets,
		 (unsigned long long)side[1].stream_bytes, weft_flow_verdict_name(side[1].verdict));
}

static void act(const struct weft_event *event)
{
	WEFT_OPTS(weft_filter_opts, filter, .expression = "port 81");
	WEFT_OPTS(weft_policy_opts, policy, .expression = "port 81", .depth_bytes = 5);
	uint32_t count = 0;

	switch (run.deed) {
	case DO_SHUNT:
		assert_int_equal(weft_flow_set(run.weft, event->flow, WEFT_FLOW_FROM_SRC,
					       WEFT_VERDICT_SHUNT, &count),
				 0);
		assert_int_equal(count, 1);
		return;
	case DO_PASS:
		assert_int_equal(weft_flow_set(run.weft, event->flow,
					       WEFT_FLOW_FROM_SRC | WEFT_FLOW_FROM_DST,
					       WEFT_VERDICT_PASS, NULL),
				 0);
		return;
	case DO_END:
		assert_int_equal(weft_flow_end(run.weft, event->flow), 0);
		return;
	case DO_FILTER:
		assert_int_equal(weft_policy_set(run.weft, &policy), 0);
		assert_int_equal(weft_filter_set(run.weft, &filter), 0);
		return;
	case DO_LIST:
		assert_int_equal(weft_flows_each(run.weft, NULL, note_view, run.log, NULL), 0);
		return;
	}
}

static int on_event(const struct weft_event *event, void *ctx)
{
	bool is_first = event->type == WEFT_EVENT_DATA && event->dir == WEFT_TO_SERVER &&
			event->data.off == 0 && event->flow->use == 1;

	if (event->type == WEFT_EVENT_DATA)
		note(event->dir == WEFT_TO_SERVER ? ">" : "<", event->data.len_bytes);
	else if (event->type == WEFT_EVENT_GAP)
		note(weft_gap_cause_name(event->gap.cause), event->gap.len_bytes);
	else if (event->type == WEFT_EVENT_CLOSE)
		note(weft_close_reason_name(event->close->reason),
		     event->close->counts[WEFT_TO_SERVER].packets);
	else
		note("open", event->flow->use);
	if (is_first)
		act(event);
	run.done += is_first;
	return 0;
}

static void start_with_memory(enum deed deed, uint32_t workers, weft_event_fn fn,
			      uint64_t memory_bytes)
{
	WEFT_OPTS(weft_opts, opts, .memory_max_bytes = memory_bytes, .workers = workers);
	WEFT_OPTS(weft_sub_opts, sub_opts, .inline_fn = fn);
	struct weft_sub *sub;

	memset(&run, 0, sizeof(run));
	run.deed = deed;
	run.time_ns = START_NS;
	assert_int_equal(weft_new(&opts, &run.weft), 0);
	assert_int_equal(weft_add_submit(run.weft, NULL), 0);
	assert_int_equal(weft_subscribe(run.weft, &sub_opts, &sub), 0);
	assert_int_equal(weft_start(run.weft), 0);
}

static void start(enum deed deed, uint32_t workers, weft_event_fn fn)
{
	start_with_memory(deed, workers, fn, 32 << 20);
}

static void finish(void)
{
	weft_stop(run.weft);
	assert_int_equal(weft_wait(run.weft, WAIT_MS), 0);
	assert_null(handle_open_ledger(run.weft));
	weft_free(run.weft);
}

/* Like finish(), but first checks that connections can't be listed after the workers have ended. */
static void finish_and_refuse(void)
{
	weft_stop(run.weft);
	assert_int_equal(weft_wait(run.weft, WAIT_MS), 0);
	assert_int_equal(weft_flows_each(run.weft, NULL, note_view, run.log, NULL), -ESHUTDOWN);
	finish();
}

static void submit(uint16_t port, bool from_server, uint16_t flags, uint32_t seq, uint32_t ack,
		   const char *data)
{
	static struct packet_builder pb;
	const struct pb_tcp tcp = {
		.src_port = from_server ? 80 : port,
		.dst_port = from_server ? port : 80,
		.seq = seq,
		.ack = ack,
		.flags = flags,
	};
	struct weft_packet packet;

	pb_segment(&pb, from_server ? "10.0.0.2" : "10.0.0.1",
		   from_server ? "10.0.0.1" : "10.0.0.2", &tcp, data, strlen(data));
	run.time_ns += 1000000;
	packet = (struct weft_packet){
		.bytes = pb.bytes, .cap_bytes = (uint32_t)pb.len_bytes, .time_ns = run.time_ns};
	assert_int_equal(weft_submit(run.weft, &packet, 1, WAIT_MS), 1);
}

static void shake_hands(uint16_t port, uint32_t isn)
{
	submit(port, false, WF_TCP_SYN, isn, 0, "");
	submit(port, true, WF_TCP_SYN | WF_TCP_ACK, 5000, isn + 1, "");
	submit(port, false, WF_TCP_ACK, isn + 1, 5001, "");
}

/* Each side sends SEGMENTS segments of 10 bytes. */
static void talk(uint16_t port, uint32_t isn)
{
	for (uint32_t i = 0; i < SEGMENTS; i++) {
		submit(port, false, WF_TCP_ACK, isn + 1 + i * 10, 5001 + i * 10, "0123456789");
		submit(port, true, WF_TCP_ACK, 5001 + i * 10, isn + 11 + i * 10, "abcdefghij");
	}
}

static void say_goodbye(uint16_t port, uint32_t isn)
{
	uint32_t end = isn + 1 + SEGMENTS * 10;
	uint32_t server_end = 5001 + SEGMENTS * 10;

	submit(port, false, WF_TCP_FIN | WF_TCP_ACK, end, server_end, "");
	submit(port, true, WF_TCP_FIN | WF_TCP_ACK, server_end, end + 1, "");
	submit(port, false, WF_TCP_ACK, end + 1, server_end + 1, "");
}

TEST(inline_shunt_keeps_the_rest_of_its_direction_back)
{
	start(DO_SHUNT, 1, on_event);
	shake_hands(1000, 1);
	talk(1000, 1);
	say_goodbye(1000, 1);
	finish();
	assert_string_equal(run.log, "open 1\n> 10\n< 10\n< 10\n< 10\n< 10\n< 10\n"
				     "shunted 40\nfin 9\n");
}

TEST(inline_pass_ignores_both_directions_and_the_end)
{
	start(DO_PASS, 1, on_event);
	shake_hands(1000, 1);
	talk(1000, 1);
	say_goodbye(1000, 1);
	shake_hands(1000, 900000);
	finish();
	assert_string_equal(run.log, "open 1\n> 10\nshutdown 11\n");
}

TEST(inline_end_closes_the_connection_at_once_and_for_good)
{
	start(DO_END, 1, on_event);
	shake_hands(1000, 1);
	talk(1000, 1);
	say_goodbye(1000, 1);
	finish();
	assert_string_equal(run.log, "open 1\n> 10\nprogram 3\n");
}

TEST(inline_end_leaves_the_next_connection_alone)
{
	start(DO_END, 1, on_event);
	shake_hands(1000, 1);
	talk(1000, 1);
	shake_hands(1000, 900000);
	submit(1000, false, WF_TCP_ACK, 900001, 5001, "0123456789");
	finish();
	assert_string_equal(run.log, "open 1\n> 10\nprogram 3\nopen 2\n> 10\nshutdown 3\n");
}

TEST(inline_filter_set_takes_effect_without_waiting_for_its_own_worker)
{
	start(DO_FILTER, 1, on_event);
	shake_hands(1000, 1);
	submit(1000, false, WF_TCP_ACK, 2, 5001, "0123456789");
	while (!run.done)
		;
	talk(1000, 1);
	finish();
	assert_string_equal(run.log, "open 1\n> 10\nshutdown 3\n");
}

TEST(inline_list_has_the_connection_of_the_event)
{
	start(DO_LIST, 1, on_event);
	shake_hands(1000, 1);
	submit(1000, false, WF_TCP_ACK, 2, 5001, "0123456789");
	finish();
	assert_string_equal(run.log, "open 1\n> 10\n1000 established at 1 to 4 ms: 3/10 steer, "
				     "1/0 steer\nshutdown 3\n");
}

/* ---- from another thread ------------------------------------------------------------------ */

static uint64_t list(const char *filter, enum weft_flow_sort sort, uint32_t max)
{
	WEFT_OPTS(weft_flow_query, query, .filter = filter, .sort = sort, .count_max = max);
	uint64_t total = 0;

	run.listed[0] = '\0';
	assert_int_equal(weft_flows_each(run.weft, &query, note_view, run.listed, &total), 0);
	return total;
}

static void wait_for(const char *metric, uint64_t value)
{
	while (handle_metric(run.weft, metric) < value)
		;
}

TEST(flows_each_lists_submitted_connections_of_all_workers)
{
	struct weft_flow flow = {.src_port = 1001, .dst_port = 80};

	memcpy(flow.src_addr, (uint8_t[16]){[10] = 255, 255, 10, 0, 0, 1}, 16);
	memcpy(flow.dst_addr, (uint8_t[16]){[10] = 255, 255, 10, 0, 0, 2}, 16);
	start(DO_FILTER, 3, NULL);
	assert_int_equal(list(NULL, WEFT_FLOW_SORT_BYTES, 0), 0);
	for (uint16_t port = 1000; port < 1000 + CONNS; port++) {
		shake_hands(port, 1);
		talk(port, 1);
	}
	say_goodbye(1000, 1);
	wait_for("flows_closed_flows", 1);
	wait_for("payload_delivered_bytes", CONNS * SEGMENTS * 20);
	assert_int_equal(
		weft_flow_set(run.weft, &flow, WEFT_FLOW_FROM_SRC, WEFT_VERDICT_SHUNT, NULL), 0);
	assert_int_equal(
		weft_flow_set(run.weft, &flow, WEFT_FLOW_FROM_DST, WEFT_VERDICT_PASS, NULL), 0);
	assert_int_equal(list(NULL, WEFT_FLOW_SORT_AGE, 2), CONNS - 1);
	assert_string_equal(run.listed,
			    "1001 established at 14 to 26 ms: 7/50 shunt, 6/50 pass\n"
			    "1002 established at 27 to 39 ms: 7/50 steer, 6/50 steer\n");
	assert_int_equal(list("port 1005", WEFT_FLOW_SORT_LAST, 0), 1);
	assert_string_equal(run.listed,
			    "1005 established at 66 to 78 ms: 7/50 steer, 6/50 steer\n");
	flow.src_port = 1005;
	assert_int_equal(weft_flow_end(run.weft, &flow), 0);
	assert_int_equal(list("port 1005", WEFT_FLOW_SORT_BYTES, 0), 0);
	finish_and_refuse();
}

TEST(flows_each_counts_no_bytes_beyond_a_bypass)
{
	start(DO_SHUNT, 1, on_event);
	shake_hands(1000, 1);
	talk(1000, 1);
	wait_for("payload_delivered_bytes", 10 + SEGMENTS * 10);
	assert_int_equal(list(NULL, WEFT_FLOW_SORT_BYTES, 0), 1);
	assert_string_equal(run.listed, "1000 established at 1 to 13 ms: 7/10 shunt, 6/50 steer\n");
	finish();
}

TEST(flows_each_reads_a_table_of_many_batches)
{
	enum { MANY = 3000 };

	start(DO_FILTER, 2, NULL);
	for (uint16_t port = 1000; port < 1000 + MANY; port++)
		shake_hands(port, 1);
	wait_for("flows_opened_flows", MANY);
	assert_int_equal(list(NULL, WEFT_FLOW_SORT_LAST, 1), MANY);
	assert_string_equal(run.listed,
			    "3999 established at 8998 to 9000 ms: 2/0 steer, 1/0 steer\n");
	finish();
}

static int ignore(const struct weft_event *event, void *ctx)
{
	return 0;
}

/* List connections until run.done; count lists that lack one that was open before, or have too
 * many. */
static void *list_again_and_again(void *ctx)
{
	WEFT_OPTS(weft_flow_query, query, .count_max = 1);
	uint32_t *lists = ctx;

	while (!run.done) {
		uint64_t opened = handle_metric(run.weft, "flows_opened_flows"), total = 0;

		run.listed[0] = '\0';
		if (weft_flows_each(run.weft, &query, note_view, run.listed, &total) ||
		    total < opened || total > atomic_load(&submitted))
			run.failed++;
		++*lists;
	}
	return NULL;
}

/* The table of the worker grows at 8,192 connections, which moves them to other buckets. */
TEST(flows_each_lists_all_connections_while_the_table_grows)
{
	enum { MANY = 12000 };
	uint32_t lists = 0;
	pthread_t lister;

	start_with_memory(DO_FILTER, 1, ignore, 512ull << 20);
	submitted = 0;
	assert_int_equal(pthread_create(&lister, NULL, list_again_and_again, &lists), 0);
	for (uint16_t port = 1000; port < 1000 + MANY; port++) {
		atomic_fetch_add(&submitted, 1);
		shake_hands(port, 1);
	}
	run.done = 1;
	assert_int_equal(pthread_join(lister, NULL), 0);
	assert_int_equal(run.failed, 0);
	assert_true(lists > 0);
	finish();
}

TEST(flow_set_and_end_of_submitted_packets_from_another_thread)
{
	struct weft_flow flow = {.src_port = 1000, .dst_port = 80};

	memcpy(flow.src_addr, (uint8_t[16]){[10] = 255, 255, 10, 0, 0, 1}, 16);
	memcpy(flow.dst_addr, (uint8_t[16]){[10] = 255, 255, 10, 0, 0, 2}, 16);
	start(DO_FILTER, 2, NULL);
	assert_int_equal(
		weft_flow_set(run.weft, &flow, WEFT_FLOW_FROM_SRC, WEFT_VERDICT_PASS, NULL),
		-ENOENT);
	assert_int_equal(weft_flow_end(run.weft, &flow), -ENOENT);
	shake_hands(1000, 1);
	while (!handle_metric(run.weft, "flows_opened_flows"))
		;
	assert_int_equal(
		weft_flow_set(run.weft, &flow, WEFT_FLOW_FROM_SRC, WEFT_VERDICT_PASS, NULL), 0);
	assert_int_equal(
		weft_flow_set(run.weft, &flow, WEFT_FLOW_FROM_SRC, WEFT_VERDICT_STEER, NULL), 0);
	assert_int_equal(weft_flow_end(run.weft, &flow), 0);
	assert_int_equal(weft_flow_end(run.weft, &flow), -ENOENT);
	assert_int_equal(handle_metric(run.weft, "flows_closed_flows"), 1);
	finish();
}

/* ---- many at the same time ----------------------------------------------------------------- */

/* Every callback sets the filter of all workers, and a verdict on its own connection. */
static int set_all(const struct weft_event *event, void *ctx)
{
	WEFT_OPTS(weft_filter_opts, filter, .expression = "port 80");

	if (event->type != WEFT_EVENT_DATA)
		return 0;
	if (weft_filter_set(run.weft, &filter) ||
	    weft_flow_set(run.weft, event->flow, WEFT_FLOW_FROM_SRC, WEFT_VERDICT_SHUNT, NULL))
		run.failed++;
	run.done++;
	return 0;
}

TEST(inline_calls_of_several_workers_do_not_wait_for_each_other)
{
	start(DO_FILTER, 3, set_all);
	for (uint16_t port = 1000; port < 1000 + CONNS; port++) {
		shake_hands(port, 1);
		submit(port, false, WF_TCP_ACK, 2, 5001, "0123456789");
	}
	finish();
	assert_int_equal(run.done, CONNS);
	assert_int_equal(run.failed, 0);
}
