/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * handoff.h - frames that the reader of a capture gives to the worker that owns their flow.
 *
 *   reader  ──► feed   one producer, large: the whole capture passes here   ──┐
 *   workers ──► inbox  mpsc.h, small: rebuilt datagrams, strays             ──┼─► worker
 *   callers ──► submitted  mpsc.h: weft_submit()                            ──┘
 *
 * Bound: the ring is sized once. A full one is the producer's problem: the reader waits.
 */
#ifndef WF_WORKER_HANDOFF_H
#define WF_WORKER_HANDOFF_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <ck_ring.h>

#include "base/assert.h"
#include "base/waiter.h"
#include "packet/frame.h"

struct wf_arena;

/* A ring of frames towards one worker. */
struct wf_handoff {
	ck_ring_t ring;
	struct wf_frame *slots;	    /* owned: spans of the arena */
	struct wf_arena *arena;	    /* borrowed */
	uint64_t bytes;		    /* of slots */
	struct wf_waiter *consumer; /* borrowed: the worker's */
};

/* @slots_count: power of two. Return: 0; -ENOBUFS: the arena is full. */
int wf_handoff_init(struct wf_handoff *handoff, struct wf_arena *arena, uint32_t slots_count,
		    struct wf_waiter *consumer);
void wf_handoff_fini(struct wf_handoff *handoff);

/*
 * One producer. Return: false: full. The frames become visible at once; call
 * wf_waiter_wake() on the consumer after a batch.
 */
bool wf_handoff_push(struct wf_handoff *handoff, const struct wf_frame *frame);

/* The worker takes up to @max frames. */
uint32_t wf_handoff_pop(struct wf_handoff *handoff, struct wf_frame *ret_frames, uint32_t max);

bool wf_handoff_is_empty(const struct wf_handoff *handoff);
uint32_t wf_handoff_used(const struct wf_handoff *handoff);

#endif
