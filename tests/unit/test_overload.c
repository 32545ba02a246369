// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_overload.c - tests when the share of shed flows rises and falls, and that the highest demand
 * applies.
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

TEST_WITH(overload_first_loss_sheds_what_was_lost_and_some, setup, NULL)
{
	assert_in_range(tick(500, 500, 100), 50, 60);
	assert_int_equal(overload.rises, 1);
}

TEST_WITH(overload_rise_waits_until_the_last_one_shows, setup, NULL)
{
	uint32_t percent = tick(100, 900, 100);

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
	uint32_t percent = tick(100, 900, 100);

	now_ns += 200 * WF_NS_PER_MS;
	assert_true(tick(0, 1000, 60) > percent);
}

TEST_WITH(overload_falls_after_calm_and_ends_at_zero, setup, NULL)
{
	uint32_t percent = tick(500, 500, 100);

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
	tick(500, 500, 100);
	overload.hold_ns = 60000 * WF_NS_PER_MS;
	for (int i = 0; i < 20 * 50; i++)
		tick(0, 200, 0);
	assert_int_equal(overload.percent, 0);
}

TEST_WITH(overload_failed_trials_become_rare, setup, NULL)
{
	uint64_t trials;

	tick(500, 500, 100);
	/* For ten minutes the load is too high, whatever share is shed. */
	for (int i = 0; i < 30000; i++) {
		bool too_much = overload.percent < 50;

		tick(too_much ? 10 : 0, 700, too_much ? 100 : 0);
	}
	trials = overload.falls;
	assert_in_range(trials, 3, 60);
	assert_true(overload.hold_ns >= 32 * WEFT_SHED_CALM_MS * WF_NS_PER_MS);
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
