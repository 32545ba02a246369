// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <stdlib.h>
#include <string.h>

#include <weft/limits.h>

#include "memory/arena.h"
#include "memory/frame_stock.h"

enum {
	MIB = 1 << 20,
	FRAME = 4096,
	SPAN_FRAMES = WEFT_SPAN_BYTES / FRAME,
	FULL_MASK = (1 << SPAN_FRAMES) - 1,
};

struct fixture {
	struct wf_arena *arena;
	struct wf_frame_stock stock;
};

static int setup(void **state)
{
	struct fixture *fix = calloc(1, sizeof(*fix));

	assert_int_equal(wf_arena_new(32 * MIB, &fix->arena), 0);
	assert_int_equal(wf_frame_stock_init(&fix->stock, fix->arena, FRAME), 0);
	*state = fix;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fix = *state;

	wf_frame_stock_fini(&fix->stock, fix->arena);
	assert_int_equal(wf_arena_used_bytes(fix->arena), 0);
	wf_arena_free(fix->arena);
	free(fix);
	return 0;
}

static void put_span(struct wf_frame_stock *stock, uint32_t span)
{
	for (uint32_t index = 0; index < SPAN_FRAMES; index++)
		wf_frame_stock_put(stock, span, index);
}

TEST_WITH(frame_stock_empty_has_none, setup, teardown)
{
	struct fixture *fix = *state;
	uint32_t span;

	assert_int_equal(wf_frame_stock_take(&fix->stock, 64, &span), 0);
	assert_int_equal(fix->stock.free, 0);
}

TEST_WITH(frame_stock_the_lowest_span_comes_first, setup, teardown)
{
	struct fixture *fix = *state;
	uint32_t span;

	put_span(&fix->stock, 300);
	put_span(&fix->stock, 7);
	put_span(&fix->stock, 64);
	assert_int_equal(fix->stock.free, 3 * SPAN_FRAMES);
	for (uint32_t i = 0; i < 3; i++) {
		static const uint32_t expected[] = {7, 64, 300};

		assert_int_equal(wf_frame_stock_take(&fix->stock, 64, &span), FULL_MASK);
		assert_int_equal(span, expected[i]);
	}
	assert_int_equal(wf_frame_stock_take(&fix->stock, 64, &span), 0);
	put_span(&fix->stock, 2);
	assert_int_equal(wf_frame_stock_take(&fix->stock, 64, &span), FULL_MASK);
	assert_int_equal(span, 2);
	assert_int_equal(fix->stock.free, 0);
}

TEST_WITH(frame_stock_whole_spans_come_before_parts, setup, teardown)
{
	struct fixture *fix = *state;
	uint32_t span;

	wf_frame_stock_put(&fix->stock, 1, 5);
	wf_frame_stock_put(&fix->stock, 1, 3);
	put_span(&fix->stock, 9);
	assert_int_equal(wf_frame_stock_take(&fix->stock, 64, &span), FULL_MASK);
	assert_int_equal(span, 9);
	assert_int_equal(wf_frame_stock_take(&fix->stock, 64, &span), 1 << 3 | 1 << 5);
	assert_int_equal(span, 1);
	assert_int_equal(fix->stock.free, 0);
}

TEST_WITH(frame_stock_no_more_than_asked_for_the_lowest_of_a_span, setup, teardown)
{
	struct fixture *fix = *state;
	uint32_t span;

	put_span(&fix->stock, 4);
	assert_int_equal(wf_frame_stock_take(&fix->stock, 0, &span), 0);
	assert_int_equal(wf_frame_stock_take(&fix->stock, 3, &span), 7);
	assert_int_equal(fix->stock.free, SPAN_FRAMES - 3);
	assert_int_equal(wf_frame_stock_take(&fix->stock, SPAN_FRAMES - 3, &span), FULL_MASK & ~7);
	assert_int_equal(span, 4);
	assert_int_equal(wf_frame_stock_take(&fix->stock, 64, &span), 0);
}

/* ---- the order of a ring ---- */

enum { RING = 512, STOCK_SPANS = 4 * RING / SPAN_FRAMES, BATCH = 64 };

struct ring {
	uint32_t frames[RING]; /* ids of frames: span * SPAN_FRAMES + index */
	uint32_t next;
};

static uint32_t take(struct wf_frame_stock *stock, uint32_t *frames, uint32_t max)
{
	uint32_t count = 0;
	uint32_t mask;
	uint32_t span;

	while ((mask = wf_frame_stock_take(stock, max - count, &span)))
		for (; mask; mask &= mask - 1)
			frames[count++] = span * SPAN_FRAMES + (uint32_t)__builtin_ctz(mask);
	return count;
}

static void put(struct wf_frame_stock *stock, uint32_t frame)
{
	wf_frame_stock_put(stock, frame / SPAN_FRAMES, frame % SPAN_FRAMES);
}

/*
 * Receives BATCH frames, keeps each with a probability of @keep_percent, gives the others back, and
 * refills the ring. Return: number of kept frames, whose ids are in @kept.
 */
static uint32_t turn(struct wf_frame_stock *stock, struct ring *ring, uint32_t *kept,
		     uint32_t keep_percent)
{
	uint32_t *frames = ring->frames + ring->next;
	uint32_t count = 0;

	for (uint32_t i = 0; i < BATCH; i++) {
		if ((uint32_t)(rand() % 100) < keep_percent)
			kept[count++] = frames[i];
		else
			put(stock, frames[i]);
	}
	assert_int_equal(take(stock, frames, BATCH), BATCH);
	ring->next = (ring->next + BATCH) % RING;
	return count;
}

static uint32_t adjacent_pairs(const struct ring *ring)
{
	uint32_t pairs = 0;

	for (uint32_t i = 1; i < RING; i++)
		pairs += ring->frames[i] == ring->frames[i - 1] + 1;
	return pairs;
}

static uint32_t highest(const struct ring *ring)
{
	uint32_t frame = 0;

	for (uint32_t i = 0; i < RING; i++)
		frame = ring->frames[i] > frame ? ring->frames[i] : frame;
	return frame;
}

TEST_WITH(frame_stock_a_ring_is_in_order_again_after_frames_were_held, setup, teardown)
{
	struct fixture *fix = *state;
	struct ring ring = {0};
	uint32_t kept[BATCH];

	srand(1);
	for (uint32_t span = 0; span < STOCK_SPANS; span++)
		put_span(&fix->stock, span);
	assert_int_equal(take(&fix->stock, ring.frames, RING), RING);
	assert_int_equal(adjacent_pairs(&ring), RING - 1);

	/* Kept frames are given back after the ring was refilled, in reverse order. */
	for (uint32_t i = 0; i < 20 * RING / BATCH; i++) {
		uint32_t count = turn(&fix->stock, &ring, kept, 30);

		while (count)
			put(&fix->stock, kept[--count]);
	}
	for (uint32_t i = 0; i < 4 * RING / BATCH; i++)
		turn(&fix->stock, &ring, kept, 0);
	assert_true(adjacent_pairs(&ring) > RING * 15 / 16);
	assert_true(highest(&ring) < 2 * RING);
}
