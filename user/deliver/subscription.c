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
#include "capture/file/flow_filter.h"
#include "memory/arena.h"
#include "memory/budget.h"
#include "memory/page.h"

#define ALL_EVENTS	((1u << WEFT_EVENT_TYPE_COUNT) - 1)
#define ALL_DIRECTIONS	((1u << WEFT_DIR_COUNT) - 1)
#define QUEUE_BYTES_MAX (1ull << 40)

enum { CLEAR_EVENTS = 1024 }; /* number of waiting events that one call frees */
_Static_assert(WEFT_WORKERS_MAX <= 64, "a bit for each worker");

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

static int open_queues(struct weft_sub *sub, const struct weft_sub_opts *opts,
		       const struct wf_sub_env *env)
{
	struct wf_queue_opts queue_opts = {
		.arena = env->arena,
		.bytes = opts->queue_bytes ? opts->queue_bytes : WEFT_QUEUE_BYTES,
		.overflow = opts->overflow,
		.lazy_wake = !env->live,
		.reader = &sub->reader,
		.ended = &sub->ended,
		.stopping = env->stopping,
	};
	size_t bytes = sub->workers * sizeof(*sub->queues);

	if (queue_opts.overflow == WEFT_OVERFLOW_DEFAULT)
		queue_opts.overflow = env->live ? WEFT_OVERFLOW_DROP_OLDEST : WEFT_OVERFLOW_BLOCK;
	sub->lazy_wake = queue_opts.lazy_wake;
	sub->slots = calloc(WF_SUB_BATCH_MAX, sizeof(*sub->slots));
	sub->queues = aligned_alloc(WF_CACHE_LINE, bytes);
	if (sub->queues)
		memset(sub->queues, 0, bytes);
	if (!sub->slots || !sub->queues)
		return -ENOMEM;
	for (uint32_t i = 0; i < sub->workers; i++) {
		int err;

		queue_opts.is_blocked = &env->worker[i].is_blocked;
		err = wf_queue_init(&sub->queues[i], &queue_opts);
		if (err) {
			wf_error("subscription %s: no room in the memory budget for %u queues of "
				 "%llu bytes",
				 sub->name, sub->workers, (unsigned long long)queue_opts.bytes);
			return err;
		}
	}
	return 0;
}

static int open_inlines(struct weft_sub *sub)
{
	size_t bytes = sub->workers * sizeof(*sub->inlines);

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

static int open_filter(struct weft_sub *sub, const struct weft_sub_opts *opts)
{
	int err;

	if (!opts->filter || !*opts->filter)
		return 0;
	err = wf_flow_filter_new(opts->filter, &sub->filter);
	if (err)
		return err;
	err = wf_budget_reserve(wf_arena_budget(sub->arena), WF_BUDGET_QUEUES,
				wf_flow_filter_bytes(sub->filter));
	if (!err)
		return 0;
	wf_flow_filter_free(sub->filter);
	sub->filter = NULL;
	return err;
}

static void free_filter(struct weft_sub *sub)
{
	if (!sub->filter)
		return;
	wf_budget_release(wf_arena_budget(sub->arena), WF_BUDGET_QUEUES,
			  wf_flow_filter_bytes(sub->filter));
	wf_flow_filter_free(sub->filter);
}

/*
 * A subscription to all connections from their beginning needs no map of them. A large arena makes
 * a large map, whose untouched part is not written here.
 */
static int open_states(struct weft_sub *sub, const struct wf_sub_env *env)
{
	uint64_t bytes = wf_conn_states_bytes(wf_arena_bytes(env->arena));

	if (!env->is_late && !sub->filter)
		return 0;
	sub->states.base = wf_arena_base(env->arena);
	sub->states.words = wf_arena_take_zeroed_run(env->arena, bytes);
	if (sub->states.words)
		return 0;
	wf_error("subscription %s: no room in the memory budget for a map of connections of %llu "
		 "bytes",
		 sub->name, (unsigned long long)bytes);
	return -ENOBUFS;
}

static void free_queues(struct weft_sub *sub)
{
	for (uint32_t i = 0; sub->queues && i < sub->workers; i++) {
		/* A queue whose arena is NULL was never initialized. */
		if (!sub->queues[i].arena)
			continue;
		wf_queue_leave(&sub->queues[i], WF_QUEUE_LEFT_WORKER);
		wf_queue_leave(&sub->queues[i], WF_QUEUE_LEFT_READER);
	}
	free(sub->queues);
}

static void free_sub(struct weft_sub *sub)
{
	struct wf_budget *budget = wf_arena_budget(sub->arena);

	free_queues(sub);
	free_filter(sub);
	if (sub->states.words)
		wf_arena_put_run(sub->arena, sub->states.words,
				 wf_conn_states_bytes(wf_arena_bytes(sub->arena)));
	free(sub->slots);
	free(sub->inlines);
	wf_budget_release(budget, WF_BUDGET_QUEUES, sub_bytes(sub->inline_fn, sub->workers));
	free(sub);
}

static void put_ref(struct weft_sub *sub)
{
	if (atomic_fetch_sub(&sub->refs, 1) == 1)
		free_sub(sub);
}

/* Return a subscription whose memory is charged, without queues. */
static int alloc_sub(const struct weft_sub_opts *opts, const struct wf_sub_env *env,
		     struct weft_sub **ret_sub)
{
	uint64_t bytes = sub_bytes(opts->inline_fn, env->workers);
	struct wf_budget *budget = wf_arena_budget(env->arena);
	struct weft_sub *sub;

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
	sub->workers = env->workers;
	sub->arena = env->arena;
	sub->registry = env->registry;
	sub->inline_fn = opts->inline_fn;
	*ret_sub = sub;
	return 0;
}

int wf_sub_new(const struct weft_sub_opts *opts, const struct wf_sub_env *env,
	       struct weft_sub **ret_sub)
{
	struct weft_sub *sub;
	int err = alloc_sub(opts, env, &sub);

	if (err)
		return err;
	snprintf(sub->name, sizeof(sub->name), "%s", opts->name ? opts->name : "unnamed");
	sub->events = opts->events ? opts->events & ALL_EVENTS : ALL_EVENTS;
	sub->directions = opts->directions ? opts->directions : ALL_DIRECTIONS;
	sub->first_bytes = opts->first_bytes ? opts->first_bytes : UINT64_MAX;
	sub->ended_fn = opts->ended_fn;
	sub->ctx = opts->ctx;
	atomic_store(&sub->refs, env->workers + 1);

	err = check_opts(sub, opts, env->live);
	if (!err)
		err = opts->inline_fn ? open_inlines(sub) : open_queues(sub, opts, env);
	if (!err)
		err = open_filter(sub, opts);
	if (!err)
		err = open_states(sub, env);
	if (err) {
		free_sub(sub);
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
	if (!has_something(sub) && !is_finished(sub) && !wf_sub_has_ended(sub))
		wf_waiter_sleep(&sub->reader, ticket, deadline_ns);
	wf_waiter_cancel(&sub->reader);
}

static int poll_until(struct weft_sub *sub, struct weft_event *events, int events_max,
		      uint64_t deadline_ns)
{
	for (;;) {
		int count;

		if (wf_sub_has_ended(sub))
			return -ESHUTDOWN;
		count = take_all(sub, events, events_max);
		if (count)
			return count;
		if (is_finished(sub))
			return -ESHUTDOWN;
		if (!deadline_ns ||
		    (deadline_ns != UINT64_MAX && wf_clock_monotonic_ns() >= deadline_ns))
			return 0;
		sleep_until_woken(sub, deadline_ns);
	}
}

/*
 * Free the waiting events, and leave the queues and the subscription on the reader's side. The flag
 * WF_SUB_POLLING stays set, so that no worker does the same meanwhile.
 */
static void leave_reader(struct weft_sub *sub)
{
	release_held(sub);
	for (uint32_t i = 0; sub->queues && i < sub->workers; i++)
		wf_queue_abandon(&sub->queues[i]);
	put_ref(sub);
}

int wf_sub_poll(struct weft_sub *sub, struct weft_event *events, int events_max, int timeout_ms)
{
	uint64_t deadline_ns = UINT64_MAX;
	uint32_t flags = WF_SUB_POLLING;
	int count;

	if (events_max > WF_SUB_BATCH_MAX)
		events_max = WF_SUB_BATCH_MAX;
	if (timeout_ms >= 0)
		deadline_ns =
			timeout_ms ? wf_clock_monotonic_ns() + (uint64_t)timeout_ms * WF_NS_PER_MS
				   : 0;
	atomic_fetch_or(&sub->reader_flags, WF_SUB_POLLING);
	release_held(sub);
	count = poll_until(sub, events, events_max, deadline_ns);
	if (atomic_compare_exchange_strong(&sub->reader_flags, &flags, 0))
		return count;
	/* The owner has given the subscription up meanwhile, and left the rest to this thread. */
	leave_reader(sub);
	return -ESHUTDOWN;
}

void wf_sub_wake_workers(struct weft_sub *sub)
{
	for (uint32_t i = 0; sub->queues && i < sub->workers; i++)
		wf_waiter_wake(&sub->queues[i].room);
}

bool wf_sub_end(struct weft_sub *sub, enum weft_sub_end reason)
{
	uint32_t running = WEFT_SUB_RUNNING;

	if (!atomic_compare_exchange_strong(&sub->ended, &running, (uint32_t)reason))
		return false;
	wf_waiter_wake(&sub->reader);
	wf_sub_wake_workers(sub);
	return true;
}

void wf_sub_disown(struct weft_sub *sub)
{
	uint32_t flags = WF_SUB_POLLING | WF_SUB_DISOWNED;

	if (!(atomic_fetch_or(&sub->reader_flags, flags) & WF_SUB_POLLING))
		leave_reader(sub);
}

/*
 * Close the queue on the worker's side, and on the reader's side if the subscription has ended: a
 * reader that begins to poll after that sees the end first, and does not touch the queue.
 */
static void close_queue(struct weft_sub *sub, uint32_t worker)
{
	wf_queue_close(&sub->queues[worker]);
	if (wf_sub_has_ended(sub) && !(atomic_load(&sub->reader_flags) & WF_SUB_POLLING))
		wf_queue_leave(&sub->queues[worker], WF_QUEUE_LEFT_READER);
}

bool wf_sub_clear(struct weft_sub *sub, uint32_t worker)
{
	if (!sub->queues)
		return true;
	if (!wf_queue_clear(&sub->queues[worker], CLEAR_EVENTS))
		return false;
	close_queue(sub, worker);
	return true;
}

void wf_sub_leave(struct weft_sub *sub, uint32_t worker)
{
	uint64_t all = UINT64_MAX >> (64 - sub->workers), bit = 1ull << worker, before;

	if (atomic_load(&sub->left) & bit)
		return;
	if (sub->queues)
		close_queue(sub, worker);
	before = atomic_fetch_or(&sub->left, bit);
	if (before & bit)
		return;
	if ((before | bit) == all && sub->ended_fn)
		sub->ended_fn(sub, (enum weft_sub_end)atomic_load(&sub->ended), sub->ctx);
	put_ref(sub);
}

void wf_sub_stats(const struct weft_sub *sub, struct weft_sub_stats *ret_stats)
{
	struct weft_sub_stats stats = {
		.ended = (enum weft_sub_end)atomic_load(&sub->ended),
	};

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
