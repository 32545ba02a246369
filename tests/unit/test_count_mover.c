// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_count_mover.c - the thread that moves the kernel's counts: it moves them periodically, never
 * twice at the same time, and once more at stop; its waiting does not delay the heartbeat.
 */
#include "unit/support/test.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "engine/count_mover.h"

enum { LOCK_MS = 60000, WAIT_NS = 10 * WF_NS_PER_SEC, CALLS = 2000 };

/* Number of calls, and whether two calls overlapped. */
static struct moved {
	_Atomic unsigned int beats;
	_Atomic unsigned int calls;
	_Atomic unsigned int inside;
	_Atomic bool overlapped;
} moved;

static struct wf_count_mover mover;

static void move(void *ctx)
{
	struct moved *what = ctx;

	if (atomic_fetch_add(&what->inside, 1))
		atomic_store(&what->overlapped, true);
	sched_yield();
	atomic_fetch_sub(&what->inside, 1);
	atomic_fetch_add(&what->calls, 1);
}

static void beat(void *ctx)
{
	struct moved *what = ctx;

	atomic_fetch_add(&what->beats, 1);
}

static int setup(void **state)
{
	atomic_store(&moved.beats, 0);
	atomic_store(&moved.calls, 0);
	atomic_store(&moved.overlapped, false);
	wf_count_mover_init(&mover, LOCK_MS);
	mover.move = move;
	mover.beat = beat;
	mover.ctx = &moved;
	return 0;
}

static int teardown(void **state)
{
	wf_count_mover_fini(&mover);
	return 0;
}

static bool is_called(unsigned int calls)
{
	uint64_t end_ns = wf_clock_monotonic_ns() + WAIT_NS;

	while (atomic_load(&moved.calls) < calls && wf_clock_monotonic_ns() < end_ns)
		sched_yield();
	return atomic_load(&moved.calls) >= calls;
}

TEST_WITH(count_mover_asked_moves_without_a_thread, setup, teardown)
{
	wf_count_mover_move(&mover);
	assert_int_equal(atomic_load(&moved.calls), 1);
}

TEST_WITH(count_mover_started_moves_again_and_again, setup, teardown)
{
	assert_int_equal(wf_count_mover_start(&mover), 0);
	assert_true(is_called(3));
}

/*
 * The thread that moves counts waits for a reader of the flow maps, as it waits for an RCU grace
 * period; the heartbeat must be renewed nevertheless.
 */
TEST_WITH(count_mover_beats_while_a_move_waits, setup, teardown)
{
	uint64_t end_ns = wf_clock_monotonic_ns() + WAIT_NS;

	assert_int_equal(wf_lock_take(&mover.lock, "a test"), 0);
	assert_int_equal(wf_count_mover_start(&mover), 0);
	while (atomic_load(&moved.beats) < 3 && wf_clock_monotonic_ns() < end_ns)
		sched_yield();
	assert_true(atomic_load(&moved.beats) >= 3);
	assert_int_equal(atomic_load(&moved.calls), 0);
	wf_lock_put(&mover.lock);
}

TEST_WITH(count_mover_moves_less_often_than_it_beats, setup, teardown)
{
	const uint64_t move_ns = WF_COUNT_MOVER_MOVE_MS * WF_NS_PER_MS;
	uint64_t begin_ns = wf_clock_monotonic_ns();
	unsigned int calls;

	assert_int_equal(wf_count_mover_start(&mover), 0);
	while (atomic_load(&moved.beats) < 6 && wf_clock_monotonic_ns() < begin_ns + WAIT_NS)
		sched_yield();
	calls = atomic_load(&moved.calls);
	assert_true(calls <= 1 + (wf_clock_monotonic_ns() - begin_ns) / move_ns);
}

/* The thread sleeps most of the time; stop must wake it at once. */
TEST_WITH(count_mover_stopped_moves_what_is_left, setup, teardown)
{
	unsigned int before;

	assert_int_equal(wf_count_mover_start(&mover), 0);
	assert_true(is_called(1));
	before = atomic_load(&moved.calls);
	wf_count_mover_stop(&mover);
	assert_true(atomic_load(&moved.calls) > before);
}

TEST_WITH(count_mover_stopped_twice_moves_once, setup, teardown)
{
	unsigned int after;

	assert_int_equal(wf_count_mover_start(&mover), 0);
	wf_count_mover_stop(&mover);
	after = atomic_load(&moved.calls);
	wf_count_mover_stop(&mover);
	assert_int_equal(atomic_load(&moved.calls), after);
}

TEST_WITH(count_mover_never_started_stops_without_a_move, setup, teardown)
{
	wf_count_mover_stop(&mover);
	assert_int_equal(atomic_load(&moved.calls), 0);
}

static void *ask_on_and_on(void *arg)
{
	for (unsigned int i = 0; i < CALLS; i++)
		wf_count_mover_move(&mover);
	return NULL;
}

TEST_WITH(count_mover_asked_by_many_moves_one_at_a_time, setup, teardown)
{
	pthread_t threads[3];

	assert_int_equal(wf_count_mover_start(&mover), 0);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_on_and_on, NULL), 0);
	for (unsigned int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	wf_count_mover_stop(&mover);
	assert_true(atomic_load(&moved.calls) > 3 * CALLS);
	assert_false(atomic_load(&moved.overlapped));
}
