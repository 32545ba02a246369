// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_fill_level.c - how many frames wait in a fill ring at a given rate, and how long the rings
 * are that a memory limit allows.
 */
#include "unit/support/test.h"

#include "capture/live/iface_cost.h"
#include "capture/live/umem.h"

enum { RING = 8192, BATCH = 64 };

/* Simulate @count frames that arrive every @gap_ns. */
static void take(struct wf_fill_level *level, uint64_t *now_ns, uint32_t count, uint64_t gap_ns)
{
	for (uint32_t i = 0; i < count; i += BATCH) {
		*now_ns += BATCH * gap_ns;
		if (wf_fill_level_count(level, BATCH))
			wf_fill_level_choose(level, *now_ns);
	}
}

TEST(fill_level_is_the_whole_ring_unless_the_rate_is_high)
{
	struct wf_fill_level level;
	uint64_t now_ns = WF_NS_PER_SEC;

	wf_fill_level_init(&level, RING);
	assert_int_equal(level.frames, RING);
	take(&level, &now_ns, 3 * WF_FILL_WINDOW_FRAMES, 12000); /* 1 Gbit/s of 1500-byte frames */
	assert_int_equal(level.frames, RING);
	take(&level, &now_ns, WF_FILL_WINDOW_FRAMES, 500);
	assert_int_equal(level.frames, WF_FILL_SHORT_FRAMES);
	take(&level, &now_ns, WF_FILL_WINDOW_FRAMES, 12000);
	assert_int_equal(level.frames, RING);
}

/* After a pause, the first frames of a burst do not make the ring short: it may be a short burst.
 */
TEST(fill_level_counts_a_pause_as_time)
{
	struct wf_fill_level level;
	uint64_t now_ns = WF_NS_PER_SEC;

	wf_fill_level_init(&level, RING);
	take(&level, &now_ns, WF_FILL_WINDOW_FRAMES, 12000);
	now_ns += WF_NS_PER_SEC;
	take(&level, &now_ns, WF_FILL_WINDOW_FRAMES, 100);
	assert_int_equal(level.frames, RING);
	take(&level, &now_ns, WF_FILL_WINDOW_FRAMES, 100);
	assert_int_equal(level.frames, WF_FILL_SHORT_FRAMES);
}

TEST(fill_level_of_a_short_ring_is_always_the_whole_ring)
{
	struct wf_fill_level level;
	uint64_t now_ns = WF_NS_PER_SEC;

	wf_fill_level_init(&level, 256);
	take(&level, &now_ns, 4 * WF_FILL_WINDOW_FRAMES, 100);
	assert_int_equal(level.frames, 256);
}

TEST(rings_fit_the_memory_limit)
{
	const uint64_t mib = 1 << 20;

	assert_int_equal(wf_iface_fit_ring(1, 4096, 64 * mib), WEFT_RING_FRAMES);
	assert_int_equal(wf_iface_fit_ring(2, 4096, 64 * mib), WEFT_RING_FRAMES);
	assert_int_equal(wf_iface_fit_ring(3, 4096, 64 * mib), WEFT_RING_FRAMES / 2);
	assert_int_equal(wf_iface_fit_ring(8, 4096, 64 * mib), WEFT_RING_MIN_FRAMES);
	assert_int_equal(wf_iface_fit_ring(1000, 4096, 64 * mib), WEFT_RING_MIN_FRAMES);
	assert_int_equal(wf_iface_fit_ring(1, 4096, 1), WEFT_RING_MIN_FRAMES);
	assert_int_equal(wf_iface_fit_ring(1, 2048, 16 * mib), WEFT_RING_FRAMES);
}
