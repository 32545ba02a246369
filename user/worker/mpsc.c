// SPDX-License-Identifier: BSD-2-Clause
/*
 * mpsc.c - a byte ring with variable-length entries.
 *
 * Positions count bytes and never wrap. Each entry begins on a cache line. Each cache line of the
 * ring that no entry covers begins with a zero word, so the word at the consumer's position is
 * either the length of a committed entry or 0. An entry never wraps around the end of the ring: the
 * bytes up to the end are reserved together with the entry and committed as padding.
 */
#include "worker/mpsc.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "memory/arena.h"

#define CLOSED (1ull << 63)

struct entry {
	/* bytes of the ring that the entry covers; 0 until committed */
	_Atomic uint32_t committed_bytes;
	uint32_t is_padding;
	struct wf_frame frame;
	uint8_t bytes[];
};
_Static_assert(sizeof(struct entry) <= WF_MPSC_ALIGN, "padding has room for a header");

static struct entry *entry_in(uint8_t *bytes, uint64_t mask, uint64_t pos)
{
	return (struct entry *)(void *)(bytes + (pos & mask));
}

static struct entry *entry_at(const struct wf_mpsc *ring, uint64_t pos)
{
	return entry_in(ring->bytes, ring->size_bytes - 1, pos);
}

static uint32_t round_up(uint32_t bytes)
{
	return (bytes + WF_MPSC_ALIGN - 1) & ~(uint32_t)(WF_MPSC_ALIGN - 1);
}

int wf_mpsc_init(struct wf_mpsc *ring, struct wf_arena *arena, uint64_t size_bytes,
		 struct wf_waiter *consumer)
{
	memset(ring, 0, sizeof(*ring));
	ring->size_bytes = size_bytes;
	ring->arena = arena;
	ring->consumer = consumer;
	ring->bytes = wf_arena_take_zeroed_run(arena, size_bytes);
	return ring->bytes ? 0 : -ENOBUFS;
}

void wf_mpsc_fini(struct wf_mpsc *ring)
{
	if (!ring->bytes)
		return;
	wf_arena_put_run(ring->arena, ring->bytes, ring->size_bytes);
	ring->bytes = NULL;
}

static void commit(struct entry *entry, uint32_t ring_bytes)
{
	/* Pairs with the acquire in wf_mpsc_peek(): frame and bytes are complete. */
	atomic_store_explicit(&entry->committed_bytes, ring_bytes, memory_order_release);
}

/*
 * Reserve @bytes at *@tail in one attempt. Return: 0 on success; -EINTR if the attempt failed,
 * usually because another producer advanced the tail first (*@tail is reloaded; try again); -EAGAIN
 * if the ring is full; -ESHUTDOWN if it is closed.
 */
static inline int try_reserve(struct wf_mpsc *ring, uint64_t *tail, uint64_t bytes)
{
	if (wf_unlikely(*tail & CLOSED))
		return -ESHUTDOWN;
	/*
	 * Acquire: pairs with the consumer's store of head, so the freed lines are zero. Sequential
	 * consistency is needed for sleeping producers: see wf_mpsc_release().
	 */
	if (wf_unlikely(*tail + bytes - atomic_load(&ring->head) > ring->size_bytes))
		return -EAGAIN;
	return atomic_compare_exchange_weak_explicit(&ring->tail, tail, *tail + bytes,
						     memory_order_relaxed, memory_order_relaxed)
		       ? 0
		       : -EINTR;
}

/*
 * Push a frame without its bytes. Such an entry is one cache line, so it never reaches past the end
 * of the ring.
 */
static inline int push_frame(struct wf_mpsc *ring, const struct wf_frame *frame)
{
	uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
	struct entry *entry;
	int err;

	do
		err = try_reserve(ring, &tail, WF_MPSC_ALIGN);
	while (wf_unlikely(err == -EINTR));
	if (wf_unlikely(err))
		return err;
	entry = entry_at(ring, tail);
	entry->is_padding = false;
	entry->frame = *frame;
	commit(entry, WF_MPSC_ALIGN);
	return 0;
}

static __attribute__((noinline)) int push_with_bytes(struct wf_mpsc *ring,
						     const struct wf_frame *frame)
{
	uint32_t bytes = round_up((uint32_t)sizeof(struct entry) + frame->cap_bytes);
	uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
	struct entry *entry;
	uint64_t padding;
	int err;

	wf_assert(bytes <= ring->size_bytes / 2);
	do {
		uint64_t to_end = ring->size_bytes - (tail & (ring->size_bytes - 1));

		padding = bytes > to_end ? to_end : 0;
		err = try_reserve(ring, &tail, padding + bytes);
	} while (err == -EINTR);
	if (err)
		return err;
	if (padding) {
		entry_at(ring, tail)->is_padding = true;
		commit(entry_at(ring, tail), (uint32_t)padding);
	}
	entry = entry_at(ring, tail + padding);
	entry->is_padding = false;
	entry->frame = *frame;
	entry->frame.bytes = entry->bytes;
	entry->frame.flags |= WF_FRAME_LENT;
	memcpy(entry->bytes, frame->bytes, frame->cap_bytes);
	commit(entry, bytes);
	return 0;
}

int wf_mpsc_push(struct wf_mpsc *ring, const struct wf_frame *frame, bool copy)
{
	return copy ? push_with_bytes(ring, frame) : push_frame(ring, frame);
}

int wf_mpsc_wait_and_push(struct wf_mpsc *ring, const struct wf_frame *frame, bool copy,
			  uint64_t deadline_ns)
{
	atomic_fetch_add_explicit(&ring->waits, 1, memory_order_relaxed);
	for (;;) {
		uint32_t ticket = wf_waiter_announce(&ring->room);
		int err = wf_mpsc_push(ring, frame, copy);

		if (err != -EAGAIN || wf_clock_monotonic_ns() >= deadline_ns)
			return err;
		/*
		 * Wake the consumer before sleeping: frames that this thread pushed earlier may not
		 * have woken it yet.
		 */
		wf_waiter_wake(ring->consumer);
		wf_waiter_sleep(&ring->room, ticket, deadline_ns);
	}
}

void wf_mpsc_close(struct wf_mpsc *ring)
{
	if (!ring->bytes)
		return;
	atomic_fetch_or(&ring->tail, CLOSED);
	wf_waiter_wake(&ring->room);
	wf_waiter_wake(ring->consumer);
}

/* Prefetch the headers of the frame, which may begin anywhere in a cache line. */
static inline void prefetch_headers(const struct wf_frame *frame)
{
	__builtin_prefetch(frame->bytes);
	__builtin_prefetch(frame->bytes + WF_CACHE_LINE);
}

uint32_t wf_mpsc_peek(struct wf_mpsc *ring, struct wf_frame *ret_frames, uint32_t max)
{
	uint64_t end = atomic_load_explicit(&ring->head, memory_order_relaxed) + ring->size_bytes;
	const uint64_t mask = ring->size_bytes - 1;
	uint8_t *base = ring->bytes;
	uint64_t seen = ring->seen;
	uint32_t count = 0;

	/* Stop after one full turn of the ring, so that no entry is read twice. */
	while (count < max && seen < end) {
		const struct entry *entry = entry_in(base, mask, seen);
		uint32_t bytes =
			atomic_load_explicit(&entry->committed_bytes, memory_order_acquire);

		if (!bytes)
			break;
		if (!entry->is_padding) {
			prefetch_headers(&entry->frame);
			ret_frames[count++] = entry->frame;
		}
		seen += bytes;
	}
	ring->seen = seen;
	return count;
}

void wf_mpsc_release(struct wf_mpsc *ring)
{
	uint64_t pos = atomic_load_explicit(&ring->head, memory_order_relaxed);
	const uint64_t mask = ring->size_bytes - 1;
	const uint64_t seen = ring->seen;
	uint8_t *bytes = ring->bytes;

	if (pos == seen)
		return;
	for (; pos < seen; pos += WF_MPSC_ALIGN)
		atomic_store_explicit(&entry_in(bytes, mask, pos)->committed_bytes, 0,
				      memory_order_relaxed);
	/*
	 * Store head before checking for sleepers: a producer announces itself before it checks for
	 * room, so at least one side sees the other.
	 */
	atomic_store(&ring->head, seen);
	/*
	 * Wake producers only when half of the ring is empty, so that each wakeup allows many
	 * pushes.
	 */
	if (wf_unlikely(wf_waiter_is_announced(&ring->room)) &&
	    (atomic_load_explicit(&ring->tail, memory_order_relaxed) & ~CLOSED) - seen <=
		    ring->size_bytes / 2)
		wf_waiter_wake(&ring->room);
}

bool wf_mpsc_is_drained(const struct wf_mpsc *ring)
{
	return atomic_load(&ring->tail) == (ring->seen | CLOSED);
}
