// SPDX-License-Identifier: BSD-2-Clause
/* test_stamp_clock.c - computes monotonic time from the time stamps of a capture. */
#include "unit/support/test.h"

#include "packet/stamp_clock.h"

#define SEC   WF_NS_PER_SEC
#define HOUR  (3600 * SEC)
#define START (1700000000 * SEC)
#define LIST(...) \
	(const uint64_t[]){__VA_ARGS__}, sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t)

/*
 * Passes frames with the time stamps @stamps through a clock, each with the stamp of the next
 * frame. Stores the frames, and for each the monotonic time since START.
 */
static void run(const uint64_t *stamps, size_t count, struct wf_frame *ret_frames,
		uint64_t *ret_passed)
{
	struct wf_stamp_clock clock = {0};

	for (size_t i = 0; i < count; i++) {
		uint64_t next_ns = stamps[i];

		if (i + 1 < count)
			next_ns = stamps[i + 1];
		else if (wf_stamp_clock_needs_next(&clock, stamps[i]))
			next_ns = wf_stamp_clock_now(&clock);
		ret_frames[i] = (struct wf_frame){.time_ns = stamps[i]};
		wf_stamp_clock_set(&clock, &ret_frames[i], next_ns);
		ret_passed[i] = ret_frames[i].time_ns - ret_frames[i].skew_ns - START;
	}
}

static void assert_passes(const uint64_t *stamps, size_t count, const uint64_t *passed,
			  size_t passed_count)
{
	struct wf_frame frames[16];
	uint64_t got[16];

	assert_int_equal(count, passed_count);
	run(stamps, count, frames, got);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(got[i], passed[i]);
}

TEST(stamp_clock_follows_stamps_in_order)
{
	assert_passes(LIST(START, START + 5, START + 9 * SEC), LIST(0, 5, 9 * SEC));
}

TEST(stamp_clock_never_goes_back)
{
	assert_passes(LIST(START + 5, START, START + 7), LIST(5, 5, 7));
}

TEST(stamp_clock_keeps_the_stamps_of_a_capture_out_of_order)
{
	const uint64_t stamps[] = {START + 5, START, START + 7};
	struct wf_frame frames[3];
	uint64_t passed[3];

	run(stamps, 3, frames, passed);
	for (int i = 0; i < 3; i++)
		assert_int_equal(frames[i].time_ns, stamps[i]);
}

TEST(stamp_clock_silence_is_time_that_passes)
{
	assert_passes(LIST(START, START + 2 * HOUR, START + 2 * HOUR + 5),
		      LIST(0, 2 * HOUR, 2 * HOUR + 5));
}

TEST(stamp_clock_one_stamp_ahead_moves_nothing)
{
	assert_passes(LIST(START, START + 2 * HOUR, START + 5), LIST(0, 0, 5));
	assert_passes(LIST(START, START + 48 * HOUR, START + 5), LIST(0, 0, 5));
}

TEST(stamp_clock_one_stamp_ahead_is_replaced)
{
	const uint64_t stamps[] = {START, START + 2 * HOUR, START + 5};
	struct wf_frame frames[3];
	uint64_t passed[3];

	run(stamps, 3, frames, passed);
	assert_int_equal(frames[1].time_ns, START);
}

TEST(stamp_clock_last_stamp_ahead_moves_nothing)
{
	assert_passes(LIST(START, START + 2 * HOUR), LIST(0, 0));
}

TEST(stamp_clock_one_stamp_behind_moves_nothing)
{
	assert_passes(LIST(START, START + 2, START - 2 * HOUR, START + 5), LIST(0, 2, 2, 5));
}

TEST(stamp_clock_set_back_goes_on_from_the_second_stamp)
{
	assert_passes(LIST(START, START - 2 * HOUR, START - 2 * HOUR + 3, START - 2 * HOUR + 9),
		      LIST(0, 0, 0, 6));
}

TEST(stamp_clock_set_ahead_by_more_than_a_day_is_no_time)
{
	assert_passes(LIST(START, START + 25 * HOUR, START + 25 * HOUR + 4), LIST(0, 0, 4));
}

/* Two captures, each with its own clock, one after the other and mixed. */
TEST(stamp_clock_two_clocks_in_turns_are_one_time)
{
	const uint64_t other = START - 37 * SEC;

	assert_passes(LIST(START, START + 1, other + 2, other + 3, START + 6, START + 7, other + 8),
		      LIST(0, 1, 1, 1, 6, 7, 7));
}

TEST(stamp_clock_all_stamps_zero)
{
	struct wf_stamp_clock clock = {0};
	struct wf_frame frame = {.time_ns = 0};

	for (int i = 0; i < 3; i++) {
		assert_false(wf_stamp_clock_needs_next(&clock, 0));
		wf_stamp_clock_set(&clock, &frame, 0);
		assert_int_equal(frame.skew_ns, 0);
	}
}
