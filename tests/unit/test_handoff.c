// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/cmocka.h"

#include "worker/handoff.h"
#include "memory/arena.h"

enum { SLOTS = 64 };

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
		assert_true(wf_handoff_push(&handoff, &frame));
	}
	assert_int_equal(wf_handoff_used(&handoff), 5);
	assert_int_equal(wf_handoff_pop(&handoff, got, 3), 3);
	assert_int_equal(wf_handoff_pop(&handoff, got + 3, 5), 2);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(got[i].hash, i);
	assert_true(wf_handoff_is_empty(&handoff));
}

static void test_handoff_push_when_full_is_refused(void **state)
{
	struct wf_frame frame = {0};
	uint32_t pushed = 0;

	while (wf_handoff_push(&handoff, &frame))
		pushed++;
	/* One slot stays free: that is how the ring tells full from empty. */
	assert_int_equal(pushed, SLOTS - 1);
	assert_int_equal(wf_handoff_pop(&handoff, &frame, 1), 1);
	assert_true(wf_handoff_push(&handoff, &frame));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_handoff_pop_gives_frames_in_order, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_handoff_push_when_full_is_refused, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
