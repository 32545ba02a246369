/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rx_frames.h - one worker's share of the rx frames, which supplies the fill rings.
 *
 * Thread: the worker.
 */
#ifndef WF_MEMORY_RX_FRAMES_H
#define WF_MEMORY_RX_FRAMES_H

#include <stdbool.h>

#include "memory/frame_stock.h"

struct wf_home;
struct wf_metrics;
struct wf_page;

struct wf_rx_frames {
	struct wf_arena *arena; /* borrowed, like home and metrics */
	struct wf_home *home;	/* lives in the arena */
	uint32_t home_index;
	struct wf_metrics *metrics;
	struct wf_frame_stock stock;
	uint32_t made; /* number of frames made by this pool */
	uint32_t frame_bytes;
	/* if more frames than this are free, some are offered to other pools */
	uint32_t spill_from;
	/* if fewer frames than this are free, payloads are copied out of their frames */
	uint32_t keep_from;
	/* if at least this many frames are free, small payloads stay in their frames too */
	uint32_t plenty_from;
};

/*
 * Make @count frames, of which the fill rings hold @reserve while they are full. The caller must
 * have set all members that precede stock. Return: 0; -EINVAL: @frame_bytes is invalid or differs
 * from the size in another pool of the arena, or @reserve exceeds @count; -ENOBUFS: no memory is
 * left for the frames.
 */
int wf_rx_frames_make(struct wf_rx_frames *frames, uint32_t frame_bytes, uint32_t count,
		      uint32_t reserve);

/*
 * Release all frames. When the last pool of an arena has released its frames, all spans with frames
 * are given back.
 */
void wf_rx_frames_drop(struct wf_rx_frames *frames);

/* Add the frame @page, whose last reference was put by the worker, to the free frames. */
void wf_rx_frames_put(struct wf_rx_frames *frames, struct wf_page *page);

/* Take up to @max frames for a ring and write their UMEM offsets. Return: the number of frames. */
uint32_t wf_rx_frames_take(struct wf_rx_frames *frames, uint64_t *ret_offs, uint32_t max);

static inline bool wf_rx_frames_may_keep(const struct wf_rx_frames *frames)
{
	/* The rings are filled from the stock first, so they do not need the frames left in it. */
	return frames->stock.free >= frames->keep_from;
}

static inline bool wf_rx_frames_are_plenty(const struct wf_rx_frames *frames)
{
	return frames->stock.free >= frames->plenty_from;
}

/* Return the size in bytes of each receive frame of @arena; 0 if there are none. */
uint32_t wf_rx_frames_size(const struct wf_arena *arena);

#endif
