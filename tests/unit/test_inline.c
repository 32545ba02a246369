// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_inline.c - control calls that an inline callback makes: on a connection of its own worker
 * they take effect before the next segment, and no worker waits for itself.
 */
#include "unit/support/test.h"
#include "unit/support/handle_metrics.h"
#include "unit/support/packet_builder.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <weft/weft.h>

#include "packet/packet.h"

enum { CONNS = 64, SEGMENTS = 5, WAIT_MS = 20000, LOG_BYTES = 4096 };

#define START_NS 1700000000000000000ull

/* What the callback does at the first DATA event to the server. */
enum deed { DO_SHUNT, DO_PASS, DO_END, DO_FILTER };

static struct {
	struct weft *weft;
	enum deed deed;
	char log[LOG_BYTES];
	uint64_t time_ns;
	_Atomic uint32_t failed;
	_Atomic uint32_t done;
} run;

static void note(const char *text, uint64_t number)
{
	size_t used = strlen(run.log);

	snprintf(run.log + used, sizeof(run.log) - used, "%s %llu\n", text,
		 (unsigned long long)number);
}

static void take_view(const struct weft_flow_view *view, void *ctx)
{
}

static void act(const struct weft_event *event)
{
	WEFT_OPTS(weft_filter_opts, filter, .expression = "port 81");
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
		assert_int_equal(weft_filter_set(run.weft, &filter), 0);
		assert_int_equal(weft_flows_each(run.weft, NULL, take_view, NULL, NULL), -ENODEV);
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

static void start(enum deed deed, uint32_t workers, weft_event_fn fn)
{
	WEFT_OPTS(weft_opts, opts, .memory_max_bytes = 32 << 20, .workers = workers);
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

static void finish(void)
{
	weft_stop(run.weft);
	assert_int_equal(weft_wait(run.weft, WAIT_MS), 0);
	assert_null(handle_open_ledger(run.weft));
	weft_free(run.weft);
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

/* ---- from another thread ------------------------------------------------------------------ */

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
