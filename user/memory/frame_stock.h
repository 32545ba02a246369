/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frame_stock.h - the free rx frames of one pool, ordered by address.
 *
 * The kernel uses the frames of a fill ring in the order in which they were put there. Receiving
 * into frames in ascending order of address is faster than in random order, because the CPU
 * prefetches the bytes of the frames and the kernel's records of them. So a stock supplies the
 * frames of whole spans first, in the order of the spans. This restores the order after frames were
 * held and put one by one, which a stack would never do.
 *
 *   masks   one mask for each span, one bit for each frame that is in the stock
 *   whole   spans of which all frames are in the stock; taken first
 *   part    spans of which some frames are in the stock; taken when whole is empty
 *
 * Within a set, the frames of the lowest span are taken first, so that low frames are used again
 * and again while high ones stay unused.
 */
#ifndef WF_MEMORY_FRAME_STOCK_H
#define WF_MEMORY_FRAME_STOCK_H

#include <stdint.h>

struct wf_arena;

/* A set of spans, one bit for each. All words before bits[from] are 0. */
struct wf_frame_spans {
	uint64_t *bits;
	uint32_t from;
};

struct wf_frame_stock {
	uint32_t *masks; /* one mask for each span of the arena; in a run of spans, like the sets */
	struct wf_frame_spans whole;
	struct wf_frame_spans part;
	uint32_t words;	    /* number of words of each set */
	uint32_t full_mask; /* mask of a span whose frames are all in the stock */
	uint32_t free;	    /* number of free frames in the stock */
};

/*
 * Initialize an empty stock for frames of @frame_bytes in any spans of @arena. Return: 0; -ENOBUFS:
 * no spans are free for its masks and sets.
 */
int wf_frame_stock_init(struct wf_frame_stock *stock, struct wf_arena *arena, uint32_t frame_bytes);
void wf_frame_stock_fini(struct wf_frame_stock *stock, struct wf_arena *arena);

/*
 * Add frame @index of span @span, which has become free. Thread: the pool's worker, as for all
 * functions below.
 */
void wf_frame_stock_put(struct wf_frame_stock *stock, uint32_t span, uint32_t index);

/*
 * Take up to @max frames of one span, and write the index of the span to @ret_span. Return: a mask
 * with one bit for each frame taken; 0 if the stock is empty or @max is 0.
 */
uint32_t wf_frame_stock_take(struct wf_frame_stock *stock, uint32_t max, uint32_t *ret_span);

#endif
