// SPDX-License-Identifier: BSD-2-Clause
/*
 * subscription_state.c - creates and frees a subscription: its queues, its filter and its map of
 * connections.
 */
#include "deliver/subscription_state.h"

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

#define ALL_EVENTS	((1u << WEFT_EVENT_TYPE_COUNT) - 1)
#define ALL_DIRECTIONS	((1u << WEFT_DIR_COUNT) - 1)
#define QUEUE_BYTES_MAX (1ull << 40)
#define SLOTS_BYTES	((uint64_t)WEFT_SPAN_BYTES)

enum { RESIZE_FACTOR = 4 }; /* default maximum size of a growing queue / its initial size */

static uint64_t queue_bytes_of(const struct weft_sub_opts *opts)
{
	return opts->queue_bytes ? opts->queue_bytes : WEFT_QUEUE_BYTES;
}

static bool is_in_range(const struct weft_sub *sub, const char *option, uint64_t value,
			uint64_t min)
{
	if (value >= min && value <= QUEUE_BYTES_MAX)
		return true;
	wf_error("subscription %s: %s %llu is out of range: %llu to %llu", sub->name, option,
		 (unsigned long long)value, (unsigned long long)min, QUEUE_BYTES_MAX);
	return false;
}

static int check_marks(const struct weft_sub *sub, const struct weft_sub_opts *opts)
{
	if (!opts->mark_fn ||
	    (opts->mark_high_bytes && opts->mark_low_bytes < opts->mark_high_bytes))
		return 0;
	wf_error("subscription %s: mark_low_bytes %llu must be less than mark_high_bytes %llu",
		 sub->name, (unsigned long long)opts->mark_low_bytes,
		 (unsigned long long)opts->mark_high_bytes);
	return -EINVAL;
}

static int check_opts(const struct weft_sub *sub, const struct weft_sub_opts *opts, bool live)
{
	uint64_t bytes = queue_bytes_of(opts);

	if (live && opts->overflow == WEFT_OVERFLOW_BLOCK) {
		wf_error("subscription %s: overflow policy \"block\" would stop live capture; use "
			 "drop-oldest or drop-newest",
			 sub->name);
		return -EINVAL;
	}
	if (live && opts->overflow == WEFT_OVERFLOW_BLOCK_WITH_TIMEOUT &&
	    opts->block_timeout_ms > WEFT_BLOCK_TIMEOUT_LIVE_MAX_MS) {
		wf_error("subscription %s: block_timeout_ms %u would stop live capture for too "
			 "long; use at most %d",
			 sub->name, opts->block_timeout_ms, WEFT_BLOCK_TIMEOUT_LIVE_MAX_MS);
		return -EINVAL;
	}
	if (!is_in_range(sub, "queue_bytes", bytes, WEFT_QUEUE_MIN_BYTES) ||
	    !is_in_range(sub, "queue_bytes_max",
			 opts->queue_bytes_max ? opts->queue_bytes_max : bytes, bytes) ||
	    !is_in_range(sub, "queue_events",
			 opts->queue_events ? opts->queue_events : WEFT_QUEUE_MIN_EVENTS,
			 WEFT_QUEUE_MIN_EVENTS))
		return -EINVAL;
	return check_marks(sub, opts);
}

static enum weft_overflow overflow_of(const struct weft_sub_opts *opts, bool live)
{
	if (opts->overflow != WEFT_OVERFLOW_DEFAULT)
		return opts->overflow;
	return live ? WEFT_OVERFLOW_DROP_OLDEST : WEFT_OVERFLOW_BLOCK;
}

/* Open the descriptor. It is readable at first, because events may exist before the first poll. */
static int open_fd(struct weft_sub *sub)
{
	int err = wf_waiter_open(&sub->reader);

	if (err) {
		wf_error("subscription %s: can't make an eventfd: %s", sub->name, strerror(-err));
		return err;
	}
	sub->is_pollable = true;
	wf_waiter_announce(&sub->reader);
	wf_waiter_wake(&sub->reader);
	return 0;
}

static int open_queues(struct weft_sub *sub, const struct weft_sub_opts *opts,
		       const struct wf_sub_env *env)
{
	struct wf_queue_opts queue_opts = {
		.arena = env->arena,
		.bytes = queue_bytes_of(opts),
		.events_max = opts->queue_events,
		.block_ns =
			(opts->block_timeout_ms ? opts->block_timeout_ms : WEFT_BLOCK_TIMEOUT_MS) *
			WF_NS_PER_MS,
		.overflow = opts->overflow,
		.marks = sub->marks.fn ? &sub->marks : NULL,
		.lazy_wake = !env->live && !opts->is_pollable && !opts->queue_events,
		.reader = &sub->reader,
		.ended = &sub->ended,
		.stopping = env->stopping,
	};
	size_t bytes = sub->workers * sizeof(*sub->queues);

	queue_opts.overflow = overflow_of(opts, env->live);
	if (queue_opts.overflow == WEFT_OVERFLOW_RESIZE)
		queue_opts.max_bytes = opts->queue_bytes_max ? opts->queue_bytes_max
							     : RESIZE_FACTOR * queue_opts.bytes;
	sub->lazy_wake = queue_opts.lazy_wake;
	sub->slots = wf_arena_take_run(sub->arena, SLOTS_BYTES);
	sub->queues = aligned_alloc(WF_CACHE_LINE, bytes);
	if (sub->queues)
		memset(sub->queues, 0, bytes);
	if (!sub->slots) {
		wf_error("subscription %s: no room in the memory budget for %llu bytes", sub->name,
			 (unsigned long long)SLOTS_BYTES);
		return -ENOBUFS;
	}
	if (!sub->queues)
		return -ENOMEM;
	for (uint32_t i = 0; i < sub->workers; i++) {
		int err;

		queue_opts.is_blocked = &env->worker[i].is_blocked;
		queue_opts.budget = env->live ? &env->worker[i].budget : NULL;
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

/* Return the bytes of memory that a subscription needs outside the arena, without its filter. */
static uint64_t sub_bytes(bool is_inline, uint32_t workers)
{
	if (is_inline)
		return sizeof(struct weft_sub) + workers * sizeof(struct wf_sub_inline);
	return sizeof(struct weft_sub) + workers * sizeof(struct wf_queue);
}

static int open_filter(struct weft_sub *sub, const struct weft_sub_opts *opts)
{
	int err;

	if (!opts->filter || !*opts->filter)
		return 0;
	err = wf_flow_filter_new(opts->filter, WF_FLOW_FILTER_IP, &sub->filter);
	if (err)
		return err;
	err = wf_budget_reserve(wf_arena_budget(sub->arena), WF_BUDGET_QUEUES,
				wf_flow_filter_bytes(sub->filter));
	if (!err)
		return 0;
	wf_error("subscription %s: no room in the memory budget for its filter of %llu bytes",
		 sub->name, (unsigned long long)wf_flow_filter_bytes(sub->filter));
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
 * A subscription to all connections from their beginning needs a map of them only if it has a
 * queue, which may reject OPEN (with the policy block too, if the handle stops and the reader is
 * slow). The map is not written here: wf_arena_take_zeroed_run() clears only memory that was used
 * before, so a large map need not be touched as a whole.
 */
static int open_states(struct weft_sub *sub, const struct wf_sub_env *env)
{
	uint64_t bytes = wf_conn_states_bytes(wf_arena_bytes(env->arena));

	sub->wants_unlisted = !env->is_late && !sub->filter && sub->queues;
	if (!env->is_late && !sub->filter && !sub->queues)
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

static int open_consumer_memory(struct weft_sub *sub, uint64_t bytes)
{
	if (!bytes)
		return 0;
	sub->consumer_memory = wf_arena_take_run(sub->arena, bytes);
	sub->consumer_bytes = bytes;
	if (sub->consumer_memory)
		return 0;
	wf_error("subscription %s: no room in the memory budget for %llu bytes of its consumer",
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

void wf_sub_free(struct weft_sub *sub)
{
	struct wf_budget *budget = wf_arena_budget(sub->arena);

	free_queues(sub);
	free_filter(sub);
	if (sub->states.words)
		wf_arena_put_run(sub->arena, sub->states.words,
				 wf_conn_states_bytes(wf_arena_bytes(sub->arena)));
	if (sub->consumer_memory)
		wf_arena_put_run(sub->arena, sub->consumer_memory, sub->consumer_bytes);
	wf_waiter_close(&sub->reader);
	if (sub->slots)
		wf_arena_put_run(sub->arena, sub->slots, SLOTS_BYTES);
	free(sub->inlines);
	wf_budget_release(budget, WF_BUDGET_QUEUES, sub_bytes(sub->inline_fn, sub->workers));
	free(sub);
}

static void report_no_memory(const char *name)
{
	wf_error("subscription %s: out of memory", name);
}

/* Allocate a subscription without queues, and charge its memory. Return: 0; -ENOBUFS; -ENOMEM. */
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
		report_no_memory(opts->name ? opts->name : "unnamed");
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

static void fill_marks(struct weft_sub *sub, const struct weft_sub_opts *opts)
{
	sub->marks = (struct wf_water_marks){
		.high_bytes = opts->mark_high_bytes,
		.low_bytes =
			opts->mark_low_bytes ? opts->mark_low_bytes : opts->mark_high_bytes / 2,
		.fn = opts->mark_fn,
		.sub = sub,
		.ctx = opts->ctx,
	};
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
	sub->budget_us = opts->budget_us;
	sub->idle_ttl_ns = opts->idle_ttl_ms * WF_NS_PER_MS;
	fill_marks(sub, opts);
	atomic_store(&sub->refs, env->workers + 1);

	err = check_opts(sub, opts, env->live);
	if (!err && opts->is_pollable && !opts->inline_fn)
		err = open_fd(sub);
	if (!err)
		err = opts->inline_fn ? open_inlines(sub) : open_queues(sub, opts, env);
	if (!err)
		err = open_filter(sub, opts);
	if (!err)
		err = open_states(sub, env);
	if (!err)
		err = open_consumer_memory(sub, opts->consumer_bytes);
	if (err == -ENOMEM)
		report_no_memory(sub->name);
	if (err) {
		wf_sub_free(sub);
		return err;
	}
	*ret_sub = sub;
	return 0;
}
