/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page_pool.h - the pages of all size classes of one thread, which is a worker or the reader of
 * replay, and a worker's share of the rx frames.
 *
 * Thread: the owner. Any thread may put pages (page.h), which needs no lock.
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
	uint32_t
		small_bytes; /* page sizes of three classes; a fourth one has pages of a whole span.
				If small and large are both 0, there is no small and large class */
	uint32_t medium_bytes;
	uint32_t large_bytes;
	uint32_t frame_bytes; /* 2048 or 4096; 0 if there are no rx frames (replay, host mode) */
	/* number of rx frames of this worker, all made when the pool is created */
	uint32_t frames;
	/*
	 * number of these frames that the fill rings hold while they are full, normally this
	 * worker's share of their capacity; if more than the rest plus a batch are free, a
	 * batch of them is offered to other pools
	 */
	uint32_t frames_reserve;
	/* maximum bytes of all spans without the rx frames; 0: limited only by the budget */
	uint64_t max_bytes;
	/* maximum number of taken pages in each class; 0: limited only by the budget */
	uint64_t max_class_pages;
	/*
	 * Empty spans are given back only when another class needs a span, or when the pool is
	 * freed; no page size is tuned to the traffic.
	 */
	bool keeps_spans;
};

/*
 * Create a pool. Return: 0; -EINVAL: the options are invalid; -ENOBUFS: the frames do not fit, the
 * limit is reached, or too many pools exist; -ENOMEM.
 */
int wf_page_pool_new(struct wf_arena *arena, const struct wf_page_pool_opts *opts,
		     struct wf_metrics *metrics, struct wf_page_pool **ret_pool);

/*
 * Free the pool. All its pages must have been put, except frames in rings, and its thread must no
 * longer use it. All frames of an arena return to the arena when the last pool with frames is
 * freed. NULL is allowed.
 */
void wf_page_pool_free(struct wf_page_pool *pool);

/*
 * Make the calling thread the pool's owner until the thread exits or adopts another pool (or
 * NULL). This is optional: it lets the thread put pages of the pool without atomic
 * read-modify-writes, which is faster.
 */
void wf_page_pool_adopt(struct wf_page_pool *pool);

/*
 * Take a page of the smallest class that holds @bytes, with one reference.
 * Return: NULL (counted) if @bytes > WEFT_SPAN_BYTES, or if the memory limit or a limit of the pool
 * is reached and no other class of smaller pages than a whole span has a free page that is large
 * enough.
 */
struct wf_page *wf_page_pool_take(struct wf_page_pool *pool, size_t bytes);

/*
 * Take a page for a packet that has just arrived, as wf_page_pool_take() does. If at most
 * 1/WEFT_SHORT_PARTS of the budget is left, only memory that the pool already has is used: the rest
 * is for packets that are being processed.
 */
struct wf_page *wf_page_pool_take_incoming(struct wf_page_pool *pool, size_t bytes);

/*
 * Return true if less than 1/@parts of the budget for traffic (the limit without wf_budget_fixed())
 * is left. Streams then release held data before the budget is exhausted.
 */
bool wf_page_pool_is_short(const struct wf_page_pool *pool, uint32_t parts);

/*
 * Return the recommended size of a buffer that needs @need_bytes now and could use up to
 * @wanted_bytes: @wanted_bytes at pressure level 0, less at each higher level, but at least
 * @need_bytes. Rounded up to the page size of the class that serves it.
 */
size_t wf_page_pool_advise(const struct wf_page_pool *pool, size_t need_bytes, size_t wanted_bytes);

/* Return the page size of the medium class. */
size_t wf_page_pool_medium_bytes(const struct wf_page_pool *pool);

/* Return the page size of the large class. */
size_t wf_page_pool_large_bytes(const struct wf_page_pool *pool);

/*
 * Take up to @max free rx frames for a fill ring and write their UMEM offsets. Each has one
 * reference, which passes through the kernel to the receiver: the receiver finds the page with
 * wf_arena_page_at(desc.addr), and later calls wf_page_put(). A frame that another thread puts may
 * be taken by any pool that lacks free frames. Return: the number of frames taken.
 */
uint32_t wf_page_pool_take_frames(struct wf_page_pool *pool, uint64_t *ret_offs, uint32_t max);

/*
 * Return true if enough frames are free to keep a received frame. If not, its bytes must be copied.
 */
bool wf_page_pool_may_keep_frame(const struct wf_page_pool *pool);

/*
 * Return true if at least half of this worker's frames are free. Then even a small payload may stay
 * in its frame.
 */
bool wf_page_pool_has_frames_in_plenty(const struct wf_page_pool *pool);

/*
 * Carry out periodic work: take back pages that other threads put, adapt the classes to the
 * traffic, give back spans that are no longer needed. To be called a few times a second.
 */
void wf_page_pool_housekeep(struct wf_page_pool *pool, uint64_t now_ns);

/*
 * Give back all empty spans to the arena, unless the pool keeps spans. Return: the number of spans
 * given back.
 */
uint32_t wf_page_pool_shrink(struct wf_page_pool *pool);

/*
 * Give back half of each class's empty spans to the arena, unless the pool keeps spans. Return: the
 * number of spans given back.
 */
uint32_t wf_page_pool_halve(struct wf_page_pool *pool);

/*
 * Free @page, after its last holder has put it (page.h): return a page of a size class to its pool,
 * and a frame to the calling worker's pool; if the caller has no pool with frames, to the home of
 * the pool that made the frame. Thread: any.
 */
void wf_page_come_home(struct wf_page *page);

/*
 * Return the number of pages taken and not put, without frames. Pages that other threads put are
 * included until the pool takes them back, for instance in wf_page_pool_housekeep().
 */
uint64_t wf_page_pool_taken(const struct wf_page_pool *pool);

/* Return true if the lists and counters of the pool's classes are consistent. */
bool wf_page_pool_is_valid(const struct wf_page_pool *pool);

#endif
