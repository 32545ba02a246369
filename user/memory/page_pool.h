/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page_pool.h - one worker's pages of every class, and its share of the rx frames.
 *
 * Thread: the worker; pages may be put by any thread (page.h) and come home
 * without a lock.
 */
#ifndef WF_MEMORY_PAGE_POOL_H
#define WF_MEMORY_PAGE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wf_arena;
struct wf_metrics;
struct wf_page;
struct wf_page_pool;

struct wf_page_pool_opts {
	uint32_t small_bytes; /* page classes; a page of up to a whole span can be had too */
	uint32_t medium_bytes;
	uint32_t large_bytes;
	uint32_t frame_bytes;	 /* 2048 or 4096; 0: no rx frames (replay) */
	uint32_t frames;	 /* made at once, kept for ever: this worker's share */
	uint32_t frames_reserve; /* of them, so many may not be held by anyone but rings */
	uint64_t max_bytes; /* of spans this pool may take besides its frames; 0: no limit of its
			       own */
	bool fixed;	    /* one class, medium_bytes: the classic choice, to measure against */
};

int wf_page_pool_new(struct wf_arena *arena, const struct wf_page_pool_opts *opts,
		     struct wf_metrics *metrics, struct wf_page_pool **ret_pool);

/* All pages have been put. NULL is allowed. */
void wf_page_pool_free(struct wf_page_pool *pool);

/*
 * A page of the smallest class that holds @bytes, with one reference.
 * Return: NULL: the budget or a limit is reached (counted).
 */
struct wf_page *wf_page_pool_take(struct wf_page_pool *pool, size_t bytes);

/*
 * Take up to @max free rx frames for a fill ring and write their UMEM offsets.
 * Each counts one reference, which travels through the kernel and becomes the
 * receiver's: wf_arena_page_at(desc.addr), later wf_page_put(). A frame put by
 * any thread or worker finds its way back to a pool that runs short.
 */
uint32_t wf_page_pool_take_frames(struct wf_page_pool *pool, uint64_t *ret_offs, uint32_t max);

/* May another received frame be kept, or must its bytes be copied because frames run low? */
bool wf_page_pool_may_keep_frame(const struct wf_page_pool *pool);

#endif
