/* SPDX-License-Identifier: BSD-2-Clause */
/* queue_rig.h - one queue, its worker and its reader, for the tests of queue/queue*.c. */
#ifndef TESTS_UNIT_SUPPORT_QUEUE_RIG_H
#define TESTS_UNIT_SUPPORT_QUEUE_RIG_H

#include "unit/support/test.h"

#include <pthread.h>
#include <string.h>

#include <weft/limits.h>

#include "base/clock.h"
#include "queue/queue.h"
#include "memory/arena.h"
#include "memory/page.h"
#include "memory/page_pool.h"
#include "metrics/metrics.h"
#include "unit/support/delivery.h"

enum { BATCH = 64 };

struct fixture {
	struct wf_arena *arena;
	struct wf_page_pool *pool;
	struct wf_metrics metrics;
	struct wf_queue queue;
	struct wf_queue_opts opts;
	struct wf_waiter reader;
	_Atomic bool stopping;
	_Atomic uint32_t ended;
	_Atomic bool is_blocked;
	uint64_t empty_bytes; /* bytes of the arena in use before the queue exists */
	struct weft_event events[BATCH];
	struct wf_queue_slot slots[BATCH];
};

static struct fixture fix;
static uint8_t payload[65536];

/* Opens the queue with @bytes and @overflow; the test has set the other options in fix.opts. */
static inline void open_queue_of(uint64_t bytes, enum weft_overflow overflow)
{
	fix.opts.arena = fix.arena;
	fix.opts.bytes = bytes;
	fix.opts.overflow = overflow;
	fix.opts.reader = &fix.reader;
	fix.opts.stopping = &fix.stopping;
	fix.opts.ended = &fix.ended;
	fix.opts.is_blocked = &fix.is_blocked;
	memset(&fix.queue, 0, sizeof(fix.queue));
	atomic_store(&fix.stopping, false);
	assert_int_equal(wf_queue_init(&fix.queue, &fix.opts), 0);
}

static inline void open_queue(enum weft_overflow overflow)
{
	open_queue_of(WEFT_QUEUE_MIN_BYTES, overflow);
}

static inline int setup(void **state)
{
	struct wf_page_pool_opts opts = {
		.small_bytes = WEFT_PAGE_SMALL_BYTES,
		.medium_bytes = WEFT_PAGE_MEDIUM_BYTES,
		.large_bytes = WEFT_PAGE_LARGE_BYTES,
	};

	fix.opts = (struct wf_queue_opts){0};
	if (wf_arena_new(16 << 20, &fix.arena) ||
	    wf_page_pool_new(fix.arena, &opts, &fix.metrics, &fix.pool))
		return -1;
	fix.empty_bytes = wf_arena_used_bytes(fix.arena);
	return 0;
}

/* Checks that all memory of the queue was given back. */
static inline int teardown(void **state)
{
	wf_queue_close(&fix.queue);
	wf_queue_leave(&fix.queue, WF_QUEUE_LEFT_READER);
	assert_null(fix.queue.tables);
	wf_page_pool_free(fix.pool);
	assert_true(wf_arena_used_bytes(fix.arena) <= fix.empty_bytes);
	wf_arena_free(fix.arena);
	return 0;
}

static inline int take(int max)
{
	return wf_queue_take(&fix.queue, fix.events, fix.slots, max);
}

static inline void release(int count)
{
	for (int i = 0; i < count; i++)
		wf_page_put(fix.slots[i].page);
	wf_queue_release(&fix.queue);
}

static inline void push_numbers(uint64_t first, uint64_t count, uint32_t len)
{
	struct weft_flow flow = delivery_flow(1);

	for (uint64_t i = first; i < first + count; i++) {
		struct weft_event event = delivery_data(&flow, i, payload, len);

		wf_queue_push(&fix.queue, &event, NULL);
	}
	wf_queue_flush(&fix.queue);
}

static inline void take_all(struct delivery_check *check)
{
	int count;

	while ((count = take(BATCH))) {
		for (int i = 0; i < count; i++)
			delivery_check_event(check, &fix.events[i]);
		release(count);
	}
}

static inline struct weft_sub_stats stats(void)
{
	struct weft_sub_stats result = {0};

	wf_queue_stats_add(&fix.queue, &result);
	assert_int_equal(result.pushed_events,
			 result.taken_events + result.dropped_events + result.waiting_events);
	assert_int_equal(result.pushed_bytes,
			 result.taken_bytes + result.dropped_bytes + result.waiting_bytes);
	return result;
}

/*
 * STOP_PATIENCE_MS: time after which a stopping worker does not wait any longer for a reader that
 * takes nothing (queue_room.c).
 */
enum { STRESS_EVENTS = 200000, STOP_PATIENCE_MS = 1000 };

static inline void *push_stress(void *ctx)
{
	struct weft_flow flow = delivery_flow(1);

	wf_page_pool_adopt(fix.pool);
	for (uint64_t i = 0; i < STRESS_EVENTS; i++) {
		struct wf_page *page = i % 3 ? NULL : wf_page_pool_take(fix.pool, 200);
		uint8_t *bytes = page ? wf_page_bytes(page) : payload;
		struct weft_event event = delivery_data(&flow, i, bytes, 1 + i % 200);

		if (page)
			memcpy(bytes, &i, sizeof(i) < event.data.len_bytes ? sizeof(i) : 1);
		if (!wf_queue_push(&fix.queue, &event, page))
			wf_page_put(page);
		if (i % 64 == 63)
			wf_queue_flush(&fix.queue);
	}
	wf_queue_close(&fix.queue);
	wf_page_pool_adopt(NULL);
	return NULL;
}

static inline void check_page_bytes(const struct weft_event *event,
				    const struct wf_queue_slot *slot, struct delivery_check *check)
{
	if (!slot->page || event->type != WEFT_EVENT_DATA)
		return;
	if (memcmp(event->data.bytes, &event->data.off,
		   sizeof(event->data.off) < event->data.len_bytes ? sizeof(event->data.off) : 1))
		check->wrong++;
}

static inline void stress_with(void *(*push)(void *ctx), enum weft_overflow overflow, bool stopping)
{
	struct delivery_check check = {0};
	uint64_t taken_ns = wf_clock_monotonic_ns(), longest_ns = 0;
	struct weft_sub_stats end;
	pthread_t worker;

	open_queue(overflow);
	atomic_store(&fix.stopping, stopping);
	assert_int_equal(pthread_create(&worker, NULL, push, NULL), 0);
	while (!wf_queue_is_finished(&fix.queue)) {
		int count = take(1 + (int)(check.next % BATCH));
		uint64_t now_ns = wf_clock_monotonic_ns();

		longest_ns = now_ns - taken_ns > longest_ns ? now_ns - taken_ns : longest_ns;
		taken_ns = now_ns;
		for (int i = 0; i < count; i++) {
			check_page_bytes(&fix.events[i], &fix.slots[i], &check);
			delivery_check_event(&check, &fix.events[i]);
		}
		release(count);
	}
	pthread_join(worker, NULL);
	end = stats();
	assert_int_equal(check.wrong, 0);
	assert_int_equal(check.next, STRESS_EVENTS);
	assert_int_equal(check.taken, end.taken_events);
	assert_int_equal(check.dropped, end.dropped_events);
	assert_int_equal(check.dropped_bytes, end.dropped_bytes);
	assert_int_equal(end.waiting_events, 0);
	/* On a busy host this thread may not run for so long that the worker rightly gives up. */
	stopping = stopping && longest_ns < STOP_PATIENCE_MS * WF_NS_PER_MS;
	if (overflow == WEFT_OVERFLOW_BLOCK || stopping)
		assert_int_equal(check.dropped, 0);
}

static inline void stress(enum weft_overflow overflow, bool stopping)
{
	stress_with(push_stress, overflow, stopping);
}

#endif
