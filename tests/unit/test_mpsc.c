// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_mpsc.c - many producers, one consumer: no item is lost, and the order of each producer is
 * kept. If a producer stops in the middle of a push, only the consumer waits for it.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "worker/mpsc.h"
#include "memory/arena.h"

enum { RING_BYTES = 65536, PRODUCERS = 6, FRAMES_EACH = 5000, BYTES_MAX = 3000 };

static struct wf_arena *arena;
static struct wf_waiter waiter;
static struct wf_mpsc ring;
static uint8_t pattern[BYTES_MAX + 256];

static int setup(void **state)
{
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 13 + 1);
	return wf_arena_new(16 << 20, &arena) || wf_mpsc_init(&ring, arena, RING_BYTES, &waiter);
}

static int teardown(void **state)
{
	wf_mpsc_fini(&ring);
	assert_int_equal(wf_arena_used_bytes(arena), 0);
	wf_arena_free(arena);
	return 0;
}

TEST_WITH(mpsc_frames_come_out_in_order_with_their_bytes, setup, teardown)
{
	struct wf_frame got[8];

	for (uint32_t i = 0; i < 5; i++) {
		const struct wf_frame frame = {
			.bytes = pattern + i, .cap_bytes = 100 * i, .hash = i};

		assert_int_equal(wf_mpsc_push(&ring, &frame, true), 0);
	}
	assert_int_equal(wf_mpsc_peek(&ring, got, 3), 3);
	assert_int_equal(wf_mpsc_peek(&ring, got + 3, 5), 2);
	for (uint32_t i = 0; i < 5; i++) {
		assert_int_equal(got[i].hash, i);
		assert_true(got[i].flags & WF_FRAME_LENT);
		assert_memory_equal(got[i].bytes, pattern + i, 100 * i);
	}
	wf_mpsc_release(&ring);
	assert_int_equal(wf_mpsc_peek(&ring, got, 8), 0);
}

TEST_WITH(mpsc_full_is_refused_until_released, setup, teardown)
{
	struct wf_frame frame = {.bytes = pattern};
	struct wf_frame got[8];
	uint32_t pushed = 0;

	while (!wf_mpsc_push(&ring, &frame, false))
		pushed++;
	assert_int_equal(pushed, RING_BYTES / WF_MPSC_ALIGN);
	assert_int_equal(wf_mpsc_peek(&ring, got, 1), 1);
	assert_false(got[0].flags & WF_FRAME_LENT);
	assert_int_equal(wf_mpsc_push(&ring, &frame, false), -EAGAIN);
	wf_mpsc_release(&ring);
	assert_int_equal(wf_mpsc_push(&ring, &frame, false), 0);
	assert_int_equal(wf_mpsc_push_wait(&ring, &frame, false, 1), -EAGAIN);
	assert_int_equal(ring.waits, 1);
	while (wf_mpsc_peek(&ring, got, 8))
		;
	wf_mpsc_release(&ring);
	assert_int_equal(wf_mpsc_peek(&ring, got, 8), 0);
}

TEST_WITH(mpsc_closed_refuses_and_gives_what_it_has, setup, teardown)
{
	struct wf_frame frame = {.bytes = pattern};

	assert_int_equal(wf_mpsc_push(&ring, &frame, false), 0);
	wf_mpsc_close(&ring);
	assert_int_equal(wf_mpsc_push(&ring, &frame, false), -ESHUTDOWN);
	assert_int_equal(wf_mpsc_push_wait(&ring, &frame, false, UINT64_MAX), -ESHUTDOWN);
	assert_false(wf_mpsc_is_drained(&ring));
	assert_int_equal(wf_mpsc_peek(&ring, &frame, 1), 1);
	wf_mpsc_release(&ring);
	assert_true(wf_mpsc_is_drained(&ring));
}

/* ---- many producers ------------------------------------------------------------------ */

static bool waits; /* true: the producer waits for room instead of retrying */

static void *produce(void *arg)
{
	uint32_t index = (uint32_t)(uintptr_t)arg;
	struct wf_frame frame = {.hash = index};

	for (uint32_t i = 0; i < FRAMES_EACH; i++) {
		frame.time_ns = i;
		frame.bytes = pattern + i % 256;
		frame.cap_bytes = (i * 37 + index * 501) % BYTES_MAX;
		if (waits)
			assert_int_equal(wf_mpsc_push_wait(&ring, &frame, true, UINT64_MAX), 0);
		while (!waits && wf_mpsc_push(&ring, &frame, true))
			sched_yield();
		wf_waiter_wake(&waiter);
	}
	return NULL;
}

static void check_frame(const struct wf_frame *frame, uint32_t *next)
{
	assert_in_range(frame->hash, 0, PRODUCERS - 1);
	assert_int_equal(frame->time_ns, next[frame->hash]++);
	assert_memory_equal(frame->bytes, pattern + frame->time_ns % 256, frame->cap_bytes);
}

static void take_all(uint32_t *next)
{
	struct wf_frame got[16];
	uint32_t left = PRODUCERS * FRAMES_EACH;

	while (left) {
		uint32_t count = wf_mpsc_peek(&ring, got, 16);
		uint32_t ticket;

		for (uint32_t i = 0; i < count; i++)
			check_frame(&got[i], next);
		wf_mpsc_release(&ring);
		left -= count;
		if (count)
			continue;
		/* If a wake-up is lost, this test hangs and fails at its time limit. */
		ticket = wf_waiter_announce(&waiter);
		if (!wf_mpsc_peek(&ring, got, 1))
			wf_waiter_sleep(&waiter, ticket, UINT64_MAX);
		else {
			check_frame(&got[0], next);
			left--;
		}
		wf_waiter_cancel(&waiter);
	}
}

static void run_producers(bool wait)
{
	pthread_t threads[PRODUCERS];
	uint32_t next[PRODUCERS] = {0};

	waits = wait;
	for (uintptr_t i = 0; i < PRODUCERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, produce, (void *)i), 0);
	take_all(next);
	for (int i = 0; i < PRODUCERS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(next[i], FRAMES_EACH);
	}
}

TEST_WITH(mpsc_many_producers_lose_nothing_and_keep_order, setup, teardown)
{
	run_producers(false);
}

TEST_WITH(mpsc_producers_that_sleep_for_room_are_woken, setup, teardown)
{
	run_producers(true);
}
