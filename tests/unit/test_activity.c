// SPDX-License-Identifier: BSD-2-Clause
/* Tests of base/activity.c: the share of busy time, and the time since the last round. */
#include "unit/support/test.h"

#include "base/clock.h"
#include "base/activity.h"

TEST(activity_of_thread_that_never_ran_has_no_age)
{
	struct wf_activity activity = {.begin_ns = 0};

	assert_int_equal(wf_activity_age_ns(&activity, 5 * WF_NS_PER_SEC), 0);
}

TEST(activity_age_is_time_since_last_round)
{
	struct wf_activity activity = {.begin_ns = 0};

	wf_activity_round(&activity, 1000);
	assert_int_equal(wf_activity_age_ns(&activity, 3500), 2500);
	assert_int_equal(wf_activity_age_ns(&activity, 999),
			 0); /* clock was read before the round */
	wf_activity_end(&activity);
	assert_int_equal(wf_activity_age_ns(&activity, 3500), 0);
}

TEST(activity_busy_share_is_time_not_slept)
{
	struct wf_activity activity = {.begin_ns = 0};

	wf_activity_round(&activity, WF_NS_PER_SEC);
	wf_activity_slept(&activity, WF_NS_PER_SEC / 2);
	wf_activity_round(&activity, WF_NS_PER_SEC + WF_NS_PER_SEC / 2);
	assert_int_equal(activity.busy_percent, 0); /* the interval is not complete */
	wf_activity_slept(&activity, WF_NS_PER_SEC / 4);
	wf_activity_round(&activity, 2 * WF_NS_PER_SEC);
	assert_int_equal(activity.busy_percent, 25);
	wf_activity_round(&activity, 3 * WF_NS_PER_SEC);
	assert_int_equal(activity.busy_percent, 100);
}

TEST(activity_sleep_longer_than_interval_is_not_busy)
{
	struct wf_activity activity = {.begin_ns = 0};

	wf_activity_round(&activity, WF_NS_PER_SEC);
	wf_activity_slept(&activity, 2 * WF_NS_PER_SEC);
	wf_activity_round(&activity, 2 * WF_NS_PER_SEC);
	assert_int_equal(activity.busy_percent, 0);
}
