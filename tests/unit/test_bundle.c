// SPDX-License-Identifier: BSD-2-Clause
/* test_bundle.c - tests records that several queues share: taken, dropped, rejected, given up. */
#include "unit/support/test.h"

#include "queue/bundle.h"
#include "queue/queue_record.h"
#include "unit/support/queue_rig.h"

enum { FLOWS = 5, LEN = 100 };

static uint64_t pages_taken(void)
{
	/* takes back the pages that this thread has put */
	wf_page_pool_housekeep(fix.pool, 0);
	return wf_page_pool_taken(fix.pool);
}

/* Pushes the bundle to the queue, and gives up the caller's hold of it. */
static bool push_bundle(struct wf_bundle *bundle)
{
	bool is_whole;

	wf_bundle_get_many(bundle, 1);
	is_whole = wf_queue_push_bundle(&fix.queue, bundle);
	wf_bundle_put_many(bundle, is_whole ? 1 : 2);
	return is_whole;
}

/* Adds a numbered event whose bytes lie in a page of their own. */
static void add_number(struct wf_bundle *bundle, uint64_t number, uint32_t len)
{
	struct weft_flow flow = delivery_flow(1);
	struct wf_page *page = wf_page_pool_take(fix.pool, len);
	struct weft_event event = delivery_data(&flow, number, wf_page_bytes(page), len);

	memcpy(wf_page_bytes(page), &number, sizeof(number) < len ? sizeof(number) : 1);
	wf_bundle_add(bundle, &event, page);
	wf_page_put(page);
}

/* Pushes a bundle of @count numbered events. Return: true if it was pushed as a whole. */
static bool push_shared(uint64_t first, uint32_t count, uint32_t len)
{
	struct wf_bundle *bundle = wf_bundle_new(fix.pool);

	assert_non_null(bundle);
	for (uint64_t i = first; i < first + count; i++)
		add_number(bundle, i, len);
	return push_bundle(bundle);
}

static void take_checked(struct delivery_check *check, int max)
{
	int count = take(max);

	for (int i = 0; i < count; i++) {
		check_page_bytes(&fix.events[i], &fix.slots[i], check);
		delivery_check_event(check, &fix.events[i]);
	}
	release(count);
}

TEST_WITH(bundle_is_taken_in_parts, setup, teardown)
{
	struct delivery_check check = {0};

	open_queue(WEFT_OVERFLOW_DROP_NEWEST);
	push_numbers(0, 3, LEN);
	assert_true(push_shared(3, WF_BUNDLE_EVENTS, LEN));
	push_numbers(67, 1, LEN);
	assert_int_equal(stats().waiting_events, 68);
	assert_int_equal(stats().waiting_bytes, 68 * LEN);
	while (check.next < 60) {
		take_checked(&check, 7);
		assert_false(wf_queue_is_empty(&fix.queue));
		stats();
	}
	take_all(&check);
	assert_int_equal(check.wrong, 0);
	assert_int_equal(check.taken, 68);
	assert_true(wf_queue_is_empty(&fix.queue));
	assert_int_equal(pages_taken(), 0);
}

/* A reader keeps BATCH events of bundles while it takes others: all events come, in order. */
TEST_WITH(bundle_whose_events_are_kept_is_taken_as_a_whole, setup, teardown)
{
	struct delivery_check check = {0};
	struct wf_page *kept[WF_BUNDLE_EVENTS];
	int count = 0;

	open_queue(WEFT_OVERFLOW_DROP_NEWEST);
	for (uint64_t i = 0; i < 4; i++)
		push_shared(i * WF_BUNDLE_EVENTS, WF_BUNDLE_EVENTS, 256);
	wf_queue_flush(&fix.queue);
	while (count < BATCH && take(1) == 1) {
		delivery_check_event(&check, &fix.events[0]);
		kept[count++] = fix.slots[0].page;
		wf_queue_keep(&fix.queue, 256);
		wf_queue_release(&fix.queue);
	}
	assert_int_equal(count, BATCH);
	count = 0;
	while (take(1) == 1) {
		delivery_check_event(&check, &fix.events[0]);
		release(1);
		assert_true(++count <= 4 * WF_BUNDLE_EVENTS);
	}
	for (int i = 0; i < BATCH; i++) {
		wf_page_put(kept[i]);
		wf_queue_give_back(&fix.queue, 256, false);
	}
	take_all(&check);
	assert_int_equal(check.wrong, 0);
	assert_int_equal(check.taken, 4 * WF_BUNDLE_EVENTS);
}

/* Few events are pushed one by one. A bundle that is large beside the queue is not pushed as a
 * whole. */
TEST_WITH(bundle_is_pushed_as_a_whole_only_if_it_is_worth_it, setup, teardown)
{
	struct delivery_check check = {0};

	open_queue(WEFT_OVERFLOW_DROP_NEWEST);
	assert_false(push_shared(0, WF_BUNDLE_MIN - 1, LEN));
	assert_false(push_shared(WF_BUNDLE_MIN - 1, 20, 1400));
	wf_queue_flush(&fix.queue);
	take_all(&check);
	assert_int_equal(check.wrong, 0);
	assert_int_equal(check.taken, WF_BUNDLE_MIN + 19);
	assert_int_equal(pages_taken(), 0);
}

/* Return the number of records that wait in the ring, without padding. */
static uint32_t records_waiting(void)
{
	uint64_t pos = atomic_load(&fix.queue.claim), end = atomic_load(&fix.queue.published);
	uint32_t count = 0;

	while (pos != end) {
		const struct wf_record *record = wf_record_at(&fix.queue, pos);

		count += record->type != WF_RECORD_PAD;
		pos += record->len_bytes;
	}
	return count;
}

/* A queue that is small beside a bundle gets it in parts, so that it drops many events at once. */
TEST_WITH(bundle_is_pushed_in_parts_to_a_small_queue, setup, teardown)
{
	enum { COUNT = 57, BUNDLES = 100, BYTES = 1446 };
	struct delivery_check check = {0};

	open_queue(WEFT_OVERFLOW_DROP_OLDEST);
	for (uint64_t i = 0; i < BUNDLES; i++) {
		assert_false(push_shared(i * COUNT, COUNT, BYTES));
		wf_queue_flush(&fix.queue);
		assert_in_range(stats().waiting_bytes, 1, WEFT_QUEUE_MIN_BYTES / 2);
		assert_in_range(records_waiting(), 1, 10);
		if (i % 10 == 9)
			take_checked(&check, 5);
	}
	take_all(&check);
	assert_int_equal(check.wrong, 0);
	assert_int_equal(check.next, BUNDLES * COUNT);
	assert_in_range(check.taken, BUNDLES / 10 * 5 - 5, BUNDLES * COUNT / 10);
	assert_int_equal(pages_taken(), 0);
}

TEST_WITH(bundle_counts_its_events_against_the_limit, setup, teardown)
{
	struct delivery_check check = {0};

	fix.opts.events_max = 4 * WF_BUNDLE_EVENTS;
	open_queue(WEFT_OVERFLOW_DROP_NEWEST);
	for (uint64_t i = 0; i < 4; i++)
		assert_true(push_shared(i * WF_BUNDLE_EVENTS, WF_BUNDLE_EVENTS, 1));
	assert_false(push_shared(4 * WF_BUNDLE_EVENTS, WF_BUNDLE_EVENTS, 1));
	assert_int_equal(stats().dropped_events, WF_BUNDLE_EVENTS);
	wf_queue_flush(&fix.queue);
	take_all(&check);
	wf_queue_flush(&fix.queue);
	take_all(&check);
	assert_int_equal(check.wrong, 0);
	assert_int_equal(check.next, 5 * WF_BUNDLE_EVENTS);
}

/*
 * Push bundles of short events until the ring must be full, and count those that wait. The ring of
 * the smallest queue has half of its bytes, and room for one event in 128 bytes.
 */
static void fill_ring(enum weft_overflow overflow)
{
	enum { ROOM = WEFT_QUEUE_MIN_BYTES / 2 / 128, BUNDLES = 2 * ROOM / WF_BUNDLE_EVENTS };
	struct delivery_check check = {0};

	open_queue(overflow);
	for (uint64_t i = 0; i < BUNDLES; i++) {
		push_shared(i * WF_BUNDLE_EVENTS, WF_BUNDLE_EVENTS, 1);
		wf_queue_flush(&fix.queue);
	}
	assert_int_equal(stats().waiting_events, ROOM);
	assert_int_equal(stats().dropped_events, BUNDLES * WF_BUNDLE_EVENTS - ROOM);
	take_all(&check);
	wf_queue_flush(&fix.queue);
	take_all(&check);
	assert_int_equal(check.wrong, 0);
	assert_int_equal(check.taken, ROOM);
	assert_int_equal(check.next, BUNDLES * WF_BUNDLE_EVENTS);
	assert_int_equal(pages_taken(), 0);
}

TEST_WITH(bundles_fill_the_ring_as_single_events_do, setup, teardown)
{
	fill_ring(WEFT_OVERFLOW_DROP_NEWEST);
}

TEST_WITH(bundles_that_fill_the_ring_are_dropped, setup, teardown)
{
	fill_ring(WEFT_OVERFLOW_DROP_OLDEST);
}

/* ---- losses ---- */

/* The next offset of each connection, received or reported as lost. */
struct consumer {
	uint64_t next[FLOWS];
	uint64_t got_bytes, lost_bytes, lost_events;
	int wrong;
};

static void consume_all(struct consumer *consumer)
{
	int count;

	while ((count = take(13))) {
		for (int i = 0; i < count; i++) {
			const struct weft_event *event = &fix.events[i];
			uint64_t off = event->data.off, len = event->data.len_bytes;

			if (event->type == WEFT_EVENT_ANOMALY) {
				consumer->wrong += event->anomaly.off != 7;
				continue;
			}
			if (event->type == WEFT_EVENT_DROP) {
				off = event->drop.off;
				len = event->drop.len_bytes;
				consumer->lost_bytes += event->drop.data_bytes;
				consumer->lost_events += event->drop.events;
			} else if (event->type == WEFT_EVENT_GAP) {
				off = event->gap.off;
				len = event->gap.len_bytes;
			} else {
				consumer->got_bytes += len;
			}
			consumer->wrong += !event->flow || off != consumer->next[event->flow->id];
			consumer->next[event->flow->id] = off + len;
		}
		release(count);
	}
}

static struct weft_event anomaly_of(const struct weft_flow *flow)
{
	return (struct weft_event){
		.type = WEFT_EVENT_ANOMALY,
		.dir = WEFT_TO_CLIENT,
		.flow = flow,
		.anomaly = {.kind = WEFT_ANOMALY_OVERLAP_CONFLICT, .off = 7, .len_bytes = 9},
	};
}

/*
 * Pushes a bundle with data of the first @flows connections in turn, and with gaps and anomalies.
 * Return: the bytes of data.
 */
static uint64_t push_flows(uint64_t *off, uint32_t flows)
{
	struct wf_bundle *bundle = wf_bundle_new(fix.pool);
	uint64_t bytes = 0;

	for (uint32_t i = 0; !wf_bundle_is_full(bundle); i++) {
		struct weft_flow flow = delivery_flow(i % flows);
		struct weft_event event = delivery_data(&flow, off[i % flows], payload, LEN);

		if (i % 11 == 0) {
			event = anomaly_of(&flow);
			wf_bundle_add(bundle, &event, NULL);
			continue;
		}
		if (i % 7 == 3) {
			event = delivery_gap(&flow, off[i % flows], LEN);
			event.dir = WEFT_TO_CLIENT;
		} else {
			bytes += LEN;
		}
		off[i % flows] += LEN;
		wf_bundle_add(bundle, &event, NULL);
	}
	push_bundle(bundle);
	wf_queue_flush(&fix.queue);
	return bytes;
}

static void losses_are_exact(enum weft_overflow overflow)
{
	struct consumer consumer = {0};
	uint64_t off[FLOWS] = {0}, pushed_bytes = 0;

	fix.opts.block_ns = 1000;
	open_queue(overflow);
	for (uint32_t i = 0; i < 300; i++) {
		pushed_bytes += push_flows(off, 1 + i % FLOWS);
		if (i % 50 == 49)
			consume_all(&consumer);
	}
	wf_queue_close(&fix.queue);
	consume_all(&consumer);
	assert_true(wf_queue_is_finished(&fix.queue));
	assert_int_equal(consumer.wrong, 0);
	for (uint32_t i = 0; i < FLOWS; i++)
		assert_int_equal(consumer.next[i], off[i]);
	assert_int_equal(consumer.got_bytes + consumer.lost_bytes, pushed_bytes);
	assert_true(consumer.lost_bytes > 0);
	assert_int_equal(consumer.lost_bytes, stats().dropped_bytes);
	assert_int_equal(consumer.lost_events, stats().dropped_events);
	assert_int_equal(stats().waiting_events, 0);
	assert_int_equal(pages_taken(), 0);
}

TEST_WITH(bundle_drop_oldest_reports_each_range, setup, teardown)
{
	losses_are_exact(WEFT_OVERFLOW_DROP_OLDEST);
}

TEST_WITH(bundle_drop_newest_reports_each_range, setup, teardown)
{
	losses_are_exact(WEFT_OVERFLOW_DROP_NEWEST);
}

TEST_WITH(bundle_block_with_timeout_reports_each_range, setup, teardown)
{
	losses_are_exact(WEFT_OVERFLOW_BLOCK_WITH_TIMEOUT);
}

TEST_WITH(bundle_resize_reports_each_range, setup, teardown)
{
	fix.opts.max_bytes = 2 * WEFT_QUEUE_MIN_BYTES;
	losses_are_exact(WEFT_OVERFLOW_RESIZE);
}

/* More ranges than a bundle has runs are entered one by one. */
TEST_WITH(bundle_of_many_ranges_is_dropped, setup, teardown)
{
	struct delivery_check check = {0};

	open_queue(WEFT_OVERFLOW_DROP_OLDEST);
	for (uint64_t i = 0; i < 100; i++)
		push_shared(i * WF_BUNDLE_EVENTS, WF_BUNDLE_EVENTS, 200);
	wf_queue_flush(&fix.queue);
	take_all(&check);
	assert_true(check.dropped > 0);
	assert_int_equal(check.wrong, 0);
	assert_int_equal(check.next, 100 * WF_BUNDLE_EVENTS);
}

/* ---- the end of a queue ---- */

static void push_and_take_a_part(void)
{
	struct delivery_check check = {0};

	open_queue(WEFT_OVERFLOW_DROP_OLDEST);
	for (uint64_t i = 0; i < 3; i++)
		assert_true(push_shared(i * WF_BUNDLE_EVENTS, WF_BUNDLE_EVENTS, LEN));
	wf_queue_flush(&fix.queue);
	take_checked(&check, 10);
	assert_int_equal(check.taken, 10);
	assert_true(pages_taken() > 0);
}

TEST_WITH(bundle_is_freed_when_the_reader_leaves, setup, teardown)
{
	push_and_take_a_part();
	wf_queue_abandon(&fix.queue);
	assert_int_equal(pages_taken(), 0);
	wf_queue_close(&fix.queue);
	assert_int_equal(stats().waiting_events, 0);
}

TEST_WITH(bundle_is_freed_when_the_worker_leaves_for_the_reader, setup, teardown)
{
	push_and_take_a_part();
	atomic_store(&fix.ended, 1);
	while (!wf_queue_clear(&fix.queue, 1))
		;
	wf_queue_close(&fix.queue);
	wf_queue_leave(&fix.queue, WF_QUEUE_LEFT_READER);
	assert_int_equal(pages_taken(), 0);
	assert_int_equal(stats().waiting_events, 0);
	atomic_store(&fix.ended, 0);
}

/* ---- two threads ---- */

static void *push_bundles(void *ctx)
{
	wf_page_pool_adopt(fix.pool);
	for (uint64_t i = 0; i < STRESS_EVENTS;) {
		uint32_t count = 1 + (uint32_t)(i * 7 % WF_BUNDLE_EVENTS);

		if (count > STRESS_EVENTS - i)
			count = (uint32_t)(STRESS_EVENTS - i);
		push_shared(i, count, 1 + (uint32_t)(i % 200));
		wf_queue_flush(&fix.queue);
		i += count;
	}
	wf_queue_close(&fix.queue);
	wf_page_pool_adopt(NULL);
	return NULL;
}

TEST_WITH(bundle_two_threads_drop_oldest_report_every_loss, setup, teardown)
{
	stress_with(push_bundles, WEFT_OVERFLOW_DROP_OLDEST, false);
}

TEST_WITH(bundle_two_threads_drop_newest_report_every_loss, setup, teardown)
{
	stress_with(push_bundles, WEFT_OVERFLOW_DROP_NEWEST, false);
}

TEST_WITH(bundle_two_threads_block_lose_nothing, setup, teardown)
{
	stress_with(push_bundles, WEFT_OVERFLOW_BLOCK, false);
}

TEST_WITH(bundle_two_threads_resize_report_every_loss, setup, teardown)
{
	fix.opts.max_bytes = 4 * WEFT_QUEUE_MIN_BYTES;
	stress_with(push_bundles, WEFT_OVERFLOW_RESIZE, false);
}
