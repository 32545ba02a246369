// SPDX-License-Identifier: BSD-2-Clause
/* test_queue_room.c - overflow policies of a queue, its bounds, its marks, reports of losses. */
#include "unit/support/test.h"

#include "base/clock.h"
#include "queue/wait_budget.h"
#include "queue/water_marks.h"
#include "unit/support/queue_rig.h"

/* ---- reports of losses; OPEN and CLOSE are not lost ---- */

enum { LOSS_FLOWS = 8 };

/*
 * The state of a consumer for each connection, and the bytes that were received or reported as
 * lost.
 */
struct consumer {
	bool is_open[LOSS_FLOWS];
	int opens[LOSS_FLOWS], closes[LOSS_FLOWS];
	uint64_t next[LOSS_FLOWS];
	uint64_t got_bytes, lost_bytes, lost_events, events;
	int wrong;
};

static void consume(struct consumer *consumer, const struct weft_event *event)
{
	uint64_t id = event->flow ? event->flow->id : 0;

	switch (event->type) {
	case WEFT_EVENT_OPEN:
		consumer->wrong += consumer->is_open[id];
		consumer->is_open[id] = true;
		consumer->opens[id]++;
		consumer->next[id] = event->open.off[WEFT_TO_CLIENT];
		break;
	case WEFT_EVENT_DATA:
		consumer->wrong += !consumer->is_open[id] || event->data.off != consumer->next[id];
		consumer->next[id] += event->data.len_bytes;
		consumer->got_bytes += event->data.len_bytes;
		break;
	case WEFT_EVENT_CLOSE:
		consumer->wrong += !consumer->is_open[id];
		consumer->is_open[id] = false;
		consumer->closes[id]++;
		break;
	case WEFT_EVENT_DROP:
		consumer->lost_events += event->drop.events;
		consumer->lost_bytes += event->drop.data_bytes;
		if (!event->flow)
			return;
		consumer->wrong += !consumer->is_open[id] || event->drop.off != consumer->next[id];
		consumer->next[id] += event->drop.len_bytes;
		return;
	default:
		consumer->wrong++;
	}
	consumer->events++;
}

static void consume_all(struct consumer *consumer)
{
	int count;

	while ((count = take(7))) {
		for (int i = 0; i < count; i++)
			consume(consumer, &fix.events[i]);
		release(count);
	}
}

static bool open_flow(uint64_t id)
{
	struct weft_flow flow = delivery_flow(id);
	struct weft_event event = delivery_open(&flow);

	return wf_queue_push_open(&fix.queue, &event);
}

static void close_flow(uint64_t id)
{
	struct weft_flow_record record = {.start_ns = id};
	struct weft_flow flow = delivery_flow(id);
	struct weft_event event = delivery_close(&flow, &record);

	wf_queue_push(&fix.queue, &event, NULL);
}

/* Pushes 100 bytes of each connection in turn, @rounds times. */
static void push_rounds(uint64_t first, uint64_t rounds)
{
	for (uint64_t i = first; i < first + rounds; i++)
		for (uint64_t id = 0; id < LOSS_FLOWS; id++) {
			struct weft_flow flow = delivery_flow(id);
			struct weft_event event = delivery_data(&flow, i * 100, payload, 100);

			wf_queue_push(&fix.queue, &event, NULL);
		}
	wf_queue_flush(&fix.queue);
}

/* Each byte is received or reported as lost, in the order of its stream. */
static void losses_are_exact(enum weft_overflow overflow)
{
	struct consumer consumer = {0};
	uint64_t pushed = (uint64_t)LOSS_FLOWS * 3000 * 100;

	open_queue(overflow);
	for (uint64_t id = 0; id < LOSS_FLOWS; id++)
		assert_true(open_flow(id));
	push_rounds(0, 1000);
	consume_all(&consumer);
	push_rounds(1000, 2000);
	for (uint64_t id = 0; id < LOSS_FLOWS; id++)
		close_flow(id);
	wf_queue_close(&fix.queue);
	consume_all(&consumer);
	assert_true(wf_queue_is_finished(&fix.queue));
	assert_int_equal(consumer.wrong, 0);
	for (uint64_t id = 0; id < LOSS_FLOWS; id++) {
		assert_int_equal(consumer.opens[id], 1);
		assert_int_equal(consumer.closes[id], 1);
		assert_int_equal(consumer.next[id], 300000);
	}
	assert_int_equal(consumer.got_bytes + consumer.lost_bytes, pushed);
	assert_true(consumer.lost_bytes > 0);
	assert_int_equal(consumer.lost_bytes, stats().dropped_bytes);
	assert_int_equal(consumer.lost_events, stats().dropped_events);
	assert_int_equal(stats().waiting_events, 0);
}

TEST_WITH(queue_drop_oldest_reports_each_connection_and_range, setup, teardown)
{
	losses_are_exact(WEFT_OVERFLOW_DROP_OLDEST);
}

TEST_WITH(queue_drop_newest_reports_each_connection_and_range, setup, teardown)
{
	losses_are_exact(WEFT_OVERFLOW_DROP_NEWEST);
}

TEST_WITH(queue_block_with_timeout_reports_each_connection_and_range, setup, teardown)
{
	losses_are_exact(WEFT_OVERFLOW_BLOCK_WITH_TIMEOUT);
}

TEST_WITH(queue_resize_reports_each_connection_and_range, setup, teardown)
{
	losses_are_exact(WEFT_OVERFLOW_RESIZE);
}

/*
 * There are more connections than the tables have entries: losses are then reported as sums, and no
 * event is left out.
 */
static void many_connections(enum weft_overflow overflow)
{
	struct weft_flow_record record = {0};
	uint64_t connections = 0, closes = 0, events = 0, opens = 0;
	int count;

	open_queue(overflow);
	for (uint64_t id = 0; id < 5000; id++) {
		struct weft_flow flow = delivery_flow(id);
		struct weft_event close = delivery_close(&flow, &record);
		struct weft_event data = delivery_data(&flow, 0, payload, 10);

		if (open_flow(id)) {
			wf_queue_push(&fix.queue, &data, NULL);
			wf_queue_push(&fix.queue, &close, NULL);
		} else {
			wf_queue_lose_unknown(&fix.queue, &data);
			wf_queue_lose_unknown(&fix.queue, &close);
		}
	}
	wf_queue_close(&fix.queue);
	while ((count = take(BATCH))) {
		for (int i = 0; i < count; i++) {
			bool is_drop = fix.events[i].type == WEFT_EVENT_DROP;

			events += is_drop ? fix.events[i].drop.events : 1;
			connections += is_drop ? fix.events[i].drop.connections : 0;
			closes += is_drop ? fix.events[i].drop.closes : 0;
			opens += fix.events[i].type == WEFT_EVENT_OPEN;
			closes += fix.events[i].type == WEFT_EVENT_CLOSE;
		}
		release(count);
	}
	assert_int_equal(events, 15000);
	assert_int_equal(opens, closes);
	assert_int_equal(opens + connections, 5000);
	assert_true(connections > 0);
	assert_true(wf_queue_is_finished(&fix.queue));
}

TEST_WITH(queue_sums_up_connections_that_nobody_saw, setup, teardown)
{
	many_connections(WEFT_OVERFLOW_DROP_OLDEST);
	wf_queue_leave(&fix.queue, WF_QUEUE_LEFT_READER);
	many_connections(WEFT_OVERFLOW_DROP_NEWEST);
}

/* CLOSE is pushed even if no other event has room. */
TEST_WITH(queue_full_keeps_close_apart, setup, teardown)
{
	struct consumer consumer = {0};

	open_queue(WEFT_OVERFLOW_DROP_NEWEST);
	for (uint64_t id = 0; id < LOSS_FLOWS; id++)
		assert_true(open_flow(id));
	push_rounds(0, 200);
	for (uint64_t id = 0; id < LOSS_FLOWS; id++)
		close_flow(id);
	assert_false(open_flow(0));
	consume_all(&consumer);
	wf_queue_flush(&fix.queue); /* as the worker does between batches */
	consume_all(&consumer);
	assert_int_equal(consumer.wrong, 0);
	assert_int_equal(consumer.closes[LOSS_FLOWS - 1], 1);
	assert_int_equal(consumer.next[0], 20000);
}

/* ---- bounds and policies ---- */

TEST_WITH(queue_events_are_bounded, setup, teardown)
{
	struct delivery_check check = {0};

	fix.opts.events_max = 20;
	open_queue(WEFT_OVERFLOW_DROP_NEWEST);
	push_numbers(0, 21, 1);
	assert_int_equal(stats().dropped_events, 1);
	take_all(&check);
	wf_queue_flush(&fix.queue);
	take_all(&check);
	assert_int_equal(check.taken, 20);
	assert_int_equal(check.next, 21);
	assert_int_equal(check.wrong, 0);
}

/* The back table has a CLOSE event of each connection when there is room for 5 events again. */
TEST_WITH(queue_events_are_bounded_with_the_rejected_closes, setup, teardown)
{
	struct consumer consumer = {0};

	fix.opts.events_max = 20;
	open_queue(WEFT_OVERFLOW_DROP_NEWEST);
	for (uint64_t id = 0; id < LOSS_FLOWS; id++)
		assert_true(open_flow(id));
	push_rounds(0, 2);
	for (uint64_t id = 0; id < LOSS_FLOWS; id++)
		close_flow(id);
	release(take(5));
	assert_false(open_flow(LOSS_FLOWS));
	consume_all(&consumer);
	assert_int_equal(consumer.events, 20 - 5);
	wf_queue_flush(&fix.queue);
	consume_all(&consumer);
	assert_int_equal(consumer.events, 20 - 5 + LOSS_FLOWS);
}

TEST_WITH(queue_block_with_timeout_waits_once_for_a_dead_reader, setup, teardown)
{
	uint64_t start_ns;

	fix.opts.block_ns = 20 * WF_NS_PER_MS;
	open_queue(WEFT_OVERFLOW_BLOCK_WITH_TIMEOUT);
	start_ns = wf_clock_monotonic_ns();
	push_numbers(0, 2000, 1);
	assert_true(wf_clock_monotonic_ns() - start_ns >= fix.opts.block_ns);
	assert_int_not_equal(fix.queue.stuck_taken, UINT64_MAX); /* the worker no longer waits */
	assert_true(stats().dropped_events > 0);
}

/* Without the limit of its budget, the worker would wait for an hour. */
TEST_WITH(queue_block_with_timeout_waits_within_its_budget, setup, teardown)
{
	struct wf_wait_budget budget = {.used_ns = WEFT_BLOCK_TIMEOUT_LIVE_MAX_MS * WF_NS_PER_MS,
					.seen_ns = wf_clock_monotonic_ns()};
	struct delivery_check check = {0};

	fix.opts.block_ns = 3600 * WF_NS_PER_SEC;
	fix.opts.budget = &budget;
	open_queue(WEFT_OVERFLOW_BLOCK_WITH_TIMEOUT);
	push_numbers(0, 2000, 1);
	assert_true(stats().dropped_events > 0);
	take_all(&check);
	wf_queue_flush(&fix.queue);
	take_all(&check);
	assert_int_equal(check.wrong, 0);
	assert_int_equal(check.next, 2000);
}

TEST(wait_budget_is_a_share_of_the_time)
{
	const uint64_t max_ns = WEFT_BLOCK_TIMEOUT_LIVE_MAX_MS * WF_NS_PER_MS;
	struct wf_wait_budget budget = {0};
	uint64_t now_ns = 5 * WF_NS_PER_SEC;

	assert_int_equal(wf_wait_budget_left(&budget, now_ns), max_ns);
	wf_wait_budget_use(&budget, max_ns - 1000);
	assert_int_equal(wf_wait_budget_left(&budget, now_ns), 1000);
	wf_wait_budget_use(&budget, 50000);
	assert_int_equal(wf_wait_budget_left(&budget, now_ns), 0);
	now_ns += WF_NS_PER_SEC;
	assert_int_equal(wf_wait_budget_left(&budget, now_ns),
			 WF_NS_PER_SEC / WEFT_BLOCK_LIVE_SHARE);
	now_ns += 3600 * WF_NS_PER_SEC;
	assert_int_equal(wf_wait_budget_left(&budget, now_ns), max_ns);
}

TEST_WITH(queue_resize_grows_to_its_maximum_and_becomes_small, setup, teardown)
{
	struct delivery_check check = {0};

	fix.opts.max_bytes = 8 * WEFT_QUEUE_MIN_BYTES;
	open_queue(WEFT_OVERFLOW_RESIZE);
	push_numbers(0, 2000, 1); /* 256,000 bytes of records */
	assert_int_equal(stats().dropped_events, 0);
	assert_true(stats().queue_bytes > WEFT_QUEUE_MIN_BYTES);
	assert_true(stats().queue_bytes <= fix.opts.max_bytes);
	take_all(&check);
	push_numbers(2000, 10000, 1);
	assert_true(stats().dropped_events > 0);
	assert_int_equal(stats().queue_bytes, fix.opts.max_bytes);
	take_all(&check);
	assert_int_equal(check.wrong, 0);
	assert_int_equal(check.next, 12000);
	for (int i = 0; i < 1000; i++)
		wf_queue_flush(&fix.queue);
	assert_int_equal(stats().queue_bytes, WEFT_QUEUE_MIN_BYTES);
	assert_null(fix.queue.rings[!(atomic_load(&fix.queue.turn) & 1)].bytes);
}

TEST_WITH(queue_resize_does_not_take_the_last_quarter, setup, teardown)
{
	uint64_t bytes = 11 << 20;
	void *run = wf_arena_take_run(fix.arena, bytes);

	fix.opts.max_bytes = 64 * WEFT_QUEUE_MIN_BYTES;
	open_queue(WEFT_OVERFLOW_RESIZE);
	push_numbers(0, 20000, 1);
	assert_true(stats().dropped_events > 0);
	assert_true(wf_arena_used_bytes(fix.arena) <= 12 << 20);
	wf_arena_put_run(fix.arena, run, bytes);
}

TEST_WITH(queue_two_threads_resize_reports_every_loss, setup, teardown)
{
	fix.opts.max_bytes = 4 * WEFT_QUEUE_MIN_BYTES;
	stress(WEFT_OVERFLOW_RESIZE, false);
}

TEST_WITH(queue_two_threads_block_with_timeout_reports_every_loss, setup, teardown)
{
	fix.opts.block_ns = 1000;
	stress(WEFT_OVERFLOW_BLOCK_WITH_TIMEOUT, false);
}

/* ---- water marks ---- */

static int marks[2];

static void count_mark(struct weft_sub *sub, enum weft_mark mark, void *ctx)
{
	marks[mark]++;
}

TEST_WITH(queue_marks_are_reported_once_for_each_crossing, setup, teardown)
{
	struct delivery_check check = {0};
	struct wf_water_marks both = {.high_bytes = 5000, .low_bytes = 1000, .fn = count_mark};

	marks[WEFT_MARK_LOW] = marks[WEFT_MARK_HIGH] = 0;
	fix.opts.marks = &both;
	open_queue(WEFT_OVERFLOW_DROP_NEWEST);
	push_numbers(0, 49, 100);
	assert_int_equal(marks[WEFT_MARK_HIGH], 0);
	push_numbers(49, 1, 100);
	push_numbers(50, 10, 100);
	assert_int_equal(marks[WEFT_MARK_HIGH], 1);
	for (int i = 0; i < 49; i++) {
		assert_int_equal(take(1), 1);
		delivery_check_event(&check, &fix.events[0]);
		release(1);
	}
	assert_int_equal(marks[WEFT_MARK_LOW], 0);
	take_all(&check);
	assert_int_equal(marks[WEFT_MARK_LOW], 1);
	assert_int_equal(marks[WEFT_MARK_HIGH], 1);
	assert_int_equal(check.wrong, 0);
}
