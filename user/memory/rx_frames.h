/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rx_frames.h - one worker's share of the frames that interfaces receive into.
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
	struct wf_arena *arena; /* borrowed, as home and metrics */
	struct wf_home *home;	/* in the arena */
	uint32_t home_index;
	struct wf_metrics *metrics;
	struct wf_frame_stock stock;
	uint32_t made;	      /* by this pool; 0: none */
	uint32_t spill_from;  /* more free ones than this are offered to other pools */
	uint32_t keep_from;   /* fewer free ones than this: copy, don't keep */
	uint32_t plenty_from; /* as many free ones as this: even ill filled ones are kept */
};

/*
 * Make @count frames, @reserve of which only rings may have; the fields above stock are set.
 * Return: 0; -EINVAL: frame_bytes, or more are reserved than made; -ENOBUFS.
 */
int wf_rx_frames_make(struct wf_rx_frames *frames, uint32_t frame_bytes, uint32_t count,
		      uint32_t reserve);

/* Let go of all frames; the last to do so in an arena returns their spans. */
void wf_rx_frames_drop(struct wf_rx_frames *frames);

/* The worker itself put the last reference to one of the arena's frames. */
void wf_rx_frames_put(struct wf_rx_frames *frames, struct wf_page *page);

/* Take up to @max for a ring and write their UMEM offsets. Return: how many. */
uint32_t wf_rx_frames_take(struct wf_rx_frames *frames, uint64_t *ret_offs, uint32_t max);

static inline bool wf_rx_frames_may_keep(const struct wf_rx_frames *frames)
{
	/* Free frames are left after the rings were filled: so these hold the reserve. */
	return frames->stock.free >= frames->keep_from;
}

static inline bool wf_rx_frames_are_plenty(const struct wf_rx_frames *frames)
{
	return frames->stock.free >= frames->plenty_from;
}

#endif
