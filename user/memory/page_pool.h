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
	uint32_t small_bytes; /* page classes; a page of up to a whole span can be had too. Small
				 and large both 0: medium is the only class */
	uint32_t medium_bytes;
	uint32_t large_bytes;
	uint32_t frame_bytes;	 /* 2048 or 4096; 0: no rx frames (replay) */
	uint32_t frames;	 /* made at once and kept: this worker's share */
	uint32_t frames_reserve; /* of them, so many may not be held by anyone but rings: at
				    least what the fill rings hold when full */
	uint64_t max_bytes; /* of spans this pool may take besides its frames; 0: no limit of its
			       own */
	uint64_t max_class_pages; /* taken at once, of each class; 0: no limit of its own */
	bool keeps_spans;	  /* what was taken is kept, and no size is tuned to the traffic */
};

/* Return: 0; -EINVAL: sizes that make no sense; -ENOBUFS: no room for the frames; -ENOMEM. */
int wf_page_pool_new(struct wf_arena *arena, const struct wf_page_pool_opts *opts,
		     struct wf_metrics *metrics, struct wf_page_pool **ret_pool);

/*
 * All its pages have been put and its thread no longer uses it. Frames given to
 * rings need not have come back; the frames of an arena return to it with the
 * last pool that has any. NULL is allowed.
 */
void wf_page_pool_free(struct wf_page_pool *pool);

/*
 * The calling thread is the pool's worker until it exits or adopts another (or
 * NULL): what it puts needs no atomic operation. Without this all works, slower.
 */
void wf_page_pool_adopt(struct wf_page_pool *pool);

/*
 * A page of the smallest class that holds @bytes, with one reference.
 * Return: NULL: the budget or a limit is reached (counted), or @bytes > WEFT_SPAN_BYTES.
 */
struct wf_page *wf_page_pool_take(struct wf_page_pool *pool, size_t bytes);

/*
 * As wf_page_pool_take(), for arriving packets: the last 1/WEFT_SHORT_PARTS of the budget is left
 * for processing earlier ones.
 */
struct wf_page *wf_page_pool_take_incoming(struct wf_page_pool *pool, size_t bytes);

/*
 * Is less than 1/@parts left of the budget that traffic may use? Then streams that hold much give
 * it up, before nothing is left.
 */
bool wf_page_pool_is_short(const struct wf_page_pool *pool, uint32_t parts);

/*
 * Advise a size for a buffer that needs @need_bytes now and could use up to @hope_bytes: the whole
 * hope while memory is plentiful, less at each level of pressure, never less than the need.
 * Rounded up to the class that serves it.
 */
size_t wf_page_pool_advise(const struct wf_page_pool *pool, size_t need_bytes, size_t hope_bytes);

/* Sizes of its classes. */
size_t wf_page_pool_medium_bytes(const struct wf_page_pool *pool);
size_t wf_page_pool_large_bytes(const struct wf_page_pool *pool);

/*
 * Take up to @max free rx frames for a fill ring and write their UMEM offsets.
 * Each counts one reference, which travels through the kernel and becomes the
 * receiver's: wf_arena_page_at(desc.addr), later wf_page_put(). A frame put by
 * any thread or worker finds its way back to a pool that runs short.
 */
uint32_t wf_page_pool_take_frames(struct wf_page_pool *pool, uint64_t *ret_offs, uint32_t max);

/* May another received frame be kept, or must its bytes be copied because frames run low? */
bool wf_page_pool_may_keep_frame(const struct wf_page_pool *pool);

/* Are at least half of this worker's frames free? Then even small data may stay in its frame. */
bool wf_page_pool_has_frames_in_plenty(const struct wf_page_pool *pool);

/*
 * Housekeeping without packets: bring pages home that other threads put, let caches follow the
 * traffic, give back spans that are no longer needed. Call a few times a second.
 */
void wf_page_pool_housekeep(struct wf_page_pool *pool, uint64_t now_ns);

/* Give back every span that no page of is taken, unless it keeps them. Return: how many. */
uint32_t wf_page_pool_shrink(struct wf_page_pool *pool);

/* Give back half of them, of each class. Return: how many. */
uint32_t wf_page_pool_halve(struct wf_page_pool *pool);

/* For page.h: the last holder of @page has put it. Thread: any. */
void wf_page_come_home(struct wf_page *page);

/* Pages taken and not put (frames aside). Exact after wf_page_pool_housekeep(). */
uint64_t wf_page_pool_taken(const struct wf_page_pool *pool);

/* Do lists, counters and metrics agree? */
bool wf_page_pool_is_valid(const struct wf_page_pool *pool);

#endif
