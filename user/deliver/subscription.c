// SPDX-License-Identifier: BSD-2-Clause
/*
 * subscription.c - creates a consumer's queues, merges them for its reader, and ends the
 * subscription.
 *
 * Queues are merged round robin: each poll begins with the queue after the one with which the last
 * poll began, so the events of a busy worker do not delay those of the others.
 *
 * The events that a poll lends are copied to slots outside the rings. So the worker can overwrite
 * or drop records while the reader processes its batch.
 */
#include "deliver/subscription.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weft/limits.h>

#include "base/clock.h"
#include "base/log.h"
#include "memory/arena.h"
#include "memory/budget.h"
#include "memory/page.h"

#define ALL_EVENTS	((1u << WEFT_EVENT_TYPE_COUNT) - 1)
#define QUEUE_BYTES_MAX (1ull << 40)

static int check_opts(const struct weft_sub *sub, const struct weft_sub_opts *opts, bool live)
{
	if (live && opts->overflow == WEFT_OVERFLOW_BLOCK) {
		wf_error("subscription %s: overflow policy \"block\" would stop live capture; use "
			 "drop-oldest or drop-newest",
			 sub->name);
		return -EINVAL;
	}
	if (opts->queue_bytes &&
	    (opts->queue_bytes < WEFT_QUEUE_MIN_BYTES || opts->queue_bytes > QUEUE_BYTES_MAX)) {
		wf_error("subscription %s: queue_bytes %llu is out of range: %d to %llu", sub->name,
			 (unsigned long long)opts->queue_bytes, WEFT_QUEUE_MIN_BYTES,
			 QUEUE_BYTES_MAX);
		return -EINVAL;
	}
	return 0;
}

static int open_queues(struct weft_sub *sub, const struct weft_sub_opts *opts, bool live,
		       struct wf_arena *arena)
{
	struct wf_queue_opts queue_opts = {
		.arena = arena,
		.bytes = opts->queue_bytes ? opts->queue_bytes : WEFT_QUEUE_BYTES,
		.overflow = opts->overflow,
		.lazy_wake = !live,
		.reader = &sub->reader,
		.stopping = &sub->stopping,
	};
	size_t bytes = sub->workers * sizeof(*sub->queues);

	if (queue_opts.overflow == WEFT_OVERFLOW_DEFAULT)
		queue_opts.overflow = live ? WEFT_OVERFLOW_DROP_OLDEST : WEFT_OVERFLOW_BLOCK;
	sub->lazy_wake = queue_opts.lazy_wake;
	sub->slots = calloc(WF_SUB_BATCH_MAX, sizeof(*sub->slots));
	sub->queues = aligned_alloc(WF_CACHE_LINE, bytes);
	if (sub->queues)
		memset(sub->queues, 0, bytes);
	if (!sub->slots || !sub->queues)
		return -ENOMEM;
	for (uint32_t i = 0; i < sub->workers; i++) {
		int err = wf_queue_init(&sub->queues[i], &queue_opts);

		if (err) {
			wf_error("subscription %s: no room in the memory budget for %u queues of "
				 "%llu bytes",
				 sub->name, sub->workers, (unsigned long long)queue_opts.bytes);
			return err;
		}
	}
	return 0;
}

static int open_inlines(struct weft_sub *sub, const struct weft_sub_opts *opts)
{
	size_t bytes = sub->workers * sizeof(*sub->inlines);

	sub->inline_ctx = opts->ctx;
	sub->inlines = aligned_alloc(WF_CACHE_LINE, bytes);
	if (!sub->inlines)
		return -ENOMEM;
	memset(sub->inlines, 0, bytes);
	return 0;
}

/* Return the bytes of memory that a subscription needs, without its rings. */
static uint64_t sub_bytes(bool is_inline, uint32_t workers)
{
	if (is_inline)
		return sizeof(struct weft_sub) + workers * sizeof(struct wf_sub_inline);
	return sizeof(struct weft_sub) + WF_SUB_BATCH_MAX * sizeof(struct wf_queue_slot) +
	       workers * sizeof(struct wf_queue);
}

int wf_sub_new(const struct weft_sub_opts *opts, uint32_t workers, bool live,
	       struct wf_arena *arena, struct weft_sub **ret_sub)
{
	uint64_t bytes = sub_bytes(opts->inline_fn, workers);
	struct wf_budget *budget = wf_arena_budget(arena);
	struct weft_sub *sub;
	int err;

	if (wf_budget_reserve(budget, WF_BUDGET_QUEUES, bytes)) {
		wf_error("subscription %s: no room in the memory budget for %llu bytes",
			 opts->name ? opts->name : "unnamed", (unsigned long long)bytes);
		return -ENOBUFS;
	}
	sub = aligned_alloc(WF_CACHE_LINE, sizeof(*sub));
	if (!sub) {
		wf_budget_release(budget, WF_BUDGET_QUEUES, bytes);
		return -ENOMEM;
	}
	memset(sub, 0, sizeof(*sub));
	sub->budget = budget;
	sub->inline_fn = opts->inline_fn;
	snprintf(sub->name, sizeof(sub->name), "%s", opts->name ? opts->name : "unnamed");
	sub->events = opts->events ? opts->events & ALL_EVENTS : ALL_EVENTS;
	sub->workers = workers;

	err = check_opts(sub, opts, live);
	if (!err)
		err = opts->inline_fn ? open_inlines(sub, opts)
				      : open_queues(sub, opts, live, arena);
	if (err) {
		wf_sub_free(sub);
		return err;
	}
	*ret_sub = sub;
	return 0;
}

/* Release the events that the last poll lent. */
static void release_held(struct weft_sub *sub)
{
	if (!sub->held)
		return;
	for (int i = 0; i < sub->held; i++)
		wf_page_put(sub->slots[i].page);
	sub->held = 0;
	for (uint32_t i = 0; i < sub->workers; i++)
		wf_queue_release(&sub->queues[i]);
}

static int take_all(struct weft_sub *sub, struct weft_event *events, int max)
{
	int count = 0;

	for (uint32_t i = 0; i < sub->workers && count < max; i++) {
		uint32_t queue = (sub->next_queue + i) % sub->workers;

		count += wf_queue_take(&sub->queues[queue], events + count, sub->slots + count,
				       max - count);
	}
	sub->next_queue = (sub->next_queue + 1) % sub->workers;
	sub->held = count;
	return count;
}

static bool is_finished(const struct weft_sub *sub)
{
	for (uint32_t i = 0; i < sub->workers; i++)
		if (!wf_queue_is_finished(&sub->queues[i]))
			return false;
	return true;
}

static bool has_something(const struct weft_sub *sub)
{
	for (uint32_t i = 0; i < sub->workers; i++)
		if (!wf_queue_is_empty(&sub->queues[i]))
			return true;
	return false;
}

/*
 * Sleep until wf_queue_flush() or wf_queue_close() wakes the reader, or until @deadline_ns; a
 * lazily woken reader sleeps WF_QUEUE_NAP_NS at most.
 */
static void sleep_until_woken(struct weft_sub *sub, uint64_t deadline_ns)
{
	uint32_t ticket = wf_waiter_announce(&sub->reader);

	if (sub->lazy_wake) {
		uint64_t nap_ns = wf_clock_monotonic_ns() + WF_QUEUE_NAP_NS;

		deadline_ns = nap_ns < deadline_ns ? nap_ns : deadline_ns;
	}
	if (!has_something(sub) && !is_finished(sub))
		wf_waiter_sleep(&sub->reader, ticket, deadline_ns);
	wf_waiter_cancel(&sub->reader);
}

int wf_sub_poll(struct weft_sub *sub, struct weft_event *events, int events_max, int timeout_ms)
{
	uint64_t deadline_ns = UINT64_MAX;

	release_held(sub);
	if (atomic_load(&sub->ended))
		return -ESHUTDOWN;
	if (events_max > WF_SUB_BATCH_MAX)
		events_max = WF_SUB_BATCH_MAX;
	if (timeout_ms > 0)
		deadline_ns = wf_clock_monotonic_ns() + (uint64_t)timeout_ms * WF_NS_PER_MS;
	for (;;) {
		int count = take_all(sub, events, events_max);

		if (count)
			return count;
		if (is_finished(sub))
			return -ESHUTDOWN;
		if (!timeout_ms || (timeout_ms > 0 && wf_clock_monotonic_ns() >= deadline_ns))
			return 0;
		sleep_until_woken(sub, deadline_ns);
	}
}

void wf_sub_end(struct weft_sub *sub)
{
	if (atomic_exchange(&sub->ended, true) || !sub->queues)
		return;
	release_held(sub);
	for (uint32_t i = 0; i < sub->workers; i++)
		wf_queue_leave(&sub->queues[i], WF_QUEUE_LEFT_READER);
}

void wf_sub_stop(struct weft_sub *sub)
{
	atomic_store(&sub->stopping, true);
	for (uint32_t i = 0; sub->queues && i < sub->workers; i++)
		wf_waiter_wake(&sub->queues[i].room);
}

void wf_sub_close_worker(struct weft_sub *sub, uint32_t worker)
{
	if (sub->queues)
		wf_queue_close(&sub->queues[worker]);
}

void wf_sub_free(struct weft_sub *sub)
{
	if (!sub)
		return;
	if (sub->queues) {
		for (uint32_t i = 0; i < sub->workers; i++)
			if (sub->queues[i].arena)
				wf_queue_leave(&sub->queues[i], WF_QUEUE_LEFT_WORKER);
		/*
		 * A queue whose arena is NULL was never initialized, so no side needs to leave it.
		 */
		for (uint32_t i = 0; i < sub->workers; i++)
			if (sub->queues[i].arena)
				wf_queue_leave(&sub->queues[i], WF_QUEUE_LEFT_READER);
		if (!atomic_load(&sub->ended))
			for (int i = 0; i < sub->held; i++)
				wf_page_put(sub->slots[i].page);
	}
	free(sub->queues);
	free(sub->slots);
	free(sub->inlines);
	wf_budget_release(sub->budget, WF_BUDGET_QUEUES, sub_bytes(sub->inline_fn, sub->workers));
	free(sub);
}

void wf_sub_stats(const struct weft_sub *sub, struct weft_sub_stats *ret_stats)
{
	struct weft_sub_stats stats = {0};

	for (uint32_t i = 0; i < sub->workers; i++) {
		if (sub->queues) {
			wf_queue_stats_add(&sub->queues[i], &stats);
			continue;
		}
		stats.pushed_events +=
			atomic_load_explicit(&sub->inlines[i].events, memory_order_relaxed);
		stats.pushed_bytes +=
			atomic_load_explicit(&sub->inlines[i].bytes, memory_order_relaxed);
	}
	if (sub->inlines) {
		stats.taken_events = stats.pushed_events;
		stats.taken_bytes = stats.pushed_bytes;
	}
	*ret_stats = stats;
}
