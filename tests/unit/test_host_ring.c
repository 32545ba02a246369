// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_host_ring.c - records of two ring buffers become lent frames, in the order of their writing.
 *
 * The test writes the rings as the kernel would. test_host_ring_kernel.c tests the kernel's own
 * rings, and test_bpf_host.c the BPF program that fills both.
 */
#include "unit/support/test.h"
#include "unit/support/read_ring.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "bpf/shared.h"

static struct written_ring first, overflow;

static uint64_t put_text(uint32_t bits, const char *text)
{
	return written_ring_put_after(&first, 0, bits, text);
}

static int setup(void **state)
{
	written_ring_init(&first);
	written_ring_init(&overflow);
	assert_int_equal(open_ring(first.file, overflow.file), 0);
	source = wf_host_ring_source(ring);
	return 0;
}

static int teardown(void **state)
{
	source->ops->close(source);
	written_ring_fini(&first);
	written_ring_fini(&overflow);
	return 0;
}

/* Takes a batch and asserts its texts, which are joined by spaces. */
static void assert_batch(const char *texts)
{
	char got[256] = "";
	int taken = take();

	for (int i = 0; i < taken; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%.*s", i ? " " : "",
			 (int)frames[i].cap_bytes, (const char *)frames[i].bytes);
	assert_string_equal(got, texts);
	source->ops->done(source);
}

static void assert_text(const struct wf_frame *frame, const char *text)
{
	assert_int_equal(frame->cap_bytes, strlen(text));
	assert_memory_equal(frame->bytes, text, frame->cap_bytes);
	assert_true(frame->flags & WF_FRAME_LENT);
	assert_null(frame->page);
}

TEST_WITH(host_ring_record_becomes_a_lent_frame, setup, teardown)
{
	const struct weft_host_record record = {
		.time_ns = wf_clock_monotonic_ns(),
		.hash = 0x12345678,
		.cap_bytes = 5,
		.wire_bytes = 70000,
		.flags = WEFT_HOST_EGRESS | WEFT_HOST_HASHED | WEFT_HOST_GSO,
		.link = WEFT_LINK_RAW,
		.vlan = {7, 9},
	};
	uint64_t before_ns = wf_clock_realtime_ns();

	assert_int_equal(take(), 0);
	written_ring_put_record(&first, 0, &record, "hello", 5);
	assert_int_equal(take(), 1);
	assert_text(&frames[0], "hello");
	assert_int_equal(frames[0].wire_bytes, 70000);
	assert_int_equal(frames[0].hash, 0x12345678);
	assert_int_equal(frames[0].link, WEFT_LINK_RAW);
	assert_int_equal(frames[0].vlan[0], 7);
	assert_int_equal(frames[0].vlan[1], 9);
	assert_int_equal(frames[0].flags,
			 WF_FRAME_LENT | WF_FRAME_HASHED | WF_FRAME_TX_OFFLOAD | WF_FRAME_GSO);
	assert_in_range(frames[0].time_ns, before_ns - WF_NS_PER_SEC, wf_clock_realtime_ns());
	source->ops->done(source);
	assert_int_equal(take(), 0);
	assert_int_equal(counts().received_frames, 1);
}

TEST_WITH(host_ring_lent_records_stay_until_done, setup, teardown)
{
	put_text(0, "one");
	put_text(0, "two");
	assert_int_equal(take(), 2);
	assert_int_equal(written_ring_consumed(&first), 0);
	source->ops->done(source);
	/* The last record stays in the ring, so that the next commit causes no wake-up. */
	assert_int_equal(written_ring_consumed(&first), first.produced / 2);
	source->ops->set_wake(source, true);
	assert_int_equal(written_ring_consumed(&first), first.produced);
	put_text(0, "six");
	assert_int_equal(take(), 1);
	source->ops->done(source);
	assert_int_equal(written_ring_consumed(&first), first.produced);
}

TEST_WITH(host_ring_busy_record_holds_back_the_later_ones, setup, teardown)
{
	uint32_t ready = (uint32_t)sizeof(struct weft_host_record) + 4;
	uint64_t busy;

	put_text(0, "first");
	busy = put_text(BPF_RINGBUF_BUSY_BIT, "busy");
	put_text(0, "last");
	assert_int_equal(take(), 1);
	source->ops->done(source);
	assert_int_equal(take(), 0);
	written_ring_put_bytes(&first, busy, &ready, sizeof(ready));
	assert_int_equal(take(), 2);
	assert_text(&frames[0], "busy");
	assert_text(&frames[1], "last");
}

TEST_WITH(host_ring_discarded_record_is_skipped, setup, teardown)
{
	put_text(BPF_RINGBUF_DISCARD_BIT, "gone");
	put_text(0, "kept");
	put_text(BPF_RINGBUF_DISCARD_BIT, "gone");
	assert_int_equal(take(), 1);
	assert_text(&frames[0], "kept");
	source->ops->done(source);
	source->ops->set_wake(source, true);
	assert_int_equal(written_ring_consumed(&first), first.produced);
	assert_int_equal(counts().invalid_frames, 0);
}

TEST_WITH(host_ring_batch_is_limited, setup, teardown)
{
	for (int i = 0; i < MAX_FRAMES + 3; i++)
		put_text(0, "x");
	assert_int_equal(take(), MAX_FRAMES);
	source->ops->done(source);
	assert_int_equal(take(), 3);
}

TEST_WITH(host_ring_record_whose_sizes_lie_is_dropped, setup, teardown)
{
	const struct weft_host_record lies[] = {
		{.cap_bytes = 9, .wire_bytes = 9},
		{.cap_bytes = UINT32_MAX, .wire_bytes = UINT32_MAX},
		{.cap_bytes = 8, .wire_bytes = 7},
		{.cap_bytes = 0, .wire_bytes = 8},
		{.cap_bytes = 8, .wire_bytes = 8, .link = WEFT_LINK_COUNT},
	};
	uint32_t too_short = sizeof(struct weft_host_record) - 1;

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
		written_ring_put_record(&first, 0, &lies[i], "12345678", 8);
	written_ring_put_bytes(&first, put_text(0, ""), &too_short, sizeof(too_short));
	put_text(0, "true");
	assert_int_equal(take(), 1);
	assert_text(&frames[0], "true");
	assert_int_equal(counts().invalid_frames, 6);
	assert_int_equal(counts().received_frames, 1);
}

TEST_WITH(host_ring_record_beyond_the_producer_ends_the_batch, setup, teardown)
{
	uint32_t huge = 0x3ffffff8;

	put_text(0, "good");
	written_ring_put_bytes(&first, put_text(0, "bad"), &huge, sizeof(huge));
	put_text(0, "lost");
	assert_int_equal(take(), 1);
	assert_int_equal(counts().invalid_frames, 1);
	source->ops->done(source);
	assert_int_equal(take(), 0);
	put_text(0, "next");
	assert_int_equal(take(), 1);
	assert_text(&frames[0], "next");
}

TEST_WITH(host_ring_file_descriptors_are_polled_only_to_be_woken, setup, teardown)
{
	int fds[2];

	put_text(0, "one");
	assert_int_equal(take(), 1);
	source->ops->done(source);
	assert_int_equal(source->ops->fds(source, fds, 2), 0);
	source->ops->set_wake(source, true);
	assert_int_equal(source->ops->fds(source, fds, 1), 0);
	assert_int_equal(source->ops->fds(source, fds, 2), 2);
}

/* Fills a ring up to @bytes. */
static void fill(struct written_ring *to, uint64_t bytes)
{
	static const char text[1000];
	const struct weft_host_record record = {.cap_bytes = 1000, .wire_bytes = 1000};

	while (to->produced < bytes)
		written_ring_put_record(to, 0, &record, text, sizeof(text));
}

TEST_WITH(host_ring_almost_full_is_an_overrun, setup, teardown)
{
	int fds[2];

	fill(&first, RING_BYTES);
	fill(&overflow, RING_BYTES * 3 / 4);
	assert_int_equal(wf_host_ring_fill_percent(ring),
			 (RING_BYTES + overflow.produced) * 100 / (2 * RING_BYTES));
	assert_true(take() > 0);
	assert_false(source->overran);
	/* The rings are too full: the worker must not wait until more frames have collected. */
	assert_int_equal(source->ops->fds(source, fds, 2), 2);
	fill(&overflow, RING_BYTES * 15 / 16);
	assert_true(take() > 0);
	assert_true(source->overran);
	source->ops->done(source);
	put_text(0, "one");
	assert_int_equal(take(), 1);
	assert_int_equal(source->ops->fds(source, fds, 2), 0);
}

TEST_WITH(host_ring_of_which_an_eighth_is_used_is_filling, setup, teardown)
{
	put_text(0, "one");
	assert_int_equal(take(), 1);
	assert_false(source->is_filling);
	fill(&first, RING_BYTES / 4);
	assert_true(take() > 0);
	assert_true(source->is_filling);
	source->ops->done(source);
	assert_int_equal(take(), 0);
	assert_false(source->is_filling);
}

TEST_WITH(host_ring_with_a_filled_first_ring_is_tight, setup, teardown)
{
	int fds[2];

	fill(&first, RING_BYTES / 2);
	assert_true(take() > 0);
	source->ops->done(source);
	assert_int_equal(source->ops->fds(source, fds, 2), 2);
	assert_int_equal(take(), 0);
}

/* ---- the order of both rings ---- */

TEST_WITH(host_ring_order_is_that_of_writing, setup, teardown)
{
	written_ring_put_after(&first, 0, 0, "a");
	written_ring_put_after(&first, 0, 0, "b");
	written_ring_put_after(&overflow, 0, 0, "c");
	written_ring_put_after(&overflow, 0, 0, "d");
	written_ring_put_after(&first, 2, 0, "e");
	written_ring_put_after(&overflow, 0, 0, "f");
	written_ring_put_after(&first, 3, 0, "g");
	assert_batch("a b c d e f g");
	written_ring_put_after(&first, 3, 0, "h");
	written_ring_put_after(&overflow, 0, 0, "i");
	assert_batch("h i");
}

TEST_WITH(host_ring_order_holds_over_batches, setup, teardown)
{
	for (int i = 0; i < MAX_FRAMES - 1; i++)
		written_ring_put_after(&first, 0, 0, "x");
	written_ring_put_after(&overflow, 0, 0, "a");
	written_ring_put_after(&overflow, 0, 0, "b");
	written_ring_put_after(&first, 2, 0, "c");
	assert_int_equal(take(), MAX_FRAMES);
	assert_text(&frames[MAX_FRAMES - 1], "a");
	source->ops->done(source);
	assert_batch("b c");
}

TEST_WITH(host_ring_order_counts_discarded_records, setup, teardown)
{
	written_ring_put_after(&overflow, 0, BPF_RINGBUF_DISCARD_BIT, "gone");
	written_ring_put_after(&overflow, 0, 0, "a");
	written_ring_put_after(&first, 2, 0, "b");
	written_ring_put_after(&first, 2, BPF_RINGBUF_DISCARD_BIT, "gone");
	written_ring_put_after(&overflow, 0, 0, "c");
	assert_batch("a b c");
}

TEST_WITH(host_ring_busy_record_of_either_ring_holds_back_the_later_ones, setup, teardown)
{
	uint32_t ready = (uint32_t)sizeof(struct weft_host_record) + 1;
	uint64_t busy_first = written_ring_put_after(&first, 0, BPF_RINGBUF_BUSY_BIT, "a");
	uint64_t busy_overflow = written_ring_put_after(&overflow, 0, BPF_RINGBUF_BUSY_BIT, "b");

	written_ring_put_after(&first, 1, 0, "c");
	assert_batch("");
	written_ring_put_bytes(&first, busy_first, &ready, sizeof(ready));
	assert_batch("a");
	assert_batch("");
	written_ring_put_bytes(&overflow, busy_overflow, &ready, sizeof(ready));
	assert_batch("b c");
}

/* A record's count of earlier records may be visible before those records in the other ring are. */
TEST_WITH(host_ring_record_waits_for_one_that_is_not_visible_yet, setup, teardown)
{
	written_ring_put_after(&first, 1, 0, "b");
	assert_batch("");
	written_ring_put_after(&overflow, 0, 0, "a");
	assert_batch("a b");
}

TEST_WITH(host_ring_lost_order_stops_no_record, setup, teardown)
{
	uint32_t huge = 0x3ffffff8;

	written_ring_put_bytes(&overflow, written_ring_put_after(&overflow, 0, 0, "bad"), &huge,
			       sizeof(huge));
	written_ring_put_after(&overflow, 0, 0, "lost");
	written_ring_put_after(&first, 2, 0, "a");
	assert_batch("a");
	assert_int_equal(counts().invalid_frames, 1);
	written_ring_put_after(&first, 7, 0, "b");
	written_ring_put_after(&overflow, 0, 0, "c");
	assert_batch("b c");
}

TEST_WITH(host_ring_lent_records_of_both_rings_stay_until_done, setup, teardown)
{
	put_text(0, "a");
	written_ring_put_after(&overflow, 0, 0, "b");
	written_ring_put_after(&overflow, 0, 0, "c");
	assert_int_equal(take(), 3);
	assert_int_equal(written_ring_consumed(&first), 0);
	assert_int_equal(written_ring_consumed(&overflow), 0);
	source->ops->done(source);
	assert_int_equal(written_ring_consumed(&overflow), overflow.produced / 2);
	source->ops->set_wake(source, true);
	assert_int_equal(written_ring_consumed(&first), first.produced);
	assert_int_equal(written_ring_consumed(&overflow), overflow.produced);
}

TEST(host_ring_that_cannot_be_mapped_is_an_error)
{
	assert_int_equal(open_ring(-1, -1), -EBADF);
}

TEST(host_ring_whose_overflow_cannot_be_mapped_is_an_error)
{
	written_ring_init(&first);
	assert_int_equal(open_ring(first.file, -1), -EBADF);
	written_ring_fini(&first);
}
