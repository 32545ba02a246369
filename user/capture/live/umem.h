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
	struct xsk_umem *umem; /* owned */
	struct xsk_ring_cons
		completion; /* required by the kernel; unused, since weft never sends */
	uint32_t ring_frames;
	int kick_fd; /* borrowed: a bound socket of the queue, used to wake the kernel; -1: none */

	/* any worker may set `refilling`; only the one that set it writes the members after it */
	_Alignas(WF_CACHE_LINE) _Atomic int refilling;
	struct xsk_ring_prod fill;
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
 * Refill the fill ring from the calling worker's @pool, unless another worker is refilling it.
 * Thread: the workers with a socket on the queue; main before they start.
 */
void wf_umem_refill(struct wf_umem *umem, struct wf_page_pool *pool);

#endif
