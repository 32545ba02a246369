/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frame_stock.h - the free rx frames of one pool, by where they lie.
 *
 * A fill ring goes round in the order in which it was filled. Frames that lie behind one another
 * are quicker to receive into than the same frames in any order: the kernel's record of each, its
 * address and its bytes are then fetched ahead. So a stock hands out whole spans, the lowest first,
 * and the order is restored after frames that were held come back one by one. A stack would hand
 * out frames in a shuffled order for ever.
 *
 *   masks   [span 0: a bit a frame][span 1]...     which frames of the span are here
 *   whole   a bit a span: all of its frames are    taken first
 *   part    a bit a span: some of them are         taken when no whole one is left
 *
 * Lowest first also keeps the frames in use few, and close together.
 */
#ifndef WF_MEMORY_FRAME_STOCK_H
#define WF_MEMORY_FRAME_STOCK_H

#include <stdint.h>

struct wf_arena;

/* A set of spans; no bit is set below word from. */
struct wf_frame_spans {
	uint64_t *bits;
	uint32_t from;
};

struct wf_frame_stock {
	uint32_t *masks; /* in spans of the arena */
	struct wf_frame_spans whole;
	struct wf_frame_spans part;
	uint32_t words;
	uint32_t full_mask; /* of a whole span */
	uint32_t free;	    /* frames here */
};

/* For frames of @frame_bytes anywhere in @arena. Return: 0; -ENOBUFS: no span for its bits. */
int wf_frame_stock_init(struct wf_frame_stock *stock, struct wf_arena *arena, uint32_t frame_bytes);
void wf_frame_stock_fini(struct wf_frame_stock *stock, struct wf_arena *arena);

/* Frame @index of span @span is free. Thread: the pool's worker, here and below. */
void wf_frame_stock_put(struct wf_frame_stock *stock, uint32_t span, uint32_t index);

/* Return: up to @max frames of one span, a bit for each, and which span that is; 0: there are none.
 */
uint32_t wf_frame_stock_take(struct wf_frame_stock *stock, uint32_t max, uint32_t *ret_span);

#endif
