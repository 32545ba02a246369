// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_periodic.c - a periodic thread runs at its start, when it is due and on request, but not
 * after stop.
 */
#include "unit/support/test.h"

#include <sched.h>

#include "base/clock.h"
#include "base/periodic.h"

#define WAIT_NS (10 * WF_NS_PER_SEC)

static struct wf_periodic periodic;
static _Atomic uint32_t runs;
static uint64_t interval_ns;

static uint64_t count_run(void *ctx, uint64_t now_ns)
{
	atomic_fetch_add((_Atomic uint32_t *)ctx, 1);
	return now_ns + interval_ns;
}

static void start(uint64_t every_ns)
{
	interval_ns = every_ns;
	assert_int_equal(wf_periodic_start(&periodic, "test", count_run, (void *)&runs), 0);
}

static int setup(void **state)
{
	periodic = (struct wf_periodic){0};
	atomic_store(&runs, 0);
	return 0;
}

static int teardown(void **state)
{
	wf_periodic_stop(&periodic);
	return 0;
}

static bool has_run(uint32_t times)
{
	uint64_t end_ns = wf_clock_monotonic_ns() + WAIT_NS;

	while (atomic_load(&runs) < times && wf_clock_monotonic_ns() < end_ns)
		sched_yield();
	return atomic_load(&runs) >= times;
}

TEST_WITH(periodic_runs_again_when_it_is_due, setup, teardown)
{
	start(WF_NS_PER_MS);
	assert_true(has_run(5));
}

TEST_WITH(periodic_asked_runs_before_it_is_due, setup, teardown)
{
	start(3600 * WF_NS_PER_SEC);
	assert_true(has_run(1));
	wf_periodic_run_now(&periodic);
	assert_true(has_run(2));
	assert_int_equal(atomic_load(&runs), 2);
}

TEST_WITH(periodic_stopped_does_not_run_again, setup, teardown)
{
	uint32_t before;

	start(WF_NS_PER_MS);
	assert_true(has_run(1));
	wf_periodic_stop(&periodic);
	before = atomic_load(&runs);
	wf_periodic_run_now(&periodic);
	wf_periodic_stop(&periodic);
	assert_int_equal(atomic_load(&runs), before);
}

TEST_WITH(periodic_stopped_starts_again, setup, teardown)
{
	start(3600 * WF_NS_PER_SEC);
	wf_periodic_stop(&periodic);
	start(3600 * WF_NS_PER_SEC);
	assert_true(has_run(1));
}

TEST_WITH(periodic_never_started_stops, setup, teardown)
{
	wf_periodic_stop(&periodic);
	assert_int_equal(atomic_load(&runs), 0);
}
