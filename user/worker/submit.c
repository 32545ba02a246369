// SPDX-License-Identifier: BSD-2-Clause
/*
 * submit.c - queues each packet for the worker that live capture would choose
 * (wf_decode_steer_hash()): a fragment for the worker that rebuilds its datagram, a packet in a
 * tunnel by its inner addresses. The rings are those of mpsc.h.
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

/* Return the CLOCK_MONOTONIC deadline; 0: the caller does not wait; UINT64_MAX: no limit. */
static uint64_t deadline(int timeout_ms)
{
	if (!timeout_ms)
		return 0;
	if (timeout_ms < 0)
		return UINT64_MAX;
	return wf_clock_monotonic_ns() + (uint64_t)timeout_ms * WF_NS_PER_MS;
}

static void wake(const struct wf_crew *crew, uint64_t *given)
{
	for (; *given; *given &= *given - 1)
		wf_waiter_wake(&crew->workers[__builtin_ctzll(*given)].waiter);
}

/* State of one call of wf_submit(). */
struct batch {
	struct wf_submit *submit;
	struct wf_turns_entry *turn; /* NULL: packets are not ordered */
	uint64_t deadline_ns;	     /* 0: the caller does not wait */
	uint64_t given;		     /* bit mask of the workers that received packets */
};

/*
 * Wait until the other threads have submitted all packets with earlier times, as far as turns.h
 * waits for them.
 */
static int wait_for_turn(struct batch *batch, uint64_t time_ns)
{
	struct wf_turns *turns = &batch->submit->turns;

	if (!batch->turn || wf_turns_try(turns, batch->turn, time_ns))
		return 0;
	if (!batch->deadline_ns)
		return -EAGAIN;
	wake(batch->submit->crew, &batch->given);
	return wf_turns_wait(turns, batch->turn, time_ns, batch->deadline_ns);
}

static int submit_one(struct batch *batch, const struct weft_packet *packet, uint32_t left)
{
	struct wf_crew *crew = batch->submit->crew;
	struct wf_frame frame;
	uint32_t owner;
	int err = make_frame(batch->submit, packet, &frame);

	if (!err)
		err = wait_for_turn(batch, frame.time_ns);
	if (err)
		return err;
	owner = weft_hash_worker(frame.hash, crew->count);
	err = push(batch->submit, &crew->workers[owner].submitted, &frame, !packet->is_stable,
		   batch->deadline_ns);
	if (err == -EAGAIN)
		atomic_fetch_add_explicit(&crew->workers[owner].submitted.refused, left,
					  memory_order_relaxed);
	if (!err)
		batch->given |= 1ull << owner;
	return err;
}

static int submit_all(struct batch *batch, const struct weft_packet *packets, uint32_t count)
{
	uint32_t taken = 0;
	int err = 0;

	while (taken < count) {
		err = submit_one(batch, &packets[taken], count - taken);
		if (err)
			break;
		taken++;
	}
	wake(batch->submit->crew, &batch->given);
	return taken ? (int)taken : err;
}

int wf_submit(struct wf_submit *submit, const struct weft_packet *packets, uint32_t count,
	      int timeout_ms)
{
	struct batch batch = {.submit = submit, .deadline_ns = deadline(timeout_ms)};
	int result;

	if (count > INT32_MAX)
		count = INT32_MAX;
	if (!submit->turns.count || wf_crew_self(submit->crew))
		return submit_all(&batch, packets, count);
	batch.turn = wf_turns_enter(&submit->turns);
	if (!batch.turn)
		return -EUSERS;
	result = submit_all(&batch, packets, count);
	if (!count)
		wf_turns_end(&submit->turns, batch.turn);
	wf_turns_leave(batch.turn);
	return result;
}

void wf_submit_close(struct wf_submit *submit, struct wf_crew *crew)
{
	wf_turns_close(&submit->turns);
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
