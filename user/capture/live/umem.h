/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * umem.h - the arena as the UMEM of one receive queue, and the fill ring of that queue.
 *
 * Each queue registers the whole arena, because libxdp 1.3 binds all sockets of one xsk_umem to the
 * same queue. Therefore a frame that was received on one queue may be added to the fill ring of
 * another.
 *
 * All sockets of a queue share the queue's fill ring. If each worker has a socket on the queue,
 * each of them refills the ring when it has room, while it holds the flag `refilling`. A worker
 * that finds the flag set does not wait: it tries again in its next round. So the ring of such a
 * queue does not depend on a single worker. If the queue has one socket, only the worker of that
 * socket refills the ring.
 *
 * A full fill ring bridges the time that a worker does not run. But the kernel takes the frames in
 * turn, so at a high rate the frames of a long ring have left the processor's caches before they
 * are used again, which can halve the highest packet rate. There, a long ring bridges little time
 * anyway. Therefore the ring is kept full at low rates, and holds WF_FILL_SHORT_FRAMES at high
 * ones.
 */
#ifndef WF_CAPTURE_LIVE_UMEM_H
#define WF_CAPTURE_LIVE_UMEM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <weft/limits.h>
#include <xdp/xsk.h>

#include "base/assert.h"
#include "base/clock.h"

struct wf_arena;
struct wf_page_pool;

enum {
	WF_FILL_SHORT_FRAMES = WEFT_RING_MIN_FRAMES,
	WF_FILL_WINDOW_FRAMES = 2048, /* the rate is measured over at least so many frames */
	/* mean time between frames, in ns, below which the rate is high: 400,000 frames/s */
	WF_FILL_FAST_NS = 2500,
};

/* How many frames wait in a fill ring. Thread: the one that refills the ring. */
struct wf_fill_level {
	uint32_t ring_frames;	/* size of the ring */
	uint32_t frames;	/* how many frames shall wait in it */
	uint32_t window_frames; /* frames taken since window_ns */
	uint64_t window_ns;	/* CLOCK_MONOTONIC */
};

static inline void wf_fill_level_init(struct wf_fill_level *level, uint32_t ring_frames)
{
	*level = (struct wf_fill_level){.ring_frames = ring_frames, .frames = ring_frames};
}

/* Count @taken frames that the kernel took. Return: true if wf_fill_level_choose() is due. */
static inline bool wf_fill_level_count(struct wf_fill_level *level, uint32_t taken)
{
	level->window_frames += taken;
	return level->window_frames >= WF_FILL_WINDOW_FRAMES;
}

/* Choose level->frames from the rate since the last call. @now_ns: CLOCK_MONOTONIC. */
static inline void wf_fill_level_choose(struct wf_fill_level *level, uint64_t now_ns)
{
	bool is_fast = now_ns - level->window_ns < (uint64_t)level->window_frames * WF_FILL_FAST_NS;

	level->frames = is_fast && level->ring_frames > WF_FILL_SHORT_FRAMES ? WF_FILL_SHORT_FRAMES
									     : level->ring_frames;
	level->window_frames = 0;
	level->window_ns = now_ns;
}

struct wf_umem {
	struct xsk_umem *umem; /* owned */
	struct xsk_ring_cons
		completion; /* required by the kernel; unused, since weft never sends */
	int kick_fd; /* borrowed: a bound socket of the queue, used to wake the kernel; -1: none */

	/* any worker may set `refilling`; only the one that set it writes the members after it */
	_Alignas(WF_CACHE_LINE) _Atomic int refilling;
	struct xsk_ring_prod fill;
	struct wf_fill_level level;
	uint32_t waiting;	  /* number of frames in the ring after the last refill */
	_Atomic uint32_t drained; /* number of times the ring was found empty; read by any thread */
};

/*
 * Register @arena as a UMEM. Return: 0 or negative errno (-EPERM or -ENOBUFS: the memlock limit is
 * too low; -EINVAL: the receive frames of @arena have another size than @frame_bytes). Thread:
 * main.
 */
int wf_umem_open(struct wf_umem *umem, const struct wf_arena *arena, uint32_t frame_bytes,
		 uint32_t ring_frames);
void wf_umem_close(struct wf_umem *umem);

/* Return: kernel memory of the rings of one queue and of its @sockets sockets. */
uint64_t wf_umem_ring_bytes(uint32_t ring_frames, uint32_t sockets);

/* Return: kernel memory per span of the arena, for one queue. */
uint64_t wf_umem_span_bytes(uint32_t frame_bytes);

/*
 * Refill the fill ring from the calling worker's @pool up to its level, unless
 * another worker is refilling it.
 * Thread: the workers with a socket on the queue; main before they start.
 */
void wf_umem_refill(struct wf_umem *umem, struct wf_page_pool *pool);

#endif
