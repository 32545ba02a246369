// SPDX-License-Identifier: BSD-2-Clause
/*
 * submit.c - queues packets by the same hash as the XDP program: fragments for the worker that
 * rebuilds them, tunnels by their inner addresses. The ring is mpsc.h.
 */
#include "worker/submit.h"

#include <errno.h>

#include "base/clock.h"
#include "packet/frame.h"
#include "worker/worker.h"
#include "metrics/metrics.h"

_Static_assert(WEFT_WORKERS_MAX <= 64, "a bit for each worker");

static int make_frame(const struct wf_submit *submit, const struct weft_packet *packet,
		      struct wf_frame *ret_frame)
{
	uint32_t wire_bytes = packet->wire_bytes ? packet->wire_bytes : packet->cap_bytes;

	if (packet->link >= WEFT_LINK_COUNT || !packet->bytes || !packet->cap_bytes ||
	    wire_bytes < packet->cap_bytes)
		return -EINVAL;
	if (packet->cap_bytes >
	    (packet->is_stable ? (uint32_t)WEFT_FRAME_MAX_BYTES : (uint32_t)WEFT_SUBMIT_MAX_BYTES))
		return -EMSGSIZE;
	*ret_frame = (struct wf_frame){
		.bytes = packet->bytes,
		.time_ns = packet->time_ns ? packet->time_ns : wf_clock_realtime_ns(),
		.cap_bytes = packet->cap_bytes,
		.wire_bytes = wire_bytes,
		.flags = WF_FRAME_HASHED,
		.link = (uint8_t)packet->link,
	};
	if (submit->crew->live)
		ret_frame->skew_ns = ret_frame->time_ns - wf_clock_monotonic_ns();
	ret_frame->hash = wf_decode_steer_hash(&submit->decoder, ret_frame, NULL);
	return 0;
}

static int push(const struct wf_submit *submit, struct wf_mpsc *ring, const struct wf_frame *frame,
		bool copy, uint64_t deadline_ns)
{
	int err = wf_mpsc_push(ring, frame, copy);

	if (err != -EAGAIN || !deadline_ns)
		return err;
	if (wf_crew_self(submit->crew))
		return -EDEADLK;
	return wf_mpsc_push_wait(ring, frame, copy, deadline_ns);
}

/* Return the CLOCK_MONOTONIC deadline; 0 if the caller does not wait. */
static uint64_t deadline(int timeout_ms)
{
	if (!timeout_ms)
		return 0;
	if (timeout_ms < 0)
		return UINT64_MAX;
	return wf_clock_monotonic_ns() + (uint64_t)timeout_ms * WF_NS_PER_MS;
}

int wf_submit(const struct wf_submit *submit, const struct weft_packet *packets, uint32_t count,
	      int timeout_ms)
{
	struct wf_crew *crew = submit->crew;
	uint64_t deadline_ns = deadline(timeout_ms);
	uint64_t given = 0; /* bit mask of the workers that received packets */
	uint32_t taken = 0;
	int err = 0;

	if (count > INT32_MAX)
		count = INT32_MAX;
	while (taken < count) {
		struct wf_frame frame;
		uint32_t owner;

		err = make_frame(submit, &packets[taken], &frame);
		if (err)
			break;
		owner = weft_hash_worker(frame.hash, crew->count);
		err = push(submit, &crew->workers[owner].submitted, &frame,
			   !packets[taken].is_stable, deadline_ns);
		if (err == -EAGAIN)
			atomic_fetch_add_explicit(&crew->workers[owner].submitted.refused,
						  count - taken, memory_order_relaxed);
		if (err)
			break;
		given |= 1ull << owner;
		taken++;
	}
	for (; given; given &= given - 1)
		wf_waiter_wake(&crew->workers[__builtin_ctzll(given)].waiter);
	return taken ? (int)taken : err;
}

void wf_submit_close(struct wf_crew *crew)
{
	for (uint32_t i = 0; i < crew->count; i++)
		wf_mpsc_close(&crew->workers[i].submitted);
}

void wf_submit_stats_add(const struct wf_crew *crew, struct wf_metrics *sum)
{
	for (uint32_t i = 0; i < crew->count; i++) {
		const struct wf_mpsc *ring = &crew->workers[i].submitted;

		wf_metric_add(sum, submit_waits,
			      atomic_load_explicit(&ring->waits, memory_order_relaxed));
		wf_metric_add(sum, submit_refused_packets,
			      atomic_load_explicit(&ring->refused, memory_order_relaxed));
	}
}
