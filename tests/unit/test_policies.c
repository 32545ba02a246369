// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_policies.c - 16 subscriptions of one handle, each overflow policy twice: the events that a
 * consumer received and the losses that were reported to it add up to the events sent.
 *
 * The packets are submitted: long connections, whose segments are interleaved, and short ones,
 * which fill queues with OPEN and CLOSE.
 */
#include "unit/support/test.h"
#include "unit/support/handle_metrics.h"
#include "unit/support/packet_builder.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include <weft/weft.h>

#include "packet/packet.h"

enum {
	LONG = 32,
	SHORT = 600,
	CONNS = LONG + SHORT,
	CHUNK = 600,
	CHUNKS = 100, /* chunks of a long connection, which fit in one unscaled window */
	FIRST_PORT = 2000,
	READERS = 12,
	EVENTS = 64,
	VISITS = 1000, /* number of times that one consumer subscribes and unsubscribes */
	WAIT_MS = 240000,
};

#define START_NS     1700000000000000000ull
#define TOTAL_BYTES  ((uint64_t)LONG * CHUNKS * CHUNK + (uint64_t)SHORT * CHUNK)
/* OPEN, DATA and CLOSE */
#define TOTAL_EVENTS ((uint64_t)LONG * (CHUNKS + 2) + SHORT * 3ull)

static uint8_t byte_at(uint32_t conn, uint64_t off)
{
	return (uint8_t)(off * 7 + off / 251 + conn * 31);
}

/* ---- a consumer ---- */

struct conn {
	bool is_open;
	uint32_t opens, closes;
	uint64_t next;
};

struct consumer {
	const char *name;
	enum weft_overflow overflow;
	uint32_t pause_us; /* pause between two polls */
	struct weft_sub *sub;
	pthread_t thread;
	uint64_t events, bytes;
	uint64_t lost_events, lost_bytes; /* losses that DROP events reported */
	uint64_t lost_closes, unseen;
	uint64_t wrong;
	struct conn conns[CONNS];
};

static uint32_t conn_of(const struct weft_flow *flow)
{
	return (uint32_t)(flow->dst_port == 80 ? flow->src_port : flow->dst_port) - FIRST_PORT;
}

static void take_drop(struct consumer *consumer, const struct weft_event *event)
{
	struct conn *conn;

	consumer->lost_events += event->drop.events;
	consumer->lost_bytes += event->drop.data_bytes;
	consumer->lost_closes += event->drop.closes;
	consumer->unseen += event->drop.connections;
	if (!event->flow)
		return;
	conn = &consumer->conns[conn_of(event->flow)];
	consumer->wrong += !conn->is_open || event->drop.off < conn->next ||
			   event->drop.len_bytes != event->drop.data_bytes;
	conn->next = event->drop.off + event->drop.len_bytes;
}

static void take_data(struct consumer *consumer, struct conn *conn, const struct weft_event *event)
{
	uint32_t index = conn_of(event->flow);

	consumer->bytes += event->data.len_bytes;
	/* If bytes are missing without a DROP of the connection, a sum must have counted them. */
	consumer->wrong += !conn->is_open || event->data.off < conn->next;
	if (!consumer->lost_bytes)
		consumer->wrong += event->data.off != conn->next;
	conn->next = event->data.off + event->data.len_bytes;
	for (uint32_t i = 0; i < event->data.len_bytes; i++)
		consumer->wrong += event->data.bytes[i] != byte_at(index, event->data.off + i);
}

static int take(const struct weft_event *event, void *ctx)
{
	struct consumer *consumer = ctx;
	struct conn *conn;

	if (event->type == WEFT_EVENT_DROP) {
		take_drop(consumer, event);
		return 0;
	}
	conn = &consumer->conns[conn_of(event->flow)];
	consumer->events++;
	switch (event->type) {
	case WEFT_EVENT_OPEN:
		consumer->wrong += conn->is_open;
		conn->is_open = true;
		conn->opens++;
		conn->next = event->open.off[WEFT_TO_SERVER];
		break;
	case WEFT_EVENT_DATA:
		take_data(consumer, conn, event);
		break;
	case WEFT_EVENT_CLOSE:
		consumer->wrong += !conn->is_open;
		conn->is_open = false;
		conn->closes++;
		break;
	default:
		consumer->wrong++;
	}
	return 0;
}

static void *read_all(void *ctx)
{
	struct consumer *consumer = ctx;
	const struct timespec pause = {.tv_nsec = (long)consumer->pause_us * 1000};
	struct weft_event events[EVENTS];
	int count;

	while ((count = weft_sub_poll(consumer->sub, events, EVENTS, -1)) >= 0) {
		for (int i = 0; i < count; i++)
			take(&events[i], consumer);
		if (consumer->pause_us)
			nanosleep(&pause, NULL);
	}
	return NULL;
}

/* Subscribes and unsubscribes VISITS times. */
static void *come_and_go(void *ctx)
{
	WEFT_OPTS(weft_sub_opts, opts, .name = "visitor", .overflow = WEFT_OVERFLOW_DROP_OLDEST,
		  .queue_bytes = WEFT_QUEUE_MIN_BYTES);
	struct weft_event events[EVENTS];

	for (int i = 0; i < VISITS; i++) {
		struct weft_sub *sub;

		assert_int_equal(weft_subscribe(ctx, &opts, &sub), 0);
		weft_sub_poll(sub, events, EVENTS, 0);
		weft_unsubscribe(sub);
	}
	return NULL;
}

/* ---- the packets ---- */

static void submit(struct weft *weft, uint32_t conn, bool from_server, uint32_t flags, uint32_t off,
		   uint32_t len)
{
	static struct packet_builder pb;
	uint16_t port = (uint16_t)(FIRST_PORT + conn);
	const struct pb_tcp tcp = {
		.src_port = from_server ? 80 : port,
		.dst_port = from_server ? port : 80,
		.seq = (from_server ? 5000 : 1000) + off,
		.ack = from_server ? 1001 : 5001,
		.window = 65535,
		.flags = (uint16_t)flags,
	};
	uint8_t bytes[CHUNK];
	struct weft_packet packet;
	int done;

	for (uint32_t i = 0; i < len; i++)
		bytes[i] = byte_at(conn, off - 1 + i);
	pb_segment(&pb, from_server ? "10.0.0.2" : "10.0.0.1",
		   from_server ? "10.0.0.1" : "10.0.0.2", &tcp, bytes, len);
	packet = (struct weft_packet){
		.bytes = pb.bytes, .cap_bytes = (uint32_t)pb.len_bytes, .time_ns = START_NS};
	do
		done = weft_submit(weft, &packet, 1, 1000);
	while (done == -EAGAIN);
	assert_int_equal(done, 1);
}

static void open_conn(struct weft *weft, uint32_t conn)
{
	submit(weft, conn, false, WF_TCP_SYN, 0, 0);
	submit(weft, conn, true, WF_TCP_SYN | WF_TCP_ACK, 0, 0);
}

static void send_chunk(struct weft *weft, uint32_t conn, uint32_t index)
{
	submit(weft, conn, false, WF_TCP_ACK, 1 + index * CHUNK, CHUNK);
}

static void reset_conn(struct weft *weft, uint32_t conn, uint32_t chunks)
{
	submit(weft, conn, false, WF_TCP_RST | WF_TCP_ACK, 1 + chunks * CHUNK, 0);
}

static void send_all(struct weft *weft)
{
	uint32_t next_short = LONG;

	for (uint32_t i = 0; i < LONG; i++)
		open_conn(weft, i);
	for (uint32_t chunk = 0; chunk < CHUNKS; chunk++) {
		for (uint32_t i = 0; i < LONG; i++)
			send_chunk(weft, i, chunk);
		for (int i = 0; i < SHORT / CHUNKS; i++, next_short++) {
			open_conn(weft, next_short);
			send_chunk(weft, next_short, 0);
			reset_conn(weft, next_short, 1);
		}
	}
	for (uint32_t i = 0; i < LONG; i++)
		reset_conn(weft, i, CHUNKS);
}

/* ---- the test ---- */

static struct consumer readers[READERS] = {
	{.name = "block", .overflow = WEFT_OVERFLOW_BLOCK},
	{.name = "block 2", .overflow = WEFT_OVERFLOW_BLOCK},
	{.name = "default", .overflow = WEFT_OVERFLOW_DEFAULT},
	{.name = "default 2", .overflow = WEFT_OVERFLOW_DEFAULT},
	{.name = "oldest", .overflow = WEFT_OVERFLOW_DROP_OLDEST},
	{.name = "oldest, slow", .overflow = WEFT_OVERFLOW_DROP_OLDEST, .pause_us = 3000},
	{.name = "newest", .overflow = WEFT_OVERFLOW_DROP_NEWEST},
	{.name = "newest, slow", .overflow = WEFT_OVERFLOW_DROP_NEWEST, .pause_us = 3000},
	{.name = "timeout", .overflow = WEFT_OVERFLOW_BLOCK_WITH_TIMEOUT},
	{.name = "timeout, slow", .overflow = WEFT_OVERFLOW_BLOCK_WITH_TIMEOUT, .pause_us = 3000},
	{.name = "resize", .overflow = WEFT_OVERFLOW_RESIZE},
	{.name = "resize, slow", .overflow = WEFT_OVERFLOW_RESIZE, .pause_us = 3000},
};
static struct consumer called[2] = {{.name = "called"}, {.name = "called 2"}};
static struct consumer silent = {.name = "silent", .overflow = WEFT_OVERFLOW_DROP_OLDEST};

static void subscribe(struct weft *weft, struct consumer *consumer, weft_event_fn fn)
{
	WEFT_OPTS(weft_sub_opts, opts, .name = consumer->name, .overflow = consumer->overflow,
		  .queue_bytes = WEFT_QUEUE_MIN_BYTES, .block_timeout_ms = 1, .inline_fn = fn,
		  .ctx = consumer);

	assert_int_equal(weft_subscribe(weft, &opts, &consumer->sub), 0);
}

/* An OPEN that found no room is counted when it is pushed later, or with its CLOSE. */
static void assert_adds_up(const struct consumer *consumer)
{
	struct weft_sub_stats stats;
	uint64_t closes = 0;

	weft_sub_stats_read(consumer->sub, &stats);
	assert_int_equal(consumer->wrong, 0);
	assert_int_equal(consumer->bytes + consumer->lost_bytes, TOTAL_BYTES);
	if (consumer->events + consumer->lost_events != TOTAL_EVENTS)
		fail_msg("%s: %llu events and %llu lost ones, not %u", consumer->name,
			 (unsigned long long)consumer->events,
			 (unsigned long long)consumer->lost_events, TOTAL_EVENTS);
	assert_int_equal(consumer->lost_events, stats.dropped_events);
	assert_int_equal(consumer->lost_bytes, stats.dropped_bytes);
	assert_int_equal(consumer->events, stats.taken_events);
	assert_int_equal(stats.waiting_events, 0);
	for (uint32_t i = 0; i < CONNS; i++) {
		assert_true(consumer->conns[i].opens <= 1);
		closes += consumer->conns[i].closes;
		if (!consumer->lost_closes)
			assert_false(consumer->conns[i].is_open);
	}
	assert_int_equal(closes + consumer->unseen + consumer->lost_closes, CONNS);
}

static void assert_lost_nothing(const struct consumer *consumer)
{
	assert_int_equal(consumer->lost_events, 0);
	for (uint32_t i = 0; i < CONNS; i++)
		assert_int_equal(consumer->conns[i].closes, 1);
}

TEST(policies_of_16_subscriptions_add_up)
{
	WEFT_OPTS(weft_opts, opts, .workers = 1, .memory_max_bytes = 96 << 20,
		  .checksum = WEFT_CHECKSUM_IGNORE, .flows_max = 10000);
	pthread_t visitor;
	struct weft *weft;

	(void)state;
	assert_int_equal(weft_new(&opts, &weft), 0);
	assert_int_equal(weft_add_submit(weft, NULL), 0);
	for (int i = 0; i < READERS; i++)
		subscribe(weft, &readers[i], NULL);
	subscribe(weft, &called[0], take);
	subscribe(weft, &called[1], take);
	subscribe(weft, &silent, NULL);
	assert_int_equal(weft_start(weft), 0);
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&readers[i].thread, NULL, read_all, &readers[i]),
				 0);
	assert_int_equal(pthread_create(&visitor, NULL, come_and_go, weft), 0);
	send_all(weft);
	pthread_join(visitor, NULL);
	weft_stop(weft);
	assert_int_equal(weft_wait(weft, WAIT_MS), 0);
	for (int i = 0; i < READERS; i++)
		pthread_join(readers[i].thread, NULL);
	read_all(&silent);

	for (int i = 0; i < READERS; i++)
		assert_adds_up(&readers[i]);
	for (int i = 0; i < 4; i++)
		assert_lost_nothing(&readers[i]);
	assert_adds_up(&called[0]);
	assert_lost_nothing(&called[1]);
	assert_adds_up(&silent);
	assert_true(silent.lost_bytes > 0);
	assert_null(handle_open_ledger(weft));
	weft_free(weft);
}
