// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/timer_wheel.h"

enum { TIMERS = 2000 };

#define START_NS (1700000000ull * WF_NS_PER_SEC)
#define TICK_NS	 (1ull << WF_TIMER_TICK_SHIFT)

struct fixture {
	struct wf_timer_wheel wheel;
	struct wf_timer timers[TIMERS + 1];
	uint64_t deadline_ns[TIMERS + 1];
};

static struct wf_timer *timer_at(void *ctx, uint32_t id)
{
	struct fixture *fixture = ctx;

	return &fixture->timers[id];
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	wf_timer_wheel_init(&fixture->wheel, timer_at, fixture);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static void add(struct fixture *fixture, uint32_t id, uint64_t now_ns, uint64_t deadline_ns)
{
	fixture->deadline_ns[id] = deadline_ns;
	wf_timer_wheel_add(&fixture->wheel, id, now_ns, deadline_ns);
}

/*
 * Runs the wheel and adds timers again that are not due, as an owner does. Return: number of due
 * timers.
 */
static uint32_t run(struct fixture *fixture, uint64_t now_ns)
{
	uint32_t due = 0;
	uint32_t id;

	while ((id = wf_timer_wheel_pop(&fixture->wheel, now_ns))) {
		if (fixture->deadline_ns[id] > now_ns)
			add(fixture, id, now_ns, fixture->deadline_ns[id]);
		else
			due++;
	}
	assert_true(wf_timer_wheel_is_valid(&fixture->wheel));
	return due;
}

TEST_WITH(timer_wheel_deadline_fires_within_a_tick, setup, teardown)
{
	struct fixture *fixture = *state;

	add(fixture, 1, START_NS, START_NS + 5 * WF_NS_PER_MS);
	assert_int_equal(run(fixture, START_NS + 4 * WF_NS_PER_MS), 0);
	assert_int_equal(run(fixture, START_NS + 5 * WF_NS_PER_MS + TICK_NS), 1);
	assert_int_equal(fixture->wheel.count, 0);
}

TEST_WITH(timer_wheel_removed_timer_never_fires, setup, teardown)
{
	struct fixture *fixture = *state;

	for (uint32_t id = 1; id <= 3; id++)
		add(fixture, id, START_NS, START_NS + WF_NS_PER_SEC);
	wf_timer_wheel_remove(&fixture->wheel, 2);
	wf_timer_wheel_remove(&fixture->wheel, 2);
	assert_int_equal(run(fixture, START_NS + 10 * WF_NS_PER_SEC), 2);
}

TEST_WITH(timer_wheel_past_deadline_fires_at_the_next_tick, setup, teardown)
{
	struct fixture *fixture = *state;

	add(fixture, 1, START_NS, START_NS - WF_NS_PER_SEC);
	assert_int_equal(run(fixture, START_NS + TICK_NS), 1);
}

TEST_WITH(timer_wheel_jump_over_hours_fires_all, setup, teardown)
{
	struct fixture *fixture = *state;

	for (uint32_t id = 1; id <= 1000; id++)
		add(fixture, id, START_NS, START_NS + id * 60 * WF_NS_PER_SEC);
	assert_int_equal(run(fixture, START_NS + 500 * 60 * WF_NS_PER_SEC + TICK_NS), 500);
	assert_int_equal(run(fixture, START_NS + 2000 * 60 * WF_NS_PER_SEC), 500);
}

TEST_WITH(timer_wheel_beyond_its_horizon_still_fires, setup, teardown)
{
	struct fixture *fixture = *state;
	const uint64_t day_ns = 86400 * WF_NS_PER_SEC;

	add(fixture, 1, START_NS, START_NS + 200 * day_ns);
	for (uint64_t day = 1; day < 200; day++)
		assert_int_equal(run(fixture, START_NS + day * day_ns), 0);
	assert_int_equal(run(fixture, START_NS + 200 * day_ns + TICK_NS), 1);
}

TEST_WITH(timer_wheel_many_random_deadlines_fire_in_time, setup, teardown)
{
	struct fixture *fixture = *state;
	uint64_t now_ns = START_NS;
	uint32_t waiting = TIMERS;

	srandom(1);
	for (uint32_t id = 1; id <= TIMERS; id++)
		add(fixture, id, now_ns,
		    now_ns + (uint64_t)random() % (1ull << (20 + random() % 24)));
	while (waiting) {
		uint32_t id;

		now_ns += (uint64_t)random() % (1ull << (18 + random() % 20));
		while ((id = wf_timer_wheel_pop(&fixture->wheel, now_ns))) {
			if (fixture->deadline_ns[id] > now_ns) {
				add(fixture, id, now_ns, fixture->deadline_ns[id]);
				continue;
			}
			fixture->deadline_ns[id] = 0;
			waiting--;
		}
		for (id = 1; id <= TIMERS; id++)
			assert_true(!fixture->deadline_ns[id] ||
				    fixture->deadline_ns[id] + TICK_NS > now_ns);
	}
	assert_int_equal(fixture->wheel.count, 0);
}

/* A file has two captures that are years apart: timers must still expire after the jump. */
TEST_WITH(timer_wheel_jump_over_years_hands_out_each_once_more, setup, teardown)
{
	struct fixture *fixture = *state;
	uint64_t later_ns = START_NS + 3650ull * 86400 * WF_NS_PER_SEC;

	for (uint32_t id = 1; id <= 3; id++)
		add(fixture, id, START_NS, START_NS + id * WF_NS_PER_SEC);
	/* deadline is moved, like the timer of an active flow */
	fixture->deadline_ns[1] = later_ns + WF_NS_PER_SEC;
	fixture->deadline_ns[2] = later_ns + 3600 * WF_NS_PER_SEC;
	assert_int_equal(run(fixture, later_ns), 1);
	assert_int_equal(fixture->wheel.count, 2);
	assert_int_equal(run(fixture, later_ns + 2 * WF_NS_PER_SEC), 1);
	assert_int_equal(run(fixture, later_ns + 3601 * WF_NS_PER_SEC), 1);
	assert_true(wf_timer_wheel_is_valid(&fixture->wheel));
}
