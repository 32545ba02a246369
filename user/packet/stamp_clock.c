// SPDX-License-Identifier: BSD-2-Clause
/*
 * stamp_clock.c - handles the first time stamp, and time stamps that are earlier or much later than
 * wf_stamp_clock_now().
 */
#include "packet/stamp_clock.h"

static const int64_t ahead_max_ns = WEFT_CLOCK_AHEAD_MS * (int64_t)WF_NS_PER_MS;
static const int64_t behind_max_ns = WEFT_CLOCK_BEHIND_MS * (int64_t)WF_NS_PER_MS;
static const int64_t step_ns = WEFT_CLOCK_STEP_SEC * (int64_t)WF_NS_PER_SEC;

/*
 * Convert @stamp_ns to monotonic time by subtracting @skew_ns. Return: this time minus now_ns of
 * the clock.
 */
static int64_t ahead_ns(const struct wf_stamp_clock *clock, uint64_t stamp_ns, uint64_t skew_ns)
{
	return (int64_t)(stamp_ns - skew_ns - clock->now_ns);
}

/* Return true if @stamp_ns fits the other one of the two clocks around the last step back. */
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
 * Process the stamp of @frame, which is @ahead ns later than now_ns. If the next frame's stamp is
 * more than WEFT_CLOCK_BEHIND_MS earlier than this one, this one is wrong. If not, and @ahead is
 * more than WEFT_CLOCK_STEP_SEC, the recording clock was set.
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
 * Process a stamp that is more than WEFT_CLOCK_BEHIND_MS earlier than wf_stamp_clock_now(), too
 * much for packets that were recorded out of order. Only record the first such stamp. If the next
 * frame's stamp fits it, the recording clock was set back: subtract another skew from now on.
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
	/* frame->time_ns stays the time of day, for reports; minus skew_ns it is monotonic time. */
	frame->skew_ns = frame->time_ns - clock->now_ns;
}
