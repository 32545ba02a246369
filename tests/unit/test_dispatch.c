// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_dispatch.c - one worker, several subscriptions: if memory is short, only a slow subscription
 * loses events; references to pages, an OPEN that is rejected, shared records, and filters.
 */
#include "unit/support/test.h"

#include <string.h>

#include <weft/limits.h>

#include "deliver/dispatch.h"
#include "deliver/registry.h"
#include "deliver/subscription.h"
#include "memory/arena.h"
#include "memory/budget.h"
#include "memory/page.h"
#include "memory/page_pool.h"
#include "metrics/metrics.h"
#include "unit/support/delivery.h"

enum { SUBS = 4, EVENTS = 256, PAYLOAD = 1400, SLOW = 0, FAST = 1, INLINE = 2, BLOCKING = 3 };

/* fills more than half of the smallest queue, but not all of it */
enum { COUNT = 40 };

static struct wf_arena *arena;
static struct wf_registry registry;
static struct weft_sub *subs[SUBS];
static struct wf_dispatch dispatch;
static struct weft_event events[EVENTS];
static const uint8_t payload[PAYLOAD];
static uint64_t called;
static struct wf_metrics metrics;
static struct wf_page_pool *shared_pages; /* memory for shared records; NULL: none */

static int count_call(const struct weft_event *event, void *ctx)
{
	called++;
	return 0;
}

static void subscribe(int index, bool live, weft_event_fn fn)
{
	const struct weft_sub_opts opts = {
		.sz = sizeof(opts),
		.queue_bytes = WEFT_QUEUE_MIN_BYTES,
		.inline_fn = fn,
	};

	assert_int_equal(wf_registry_add(&registry, &opts, live, &subs[index]), 0);
}

static int setup(void **state)
{
	called = 0;
	if (wf_arena_new(16 << 20, &arena) || wf_registry_init(&registry, arena, 1, 1000))
		return -1;
	subscribe(SLOW, true, NULL);
	subscribe(FAST, true, NULL);
	subscribe(INLINE, true, count_call);
	subscribe(BLOCKING, false, NULL);
	wf_dispatch_init(&dispatch, &registry, 0);
	return 0;
}

static uint64_t pages_taken(void)
{
	if (!shared_pages)
		return 0;
	/* takes back the pages that this thread has put */
	wf_page_pool_housekeep(shared_pages, 0);
	return wf_page_pool_taken(shared_pages);
}

static int teardown(void **state)
{
	wf_dispatch_close(&dispatch);
	wf_registry_fini(&registry);
	assert_int_equal(pages_taken(), 0);
	wf_page_pool_free(shared_pages);
	shared_pages = NULL;
	assert_int_equal(wf_arena_used_bytes(arena), 0);
	assert_int_equal(wf_budget_held(wf_arena_budget(arena), WF_BUDGET_QUEUES), 0);
	wf_arena_free(arena);
	return 0;
}

static void read_all(int index, struct delivery_check *check)
{
	for (int count; (count = wf_sub_poll(subs[index], events, EVENTS, 0)) > 0;)
		for (int i = 0; i < count; i++)
			delivery_check_event(check, &events[i]);
}

/* Pushes numbered events; the reader of FAST reads all of them at once. */
static void push(uint64_t first, struct delivery_check *fast)
{
	struct weft_flow flow = delivery_flow(1);

	for (uint64_t i = first; i < first + COUNT; i++) {
		struct weft_event event = delivery_data(&flow, i, payload, PAYLOAD);

		delivery_dispatch(&dispatch, &event);
	}
	wf_dispatch_flush(&dispatch);
	read_all(FAST, fast);
}

TEST_WITH(dispatch_shed_takes_from_the_slow_and_reports_it, setup, teardown)
{
	struct delivery_check check[SUBS] = {0};
	struct weft_sub_stats stats;
	struct wf_dispatch_drops shed;

	push(0, &check[FAST]);
	wf_dispatch_drop_waiting(&dispatch, &shed);
	assert_in_range(shed.events, 1, COUNT - 1);
	assert_int_equal(shed.bytes, shed.events * PAYLOAD);
	wf_sub_stats(subs[SLOW], &stats);
	assert_int_equal(stats.dropped_events, shed.events);
	assert_int_equal(stats.dropped_bytes, shed.bytes);
	for (int i = 0; i < SUBS; i++)
		if (i != INLINE)
			read_all(i, &check[i]);
	assert_int_equal(check[SLOW].dropped, shed.events);
	assert_int_equal(check[SLOW].dropped_bytes, shed.bytes);
	assert_int_equal(check[SLOW].next, COUNT);
	assert_int_equal(check[SLOW].wrong, 0);
	assert_int_equal(check[FAST].taken, COUNT);
	assert_int_equal(check[BLOCKING].taken, COUNT);
	assert_int_equal(called, COUNT);
}

TEST_WITH(dispatch_shed_again_finds_nothing_more, setup, teardown)
{
	struct delivery_check fast = {0};
	struct wf_dispatch_drops shed;

	push(0, &fast);
	wf_dispatch_drop_waiting(&dispatch, &shed);
	wf_dispatch_drop_waiting(&dispatch, &shed);
	assert_int_equal(shed.events, 0);
	assert_int_equal(shed.bytes, 0);
}

TEST_WITH(dispatch_shed_of_one_that_ended_does_nothing, setup, teardown)
{
	struct delivery_check fast = {0};
	struct wf_dispatch_drops shed;

	push(0, &fast);
	wf_sub_end(subs[SLOW], WEFT_SUB_FAILED);
	wf_dispatch_drop_waiting(&dispatch, &shed);
	assert_int_equal(shed.events, 0);
}

/* A subscription that was slow once loses nothing after its reader keeps up. */
TEST_WITH(dispatch_after_a_shed_nothing_more_is_lost, setup, teardown)
{
	struct delivery_check check[SUBS] = {0};
	struct wf_dispatch_drops shed;

	push(0, &check[FAST]);
	wf_dispatch_drop_waiting(&dispatch, &shed);
	for (int round = 1; round < 4; round++) {
		read_all(SLOW, &check[SLOW]);
		read_all(BLOCKING, &check[BLOCKING]);
		push((uint64_t)round * COUNT, &check[FAST]);
	}
	read_all(SLOW, &check[SLOW]);
	assert_int_equal(check[SLOW].dropped, shed.events);
	assert_int_equal(check[SLOW].next, 4 * COUNT);
	assert_int_equal(check[SLOW].wrong, 0);
}

/*
 * A queue that rejects an event or has ended, and a callback, take no reference to the page of the
 * event. The page is free when all queues that took one have released it.
 */
TEST_WITH(dispatch_page_has_a_reference_for_each_queue_that_took_it, setup, teardown)
{
	struct weft_flow flow = delivery_flow(1);
	const struct wf_page_pool_opts opts = {
		.small_bytes = WEFT_PAGE_SMALL_BYTES,
		.medium_bytes = WEFT_PAGE_MEDIUM_BYTES,
		.large_bytes = WEFT_PAGE_LARGE_BYTES,
	};
	struct delivery_check check[2] = {0};
	struct wf_page_pool *pool = NULL;
	uint64_t pushed = 0;

	assert_int_equal(wf_page_pool_new(arena, &opts, &metrics, &pool), 0);
	wf_sub_end(subs[BLOCKING], WEFT_SUB_SLOW);
	for (; pushed < 4 * COUNT; pushed++) {
		struct wf_page *page = wf_page_pool_take(pool, PAYLOAD);
		struct weft_event event =
			delivery_data(&flow, pushed, wf_page_bytes(page), PAYLOAD);

		wf_dispatch_event(&dispatch, dispatch.takers[0][WEFT_EVENT_DATA], &event, page);
		wf_page_put(page);
	}
	wf_dispatch_flush(&dispatch);
	assert_in_range(wf_page_pool_taken(pool), 1, pushed - 1);
	read_all(SLOW, &check[SLOW]);
	read_all(FAST, &check[FAST]);
	wf_page_pool_housekeep(pool, 0);
	assert_int_equal(wf_page_pool_taken(pool), 0);
	wf_page_pool_free(pool);
}

/* ---- an OPEN that is rejected ---- */

static int setup_blocking(void **state)
{
	if (wf_arena_new(16 << 20, &arena) || wf_registry_init(&registry, arena, 1, 1000))
		return -1;
	subscribe(BLOCKING, false, NULL);
	wf_dispatch_init(&dispatch, &registry, 0);
	return 0;
}

/* Stops the handle, and pushes small data until the ring of BLOCKING has no room for an event. */
static void stop_and_fill(void)
{
	struct weft_flow flow = delivery_flow(1);
	struct weft_sub_stats stats = {0};

	wf_registry_stop(&registry);
	for (uint64_t i = 0; !stats.dropped_events; i++) {
		struct weft_event event = delivery_data(&flow, i, payload, 1);

		delivery_dispatch(&dispatch, &event);
		wf_sub_stats(subs[BLOCKING], &stats);
	}
}

/*
 * A reader that is slow while the handle stops gets the OPEN of a connection before its next event,
 * even with the policy block.
 */
TEST_WITH(dispatch_open_that_was_rejected_comes_before_the_next_event, setup_blocking, teardown)
{
	const void *conn = wf_arena_base(arena);
	struct weft_flow flow = delivery_flow(2);
	struct weft_event open = delivery_open(&flow);
	struct weft_event data = delivery_data(&flow, 0, payload, PAYLOAD);
	struct delivery_check check = {0};
	uint32_t takers = dispatch.takers[data.dir][WEFT_EVENT_DATA];
	uint32_t not_introduced;
	int count;

	stop_and_fill();
	wf_dispatch_open(&dispatch, takers, conn, &open);
	read_all(BLOCKING, &check);
	wf_dispatch_choose(&dispatch, takers, conn, &not_introduced);
	assert_int_equal(not_introduced, takers);
	wf_dispatch_introduce(&dispatch, not_introduced, conn, &open);
	takers = wf_dispatch_choose(&dispatch, takers, conn, &not_introduced);
	assert_int_equal(not_introduced, 0);
	wf_dispatch_event(&dispatch, takers, &data, NULL);
	wf_dispatch_flush(&dispatch);
	count = wf_sub_poll(subs[BLOCKING], events, EVENTS, 0);
	assert_in_range(count, 2, 3);
	assert_int_equal(events[count - 2].type, WEFT_EVENT_OPEN);
	assert_int_equal(events[count - 1].type, WEFT_EVENT_DATA);
	assert_int_equal(events[count - 1].flow->id, 2);
}

/* ---- shared records ---- */

static void share_pages(void)
{
	const struct wf_page_pool_opts opts = {
		.small_bytes = WEFT_PAGE_SMALL_BYTES,
		.medium_bytes = WEFT_PAGE_MEDIUM_BYTES,
		.large_bytes = WEFT_PAGE_LARGE_BYTES,
	};

	assert_int_equal(wf_page_pool_new(arena, &opts, &metrics, &shared_pages), 0);
	wf_dispatch_share(&dispatch, shared_pages);
}

/* Dispatches @count events of one byte from @first on, the last of them a gap. */
static void dispatch_bytes(uint64_t first, uint64_t count, enum weft_dir dir)
{
	struct weft_flow flow = delivery_flow(1);

	for (uint64_t i = first; i < first + count; i++) {
		struct weft_event event = i + 1 < first + count
						  ? delivery_data(&flow, i, payload, 1)
						  : delivery_gap(&flow, i, 1);

		event.dir = dir;
		delivery_dispatch(&dispatch, &event);
	}
}

/* Checks that @sub gets each offset of @dir up to @end, in order; others are not checked. */
static void check_order(struct weft_sub *sub, enum weft_dir dir, uint64_t end)
{
	uint64_t next = 0;

	for (int count; (count = wf_sub_poll(sub, events, EVENTS, 0)) > 0;)
		for (int i = 0; i < count; i++) {
			const struct weft_event *event = &events[i];

			if (event->dir != dir || event->type == WEFT_EVENT_OPEN)
				continue;
			assert_int_equal(event->type == WEFT_EVENT_GAP ? event->gap.off
								       : event->data.off,
					 next);
			next++;
		}
	assert_int_equal(next, end);
}

TEST_WITH(dispatch_shared_events_keep_their_order, setup, teardown)
{
	share_pages();
	dispatch_bytes(0, 21, WEFT_TO_CLIENT);
	dispatch_bytes(21, 200, WEFT_TO_CLIENT);
	assert_true(pages_taken() > 0);
	wf_dispatch_flush(&dispatch);
	check_order(subs[SLOW], WEFT_TO_CLIENT, 221);
	check_order(subs[FAST], WEFT_TO_CLIENT, 221);
	check_order(subs[BLOCKING], WEFT_TO_CLIENT, 221);
	assert_int_equal(called, 221);
	assert_int_equal(pages_taken(), 0);
	dispatch_bytes(221, 21, WEFT_TO_CLIENT);
}

TEST_WITH(dispatch_shares_gaps_and_anomalies_with_the_data_around_them, setup, teardown)
{
	struct weft_flow flow = delivery_flow(1);
	const struct weft_event anomaly = {
		.type = WEFT_EVENT_ANOMALY, .dir = WEFT_TO_SERVER, .flow = &flow};

	share_pages();
	for (uint64_t i = 0; i < 12; i++) {
		dispatch_bytes(i * 5, 5, WEFT_TO_CLIENT);
		if (i % 4 == 0)
			delivery_dispatch(&dispatch, &anomaly);
	}
	wf_dispatch_flush(&dispatch);
	assert_int_equal(pages_taken(), 1);
	check_order(subs[SLOW], WEFT_TO_CLIENT, 60);
	check_order(subs[FAST], WEFT_TO_CLIENT, 60);
	check_order(subs[BLOCKING], WEFT_TO_CLIENT, 60);
	assert_int_equal(called, 63);
}

/* If a subscription wants data without gaps, gaps are pushed one by one, in their place. */
TEST_WITH(dispatch_gaps_that_not_all_want_keep_their_order, setup, teardown)
{
	const struct weft_sub_opts opts = {
		.sz = sizeof(opts),
		.queue_bytes = WEFT_QUEUE_MIN_BYTES,
		.events = WEFT_EVENT_BIT(WEFT_EVENT_DATA),
	};
	struct weft_sub *only_data;
	int count, data = 0;

	share_pages();
	assert_int_equal(wf_registry_add(&registry, &opts, true, &only_data), 0);
	wf_dispatch_flush(&dispatch);
	dispatch_bytes(0, 21, WEFT_TO_CLIENT);
	dispatch_bytes(21, 100, WEFT_TO_CLIENT);
	wf_dispatch_flush(&dispatch);
	check_order(subs[FAST], WEFT_TO_CLIENT, 121);
	while ((count = wf_sub_poll(only_data, events, EVENTS, 0)) > 0)
		for (int i = 0; i < count; i++) {
			assert_int_equal(events[i].type, WEFT_EVENT_DATA);
			data++;
		}
	assert_int_equal(data, 119);
}

/* Events that not all subscriptions want are shared by those that do. */
TEST_WITH(dispatch_shares_events_of_one_direction, setup, teardown)
{
	const struct weft_sub_opts opts = {
		.sz = sizeof(opts),
		.queue_bytes = WEFT_QUEUE_MIN_BYTES,
		.directions = WEFT_DIR_BIT(WEFT_TO_CLIENT),
	};
	struct weft_sub *half;

	share_pages();
	assert_int_equal(wf_registry_add(&registry, &opts, true, &half), 0);
	wf_dispatch_flush(&dispatch);
	for (uint64_t i = 0; i < 5; i++) {
		dispatch_bytes(i * 20, 20, WEFT_TO_CLIENT);
		dispatch_bytes(i * 20, 20, WEFT_TO_SERVER);
	}
	wf_dispatch_flush(&dispatch);
	check_order(half, WEFT_TO_CLIENT, 100);
	check_order(subs[FAST], WEFT_TO_CLIENT, 100);
	check_order(subs[SLOW], WEFT_TO_SERVER, 100);
}

/* A connection at the address of an older one is judged by its own identity. */
TEST_WITH(dispatch_choice_does_not_outlive_its_connection, setup, teardown)
{
	const struct weft_sub_opts opts = {
		.sz = sizeof(opts),
		.queue_bytes = WEFT_QUEUE_MIN_BYTES,
		.filter = "port 80",
	};
	const void *conn = wf_arena_base(arena);
	struct weft_flow flow = delivery_flow(1);
	uint32_t not_introduced, bit;
	struct weft_sub *sub;

	assert_int_equal(wf_registry_add(&registry, &opts, true, &sub), 0);
	wf_dispatch_flush(&dispatch);
	bit = 1u << sub->slot;
	wf_dispatch_choose(&dispatch, bit, conn, &not_introduced);
	assert_int_equal(not_introduced, bit);
	for (int i = 0; i < 4; i++) {
		flow.dst_port = i % 2 ? 80 : 443;
		wf_dispatch_begin(&dispatch, conn, &flow);
		for (int again = 0; again < 2; again++)
			assert_int_equal(wf_dispatch_choose(&dispatch, bit, conn, &not_introduced),
					 i % 2 ? bit : 0);
		assert_int_equal(not_introduced, 0);
	}
}
