/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mpsc.h - a ring of frames, with or without their bytes, from any number of threads to one.
 *
 *   reserve   one compare-and-swap on the tail, so that no producer waits for another
 *   fill      frame and bytes are written where they were reserved
 *   commit    one store to the entry's own header
 *
 * A producer that is preempted between reserve and commit delays the consumer only, which sees
 * the entries behind it once it commits; other producers go on until the ring is full. Frames
 * that one thread pushes come out in their order.
 *
 * Bound: the ring's bytes, a run of the arena taken at init. When it is full, a push fails, or
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
	struct wf_waiter *consumer; /* borrowed: it sleeps here */

	/* producers: where the next entry goes; the highest bit: closed */
	_Alignas(WF_CACHE_LINE) _Atomic uint64_t tail;

	/* the consumer: entries before head were given back, those before seen were looked at */
	_Alignas(WF_CACHE_LINE) _Atomic uint64_t head;
	uint64_t seen;

	/* producers that found no room sleep here */
	_Alignas(WF_CACHE_LINE) struct wf_waiter room;
	_Atomic uint64_t waits;
	_Atomic uint64_t refused;
};

/* @size_bytes: power of two, whole spans. Return: 0; -ENOBUFS: no room in the arena. */
int wf_mpsc_init(struct wf_mpsc *ring, struct wf_arena *arena, uint64_t size_bytes,
		 struct wf_waiter *consumer);

/* No producer is inside, and none will come. Entries that were not taken are lost. */
void wf_mpsc_fini(struct wf_mpsc *ring);

/*
 * @copy: copy @frame's bytes too, frame->cap_bytes of them, at most a quarter of the ring; else
 * the frame only. Call wf_waiter_wake() on the consumer after a batch.
 * Return: 0; -EAGAIN: full; -ESHUTDOWN: closed. Thread: any.
 */
int wf_mpsc_push(struct wf_mpsc *ring, const struct wf_frame *frame, bool copy);

/* The same after the ring was full: sleeps for room until @deadline_ns. */
int wf_mpsc_wait_and_push(struct wf_mpsc *ring, const struct wf_frame *frame, bool copy,
			  uint64_t deadline_ns);

/* Push; sleep for room until @deadline_ns (CLOCK_MONOTONIC; UINT64_MAX: no limit). */
static inline int wf_mpsc_push_wait(struct wf_mpsc *ring, const struct wf_frame *frame, bool copy,
				    uint64_t deadline_ns)
{
	int err = wf_mpsc_push(ring, frame, copy);

	return wf_likely(err != -EAGAIN) ? err
					 : wf_mpsc_wait_and_push(ring, frame, copy, deadline_ns);
}

/* Every push from now on fails; earlier entries can still be taken. Thread: any. */
void wf_mpsc_close(struct wf_mpsc *ring);

/*
 * The consumer looks at up to @max frames; copied bytes stay where they are until
 * wf_mpsc_release(), which gives all seen entries back to producers.
 */
uint32_t wf_mpsc_peek(struct wf_mpsc *ring, struct wf_frame *ret_frames, uint32_t max);
void wf_mpsc_release(struct wf_mpsc *ring);

/* Were @frame's bytes copied into the ring? */
bool wf_mpsc_holds(const struct wf_mpsc *ring, const struct wf_frame *frame);

/* Closed, and every entry was taken. Thread: the consumer. */
bool wf_mpsc_is_drained(const struct wf_mpsc *ring);

#endif
