// SPDX-License-Identifier: BSD-2-Clause
/*
 * rx_frames.c - the half of a page pool that keeps the fill rings fed.
 *
 *   worker:    free stack ──take_frames──► fill ring ─► kernel ─► receiver ─► put
 *                  ▲ │                                                         │
 *                  │ └─ too many: a batch ─► home.frames ◄── other threads ────┤
 *                  └────────── short: take all of it, or of another's home ────┘
 *
 * The worker's own puts and takes touch only the frame's word. Whatever another
 * thread puts waits at the home of the pool that made it, and any pool that runs
 * short takes from there; a pool with more than it may need leaves a batch at its
 * own home. So frames move to where traffic is, without a lock.
 *
 * Bound: the frames made when the pools were. Each is free, in a ring, or held.
 */
#include <errno.h>

#include "memory/arena_internal.h"
#include "memory/page_pool_internal.h"
#include "metrics/metrics.h"

enum {
	SPILL_BATCH = 64,
	KEEP_FRAMES_MAX = 256,
};

static void stack_push(struct wf_page_pool *pool, struct wf_page *page)
{
	atomic_store_explicit(&page->word, WF_PAGE_FREE | pool->frames_head, memory_order_relaxed);
	pool->frames_head = wf_page_id(page);
	pool->frames_free++;
}

static struct wf_page *stack_pop(struct wf_page_pool *pool)
{
	struct wf_page *page = wf_arena_page(pool->arena, pool->frames_head);

	pool->frames_head = atomic_load_explicit(&page->word, memory_order_relaxed) & ~WF_PAGE_FREE;
	pool->frames_free--;
	return page;
}

/* Leave the top SPILL_BATCH frames, linked as they are, for whoever runs short. */
static void spill(struct wf_page_pool *pool)
{
	struct wf_page *first = stack_pop(pool);
	struct wf_page *last = first;

	for (int i = 1; i < SPILL_BATCH; i++)
		last = stack_pop(pool);
	wf_home_push(&pool->home->frames, first, last);
	wf_metric_add(pool->metrics, rx_spilled_frames, SPILL_BATCH);
}

void wf_page_pool_put_frame(struct wf_page_pool *pool, struct wf_page *page)
{
	stack_push(pool, page);
	if (wf_unlikely(pool->frames_free > pool->frames_spill))
		spill(pool);
}

static uint32_t collect(struct wf_page_pool *pool, struct wf_home *home)
{
	uint32_t id = wf_home_take_all(&home->frames);
	uint32_t count = 0;

	for (; id != WF_PAGE_ID_NONE; count++) {
		struct wf_page *page = wf_arena_page(pool->arena, id);

		id = atomic_load_explicit(&page->word, memory_order_relaxed) & ~WF_PAGE_FREE;
		stack_push(pool, page);
	}
	return count;
}

/* Collect from our own home, then from others', until @wanted are free. */
static void find_frames(struct wf_page_pool *pool, uint32_t wanted)
{
	collect(pool, pool->home);
	for (uint32_t i = 1; i < WF_ARENA_HOMES && pool->frames_free < wanted; i++) {
		uint32_t index = (pool->home_index + i) % WF_ARENA_HOMES;
		uint32_t count = collect(pool, &pool->arena->homes[index]);

		if (count)
			wf_metric_add(pool->metrics, rx_borrowed_frames, count);
	}
}

uint32_t wf_page_pool_take_frames(struct wf_page_pool *pool, uint64_t *ret_offs, uint32_t max)
{
	uint32_t count;

	if (wf_unlikely(pool->frames_free < (uint64_t)max + pool->frames_keep))
		find_frames(pool, max);

	count = max < pool->frames_free ? max : pool->frames_free;
	for (uint32_t i = 0; i < count; i++) {
		struct wf_page *page = stack_pop(pool);

		atomic_store_explicit(&page->word, 1, memory_order_relaxed);
		ret_offs[i] = wf_page_off(page);
	}
	if (count < max)
		wf_metric_add(pool->metrics, rx_short_frames, max - count);
	wf_metric_set(pool->metrics, rx_free_frames, pool->frames_free);
	return count;
}

bool wf_page_pool_may_keep_frame(const struct wf_page_pool *pool)
{
	/* Free frames are left after the rings were filled: so these hold the reserve. */
	return pool->frames_free >= pool->frames_keep;
}

bool wf_page_pool_has_frames_in_plenty(const struct wf_page_pool *pool)
{
	return pool->frames_free >= pool->frames_plenty;
}

/* All pools of an arena have frames of one size, so that they can be exchanged. */
static int agree_frame_bytes(struct wf_arena *arena, uint32_t frame_bytes)
{
	uint32_t agreed = 0;

	if (frame_bytes != 2048 && frame_bytes != 4096)
		return -EINVAL;
	if (!atomic_compare_exchange_strong(&arena->frame_bytes, &agreed, frame_bytes) &&
	    agreed != frame_bytes)
		return -EINVAL;
	return 0;
}

/* All frame spans of the arena are linked, to be returned together. */
static void remember(struct wf_arena *arena, struct wf_span *span)
{
	span->next = atomic_load_explicit(&arena->frame_spans, memory_order_relaxed);
	/* Pairs with the acquire in forget_all(). */
	while (!atomic_compare_exchange_weak_explicit(&arena->frame_spans, &span->next, span,
						      memory_order_release, memory_order_relaxed))
		;
}

/* No frame is held any more, and rings need none. */
static void forget_all(struct wf_arena *arena)
{
	/* Pairs with the release in remember(). */
	struct wf_span *span =
		atomic_exchange_explicit(&arena->frame_spans, NULL, memory_order_acquire);

	for (uint32_t i = 0; i < WF_ARENA_HOMES; i++)
		wf_home_take_all(&arena->homes[i].frames);
	while (span) {
		struct wf_span *next = span->next;

		wf_arena_put(arena, span, 1);
		span = next;
	}
	atomic_store(&arena->frame_bytes, 0);
}

int wf_page_pool_make_frames(struct wf_page_pool *pool, const struct wf_page_pool_opts *opts)
{
	uint32_t reserve = opts->frames_reserve;
	uint32_t pages;
	int err;

	pool->frames_head = WF_PAGE_ID_NONE;
	if (!opts->frames)
		return opts->frames_reserve ? -EINVAL : 0;
	if (reserve > opts->frames)
		return -EINVAL;
	err = agree_frame_bytes(pool->arena, opts->frame_bytes);
	if (err)
		return err;

	pages = WEFT_SPAN_BYTES / opts->frame_bytes;
	pool->frames_spill = opts->frames - reserve + SPILL_BATCH;
	pool->frames_keep = opts->frames / 16;
	if (pool->frames_keep > KEEP_FRAMES_MAX)
		pool->frames_keep = KEEP_FRAMES_MAX;
	if (pool->frames_keep < 1)
		pool->frames_keep = 1;
	pool->frames_plenty = opts->frames / 2;
	wf_arena_keep_memory(pool->arena);
	atomic_fetch_add(&pool->arena->frame_pools, 1);
	while (pool->frames < opts->frames) {
		struct wf_span *span = wf_arena_take(pool->arena, WF_SPAN_FRAMES, 1);

		if (!span) {
			wf_page_pool_drop_frames(pool);
			return -ENOBUFS;
		}
		wf_span_cut(span, opts->frame_bytes, pages);
		span->home = pool->home_index;
		remember(pool->arena, span);
		for (uint32_t i = 0; i < pages && pool->frames < opts->frames; i++) {
			stack_push(pool, wf_span_page(span, i));
			pool->frames++;
		}
	}
	wf_metric_set(pool->metrics, rx_free_frames, pool->frames_free);
	return 0;
}

void wf_page_pool_drop_frames(struct wf_page_pool *pool)
{
	struct wf_arena *arena = pool->arena;

	if (!pool->frames_spill)
		return;

	while (pool->frames_free) {
		struct wf_page *page = stack_pop(pool);

		wf_home_push(&pool->home->frames, page, page);
	}
	wf_metric_set(pool->metrics, rx_free_frames, 0);
	if (atomic_fetch_sub(&arena->frame_pools, 1) == 1)
		forget_all(arena);
}
