/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frame_stock.h - the free rx frames of one pool, ordered by address.
 *
 * The kernel uses the frames of a fill ring in the order in which they were put there. Receiving
 * into adjacent frames is faster than receiving into the same frames in random order, because the
 * CPU prefetches the addresses and bytes of the frames and the kernel's records of them. So a stock
 * supplies the frames of whole spans first, in the order of the spans. This restores the order of
 * frames that were held and then put one by one. A stack would never restore it.
 *
 *   masks   one mask for each span, one bit for each frame that is in the stock
 *   whole   spans of which all frames are in the stock; taken first
 *   part    spans of which some frames are in the stock; taken when whole is empty
 *
 * Taking the lowest frames first also keeps the number of frames in use small.
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
	uint32_t *masks; /* one bitmap for each span of the arena; the array lies in contiguous
			    spans */
	struct wf_frame_spans whole;
	struct wf_frame_spans part;
	uint32_t words;
	uint32_t full_mask; /* mask of a span with all frames free */
	uint32_t free;	    /* number of free frames in the stock */
};

/*
 * Initialize a stock for frames of @frame_bytes anywhere in @arena. Return: 0; -ENOBUFS: no
 * span is free for its bitmaps.
 */
int wf_frame_stock_init(struct wf_frame_stock *stock, struct wf_arena *arena, uint32_t frame_bytes);
void wf_frame_stock_fini(struct wf_frame_stock *stock, struct wf_arena *arena);

/*
 * Add frame @index of span @span, which has become free. Thread: the pool's worker, as for all
 * functions below.
 */
void wf_frame_stock_put(struct wf_frame_stock *stock, uint32_t span, uint32_t index);

/*
 * Take up to @max frames of one span. Return: a mask with one bit for each frame taken, the
 * span in @ret_span; 0 if the stock is empty or @max is 0.
 */
uint32_t wf_frame_stock_take(struct wf_frame_stock *stock, uint32_t max, uint32_t *ret_span);

#endif
