/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rx_frames.h - one worker's share of the rx frames.
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
	uint32_t made;	      /* frames made by this pool; 0: none */
	uint32_t spill_from;  /* with more free frames than this, some are offered to other pools */
	uint32_t keep_from;   /* with fewer free frames than this, payloads are copied */
	uint32_t plenty_from; /* with this many free frames, small payloads are kept too */
};

/*
 * Make @count frames and reserve @reserve of them for rings. The caller has set the members
 * before stock. Return: 0; -EINVAL: @frame_bytes is invalid, or @reserve > @count;
 * -ENOBUFS: they do not fit.
 */
int wf_rx_frames_make(struct wf_rx_frames *frames, uint32_t frame_bytes, uint32_t count,
		      uint32_t reserve);

/* Release all frames. The last pool of an arena to do so gives back all frame spans. */
void wf_rx_frames_drop(struct wf_rx_frames *frames);

/* Add @page, whose last reference the worker itself has put, to the free frames. */
void wf_rx_frames_put(struct wf_rx_frames *frames, struct wf_page *page);

/* Take up to @max frames for a ring and write their UMEM offsets. Return: the number of frames. */
uint32_t wf_rx_frames_take(struct wf_rx_frames *frames, uint64_t *ret_offs, uint32_t max);

static inline bool wf_rx_frames_may_keep(const struct wf_rx_frames *frames)
{
	/*
	 * Frames that are free after the rings were filled are not part of the reserve: the
	 * rings hold it.
	 */
	return frames->stock.free >= frames->keep_from;
}

static inline bool wf_rx_frames_are_plenty(const struct wf_rx_frames *frames)
{
	return frames->stock.free >= frames->plenty_from;
}

#endif
