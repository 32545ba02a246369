/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mpsc.h - a ring of frames, with or without their bytes: many producers, one consumer.
 *
 *   reserve   one compare-and-swap on the tail, so that no producer waits for another
 *   fill      frame and bytes are written where they were reserved
 *   commit    one store to the entry's own header
 *
 * A producer that is preempted between reserve and commit delays only the consumer, which cannot
 * read later entries until that producer commits; other producers continue until the ring is full.
 * Frames pushed by one thread keep their order.
 *
 * Bound: the size of the ring, a run of the arena taken at init. If it is full, a push fails or
 * sleeps until the consumer has made room.
 */
#ifndef WF_WORKER_MPSC_H
#define WF_WORKER_MPSC_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/waiter.h"
#include "packet/frame.h"

struct wf_arena;

enum { WF_MPSC_ALIGN = WF_CACHE_LINE };

/* Fields that different threads write lie on different cache lines. */
struct wf_mpsc {
	uint8_t *bytes; /* owned: spans of the arena */
	uint64_t size_bytes;
	struct wf_arena *arena;	    /* borrowed */
	struct wf_waiter *consumer; /* borrowed: the waiter on which the consumer sleeps */

	/* Written by producers: position of the next entry; the highest bit is set once closed. */
	_Alignas(WF_CACHE_LINE) _Atomic uint64_t tail;

	/*
	 * Written by the consumer: entries before head are released, entries before seen were
	 * peeked.
	 */
	_Alignas(WF_CACHE_LINE) _Atomic uint64_t head;
	uint64_t seen;

	/* Producers sleep here while the ring is full. */
	_Alignas(WF_CACHE_LINE) struct wf_waiter room;
	_Atomic uint64_t waits; /* number of calls of wf_mpsc_wait_and_push() */
	/* number of packets that submit.c rejected because the ring was full, see wf_submit() */
	_Atomic uint64_t refused;
};

/*
 * Initialise a ring of @size_bytes, a power of two and a multiple of the span size. Return: 0 on
 * success; -ENOBUFS if the arena has no contiguous run of that size.
 */
int wf_mpsc_init(struct wf_mpsc *ring, struct wf_arena *arena, uint64_t size_bytes,
		 struct wf_waiter *consumer);

/*
 * Free the ring. No producer may be using it or start to use it; entries not yet peeked are lost.
 */
void wf_mpsc_fini(struct wf_mpsc *ring);

/*
 * Push @frame. @copy: copy its frame->cap_bytes bytes into the ring too; header and bytes of the
 * entry must fit in half of the ring. Without @copy, store only struct wf_frame. The caller calls
 * wf_waiter_wake() on the consumer's waiter after a batch. Return: 0 on success; -EAGAIN if the
 * ring is full; -ESHUTDOWN if it is closed. Thread: any.
 */
int wf_mpsc_push(struct wf_mpsc *ring, const struct wf_frame *frame, bool copy);

/*
 * Push after wf_mpsc_push() has returned -EAGAIN: sleep until there is room or @deadline_ns has
 * passed. Return: see wf_mpsc_push().
 */
int wf_mpsc_wait_and_push(struct wf_mpsc *ring, const struct wf_frame *frame, bool copy,
			  uint64_t deadline_ns);

/*
 * Push; if the ring is full, sleep until there is room or @deadline_ns (CLOCK_MONOTONIC;
 * UINT64_MAX: no limit) has passed. Return: see wf_mpsc_push().
 */
static inline int wf_mpsc_push_wait(struct wf_mpsc *ring, const struct wf_frame *frame, bool copy,
				    uint64_t deadline_ns)
{
	int err = wf_mpsc_push(ring, frame, copy);

	return wf_likely(err != -EAGAIN) ? err
					 : wf_mpsc_wait_and_push(ring, frame, copy, deadline_ns);
}

/* Close the ring: later pushes fail, earlier entries can still be read. Thread: any. */
void wf_mpsc_close(struct wf_mpsc *ring);

/*
 * Copy up to @max frames to @ret_frames, and prefetch their headers. Bytes that were copied into
 * the ring are lent (WF_FRAME_LENT) until wf_mpsc_release(), which returns the space of all peeked
 * entries to producers. Return: the number of frames. Thread: the consumer.
 */
uint32_t wf_mpsc_peek(struct wf_mpsc *ring, struct wf_frame *ret_frames, uint32_t max);
void wf_mpsc_release(struct wf_mpsc *ring);

/* Return true if the ring is closed and every entry was read. Thread: the consumer. */
bool wf_mpsc_is_drained(const struct wf_mpsc *ring);

#endif
