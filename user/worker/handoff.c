// SPDX-License-Identifier: BSD-2-Clause
/*
 * handoff.c - Concurrency Kit's rings, holding frames by value.
 */
#include "worker/handoff.h"

#include <errno.h>

#include "base/tsan.h"
#include "memory/arena.h"

CK_RING_PROTOTYPE(frame, wf_frame)

int wf_handoff_init(struct wf_handoff *handoff, struct wf_arena *arena, uint32_t slots_count,
		    struct wf_waiter *consumer)
{
	uint64_t bytes = (uint64_t)slots_count * sizeof(*handoff->slots);

	handoff->slots = wf_arena_take_run(arena, bytes);
	if (!handoff->slots)
		return -ENOBUFS;
	ck_ring_init(&handoff->ring, slots_count);
	handoff->consumer = consumer;
	handoff->arena = arena;
	handoff->bytes = bytes;
	return 0;
}

void wf_handoff_fini(struct wf_handoff *handoff)
{
	if (!handoff->slots)
		return;
	wf_arena_put_run(handoff->arena, handoff->slots, handoff->bytes);
	handoff->slots = NULL;
}

bool wf_handoff_push(struct wf_handoff *handoff, const struct wf_frame *frame)
{
	wf_tsan_release(handoff);
	return CK_RING_ENQUEUE_SPSC(frame, &handoff->ring, handoff->slots,
				    (struct wf_frame *)frame);
}

uint32_t wf_handoff_pop(struct wf_handoff *handoff, struct wf_frame *ret_frames, uint32_t max)
{
	uint32_t count = 0;

	while (count < max &&
	       CK_RING_DEQUEUE_SPSC(frame, &handoff->ring, handoff->slots, &ret_frames[count]))
		count++;
	wf_tsan_acquire(handoff);
	return count;
}

bool wf_handoff_is_empty(const struct wf_handoff *handoff)
{
	return ck_ring_size(&handoff->ring) == 0;
}

uint32_t wf_handoff_used(const struct wf_handoff *handoff)
{
	return ck_ring_size(&handoff->ring);
}
