/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stamp_clock.h - computes passing time from the time stamps of a capture.
 *
 * Timers need a time that never goes back and is not moved by a single wrong stamp. The stamps of a
 * capture have neither property: NTP sets clocks, files are joined, cards record wrong times. But
 * the order of the frames is certain. The clock computes passing time from stamps and order:
 *
 *   stamp against the last one               passing time
 *   at most WEFT_CLOCK_AHEAD_MS later        follows the stamp
 *   more                                     follows the stamp if the next frame's is as late, else
 *                                            the stamp is wrong and no time passes
 *   more than WEFT_CLOCK_STEP_SEC later      no time passes: the clock was set
 *   at most WEFT_CLOCK_BEHIND_MS earlier     no time passes: the capture is out of order
 *   more, once                               no time passes
 *   more, twice in succession                no time passes: the clock was set back, and the
 *                                            passing time follows the new stamps from here on
 *
 * If stamps fit the clock from before the last step back again (two captures with different clocks
 * are mixed), passing time follows that clock again.
 *
 * The result depends only on the sequence of stamps, not on how many frames are read at a time.
 *
 * Thread: one.
 */
#ifndef WF_PACKET_STAMP_CLOCK_H
#define WF_PACKET_STAMP_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/limits.h>

#include "base/assert.h"
#include "base/clock.h"
#include "packet/frame.h"

/* All zero: before the first frame. */
struct wf_stamp_clock {
	uint64_t now_ns;	/* passing time; never decreases */
	uint64_t skew_ns;	/* stamps minus passing time; modulo 2^64 */
	uint64_t other_skew_ns; /* skew_ns before the last step back */
	uint64_t behind_ns;	/* stamp of the last frame if it was too early; 0: it was not */
	bool has_other;
};

/*
 * Return true if wf_stamp_clock_set() needs the stamp of the frame after the one with the stamp
 * @stamp_ns.
 */
bool wf_stamp_clock_needs_next(const struct wf_stamp_clock *clock, uint64_t stamp_ns);

/* Implements wf_stamp_clock_set() for stamps that are much later than the last one, or earlier. */
void wf_stamp_clock_step(struct wf_stamp_clock *clock, struct wf_frame *frame, uint64_t next_ns);

/*
 * Advance the clock to @frame, the next frame in order of arrival, and set its skew_ns. A wrong
 * stamp is replaced. @next_ns: stamp of the frame after it; used only if
 * wf_stamp_clock_needs_next().
 */
static inline void wf_stamp_clock_set(struct wf_stamp_clock *clock, struct wf_frame *frame,
				      uint64_t next_ns)
{
	uint64_t now_ns = frame->time_ns - clock->skew_ns;

	if (wf_unlikely(now_ns - clock->now_ns > WEFT_CLOCK_AHEAD_MS * WF_NS_PER_MS)) {
		wf_stamp_clock_step(clock, frame, next_ns);
		return;
	}
	clock->now_ns = now_ns;
	clock->behind_ns = 0;
	frame->skew_ns = clock->skew_ns;
}

/* Return the stamp that a frame would have now. */
static inline uint64_t wf_stamp_clock_now(const struct wf_stamp_clock *clock)
{
	return clock->now_ns + clock->skew_ns;
}

#endif
