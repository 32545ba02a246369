// SPDX-License-Identifier: BSD-2-Clause
/* stamp_clock.c - handles time stamps that are much later than the last one, or earlier. */
#include "packet/stamp_clock.h"

static const int64_t ahead_max_ns = WEFT_CLOCK_AHEAD_MS * (int64_t)WF_NS_PER_MS;
static const int64_t behind_max_ns = WEFT_CLOCK_BEHIND_MS * (int64_t)WF_NS_PER_MS;
static const int64_t step_ns = WEFT_CLOCK_STEP_SEC * (int64_t)WF_NS_PER_SEC;

/*
 * Convert @stamp_ns to passing time by subtracting @skew_ns. Return: this time minus the present
 * passing time.
 */
static int64_t ahead_ns(const struct wf_stamp_clock *clock, uint64_t stamp_ns, uint64_t skew_ns)
{
	return (int64_t)(stamp_ns - skew_ns - clock->now_ns);
}

/* Return true if @stamp_ns fits the clock that was in use before the last step back. */
static bool is_of_other(const struct wf_stamp_clock *clock, uint64_t stamp_ns)
{
	int64_t ahead = ahead_ns(clock, stamp_ns, clock->other_skew_ns);

	return clock->has_other && ahead >= -behind_max_ns && ahead <= behind_max_ns;
}

bool wf_stamp_clock_needs_next(const struct wf_stamp_clock *clock, uint64_t stamp_ns)
{
	return clock->now_ns && ahead_ns(clock, stamp_ns, clock->skew_ns) > ahead_max_ns &&
	       !is_of_other(clock, stamp_ns);
}

static void swap_clocks(struct wf_stamp_clock *clock)
{
	uint64_t skew_ns = clock->skew_ns;

	clock->skew_ns = clock->other_skew_ns;
	clock->other_skew_ns = skew_ns;
}

/*
 * Process the stamp of @frame, which is @ahead later than passing time: too much to follow without
 * a look at the next stamp.
 */
static void step_ahead(struct wf_stamp_clock *clock, struct wf_frame *frame, int64_t ahead,
		       uint64_t next_ns)
{
	if ((int64_t)(next_ns - frame->time_ns) < -behind_max_ns)
		frame->time_ns = wf_stamp_clock_now(clock);
	else if (ahead > step_ns)
		clock->skew_ns += (uint64_t)ahead;
	else
		clock->now_ns += (uint64_t)ahead;
}

/*
 * Process a stamp that is more than WEFT_CLOCK_BEHIND_MS early, so that packets out of order do not
 * explain it.
 */
static void step_back(struct wf_stamp_clock *clock, const struct wf_frame *frame)
{
	int64_t since_last = (int64_t)(frame->time_ns - clock->behind_ns);

	if (!clock->behind_ns || since_last < -behind_max_ns || since_last > ahead_max_ns) {
		clock->behind_ns = frame->time_ns;
		return;
	}
	clock->other_skew_ns = clock->skew_ns;
	clock->has_other = true;
	clock->skew_ns = frame->time_ns - clock->now_ns;
	clock->behind_ns = 0;
}

void wf_stamp_clock_step(struct wf_stamp_clock *clock, struct wf_frame *frame, uint64_t next_ns)
{
	int64_t ahead = ahead_ns(clock, frame->time_ns, clock->skew_ns);

	if (!clock->now_ns) {
		clock->now_ns = frame->time_ns;
	} else if (ahead < 0 && ahead >= -behind_max_ns) {
		clock->behind_ns = 0;
	} else if (is_of_other(clock, frame->time_ns)) {
		clock->behind_ns = 0;
		swap_clocks(clock);
		ahead = ahead_ns(clock, frame->time_ns, clock->skew_ns);
		if (ahead > 0)
			clock->now_ns += (uint64_t)ahead;
	} else if (ahead > 0) {
		clock->behind_ns = 0;
		step_ahead(clock, frame, ahead, next_ns);
	} else {
		step_back(clock, frame);
	}
	/* frame->time_ns is kept for reports, so passing time is stored as the difference. */
	frame->skew_ns = frame->time_ns - clock->now_ns;
}
