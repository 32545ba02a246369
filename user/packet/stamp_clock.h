/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stamp_clock.h - computes a monotonic time from the time stamps of a capture file, or of packets
 * that are submitted to a handle that is not live.
 *
 * Timers need a time that never goes back and is not moved by a single wrong stamp. The stamps of a
 * capture have neither property: NTP sets clocks, files are joined, cards record wrong times. But
 * the order of the frames is certain. The monotonic time is computed from stamps and order:
 *
 *   stamp, compared with the present time    monotonic time
 *   at most WEFT_CLOCK_AHEAD_MS later        advances with the stamp
 *   later, up to WEFT_CLOCK_STEP_SEC         advances with the stamp if the next frame's stamp
 *                                            confirms it; else the stamp is wrong, and the time
 *                                            does not advance
 *   later still                              does not advance: the recording clock was set, or the
 *                                            stamp is wrong; it advances with the next stamps
 *   at most WEFT_CLOCK_BEHIND_MS earlier     does not advance: frames were recorded out of order
 *   earlier, once                            does not advance
 *   earlier, twice in succession, with       does not advance: the recording clock was set back;
 *   the second stamp near the first          the time advances with the next stamps
 *
 * The present time is wf_stamp_clock_now(): the monotonic time, as the recording clock shows it.
 * After a step back, stamps may fit the earlier clock again, because two captures with different
 * clocks were mixed: then the time advances with the earlier clock's stamps.
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

/* The state of the computation. All members are zero before the first frame. */
struct wf_stamp_clock {
	uint64_t now_ns;  /* monotonic time; never decreases */
	uint64_t skew_ns; /* stamps minus monotonic time; modulo 2^64 */
	/*
	 * There are two recording clocks around the last step back: the earlier one and the one
	 * after it. skew_ns is that of the clock that the stamps fit now; this is the skew of the
	 * other one.
	 */
	uint64_t other_skew_ns;
	/*
	 * stamp of the last frame if it was more than WEFT_CLOCK_BEHIND_MS earlier than
	 * wf_stamp_clock_now(); else 0
	 */
	uint64_t behind_ns;
	bool has_other; /* other_skew_ns is set */
};

/*
 * Return true if wf_stamp_clock_set() needs @next_ns, because it can't tell whether @stamp_ns, the
 * stamp of the frame, is wrong.
 */
bool wf_stamp_clock_needs_next(const struct wf_stamp_clock *clock, uint64_t stamp_ns);

/*
 * The part of wf_stamp_clock_set() for the first stamp, and for stamps that are earlier, or more
 * than WEFT_CLOCK_AHEAD_MS later, than wf_stamp_clock_now().
 */
void wf_stamp_clock_step(struct wf_stamp_clock *clock, struct wf_frame *frame, uint64_t next_ns);

/*
 * Advance the clock to @frame, the next frame in order of arrival, and set the frame's skew_ns; if
 * its stamp is wrong because it is much too late, also replace time_ns. @next_ns: stamp of the
 * frame after it, used only if wf_stamp_clock_needs_next() returned true.
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

/* Return the present monotonic time as a time stamp of the capture. */
static inline uint64_t wf_stamp_clock_now(const struct wf_stamp_clock *clock)
{
	return clock->now_ns + clock->skew_ns;
}

#endif
