/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * umem.h - the arena as one receive queue's UMEM, and that queue's fill ring.
 *
 * Each queue registers the whole arena: libxdp 1.3 binds all sockets of one
 * xsk_umem to the same queue, and so a frame received on one queue may be given
 * to the fill ring of any other.
 *
 * A queue's fill ring is shared by the sockets of all workers. Whoever finds it
 * short refills it, under a flag that nobody waits for: who finds it taken goes
 * on and looks again at its next round. So no queue depends on one worker being
 * awake.
 */
#ifndef WF_CAPTURE_LIVE_UMEM_H
#define WF_CAPTURE_LIVE_UMEM_H

#include <stdatomic.h>
#include <stdint.h>

#include <xdp/xsk.h>

#include "base/assert.h"

struct wf_arena;
struct wf_page_pool;

struct wf_umem {
	struct xsk_umem *umem;		 /* owned */
	struct xsk_ring_cons completion; /* unused: nothing is sent; the kernel wants it */
	uint32_t ring_frames;
	int kick_fd; /* borrowed: a bound socket of the queue, to wake the kernel */

	/* written by whoever holds `refilling` */
	_Alignas(WF_CACHE_LINE) _Atomic int refilling;
	struct xsk_ring_prod fill;
	_Atomic uint32_t
		drained; /* how often the kernel was found to have taken all; read by any */
};

/* Return: 0 or negative errno (-EPERM, -ENOBUFS: memlock limit, ...). Thread: main. */
int wf_umem_open(struct wf_umem *umem, const struct wf_arena *arena, uint32_t frame_bytes,
		 uint32_t ring_frames);
void wf_umem_close(struct wf_umem *umem);

/* Kernel memory of one queue's rings and of those of its @sockets. */
uint64_t wf_umem_ring_bytes(uint32_t ring_frames, uint32_t sockets);

/* ... and of what it keeps about each span of the arena, for one queue. */
uint64_t wf_umem_span_bytes(uint32_t frame_bytes);

/* Top the fill ring up from the calling worker's @pool, if it is short and free to take. */
void wf_umem_refill(struct wf_umem *umem, struct wf_page_pool *pool);

#endif
