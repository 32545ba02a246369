// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_overload.c - tests when the share of shed flows rises and falls, which losses count, and
 * that the highest demand applies.
 */
#include "unit/support/test.h"

#include <string.h>

#include <weft/limits.h>

#include "base/clock.h"
#include "pressure/overload.h"
#include "pressure/shedding.h"

#define TICK_NS (20 * WF_NS_PER_MS)

static struct wf_overload overload;
static struct wf_overload_reading reading;
static uint64_t now_ns;

static int setup(void **state)
{
	wf_overload_init(&overload);
	memset(&reading, 0, sizeof(reading));
	now_ns = WF_NS_PER_SEC;
	wf_overload_judge(&overload, &reading, now_ns);
	return 0;
}

static uint32_t tick(uint64_t lost, uint64_t received, uint32_t fill_percent)
{
	reading.lost_frames += lost;
	reading.received_frames += received;
	reading.fill_percent = fill_percent;
	now_ns += TICK_NS;
	return wf_overload_judge(&overload, &reading, now_ns);
}

/* Lose @lost of each tick's frames until flows are shed. Return: the percentage. */
static uint32_t overload_until_shed(uint64_t lost, uint64_t received)
{
	for (int i = 0; i < 100 && !overload.percent; i++)
		tick(lost, received, 100);
	return overload.percent;
}

static void calm_ms(uint64_t ms)
{
	for (uint64_t done = 0; done < ms; done += 20)
		tick(0, 700, 0);
}

TEST_WITH(overload_full_rings_without_loss_shed_nothing, setup, NULL)
{
	for (int i = 0; i < 100; i++)
		assert_int_equal(tick(0, 1000, 99), 0);
}

TEST_WITH(overload_one_loss_or_a_short_burst_sheds_nothing, setup, NULL)
{
	for (int burst = 0; burst < 10; burst++) {
		for (int i = 0; i < 10; i++)
			assert_int_equal(tick(500, 500, 100), 0);
		for (int i = 0; i < 60; i++)
			assert_int_equal(tick(0, 500, 0), 0);
	}
}

TEST_WITH(overload_few_losses_over_a_long_time_shed_nothing, setup, NULL)
{
	for (int i = 0; i < 3; i++) {
		assert_int_equal(tick(500, 500, 100), 0);
		now_ns += 500 * WF_NS_PER_MS;
	}
}

TEST_WITH(overload_repeated_losses_shed_what_was_lost_and_some, setup, NULL)
{
	uint64_t start_ns = now_ns;

	assert_in_range(overload_until_shed(500, 500), 50, 60);
	assert_in_range(now_ns - start_ns, 300 * WF_NS_PER_MS, 400 * WF_NS_PER_MS);
	assert_int_equal(overload.rises, 1);
}

TEST_WITH(overload_is_calm_before_losses_and_a_second_after_the_last, setup, NULL)
{
	tick(0, 1000, 99);
	assert_true(wf_overload_is_calm(&overload, now_ns));
	tick(1, 1000, 100);
	assert_false(wf_overload_is_calm(&overload, now_ns + WF_NS_PER_SEC));
	assert_true(wf_overload_is_calm(&overload, now_ns + WF_NS_PER_SEC + 1));
}

TEST_WITH(overload_is_not_calm_while_flows_are_shed, setup, NULL)
{
	overload_until_shed(500, 500);
	assert_false(wf_overload_is_calm(&overload, now_ns + 2 * WF_NS_PER_SEC));
}

TEST_WITH(overload_rise_waits_until_the_last_one_shows, setup, NULL)
{
	uint32_t percent = overload_until_shed(100, 900);

	assert_int_equal(tick(100, 900, 100), percent);
	now_ns += 200 * WF_NS_PER_MS;
	assert_true(tick(100, 900, 100) > percent);
}

TEST_WITH(overload_some_flows_are_always_taken, setup, NULL)
{
	for (int i = 0; i < 1000; i++)
		tick(1000, 1, 100);
	assert_in_range(overload.percent, 90, 99);
}

TEST_WITH(overload_while_shedding_half_full_rings_are_enough, setup, NULL)
{
	uint32_t percent = overload_until_shed(100, 900);

	now_ns += 200 * WF_NS_PER_MS;
	assert_true(tick(0, 1000, 60) > percent);
}

TEST_WITH(overload_falls_after_calm_and_ends_at_zero, setup, NULL)
{
	uint32_t percent = overload_until_shed(500, 500);

	calm_ms(WEFT_SHED_CALM_MS - 100);
	assert_int_equal(overload.percent, percent);
	calm_ms(200);
	assert_true(overload.percent < percent);
	calm_ms(20 * WEFT_SHED_CALM_MS);
	assert_int_equal(overload.percent, 0);
	assert_true(overload.falls > 2);
}

TEST_WITH(overload_end_of_the_load_is_not_waited_for_as_long, setup, NULL)
{
	overload_until_shed(500, 500);
	overload.hold_ns = 60000 * WF_NS_PER_MS;
	for (int i = 0; i < 20 * 50; i++)
		tick(0, 200, 0);
	assert_int_equal(overload.percent, 0);
}

TEST_WITH(overload_failed_trials_become_rare, setup, NULL)
{
	uint64_t trials;

	overload_until_shed(500, 500);
	/* For ten minutes the load is too high unless at least half of the flows are shed. */
	for (int i = 0; i < 30000; i++) {
		bool too_much = overload.percent < 50;

		tick(too_much ? 10 : 0, 700, too_much ? 100 : 0);
	}
	trials = overload.falls;
	assert_in_range(trials, 3, 60);
	assert_true(overload.hold_ns >= 32 * WEFT_SHED_CALM_MS * WF_NS_PER_MS);
}

/* ---- which losses count ---- */

static struct wf_worker_loads loads;

static int setup_loads(void **state)
{
	memset(&loads, 0, sizeof(loads));
	now_ns = WF_NS_PER_SEC;
	return 0;
}

/*
 * Read two workers @ms after the previous reading; counters count since the start of each worker.
 */
static void read_two(uint64_t ms, const struct wf_overload_reading readings[2])
{
	now_ns += ms * WF_NS_PER_MS;
	wf_worker_loads_begin(&loads, now_ns);
	for (uint32_t worker = 0; worker < 2; worker++)
		wf_worker_loads_add(&loads, worker, &readings[worker]);
}

TEST_WITH(worker_loads_are_summed, setup_loads, NULL)
{
	const struct wf_overload_reading first[2] = {{5, 100, 10}, {7, 200, 30}};
	const struct wf_overload_reading second[2] = {{6, 150, 20}, {7, 250, 10}};

	read_two(20, first);
	read_two(20, second);
	assert_int_equal(loads.sum.lost_frames, 13);
	assert_int_equal(loads.sum.received_frames, 400);
	assert_int_equal(loads.sum.fill_percent, 20);
}

TEST_WITH(worker_loads_losses_of_a_worker_that_did_not_run_do_not_count, setup_loads, NULL)
{
	const struct wf_overload_reading first[2] = {{0, 100, 10}, {0, 200, 30}};
	const struct wf_overload_reading second[2] = {{9, 100, 100}, {4, 250, 10}};
	const struct wf_overload_reading third[2] = {{10, 101, 100}, {4, 250, 10}};

	read_two(20, first);
	read_two(20, second);
	assert_int_equal(loads.sum.lost_frames, 4);
	read_two(20, third);
	assert_int_equal(loads.sum.lost_frames, 5);
}

TEST_WITH(worker_loads_losses_while_the_process_stood_still_do_not_count, setup_loads, NULL)
{
	const struct wf_overload_reading first[2] = {{0, 100, 10}, {0, 200, 30}};
	const struct wf_overload_reading second[2] = {{900, 300, 100}, {700, 250, 10}};

	read_two(20, first);
	read_two(150, second);
	assert_int_equal(loads.sum.lost_frames, 0);
	assert_int_equal(loads.sum.received_frames, 550);
}

/* ---- the highest demand ---- */

static uint32_t applied;

static void apply(void *ctx, uint32_t percent)
{
	applied = percent;
}

TEST(shedding_highest_demand_holds_and_is_taken_back_alone)
{
	struct wf_shedding shedding;

	wf_shedding_init(&shedding);
	shedding.apply = apply;
	wf_shedding_demand(&shedding, WF_SHED_OVERLOAD, 30);
	assert_int_equal(applied, 30);
	wf_shedding_demand(&shedding, WF_SHED_MEMORY, 100);
	assert_int_equal(applied, 100);
	wf_shedding_demand(&shedding, WF_SHED_OVERLOAD, 0);
	assert_int_equal(applied, 100);
	wf_shedding_demand(&shedding, WF_SHED_OVERLOAD, 20);
	wf_shedding_demand(&shedding, WF_SHED_MEMORY, 0);
	assert_int_equal(applied, 20);
	wf_shedding_demand(&shedding, WF_SHED_OVERLOAD, 0);
	assert_int_equal(wf_shedding_percent(&shedding), 0);
	wf_shedding_stop(&shedding);
}
