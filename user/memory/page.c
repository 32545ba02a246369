// SPDX-License-Identifier: BSD-2-Clause
/*
 * page.c - references to pages, and bounds-checked access to their bytes.
 *
 * A thread that has the only reference adds others, or drops it, without an atomic
 * read-modify-write of the page's word, because only a thread that holds the page can add a
 * reference.
 */
#include "memory/page.h"

#include <errno.h>
#include <string.h>

#include "memory/arena_internal.h"
#include "memory/page_pool.h"
#include "memory/span_internal.h"

void wf_page_get_many(struct wf_page *page, uint32_t count)
{
	uint32_t old = atomic_load_explicit(&page->word, memory_order_relaxed);

	wf_assert(old > 0 && old < WF_PAGE_FREE - count);
	if (old == 1)
		atomic_store_explicit(&page->word, 1 + count, memory_order_relaxed);
	else
		atomic_fetch_add_explicit(&page->word, count, memory_order_relaxed);
}

void wf_page_get(struct wf_page *page)
{
	wf_page_get_many(page, 1);
}

void wf_page_put_many(struct wf_page *page, uint32_t count)
{
	/* Pairs with the acquire in wf_page_put(). */
	uint32_t old = atomic_fetch_sub_explicit(&page->word, count, memory_order_release);

	wf_assert(old > count && old < WF_PAGE_FREE);
	(void)old;
}

void wf_page_put(struct wf_page *page)
{
	uint32_t holders;

	if (!page)
		return;

	/*
	 * Pairs with the release below, so that accesses of former holders happen before the page
	 * is reused.
	 */
	holders = atomic_load_explicit(&page->word, memory_order_acquire);
	wf_assert(holders > 0 && holders < WF_PAGE_FREE);
	if (holders != 1)
		holders = atomic_fetch_sub_explicit(&page->word, 1, memory_order_acq_rel);
	if (holders == 1)
		wf_page_come_home(page);
}

bool wf_page_is_sole(const struct wf_page *page)
{
	/* Pairs with the release in wf_page_put(). */
	return atomic_load_explicit(&page->word, memory_order_acquire) == 1;
}

bool wf_page_is_frame(const struct wf_page *page)
{
	return wf_page_span(page)->use == WF_SPAN_FRAMES;
}

uint8_t *wf_page_bytes(const struct wf_page *page)
{
	const struct wf_span *span = wf_page_span(page);

	return span->data + (uint64_t)wf_page_index(page) * span->page_bytes;
}

size_t wf_page_capacity(const struct wf_page *page)
{
	return wf_page_span(page)->page_bytes;
}

static bool is_within(const struct wf_page *page, uint64_t off, uint64_t len_bytes)
{
	uint64_t capacity = wf_page_capacity(page);

	/* The sum off + len_bytes is not computed, because it could overflow. */
	return off <= capacity && len_bytes <= capacity - off;
}

int wf_page_copy_in(struct wf_page *page, uint64_t off, const void *bytes, uint64_t len_bytes)
{
	if (!is_within(page, off, len_bytes))
		return -ERANGE;

	if (len_bytes)
		memcpy(wf_page_bytes(page) + off, bytes, len_bytes);
	return 0;
}

int wf_page_copy_out(const struct wf_page *page, uint64_t off, void *bytes, uint64_t len_bytes)
{
	if (!is_within(page, off, len_bytes))
		return -ERANGE;

	if (len_bytes)
		memcpy(bytes, wf_page_bytes(page) + off, len_bytes);
	return 0;
}

int wf_page_view(const struct wf_page *page, uint64_t off, uint64_t len_bytes,
		 const uint8_t **ret_bytes)
{
	if (!is_within(page, off, len_bytes))
		return -ERANGE;

	*ret_bytes = wf_page_bytes(page) + off;
	return 0;
}

int wf_page_resize(struct wf_page **page, struct wf_page_pool *pool, uint64_t keep_bytes,
		   uint64_t bytes)
{
	struct wf_page *old = *page;
	struct wf_page *new;

	if (keep_bytes > wf_page_capacity(old) || keep_bytes > bytes || bytes > WEFT_SPAN_BYTES)
		return -ERANGE;
	if (bytes <= wf_page_capacity(old) && !wf_page_is_frame(old) &&
	    wf_page_capacity(old) <= wf_page_pool_advise(pool, bytes, bytes))
		return 0;

	new = wf_page_pool_take(pool, bytes);
	if (!new)
		return -ENOBUFS;
	if (keep_bytes)
		memcpy(wf_page_bytes(new), wf_page_bytes(old), keep_bytes);
	wf_page_put(old);
	*page = new;
	return 0;
}
