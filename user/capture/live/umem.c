// SPDX-License-Identifier: BSD-2-Clause
/*
 * umem.c - registers the arena with the kernel, and keeps a fill ring full.
 */
#include "capture/live/umem.h"

#include <errno.h>
#include <linux/if_xdp.h>
#include <string.h>
#include <sys/socket.h>

#include <weft/limits.h>

#include "base/clock.h"
#include "memory/arena.h"
#include "memory/page_pool.h"
#include "memory/rx_frames.h"

enum {
	REFILL_BATCH = 64,
	KERNEL_PAGE_BYTES = 4096,
	RING_HEAD_BYTES = 512, /* upper bound of the header of struct xdp_ring */
	/* Kernel memory per frame of the UMEM (buffer pool), whether the frame is used or not. */
	BUFFER_BYTES = 128,
};

int wf_umem_open(struct wf_umem *umem, const struct wf_arena *arena, uint32_t frame_bytes,
		 uint32_t ring_frames)
{
	const struct xsk_umem_config config = {
		.fill_size = ring_frames,
		.comp_size = XSK_RING_CONS__DEFAULT_NUM_DESCS,
		.frame_size = frame_bytes,
	};

	wf_fill_level_init(&umem->level, ring_frames);
	umem->kick_fd = -1;
	if (wf_rx_frames_size(arena) != frame_bytes)
		return -EINVAL; /* frames would overlap */
	return xsk_umem__create(&umem->umem, wf_arena_base(arena), wf_arena_bytes(arena),
				&umem->fill, &umem->completion, &config);
}

void wf_umem_close(struct wf_umem *umem)
{
	if (umem->umem)
		xsk_umem__delete(umem->umem);
	umem->umem = NULL;
}

static uint64_t ring_bytes(uint64_t descs, uint64_t desc_bytes)
{
	uint64_t bytes = RING_HEAD_BYTES + descs * desc_bytes;

	return (bytes + KERNEL_PAGE_BYTES - 1) / KERNEL_PAGE_BYTES * KERNEL_PAGE_BYTES;
}

uint64_t wf_umem_ring_bytes(uint32_t ring_frames, uint32_t sockets)
{
	return ring_bytes(ring_frames, sizeof(uint64_t)) +
	       ring_bytes(XSK_RING_CONS__DEFAULT_NUM_DESCS, sizeof(uint64_t)) +
	       sockets * ring_bytes(ring_frames, sizeof(struct xdp_desc));
}

uint64_t wf_umem_span_bytes(uint32_t frame_bytes)
{
	return (uint64_t)WEFT_SPAN_BYTES / frame_bytes * BUFFER_BYTES +
	       WEFT_SPAN_BYTES / KERNEL_PAGE_BYTES * sizeof(void *);
}

/* Return: number of frames added. */
static uint32_t refill_batch(struct wf_umem *umem, struct wf_page_pool *pool)
{
	uint64_t offs[REFILL_BATCH];
	uint32_t count;
	uint32_t slot = 0;

	if (umem->waiting + REFILL_BATCH > umem->level.frames)
		return 0;
	count = wf_page_pool_take_frames(pool, offs, REFILL_BATCH);
	if (!count)
		return 0;
	xsk_ring_prod__reserve(&umem->fill, count, &slot);
	for (uint32_t i = 0; i < count; i++)
		*xsk_ring_prod__fill_addr(&umem->fill, slot + i) = offs[i];
	xsk_ring_prod__submit(&umem->fill, count);
	umem->waiting += count;
	return count;
}

/*
 * Count the frames that the kernel took since the last refill, and choose the level of the ring. If
 * the ring is empty, increment umem->drained: the kernel has probably dropped frames because no
 * buffer was left.
 */
static void note_taken(struct wf_umem *umem)
{
	uint32_t size = umem->level.ring_frames;
	uint32_t waiting = size - xsk_prod_nb_free(&umem->fill, size);

	if (wf_fill_level_count(&umem->level, umem->waiting - waiting))
		wf_fill_level_choose(&umem->level, wf_clock_monotonic_ns());
	umem->waiting = waiting;
	if (!waiting)
		atomic_fetch_add_explicit(&umem->drained, 1, memory_order_relaxed);
}

void wf_umem_refill(struct wf_umem *umem, struct wf_page_pool *pool)
{
	/* Pairs with the release below: only the thread that set the flag uses the ring. */
	if (atomic_exchange_explicit(&umem->refilling, 1, memory_order_acquire))
		return;
	note_taken(umem);
	while (refill_batch(umem, pool) == REFILL_BATCH)
		;
	if (xsk_ring_prod__needs_wakeup(&umem->fill) && umem->kick_fd >= 0)
		recvfrom(umem->kick_fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
	atomic_store_explicit(&umem->refilling, 0, memory_order_release);
}
