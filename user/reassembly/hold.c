// SPDX-License-Identifier: BSD-2-Clause
/*
 * hold.c - stores held bytes in the place that needs the least memory.
 *
 *   in a mapped file, or memory that the application keeps
 *                        not moved
 *   up to 16 bytes       in the extent itself: a one-byte segment costs 64 bytes
 *   a well filled page   not moved if the stream holds no other data (a page that is not a receive
 *                        frame holds a packet from a pipe, for example)
 *   a well filled frame  not moved while enough frames are free
 *   any other frame      not moved while half of the frames are free and memory is not short,
 *                        so that data whose hole is filled soon is never copied
 *   else                 copied after a neighbour's bytes into its page, if there is room;
 *                        otherwise into a new page, which is larger if the stream holds more
 *
 * Lent bytes, which are valid during the call only, are always copied.
 *
 * A page into which bytes are copied begins with the number of bytes used, which shows how much
 * room is free. Only the worker appends to a page, and always after the bytes that other threads
 * may read, so it may append to a page whose earlier bytes are already in a queue. While an extent
 * has the only reference to a page, the used bytes end where the extent ends, and the number at the
 * beginning of the page is not updated when the extent grows. The number is updated when a second
 * extent is added.
 *
 * If a segment begins where an extent with copied bytes ends, and the policy joins the two, the
 * bytes are appended to this extent: see hold_run() in stream_insert.c. Thousands of segments after
 * a hole then need few extents and chunks, and fill their pages.
 *
 *   page: [used][bytes of extent 3][bytes of extent 1][bytes of extent 2]  room
 */
#include "reassembly/hold.h"

#include <stddef.h>
#include <string.h>

#include "memory/page.h"
#include "memory/page_pool.h"

struct fill {
	/* number of bytes used at the start of the page, including this struct */
	uint32_t used_bytes;
};

/*
 * A page larger than necessary is taken only if its size is at most 1/DIVISOR of the bytes that the
 * stream already holds. The last page that a stream fills is half empty on average, so only streams
 * that hold much data use large pages.
 */
enum { MEDIUM_DIVISOR = 1, LARGE_DIVISOR = 4 };

/*
 * Return true if the size of @page is at most 1.5 times @len_bytes, the number of bytes held in it.
 */
static bool is_well_filled(const struct wf_page *page, uint32_t len_bytes)
{
	return (uint64_t)len_bytes * 3 >= (uint64_t)wf_page_capacity(page) * 2;
}

static bool is_worth_keeping(const struct wf_stream_env *env, const struct wf_hold_source *source)
{
	bool filled;

	if (!source->page)
		return !source->is_lent;
	if (source->leave)
		return false;
	filled = is_well_filled(source->page, source->len_bytes);
	/* If the stream already holds data, copying the bytes to a shared page uses less memory. */
	if (!wf_page_is_frame(source->page))
		return filled && !source->held_cost;
	if (filled)
		return wf_page_pool_may_keep_frame(env->pages);
	return source->len_bytes > WF_EXTENT_TINY_BYTES && !env->leave_small &&
	       wf_page_pool_has_frames_in_plenty(env->pages);
}

static void refer(struct wf_extent *extent, const struct wf_hold_source *source)
{
	if (source->page)
		wf_page_get(source->page);
	extent->page = source->page;
	extent->bytes = source->bytes;
}

/* Return the number of bytes used in the page to which the bytes of @extent were copied. */
static uint32_t used_bytes(const struct wf_extent *extent)
{
	const uint8_t *base = wf_page_bytes(extent->page);
	uint32_t end = (uint32_t)(extent->bytes + extent->len_bytes - base);
	struct fill fill;

	if (wf_page_is_sole(extent->page))
		return end;
	/*
	 * If the recorded number is smaller than the extent's end, this extent is the only one in
	 * the page. Other references to the page are for bytes that were delivered, and only for
	 * reading.
	 */
	memcpy(&fill, base, sizeof(fill));
	return fill.used_bytes > end ? fill.used_bytes : end;
}

static void set_used(const struct wf_page *page, uint32_t bytes)
{
	struct fill fill = {.used_bytes = bytes};

	memcpy(wf_page_bytes(page), &fill, sizeof(fill));
}

/*
 * Append the bytes of @source after the used part of the page of @near. Return: false if that page
 * can't be appended to, or has no room.
 */
static bool append(const struct wf_extent *near, const struct wf_hold_source *source,
		   struct wf_extent *extent)
{
	uint32_t used;

	if (!near || !(near->flags & WF_EXTENT_COPIED))
		return false;
	used = used_bytes(near);
	if (wf_page_copy_in(near->page, used, source->bytes, source->len_bytes))
		return false;

	wf_page_get(near->page);
	set_used(near->page, used + source->len_bytes);
	extent->page = near->page;
	extent->bytes = wf_page_bytes(near->page) + used;
	return true;
}

/*
 * Return the size of the largest page that the stream may take in proportion to the bytes that it
 * holds.
 */
static size_t page_bytes(const struct wf_stream_env *env, size_t need_bytes, uint32_t held_cost)
{
	const struct {
		size_t bytes;
		uint32_t divisor;
	} sizes[] = {
		{wf_page_pool_large_bytes(env->pages), LARGE_DIVISOR},
		{wf_page_pool_medium_bytes(env->pages), MEDIUM_DIVISOR},
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t bytes = wf_page_pool_advise(env->pages, need_bytes, sizes[i].bytes);

		if (bytes <= held_cost / sizes[i].divisor)
			return bytes;
	}
	return need_bytes;
}

/*
 * Copy the bytes to a new page. If the stream holds much data, the page has room for further bytes.
 * Return: false if there is no memory.
 */
static bool copy(struct wf_stream_env *env, const struct wf_hold_source *source,
		 struct wf_extent *extent)
{
	uint32_t need_bytes = (uint32_t)sizeof(struct fill) + source->len_bytes;
	struct wf_page *page;

	page = wf_page_pool_take(env->pages, page_bytes(env, need_bytes, source->held_cost));
	if (!page)
		page = wf_page_pool_take(env->pages, need_bytes);
	if (!page)
		return false;

	set_used(page, need_bytes);
	extent->page = page;
	extent->bytes = wf_page_bytes(page) + sizeof(struct fill);
	memcpy(wf_page_bytes(page) + sizeof(struct fill), source->bytes, source->len_bytes);
	return true;
}

bool wf_hold_take(struct wf_stream_env *env, const struct wf_hold_source *source,
		  struct wf_extent *extent)
{
	uint8_t flags = extent->flags & (uint8_t) ~(WF_EXTENT_TINY | WF_EXTENT_COPIED);

	if (is_worth_keeping(env, source)) {
		refer(extent, source);
	} else if (source->len_bytes <= WF_EXTENT_TINY_BYTES) {
		memcpy(extent->tiny, source->bytes, source->len_bytes);
		flags |= WF_EXTENT_TINY;
	} else {
		if (!append(source->near[0], source, extent) &&
		    !append(source->near[1], source, extent) && !copy(env, source, extent))
			return false;
		flags |= WF_EXTENT_COPIED;
	}
	extent->flags = flags;
	extent->len_bytes = source->len_bytes;
	return true;
}

uint32_t wf_hold_room(const struct wf_extent *extent)
{
	uint32_t used;

	if (!(extent->flags & WF_EXTENT_COPIED))
		return 0;
	used = used_bytes(extent);
	if (extent->bytes + extent->len_bytes != wf_page_bytes(extent->page) + used)
		return 0;
	return (uint32_t)wf_page_capacity(extent->page) - used;
}

void wf_hold_extend(struct wf_extent *extent, const uint8_t *bytes, uint32_t len_bytes)
{
	uint32_t used = used_bytes(extent);

	wf_assert(len_bytes <= wf_hold_room(extent));
	memcpy(wf_page_bytes(extent->page) + used, bytes, len_bytes);
	extent->len_bytes += len_bytes;
	if (!wf_page_is_sole(extent->page))
		set_used(extent->page, used + len_bytes);
}

void wf_hold_put(struct wf_extent *extent)
{
	if (!(extent->flags & WF_EXTENT_TINY))
		wf_page_put(extent->page);
}

void wf_hold_cut_head(struct wf_extent *extent, uint32_t bytes)
{
	extent->off += bytes;
	extent->len_bytes -= bytes;
	if (extent->flags & WF_EXTENT_TINY)
		memmove(extent->tiny, extent->tiny + bytes, extent->len_bytes);
	else
		extent->bytes += bytes;
}

void wf_hold_cut_tail(struct wf_extent *extent, uint32_t bytes)
{
	extent->len_bytes -= bytes;
}

void wf_hold_split(struct wf_extent *extent, uint32_t len_bytes, struct wf_extent *right)
{
	*right = *extent;
	right->merged = 0;
	if (extent->flags & WF_EXTENT_COPIED)
		set_used(extent->page, used_bytes(extent));
	if (!(extent->flags & WF_EXTENT_TINY) && extent->page)
		wf_page_get(extent->page);
	wf_hold_cut_head(right, len_bytes);
	wf_hold_cut_tail(extent, extent->len_bytes - len_bytes);
}
