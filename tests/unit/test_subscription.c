// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_subscription.c - several workers, one consumer: merging, bounds, end and release.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include <weft/limits.h>

#include "base/log.h"
#include "deliver/dispatch.h"
#include "deliver/registry.h"
#include "deliver/subscription.h"
#include "memory/arena.h"
#include "memory/budget.h"
#include "unit/support/delivery.h"

enum { WORKERS = 3, EVENTS = 300 };

/* What a subscription keeps until it is freed: a span for lent events, one for the map. */
enum { READER_BYTES = 2 * WEFT_SPAN_BYTES };

static struct wf_arena *arena;
static struct wf_registry registry;
static struct weft_sub *sub;
static struct wf_dispatch dispatches[WORKERS];
static struct weft_event events[EVENTS];
static const uint8_t payload[1000];

static int setup(void **state)
{
	sub = NULL;
	memset(dispatches, 0, sizeof(dispatches));
	return wf_arena_new(16 << 20, &arena) || wf_registry_init(&registry, arena, WORKERS, 1000);
}

static void close_workers(void)
{
	for (uint32_t i = 0; i < WORKERS; i++)
		wf_dispatch_close(&dispatches[i]);
}

static int teardown(void **state)
{
	close_workers();
	wf_registry_fini(&registry);
	assert_int_equal(wf_arena_used_bytes(arena), 0);
	assert_int_equal(wf_budget_held(wf_arena_budget(arena), WF_BUDGET_QUEUES), 0);
	wf_arena_free(arena);
	return 0;
}

static void subscribe(struct weft_sub_opts opts, bool live)
{
	opts.sz = sizeof(opts);
	assert_int_equal(wf_registry_add(&registry, &opts, live, &sub), 0);
	for (uint32_t i = 0; i < WORKERS; i++)
		wf_dispatch_init(&dispatches[i], &registry, i);
}

/* Pushes @count numbered DATA events of flow @worker. */
static void dispatch(uint32_t worker, uint64_t first, uint64_t count)
{
	struct weft_flow flow = delivery_flow(worker);

	for (uint64_t i = first; i < first + count; i++) {
		struct weft_event event = delivery_data(&flow, i, payload, 10);

		delivery_dispatch(&dispatches[worker], &event);
	}
	wf_dispatch_flush(&dispatches[worker]);
}

TEST_WITH(subscription_merges_all_workers, setup, teardown)
{
	struct delivery_check checks[WORKERS] = {0};
	int count;

	subscribe((struct weft_sub_opts){0}, false);
	for (uint32_t i = 0; i < WORKERS; i++)
		dispatch(i, 0, 100);
	for (int taken = 0; taken < WORKERS * 100; taken += count) {
		count = wf_sub_poll(sub, events, 7, 0);
		assert_in_range(count, 1, 7);
		for (int i = 0; i < count; i++)
			delivery_check_event(&checks[events[i].flow->id], &events[i]);
	}
	assert_int_equal(wf_sub_poll(sub, events, 7, 0), 0);
	for (uint32_t i = 0; i < WORKERS; i++) {
		assert_int_equal(checks[i].wrong, 0);
		assert_int_equal(checks[i].taken, 100);
	}
}

TEST_WITH(subscription_busy_worker_does_not_starve_another, setup, teardown)
{
	bool seen = false;

	subscribe((struct weft_sub_opts){0}, false);
	dispatch(0, 0, 400);
	dispatch(2, 0, 1);
	for (int polls = 0; polls < WORKERS; polls++) {
		int count = wf_sub_poll(sub, events, 10, 0);

		for (int i = 0; i < count; i++)
			seen |= events[i].flow->id == 2;
	}
	assert_true(seen);
}

TEST_WITH(subscription_poll_times_out_with_nothing, setup, teardown)
{
	subscribe((struct weft_sub_opts){0}, true);
	assert_int_equal(wf_sub_poll(sub, events, EVENTS, 1), 0);
}

TEST_WITH(subscription_ends_when_all_workers_have_closed, setup, teardown)
{
	subscribe((struct weft_sub_opts){0}, false);
	dispatch(1, 0, 5);
	wf_dispatch_close(&dispatches[0]);
	wf_dispatch_close(&dispatches[1]);
	assert_int_equal(wf_sub_poll(sub, events, EVENTS, -1), 5);
	assert_int_equal(wf_sub_poll(sub, events, EVENTS, 0), 0);
	wf_dispatch_close(&dispatches[2]);
	assert_int_equal(wf_sub_poll(sub, events, EVENTS, -1), -ESHUTDOWN);
	assert_int_equal(wf_sub_poll(sub, events, EVENTS, -1), -ESHUTDOWN);
}

TEST_WITH(subscription_only_wanted_types_are_queued, setup, teardown)
{
	struct weft_flow flow = delivery_flow(0);
	struct weft_event open = delivery_open(&flow);

	subscribe((struct weft_sub_opts){.events = WEFT_EVENT_BIT(WEFT_EVENT_OPEN)}, false);
	assert_true(wf_dispatch_takers(&dispatches[0], WEFT_TO_SERVER, WEFT_EVENT_OPEN));
	assert_false(wf_dispatch_takers(&dispatches[0], WEFT_TO_SERVER, WEFT_EVENT_DATA));
	dispatch(0, 0, 10);
	delivery_dispatch(&dispatches[0], &open);
	close_workers();
	assert_int_equal(wf_sub_poll(sub, events, EVENTS, -1), 1);
	assert_int_equal(events[0].type, WEFT_EVENT_OPEN);
}

TEST_WITH(subscription_ended_by_its_consumer_takes_nothing_more, setup, teardown)
{
	uint64_t used;

	subscribe((struct weft_sub_opts){0}, false);
	dispatch(0, 0, 10);
	assert_int_equal(wf_sub_poll(sub, events, 3, 0), 3);
	assert_true(wf_sub_end(sub, WEFT_SUB_FAILED));
	assert_false(wf_sub_end(sub, WEFT_SUB_SHUTDOWN));
	used = wf_arena_used_bytes(arena);
	assert_int_equal(wf_sub_poll(sub, events, EVENTS, -1), -ESHUTDOWN);
	dispatch(0, 10, 10);
	wf_dispatch_flush(&dispatches[1]);
	assert_true(wf_arena_used_bytes(arena) < used); /* two workers freed memory */
	close_workers();
	assert_int_equal(wf_arena_used_bytes(arena), READER_BYTES);
}

TEST_WITH(subscription_block_is_refused_live, setup, teardown)
{
	struct weft_sub_opts opts = {.sz = sizeof(opts), .overflow = WEFT_OVERFLOW_BLOCK};

	assert_int_equal(wf_registry_add(&registry, &opts, true, &sub), -EINVAL);
	assert_null(sub);
}

TEST_WITH(subscription_queue_below_minimum_is_refused, setup, teardown)
{
	struct weft_sub_opts opts = {.sz = sizeof(opts), .queue_bytes = WEFT_QUEUE_MIN_BYTES - 1};

	assert_int_equal(wf_registry_add(&registry, &opts, false, &sub), -EINVAL);
}

TEST_WITH(subscription_beyond_the_budget_is_refused_and_undone, setup, teardown)
{
	struct weft_sub_opts opts = {.sz = sizeof(opts), .queue_bytes = 64 << 20};

	assert_int_equal(wf_registry_add(&registry, &opts, false, &sub), -ENOBUFS);
	assert_int_equal(wf_arena_used_bytes(arena), 0);
}

/* ---- inline ---- */

struct inline_ctx {
	int calls;
	int fail_at;
};

static int count_call(const struct weft_event *event, void *ctx)
{
	struct inline_ctx *inline_ctx = ctx;

	return ++inline_ctx->calls == inline_ctx->fail_at ? -EIO : 0;
}

TEST_WITH(subscription_is_charged_in_full, setup, teardown)
{
	struct wf_budget *budget = wf_arena_budget(arena);
	uint64_t before = wf_budget_held(budget, WF_BUDGET_QUEUES);
	uint64_t queued;

	subscribe((struct weft_sub_opts){0}, false);
	queued = wf_budget_held(budget, WF_BUDGET_QUEUES) - before;
	/*
	 * There is one list more than before: a new list replaces the first one, and another is
	 * allocated for the end of the subscription.
	 */
	assert_int_equal(queued, sizeof(struct wf_sub_list) + sizeof(*sub) +
					 WORKERS * sizeof(struct wf_queue));
	assert_int_equal(wf_budget_held(budget, WF_BUDGET_RUNS),
			 READER_BYTES + WORKERS * (WEFT_QUEUE_BYTES / 8 + WEFT_SPAN_BYTES));
}

TEST_WITH(subscription_that_does_not_fit_beside_the_rings_is_refused, setup, teardown)
{
	struct wf_budget *budget = wf_arena_budget(arena);
	struct weft_sub_opts opts = {.sz = sizeof(opts)};
	uint64_t before = wf_budget_held(budget, WF_BUDGET_QUEUES);
	uint64_t left = budget->limit_bytes - wf_budget_used(budget);

	assert_int_equal(wf_budget_reserve(budget, WF_BUDGET_OTHER, left), 0);
	assert_int_equal(wf_registry_add(&registry, &opts, false, &sub), -ENOBUFS);
	wf_budget_release(budget, WF_BUDGET_OTHER, left);
	assert_int_equal(wf_budget_held(budget, WF_BUDGET_QUEUES), before);
}

TEST_WITH(subscription_whose_filter_does_not_fit_says_so, setup, teardown)
{
	struct wf_budget *budget = wf_arena_budget(arena);
	struct weft_sub_opts opts = {
		.sz = sizeof(opts), .inline_fn = count_call, .filter = "port 80"};
	uint64_t room = 2 * sizeof(struct wf_sub_list) + sizeof(*sub) +
			WORKERS * sizeof(struct wf_sub_inline);
	uint64_t left = budget->limit_bytes - wf_budget_used(budget) - room;

	assert_int_equal(wf_budget_reserve(budget, WF_BUDGET_OTHER, left), 0);
	assert_int_equal(wf_registry_add(&registry, &opts, false, &sub), -ENOBUFS);
	assert_non_null(strstr(wf_log_last_error(), "subscription unnamed: no room"));
	assert_non_null(strstr(wf_log_last_error(), "its filter"));
	wf_budget_release(budget, WF_BUDGET_OTHER, left);
}

TEST_WITH(subscription_inline_is_called_until_it_fails, setup, teardown)
{
	struct inline_ctx ctx = {.fail_at = 15};
	struct weft_sub_stats stats;

	subscribe((struct weft_sub_opts){.inline_fn = count_call, .ctx = &ctx}, true);
	dispatch(0, 0, 10);
	dispatch(1, 0, 10);
	close_workers();
	assert_int_equal(ctx.calls, 15);
	wf_sub_stats(sub, &stats);
	assert_int_equal(stats.pushed_events, 15);
	assert_int_equal(stats.taken_events, 15);
	assert_int_equal(stats.pushed_bytes, 150);
}

/* ---- threads ---- */

enum { STRESS = 50000 };

static void *run_worker(void *ctx)
{
	uint32_t worker = (uint32_t)(uintptr_t)ctx;

	for (uint64_t i = 0; i < STRESS; i += 50)
		dispatch(worker, i, 50);
	wf_dispatch_close(&dispatches[worker]);
	return NULL;
}

static void run_threads(struct delivery_check *checks, uint64_t end_after)
{
	pthread_t threads[WORKERS];
	uint64_t taken = 0;
	int count = 0;

	for (uint32_t i = 0; i < WORKERS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, run_worker, (void *)(uintptr_t)i), 0);
	while (taken < end_after && (count = wf_sub_poll(sub, events, EVENTS, -1)) > 0) {
		for (int i = 0; i < count; i++) {
			if (events[i].type == WEFT_EVENT_DATA)
				delivery_check_event(&checks[events[i].flow->id], &events[i]);
			taken += events[i].type == WEFT_EVENT_DATA;
		}
	}
	if (count > 0)
		wf_sub_end(sub, WEFT_SUB_FAILED);
	else
		assert_int_equal(count, -ESHUTDOWN);
	for (uint32_t i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
}

TEST_WITH(subscription_threads_sleeping_and_blocking_lose_nothing, setup, teardown)
{
	struct delivery_check checks[WORKERS] = {0};

	subscribe((struct weft_sub_opts){.queue_bytes = WEFT_QUEUE_MIN_BYTES}, false);
	run_threads(checks, UINT64_MAX);
	for (uint32_t i = 0; i < WORKERS; i++) {
		assert_int_equal(checks[i].wrong, 0);
		assert_int_equal(checks[i].taken, STRESS);
	}
}

TEST_WITH(subscription_consumer_leaving_frees_blocked_workers, setup, teardown)
{
	struct delivery_check checks[WORKERS] = {0};

	subscribe((struct weft_sub_opts){.queue_bytes = WEFT_QUEUE_MIN_BYTES}, false);
	run_threads(checks, 5000);
	assert_int_equal(wf_arena_used_bytes(arena), READER_BYTES);
}

static _Atomic bool is_locked;

static void *hold_lock(void *ctx)
{
	const struct timespec nap = {.tv_nsec = 50000000};

	assert_int_equal(wf_lock_take(&registry.lock, "test"), 0);
	is_locked = true;
	nanosleep(&nap, NULL);
	wf_lock_put(&registry.lock);
	return NULL;
}

TEST_WITH(subscription_removal_waits_for_the_lock_beyond_its_time_limit, setup, teardown)
{
	pthread_t holder;

	subscribe((struct weft_sub_opts){0}, true);
	registry.lock.timeout_ms = 1;
	assert_int_equal(pthread_create(&holder, NULL, hold_lock, NULL), 0);
	while (!is_locked)
		;
	wf_registry_remove(sub);
	pthread_join(holder, NULL);
	registry.lock.timeout_ms = 1000;
	assert_int_equal(wf_registry_count(&registry), 0);
}
