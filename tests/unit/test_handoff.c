// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/cmocka.h"

#include <pthread.h>
#include <sched.h>

#include "engine/handoff.h"
#include "memory/arena.h"

enum { SLOTS = 64, PRODUCERS = 4, FRAMES_EACH = 5000 };

static struct wf_arena *arena;
static struct wf_waiter waiter;
static struct wf_handoff handoff;

static int setup(void **state)
{
	return wf_arena_new(16 << 20, &arena) || wf_waiter_init(&waiter) ||
	       wf_handoff_init(&handoff, arena, SLOTS, &waiter);
}

static int teardown(void **state)
{
	wf_handoff_fini(&handoff);
	wf_waiter_fini(&waiter);
	assert_int_equal(wf_arena_used_bytes(arena), 0);
	wf_arena_free(arena);
	return 0;
}

static void test_handoff_pop_gives_frames_in_order(void **state)
{
	struct wf_frame frame = {0};
	struct wf_frame got[8];

	for (uint32_t i = 0; i < 5; i++) {
		frame.hash = i;
		assert_true(wf_handoff_push_single(&handoff, &frame));
	}
	assert_int_equal(wf_handoff_used(&handoff), 5);
	assert_int_equal(wf_handoff_pop(&handoff, got, 3, false), 3);
	assert_int_equal(wf_handoff_pop(&handoff, got + 3, 5, false), 2);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(got[i].hash, i);
	assert_true(wf_handoff_is_empty(&handoff));
}

static void test_handoff_push_when_full_is_refused(void **state)
{
	struct wf_frame frame = {0};
	uint32_t pushed = 0;

	while (wf_handoff_push_shared(&handoff, &frame))
		pushed++;
	/* One slot stays free: that is how the ring tells full from empty. */
	assert_int_equal(pushed, SLOTS - 1);
	assert_int_equal(wf_handoff_pop(&handoff, &frame, 1, true), 1);
	assert_true(wf_handoff_push_shared(&handoff, &frame));
}

static void *produce(void *arg)
{
	struct wf_frame frame = {.hash = (uint32_t)(uintptr_t)arg};

	for (uint32_t i = 0; i < FRAMES_EACH; i++) {
		frame.time_ns = i;
		/* Producers publish in order: let one that was interrupted go on. */
		while (!wf_handoff_push_shared(&handoff, &frame))
			sched_yield();
		wf_waiter_wake(&waiter);
	}
	return NULL;
}

static void take_all(uint32_t *ret_next)
{
	struct wf_frame got[16];
	uint32_t left = PRODUCERS * FRAMES_EACH;

	while (left) {
		uint32_t count = wf_handoff_pop(&handoff, got, 16, true);

		for (uint32_t i = 0; i < count; i++)
			assert_int_equal(got[i].time_ns, ret_next[got[i].hash]++);
		left -= count;
		if (count)
			continue;
		/* A lost wake-up would hang here: the test's time limit tells. */
		wf_waiter_announce(&waiter);
		if (wf_handoff_is_empty(&handoff))
			wf_waiter_wait(&waiter, -1);
		wf_waiter_cancel(&waiter);
	}
}

static void test_handoff_many_producers_lose_nothing_and_keep_order(void **state)
{
	pthread_t threads[PRODUCERS];
	uint32_t next[PRODUCERS] = {0};

	for (uintptr_t i = 0; i < PRODUCERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, produce, (void *)i), 0);
	take_all(next);
	for (int i = 0; i < PRODUCERS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(next[i], FRAMES_EACH);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_handoff_pop_gives_frames_in_order, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_handoff_push_when_full_is_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			test_handoff_many_producers_lose_nothing_and_keep_order, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
