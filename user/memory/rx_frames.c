// SPDX-License-Identifier: BSD-2-Clause
/*
 * rx_frames.c - the part of a page pool that supplies the fill rings with rx frames.
 *
 *   worker:    free stock ──take_frames──► fill ring ─► kernel ─► receiver ─► put
 *                  ▲ │                                                         │
 *                  │ └─ too many: a batch ─► home.frames ◄── other threads ────┤
 *                  └─ too few: all of home.frames, then of other homes ────────┘
 *
 * When the worker itself takes or puts a frame, only the frame's word and the stock change. A frame
 * that a thread without a pool of frames puts is pushed onto the home of the pool that made it. A
 * pool with too few free frames takes frames from any home; a pool with too many pushes a batch
 * onto its own home. So frames move to the workers that have traffic, without a lock.
 *
 * Bound: the number of frames is fixed when the pools are created. Each frame is free, in a
 * ring, or held.
 */
#include "memory/rx_frames.h"

#include <errno.h>

#include "memory/arena_internal.h"
#include "metrics/metrics.h"

enum {
	SPILL_BATCH = 64,
	KEEP_FRAMES_MAX = 256,
};

/* Add @page to the stock. The head of its span is not read, see hand_out(). */
static void put(struct wf_rx_frames *frames, struct wf_page *page)
{
	atomic_store_explicit(&page->word, WF_PAGE_FREE | WF_PAGE_ID_NONE, memory_order_relaxed);
	wf_frame_stock_put(&frames->stock, wf_arena_index(frames->arena, wf_page_span(page)),
			   wf_page_index(page));
}

/*
 * Push up to @max free frames of one span onto the pool's own home, where pools with too few frames
 * can take them. Return: the number of frames pushed.
 */
static uint32_t leave_at_home(struct wf_rx_frames *frames, uint32_t max)
{
	uint32_t index;
	uint32_t mask = wf_frame_stock_take(&frames->stock, max, &index);
	struct wf_span *span = wf_arena_span(frames->arena, index);
	struct wf_page *first = NULL;
	struct wf_page *last = NULL;
	uint32_t count = 0;

	for (; mask; mask &= mask - 1, count++) {
		struct wf_page *page = wf_span_page(span, (uint32_t)__builtin_ctz(mask));

		if (first)
			atomic_store_explicit(&page->word, WF_PAGE_FREE | wf_page_id(first),
					      memory_order_relaxed);
		else
			last = page;
		first = page;
	}
	if (first)
		wf_home_push(&frames->home->frames, first, last);
	return count;
}

static void spill(struct wf_rx_frames *frames)
{
	uint32_t count = 0;

	while (count < SPILL_BATCH)
		count += leave_at_home(frames, SPILL_BATCH - count);
	wf_metric_add(frames->metrics, rx_spilled_frames, SPILL_BATCH);
}

void wf_rx_frames_put(struct wf_rx_frames *frames, struct wf_page *page)
{
	put(frames, page);
	if (wf_unlikely(frames->stock.free > frames->spill_from))
		spill(frames);
}

static uint32_t collect(struct wf_rx_frames *frames, struct wf_home *home)
{
	uint32_t id = wf_home_take_all(&home->frames);
	uint32_t count = 0;

	for (; id != WF_PAGE_ID_NONE; count++) {
		struct wf_page *page = wf_arena_page(frames->arena, id);

		id = atomic_load_explicit(&page->word, memory_order_relaxed) & ~WF_PAGE_FREE;
		put(frames, page);
	}
	return count;
}

/* Take frames from the pool's own home, then from other homes, until @wanted frames are free. */
static void find_frames(struct wf_rx_frames *frames, uint32_t wanted)
{
	collect(frames, frames->home);
	for (uint32_t i = 1; i < WF_ARENA_HOMES && frames->stock.free < wanted; i++) {
		uint32_t index = (frames->home_index + i) % WF_ARENA_HOMES;
		uint32_t count = collect(frames, &frames->arena->homes[index]);

		if (count)
			wf_metric_add(frames->metrics, rx_borrowed_frames, count);
	}
}

/*
 * Set the reference count of each frame in @mask, a set of frames of the span at @index, to 1, and
 * write the frame's UMEM offset to @ret_offs. The head of the span is not read: it is not in the
 * cache if frames are free only after readers have used them. Return: the number of frames.
 */
static uint32_t hand_out(const struct wf_rx_frames *frames, uint32_t index, uint32_t mask,
			 uint64_t *ret_offs)
{
	const struct wf_span *span = wf_arena_span(frames->arena, index);
	uint64_t first_off = (uint64_t)index << WF_SPAN_SHIFT;
	uint32_t count = 0;

	for (; mask; mask &= mask - 1) {
		uint32_t frame = (uint32_t)__builtin_ctz(mask);

		atomic_store_explicit(&wf_span_page(span, frame)->word, 1, memory_order_relaxed);
		ret_offs[count++] = first_off + (uint64_t)frame * frames->frame_bytes;
	}
	return count;
}

uint32_t wf_rx_frames_take(struct wf_rx_frames *frames, uint64_t *ret_offs, uint32_t max)
{
	uint32_t count = 0;
	uint32_t mask;
	uint32_t span;

	if (wf_unlikely(frames->stock.free < (uint64_t)max + frames->keep_from))
		find_frames(frames, max);

	while ((mask = wf_frame_stock_take(&frames->stock, max - count, &span)))
		count += hand_out(frames, span, mask, ret_offs + count);
	if (count < max)
		wf_metric_add(frames->metrics, rx_short_frames, max - count);
	wf_metric_set(frames->metrics, rx_free_frames, frames->stock.free);
	return count;
}

uint32_t wf_rx_frames_size(const struct wf_arena *arena)
{
	return atomic_load(&arena->frame_bytes);
}

/*
 * Set the arena's frame size, or check that it equals @frame_bytes. All pools of an arena use one
 * size, so that they can exchange frames.
 */
static int agree_frame_bytes(struct wf_arena *arena, uint32_t frame_bytes)
{
	uint32_t agreed = 0;

	if (frame_bytes != 2048 && frame_bytes != 4096)
		return -EINVAL;
	if (!atomic_compare_exchange_strong(&arena->frame_bytes, &agreed, frame_bytes) &&
	    agreed != frame_bytes)
		return -EINVAL;
	return 0;
}

/*
 * Add @span to the arena's list of spans that hold frames. All spans of the list are given back
 * together.
 */
static void remember(struct wf_arena *arena, struct wf_span *span)
{
	span->next = atomic_load_explicit(&arena->frame_spans, memory_order_relaxed);
	/* Pairs with the acquire in forget_all(). */
	while (!atomic_compare_exchange_weak_explicit(&arena->frame_spans, &span->next, span,
						      memory_order_release, memory_order_relaxed))
		;
}

/* Give back all spans that hold frames. No frame may be in use any more. */
static void forget_all(struct wf_arena *arena)
{
	/* Pairs with the release in remember(). */
	struct wf_span *span =
		atomic_exchange_explicit(&arena->frame_spans, NULL, memory_order_acquire);

	for (uint32_t i = 0; i < WF_ARENA_HOMES; i++)
		wf_home_take_all(&arena->homes[i].frames);
	while (span) {
		struct wf_span *next = span->next;

		wf_arena_put(arena, span, 1);
		span = next;
	}
	atomic_store(&arena->frame_bytes, 0);
}

static void leave(struct wf_arena *arena)
{
	if (atomic_fetch_sub(&arena->frame_pools, 1) == 1)
		forget_all(arena);
}

/*
 * Set the numbers of free frames from which frames are offered to other pools, received frames are
 * kept, and small payloads stay in their frames too.
 */
static void set_marks(struct wf_rx_frames *frames, uint32_t count, uint32_t reserve)
{
	frames->spill_from = count - reserve + SPILL_BATCH;
	frames->keep_from = count / 16;
	if (frames->keep_from > KEEP_FRAMES_MAX)
		frames->keep_from = KEEP_FRAMES_MAX;
	if (frames->keep_from < 1)
		frames->keep_from = 1;
	frames->plenty_from = count / 2;
}

static int make_spans(struct wf_rx_frames *frames, uint32_t frame_bytes, uint32_t count)
{
	uint32_t pages = WEFT_SPAN_BYTES / frame_bytes;

	while (frames->made < count) {
		struct wf_span *span = wf_arena_take(frames->arena, WF_SPAN_FRAMES, 1);

		if (!span)
			return -ENOBUFS;
		wf_span_cut(span, frame_bytes, pages);
		span->home = frames->home_index;
		remember(frames->arena, span);
		for (uint32_t i = 0; i < pages && frames->made < count; i++) {
			put(frames, wf_span_page(span, i));
			frames->made++;
		}
	}
	return 0;
}

int wf_rx_frames_make(struct wf_rx_frames *frames, uint32_t frame_bytes, uint32_t count,
		      uint32_t reserve)
{
	int err;

	if (reserve > count)
		return -EINVAL;
	if (!count)
		return 0;
	err = agree_frame_bytes(frames->arena, frame_bytes);
	if (err)
		return err;
	atomic_fetch_add(&frames->arena->frame_pools, 1);
	err = wf_frame_stock_init(&frames->stock, frames->arena, frame_bytes);
	if (err) {
		leave(frames->arena);
		return err;
	}
	frames->frame_bytes = frame_bytes;
	set_marks(frames, count, reserve);
	wf_arena_keep_memory(frames->arena);
	err = make_spans(frames, frame_bytes, count);
	if (err) {
		wf_rx_frames_drop(frames);
		return err;
	}
	wf_metric_set(frames->metrics, rx_free_frames, frames->stock.free);
	return 0;
}

void wf_rx_frames_drop(struct wf_rx_frames *frames)
{
	struct wf_arena *arena = frames->arena;

	if (!frames->spill_from)
		return;

	while (leave_at_home(frames, UINT32_MAX))
		;
	wf_frame_stock_fini(&frames->stock, arena);
	wf_metric_set(frames->metrics, rx_free_frames, 0);
	leave(arena);
}
