// SPDX-License-Identifier: BSD-2-Clause
/* test_queue.c - tests the delivered events, the reported drops, and use by two threads. */
#include "unit/support/test.h"

#include <string.h>

#include "memory/page.h"
#include "unit/support/queue_rig.h"

TEST_WITH(queue_every_event_type_comes_out_as_it_went_in, setup, teardown)
{
	struct weft_flow_record record = {.start_ns = 5, .reason = WEFT_CLOSE_RST};
	struct weft_flow flow = delivery_flow(7);
	struct weft_event in[5] = {
		delivery_open(&flow),
		delivery_data(&flow, 3, "abc", 3),
		delivery_gap(&flow, 6, 1ull << 40),
		{.type = WEFT_EVENT_ANOMALY,
		 .dir = WEFT_TO_CLIENT,
		 .flow = &flow,
		 .anomaly = {.kind = WEFT_ANOMALY_OVERLAP_CONFLICT,
			     .off = 9,
			     .len_bytes = 2,
			     .kept = (const uint8_t *)"xy",
			     .lost = (const uint8_t *)"zw",
			     .shown_bytes = 2}},
		delivery_close(&flow, &record),
	};

	open_queue(WEFT_OVERFLOW_DROP_NEWEST);
	for (int i = 0; i < 5; i++)
		wf_queue_push(&fix.queue, &in[i], NULL);
	assert_int_equal(take(BATCH), 0); /* events are not published yet */
	wf_queue_flush(&fix.queue);
	memset(&flow, 0, sizeof(flow)); /* queued records have copied the flow */
	memset(&record, 0, sizeof(record));

	assert_int_equal(take(BATCH), 5);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(fix.events[i].type, in[i].type);
		assert_int_equal(fix.events[i].dir, in[i].dir);
		assert_int_equal(fix.events[i].flow->id, 7);
		assert_int_equal(fix.events[i].flow->dst_port, 80);
	}
	assert_ptr_equal(fix.events[1].data.bytes, in[1].data.bytes);
	assert_int_equal(fix.events[1].data.off, 3);
	assert_int_equal(fix.events[2].gap.len_bytes, 1ull << 40);
	assert_int_equal(fix.events[2].gap.cause, WEFT_GAP_LIMIT);
	assert_memory_equal(fix.events[3].anomaly.kept, "xy", 2);
	assert_memory_equal(fix.events[3].anomaly.lost, "zw", 2);
	assert_int_equal(fix.events[4].close->start_ns, 5);
	assert_int_equal(fix.events[4].close->reason, WEFT_CLOSE_RST);
	release(5);
	assert_int_equal(stats().taken_events, 5);
}

TEST_WITH(queue_order_is_kept_around_the_ring, setup, teardown)
{
	struct delivery_check check = {0};

	open_queue(WEFT_OVERFLOW_DROP_NEWEST);
	for (uint64_t round = 0; round < 1000; round++) {
		push_numbers(round * 37, 37, 1 + (uint32_t)round % 100);
		take_all(&check);
	}
	assert_int_equal(check.taken, 37000);
	assert_int_equal(check.wrong, 0);
}

TEST_WITH(queue_drop_newest_is_reported_before_the_next_event, setup, teardown)
{
	struct delivery_check check = {0};
	uint64_t kept;

	open_queue(WEFT_OVERFLOW_DROP_NEWEST);
	push_numbers(0, 2000, 1);
	kept = 2000 - stats().dropped_events;
	assert_true(kept < 2000);
	assert_int_equal(take(1), 1);
	delivery_check_event(&check, &fix.events[0]);
	release(1);
	assert_int_equal(fix.events[0].data.off, 0); /* the oldest event was not dropped */
	take_all(&check);
	assert_int_equal(check.dropped, 0); /* a drop is reported with the next event */

	push_numbers(2000, 1, 1);
	take_all(&check);
	assert_int_equal(check.wrong, 0);
	assert_int_equal(check.taken, kept + 1);
	assert_int_equal(check.dropped, 2000 - kept);
	assert_int_equal(check.dropped_bytes, 2000 - kept);
}

TEST_WITH(queue_drop_oldest_keeps_the_newest, setup, teardown)
{
	struct delivery_check check = {0};

	open_queue(WEFT_OVERFLOW_DROP_OLDEST);
	push_numbers(0, 2000, 1);
	assert_int_equal(take(2), 2);
	assert_int_equal(fix.events[0].type, WEFT_EVENT_DROP);
	assert_int_equal(fix.events[0].drop.events, stats().dropped_events);
	assert_int_equal(fix.events[0].flow->id, 1);
	assert_int_equal(fix.events[0].dir, WEFT_TO_CLIENT);
	assert_int_equal(fix.events[0].drop.off, 0);
	/* Each event has one byte, and the stream offset is its number. */
	assert_int_equal(fix.events[0].drop.len_bytes, stats().dropped_events);
	for (int i = 0; i < 2; i++)
		delivery_check_event(&check, &fix.events[i]);
	release(2);
	take_all(&check);
	assert_int_equal(check.wrong, 0);
	assert_int_equal(check.next, 2000); /* the newest event was delivered */
}

TEST_WITH(queue_losses_at_the_end_are_reported_after_close, setup, teardown)
{
	struct delivery_check check = {0};

	open_queue(WEFT_OVERFLOW_DROP_NEWEST);
	push_numbers(0, 2000, 1);
	wf_queue_close(&fix.queue);
	assert_false(wf_queue_is_finished(&fix.queue));
	take_all(&check);
	assert_int_equal(check.wrong, 0);
	assert_int_equal(check.next, 2000);
	assert_true(wf_queue_is_finished(&fix.queue));
}

/* The first ring has half of the queue's bytes, and room for one event in 128 bytes. */
enum { RING_EVENTS = WEFT_QUEUE_MIN_BYTES / 2 / 128 };

TEST_WITH(queue_lazy_reader_is_woken_when_a_share_of_the_ring_waits, setup, teardown)
{
	enum { WAKE_EVENTS = RING_EVENTS / 16 };

	fix.opts.lazy_wake = true;
	open_queue(WEFT_OVERFLOW_BLOCK);
	wf_waiter_announce(&fix.reader);
	push_numbers(0, WAKE_EVENTS - 1, 1);
	assert_true(wf_waiter_is_announced(&fix.reader));
	push_numbers(WAKE_EVENTS - 1, 1, 1);
	assert_false(wf_waiter_is_announced(&fix.reader));
}

TEST_WITH(queue_other_reader_is_woken_by_each_flush, setup, teardown)
{
	open_queue(WEFT_OVERFLOW_BLOCK);
	wf_waiter_announce(&fix.reader);
	push_numbers(0, 1, 1);
	assert_false(wf_waiter_is_announced(&fix.reader));
}

TEST_WITH(queue_payload_counts_until_released, setup, teardown)
{
	open_queue(WEFT_OVERFLOW_DROP_NEWEST);
	push_numbers(0, 100, 1000);
	assert_int_equal(stats().waiting_events, fix.queue.payload_max_bytes / 1000);
	assert_true(stats().high_water_bytes <= fix.queue.payload_max_bytes);
	assert_true(take(10) == 10);
	push_numbers(100, 1, 1000);
	assert_int_equal(stats().dropped_events, 101 - fix.queue.payload_max_bytes / 1000);
	release(10);
	push_numbers(101, 10, 1000);
	assert_int_equal(stats().dropped_events, 101 - fix.queue.payload_max_bytes / 1000);
}

TEST_WITH(queue_lends_at_most_a_share_of_its_payload, setup, teardown)
{
	int count;

	open_queue(WEFT_OVERFLOW_DROP_NEWEST);
	push_numbers(0, 60, 1000);
	count = take(BATCH);
	assert_int_equal(count, fix.queue.payload_max_bytes / 4 / 1000);
	release(count);
}

TEST_WITH(queue_event_larger_than_its_payload_passes_alone, setup, teardown)
{
	struct delivery_check check = {0};

	open_queue(WEFT_OVERFLOW_DROP_NEWEST);
	fix.queue.payload_max_bytes = 1000;
	push_numbers(0, 1, 60000);
	push_numbers(1, 1, 1);
	assert_int_equal(stats().dropped_events, 1);
	take_all(&check);
	assert_int_equal(check.taken, 1);
	push_numbers(2, 1, 60000);
	take_all(&check);
	assert_int_equal(check.taken, 2);
	assert_int_equal(check.wrong, 0);
}

TEST_WITH(queue_lent_batch_outlives_what_is_dropped, setup, teardown)
{
	struct weft_flow flow = delivery_flow(1);
	struct wf_page *page = wf_page_pool_take(fix.pool, 100);
	struct weft_event event;

	open_queue(WEFT_OVERFLOW_DROP_OLDEST);
	memcpy(wf_page_bytes(page), "held", 4);
	event = delivery_data(&flow, 0, wf_page_bytes(page), 4);
	if (!wf_queue_push(&fix.queue, &event, page))
		wf_page_put(page);
	wf_queue_flush(&fix.queue);
	assert_int_equal(take(1), 1);

	push_numbers(1, 5000, 1); /* wraps around the ring several times */
	assert_memory_equal(fix.events[0].data.bytes, "held", 4);
	assert_int_equal(fix.events[0].flow->id, 1);
	release(1);
}

/* If the reader ends first, the writer puts the pages of waiting records; teardown checks this. */
TEST_WITH(queue_reader_leaving_first_frees_what_waits, setup, teardown)
{
	struct weft_flow flow = delivery_flow(1);

	open_queue(WEFT_OVERFLOW_DROP_NEWEST);
	for (uint64_t i = 0; i < 100; i++) {
		struct wf_page *page = wf_page_pool_take(fix.pool, 100);
		struct weft_event event = delivery_data(&flow, i, wf_page_bytes(page), 100);

		if (!wf_queue_push(&fix.queue, &event, page))
			wf_page_put(page);
		if (i == 50)
			wf_queue_flush(&fix.queue);
	}
	wf_queue_leave(&fix.queue, WF_QUEUE_LEFT_READER);
	assert_non_null(fix.queue.tables);
	wf_queue_close(&fix.queue);
	assert_null(fix.queue.tables);
	assert_int_equal(stats().dropped_events, 100);
}

TEST_WITH(queue_block_gives_up_on_a_dead_reader_after_stop, setup, teardown)
{
	open_queue(WEFT_OVERFLOW_BLOCK);
	atomic_store(&fix.stopping, true);
	push_numbers(0, 2000, 1); /* the writer waits only once for all events */
	assert_int_equal(stats().pushed_events, 2000);
	assert_true(stats().dropped_events > 0);
}

/* ---- two threads ---- */

TEST_WITH(queue_two_threads_block_loses_nothing, setup, teardown)
{
	stress(WEFT_OVERFLOW_BLOCK, false);
}

TEST_WITH(queue_two_threads_drop_newest_reports_every_loss, setup, teardown)
{
	stress(WEFT_OVERFLOW_DROP_NEWEST, false);
}

TEST_WITH(queue_two_threads_drop_oldest_reports_every_loss, setup, teardown)
{
	stress(WEFT_OVERFLOW_DROP_OLDEST, false);
}

/* When a handle stops, the ends of all its connections are pushed at once. */
TEST_WITH(queue_two_threads_lose_nothing_while_the_handle_stops, setup, teardown)
{
	stress(WEFT_OVERFLOW_DROP_OLDEST, true);
	wf_queue_leave(&fix.queue, WF_QUEUE_LEFT_READER);
	stress(WEFT_OVERFLOW_DROP_NEWEST, true);
}

TEST_WITH(queue_drop_oldest_gives_up_on_a_dead_reader_after_stop, setup, teardown)
{
	open_queue(WEFT_OVERFLOW_DROP_OLDEST);
	atomic_store(&fix.stopping, true);
	push_numbers(0, 2000, 1);
	assert_int_equal(stats().pushed_events, 2000);
	assert_true(stats().dropped_events > 0);
}

/* ---- dropping: events that a slow reader loses while memory is short ---- */

enum { SHED_PAYLOAD = 1000 };

/* Returns the number of events that fill @parts quarters of the payload limit. */
static uint64_t events_of(uint64_t parts)
{
	return fix.queue.payload_max_bytes * parts / 4 / SHED_PAYLOAD;
}

static uint32_t shed(uint32_t events_max, uint64_t *ret_bytes)
{
	uint32_t events = wf_queue_drop_waiting(&fix.queue, events_max, ret_bytes);

	assert_true(wf_queue_is_valid(&fix.queue));
	return events;
}

/* The arena has 16 MiB; an eighth of them is a quarter of this queue's limit. */
TEST_WITH(queue_shed_leaves_an_eighth_of_all_memory_to_a_large_queue, setup, teardown)
{
	uint64_t eighth = (2 << 20) / SHED_PAYLOAD, bytes = 0;

	open_queue_of(8 << 20, WEFT_OVERFLOW_DROP_OLDEST);
	push_numbers(0, eighth - 1, SHED_PAYLOAD);
	assert_int_equal(shed(10000, &bytes), 0);
	push_numbers(eighth - 1, 2, SHED_PAYLOAD);
	assert_in_range(shed(10000, &bytes), eighth / 2 - 2, eighth / 2 + 3);
	assert_int_equal(stats().dropped_bytes, bytes);
}

TEST_WITH(queue_shed_leaves_up_to_half_alone, setup, teardown)
{
	uint64_t bytes = 1;

	open_queue(WEFT_OVERFLOW_DROP_OLDEST);
	push_numbers(0, events_of(2), SHED_PAYLOAD);
	assert_int_equal(shed(1000, &bytes), 0);
	assert_int_equal(bytes, 0);
	assert_int_equal(stats().dropped_events, 0);
}

TEST_WITH(queue_shed_drops_the_oldest_until_a_quarter_is_left, setup, teardown)
{
	struct delivery_check check = {0};
	uint64_t events = events_of(2) + 1;
	uint64_t bytes;
	uint32_t dropped;

	open_queue(WEFT_OVERFLOW_DROP_OLDEST);
	push_numbers(0, events, SHED_PAYLOAD);
	dropped = shed(1000, &bytes);
	assert_int_equal(dropped, events - events_of(1));
	assert_int_equal(bytes, (uint64_t)dropped * SHED_PAYLOAD);
	assert_int_equal(stats().dropped_events, dropped);
	assert_int_equal(stats().waiting_events, events_of(1));
	take_all(&check);
	assert_int_equal(check.wrong, 0);
	assert_int_equal(check.dropped, dropped);
	assert_int_equal(check.dropped_bytes, bytes);
	assert_int_equal(check.taken, events_of(1));
}

TEST_WITH(queue_shed_drops_no_more_than_it_may, setup, teardown)
{
	uint64_t bytes;

	open_queue(WEFT_OVERFLOW_DROP_NEWEST);
	push_numbers(0, events_of(3), SHED_PAYLOAD);
	assert_int_equal(shed(5, &bytes), 5);
	assert_int_equal(bytes, 5 * SHED_PAYLOAD);
	assert_int_equal(shed(0, &bytes), 0);
	assert_int_equal(bytes, 0);
}

TEST_WITH(queue_shed_never_drops_where_the_policy_is_block, setup, teardown)
{
	struct delivery_check check = {0};
	uint64_t bytes;

	open_queue(WEFT_OVERFLOW_BLOCK);
	push_numbers(0, events_of(3), SHED_PAYLOAD);
	assert_int_equal(shed(1000, &bytes), 0);
	assert_int_equal(bytes, 0);
	take_all(&check);
	assert_int_equal(check.dropped, 0);
	assert_int_equal(check.taken, events_of(3));
}

/* Dropped events give their pages back at once. */
TEST_WITH(queue_shed_puts_the_pages_of_what_it_drops, setup, teardown)
{
	struct weft_flow flow = delivery_flow(1);
	uint64_t events;
	uint64_t bytes;

	open_queue(WEFT_OVERFLOW_DROP_OLDEST);
	events = events_of(3);
	for (uint64_t i = 0; i < events; i++) {
		struct wf_page *page = wf_page_pool_take(fix.pool, SHED_PAYLOAD);
		struct weft_event event =
			delivery_data(&flow, i, wf_page_bytes(page), SHED_PAYLOAD);

		if (!wf_queue_push(&fix.queue, &event, page))
			wf_page_put(page);
	}
	wf_queue_flush(&fix.queue);
	assert_true(shed(1000, &bytes) > 0);
	wf_page_pool_housekeep(fix.pool, 0);
	assert_int_equal(wf_page_pool_taken(fix.pool), events_of(1));
}

/* Events that the reader has already taken stay valid; later events are dropped. */
TEST_WITH(queue_shed_leaves_what_is_lent, setup, teardown)
{
	uint64_t bytes;
	int lent;

	open_queue(WEFT_OVERFLOW_DROP_OLDEST);
	push_numbers(0, events_of(3), SHED_PAYLOAD);
	lent = take(10);
	assert_int_equal(lent, 10);
	assert_true(shed(1000, &bytes) > 0);
	for (int i = 0; i < lent; i++)
		assert_int_equal(fix.events[i].data.off, (uint64_t)i);
	release(lent);
	assert_int_equal(take(1), 1);
	assert_int_equal(fix.events[0].type, WEFT_EVENT_DROP);
	release(1);
}

/* After it has shed events, the queue accepts all events that fit, as before. */
TEST_WITH(queue_shed_is_over_when_nobody_asks_for_it, setup, teardown)
{
	struct delivery_check check = {0};
	uint64_t events;
	uint64_t bytes;

	open_queue(WEFT_OVERFLOW_DROP_OLDEST);
	events = events_of(3);
	push_numbers(0, events, SHED_PAYLOAD);
	shed(1000, &bytes);
	take_all(&check);
	check.dropped = 0;
	push_numbers(events, events, SHED_PAYLOAD);
	take_all(&check);
	assert_int_equal(check.wrong, 0);
	assert_int_equal(check.dropped, 0);
	assert_int_equal(check.next, 2 * events);
}
