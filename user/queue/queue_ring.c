// SPDX-License-Identifier: BSD-2-Clause
/*
 * queue_ring.c - the memory of a queue: its rings and its tables of losses.
 *
 *   positions: ... older records ...│ records of the current ring ...
 *                                   turn
 *
 * A larger or smaller ring is used from the position of the next record on. The older ring is kept
 * until its last record was taken or dropped; meanwhile no third ring is allocated. The word `turn`
 * contains the index of the current ring and its first position, so that the reader finds the ring
 * of a position.
 */
#include <errno.h>

#include <weft/limits.h>

#include "base/clock.h"
#include "queue/queue_record.h"
#include "memory/arena.h"
#include "memory/budget.h"

enum {
	RING_SHARE = 8, /* the first ring is at most 1/8 of the queue, but at least one span */
	/*
	 * each table of losses has one entry per LOSS_RING_BYTES bytes of the first ring, but at
	 * least WF_LOSSES_MIN and at most WF_LOSSES_MAX entries
	 */
	LOSS_RING_BYTES = 4096,
	/* a grown queue becomes small when it is empty at this many flushes in a row */
	CALM_FLUSHES = 256,
	FREE_SHARE = 4, /* a queue grows only if 1/4 of the arena stays free */
	TABLES = 3,
};

static uint64_t ring_bytes_of(uint64_t bytes)
{
	uint64_t ring_bytes = WEFT_SPAN_BYTES;

	while (2 * ring_bytes <= bytes / RING_SHARE)
		ring_bytes *= 2;
	return ring_bytes;
}

static uint32_t losses_of(uint64_t ring_bytes)
{
	uint64_t size = ring_bytes / LOSS_RING_BYTES;

	if (size < WF_LOSSES_MIN)
		return WF_LOSSES_MIN;
	return size > WF_LOSSES_MAX ? WF_LOSSES_MAX : (uint32_t)size;
}

static int open_tables(struct wf_queue *queue, uint64_t ring_bytes)
{
	/*
	 * A queue with the policy block rejects events only if its reader takes no more events:
	 * after the reader has left, after the subscription has ended, or while the handle stops.
	 * So its tables can be small.
	 */
	uint32_t size =
		queue->overflow == WEFT_OVERFLOW_BLOCK ? WF_LOSSES_MIN : losses_of(ring_bytes);
	uint64_t bytes = wf_losses_bytes(size);
	struct wf_losses *tables[TABLES];

	queue->tables_bytes = TABLES * bytes;
	queue->tables = wf_arena_take_zeroed_run(queue->arena, queue->tables_bytes);
	if (!queue->tables)
		return -ENOBUFS;
	for (int i = 0; i < TABLES; i++) {
		tables[i] = (void *)((uint8_t *)queue->tables + (uint64_t)i * bytes);
		wf_losses_init(tables[i], size);
	}
	queue->back = tables[0];
	atomic_store(&queue->spare[0], tables[1]);
	atomic_store(&queue->spare[1], tables[2]);
	return 0;
}

/* Use the @ring_bytes bytes at @bytes as the ring for the next record and all later ones. */
static void use_ring(struct wf_queue *queue, uint32_t index, uint8_t *bytes, uint64_t ring_bytes,
		     uint64_t queue_bytes)
{
	queue->rings[index] = (struct wf_ring){.bytes = bytes, .size = ring_bytes};
	queue->ring_from = queue->head;
	atomic_store_explicit(&queue->ring_bytes, ring_bytes, memory_order_relaxed);
	atomic_store_explicit(&queue->payload_max_bytes, queue_bytes - ring_bytes,
			      memory_order_relaxed);
	/* Pairs with the load in wf_record_at(): the reader sees the ring that the turn names. */
	atomic_store_explicit(&queue->turn, queue->head | index, memory_order_release);
}

int wf_queue_open_ring(struct wf_queue *queue, uint64_t bytes)
{
	uint64_t ring_bytes = ring_bytes_of(bytes);
	uint8_t *ring = wf_arena_take_run(queue->arena, ring_bytes);
	int err;

	if (!ring)
		return -ENOBUFS;
	err = open_tables(queue, ring_bytes);
	if (err) {
		wf_arena_put_run(queue->arena, ring, ring_bytes);
		return err;
	}
	use_ring(queue, 0, ring, ring_bytes, bytes);
	return 0;
}

static void free_ring(struct wf_queue *queue, struct wf_ring *ring)
{
	if (ring->bytes)
		wf_arena_put_run(queue->arena, ring->bytes, ring->size);
	ring->bytes = NULL;
	ring->size = 0;
}

void wf_queue_free_rings(struct wf_queue *queue)
{
	free_ring(queue, &queue->rings[0]);
	free_ring(queue, &queue->rings[1]);
	if (queue->tables)
		wf_arena_put_run(queue->arena, queue->tables, queue->tables_bytes);
	queue->tables = NULL;
}

static struct wf_ring *older_ring(struct wf_queue *queue)
{
	return &queue->rings[(atomic_load_explicit(&queue->turn, memory_order_relaxed) & 1) ^ 1];
}

/*
 * Replace the ring by one for a queue of @queue_bytes. Return: false if that is not possible now.
 */
static bool change_ring(struct wf_queue *queue, uint64_t queue_bytes)
{
	struct wf_ring *older = older_ring(queue);
	uint64_t ring_bytes = ring_bytes_of(queue->base_bytes);
	uint8_t *bytes;

	for (uint64_t half = queue_bytes / 2; half >= queue->base_bytes; half /= 2)
		ring_bytes *= 2;
	if (older->bytes && wf_queue_oldest_in_use(queue) < queue->ring_from)
		return false;
	free_ring(queue, older);
	bytes = wf_arena_take_run(queue->arena, ring_bytes);
	if (!bytes)
		return false;
	use_ring(queue, (uint32_t)(older - queue->rings), bytes, ring_bytes, queue_bytes);
	return true;
}

static uint64_t queue_bytes(const struct wf_queue *queue)
{
	return wf_count_get(&queue->ring_bytes) + wf_count_get(&queue->payload_max_bytes);
}

/* Return true if there is memory for a queue that is larger by @bytes. */
static bool has_memory(const struct wf_queue *queue, uint64_t bytes)
{
	uint64_t limit = wf_arena_bytes(queue->arena);

	return wf_arena_used_bytes(queue->arena) + bytes <= limit - limit / FREE_SHARE;
}

bool wf_queue_grow(struct wf_queue *queue)
{
	uint64_t bytes = queue_bytes(queue);

	queue->calm_flushes = 0;
	/* Try the largest size first: the ring can't grow again until the older ring is free. */
	for (uint64_t larger = queue->max_bytes; larger > bytes; larger /= 2)
		if (has_memory(queue, larger - bytes))
			return change_ring(queue, larger);
	return false;
}

void wf_queue_settle(struct wf_queue *queue)
{
	struct wf_ring *older = older_ring(queue);

	if (older->bytes && wf_queue_oldest_in_use(queue) >= queue->ring_from)
		free_ring(queue, older);
	if (queue_bytes(queue) == queue->base_bytes)
		return;
	if (wf_queue_oldest_in_use(queue) != queue->head || wf_queue_payload_in_use(queue))
		queue->calm_flushes = 0;
	else if (++queue->calm_flushes >= CALM_FLUSHES && change_ring(queue, queue->base_bytes))
		queue->calm_flushes = 0;
}
