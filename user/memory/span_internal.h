/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * span_internal.h - the layout of a span's block, and conversions between pages, ids and
 * offsets.
 *
 *   data:    [span 0: 64 KiB][span 1: 64 KiB]...
 *   blocks:  [block 0: 2 KiB][block 1: 2 KiB]...       outside the data area
 *
 *   block:   [struct wf_span: 128 bytes][page 0][page 1]...[page 479]      4 bytes a page
 *
 * A page is represented by one word, which holds the number of references, or a link to the next
 * free page while the page is free. The address of that word, with its low bits cleared, is the
 * address of its span; all other conversions are arithmetic. A page id names a page of the arena in
 * 31 bits: span << 9 | index.
 */
#ifndef WF_MEMORY_SPAN_INTERNAL_H
#define WF_MEMORY_SPAN_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/limits.h>

#include "base/assert.h"
#include "memory/budget.h"

struct wf_arena;

enum {
	WF_SPAN_SHIFT = 16,
	WF_SPAN_BLOCK_BYTES = 2048,
	WF_SPAN_HEAD_BYTES = 128,
	WF_SPAN_PAGES_MAX = (WF_SPAN_BLOCK_BYTES - WF_SPAN_HEAD_BYTES) / 4,
	WF_PAGE_INDEX_BITS = 9,
	WF_PAGE_INDEX_MASK = (1 << WF_PAGE_INDEX_BITS) - 1,
	WF_ARENA_SPANS_MAX = (1 << (31 - WF_PAGE_INDEX_BITS)) - 1,
};
_Static_assert(WEFT_SPAN_BYTES == 1 << WF_SPAN_SHIFT, "a span is a power of two");
_Static_assert(WF_SPAN_PAGES_MAX <= WF_PAGE_INDEX_MASK, "a page's index fits an id");

#define WF_PAGE_FREE	0x80000000u
#define WF_PAGE_ID_NONE 0x7fffffffu

enum wf_span_use {
	WF_SPAN_UNUSED = 0,
	WF_SPAN_RUN,	/* part of a run of adjacent spans; not divided into pages */
	WF_SPAN_FRAMES, /* span divided into rx frames */
	WF_SPAN_PAGES,	/* span divided into pages of one class */
	WF_SPAN_SLAB,
};

/*
 * The word of a page: its number of references if it is taken, WF_PAGE_FREE | link if it is free.
 */
struct wf_page {
	_Atomic uint32_t word;
};

struct wf_span {
	/* written when the span is taken, read by all threads that hold a page of it */
	struct wf_arena *arena;
	uint8_t *data;
	uint32_t index;	     /* index of the span in the arena */
	uint32_t page_bytes; /* size of a page or frame, at most WEFT_SPAN_BYTES */
	uint16_t pages;	     /* number of pages, frames or objects in the span */
	uint8_t use;	     /* enum wf_span_use */
	uint8_t class;	     /* if the span holds pages: index of their class in the pool */
	/*
	 * if the span holds frames or pages: index of the home to which a thread pushes those that
	 * it can't put into its own pool
	 */
	uint32_t home;
	/* free span: its memory may contain bytes other than 0; written when put or trimmed */
	bool dirty;

	/* written by the thread whose pool or slab holds the span */
	_Alignas(WF_CACHE_LINE) struct wf_span *prev;
	struct wf_span *next;
	/* first page of the free list; WF_PAGE_ID_NONE: none. In a slab: id of the first free
	 * object */
	uint32_t free_head;
	/*
	 * index of the first page that was never used; this and all later pages are not in the free
	 * list
	 */
	uint16_t fresh_pages;
	uint16_t free_pages; /* number of free pages, including those never used */
	/* if the span holds pages: value of class->cut when the span was divided */
	uint32_t cut;
};
_Static_assert(sizeof(struct wf_span) == WF_SPAN_HEAD_BYTES, "the head of a block");

static inline struct wf_span *wf_page_span(const struct wf_page *page)
{
	return (struct wf_span *)((uintptr_t)page & ~(uintptr_t)(WF_SPAN_BLOCK_BYTES - 1));
}

static inline struct wf_page *wf_span_page(const struct wf_span *span, uint32_t index)
{
	return (struct wf_page *)((uintptr_t)span + WF_SPAN_HEAD_BYTES) + index;
}

static inline uint32_t wf_page_index(const struct wf_page *page)
{
	uintptr_t in_block = (uintptr_t)page & (WF_SPAN_BLOCK_BYTES - 1);

	return (uint32_t)(in_block - WF_SPAN_HEAD_BYTES) / sizeof(struct wf_page);
}

static inline uint32_t wf_page_id(const struct wf_page *page)
{
	return wf_page_span(page)->index << WF_PAGE_INDEX_BITS | wf_page_index(page);
}

/* Divide @span into @pages pages or rx frames of @page_bytes, all free. */
static inline void wf_span_cut(struct wf_span *span, uint32_t page_bytes, uint32_t pages)
{
	span->page_bytes = page_bytes;
	span->pages = (uint16_t)pages;
	span->prev = NULL;
	span->next = NULL;
	span->free_head = WF_PAGE_ID_NONE;
	span->fresh_pages = 0;
	span->free_pages = (uint16_t)pages;
}

/* Take a free page of @span, which must have one. The caller sets the word of the page. */
static inline struct wf_page *wf_span_pop(struct wf_span *span)
{
	struct wf_page *page;

	span->free_pages--;
	if (span->free_head == WF_PAGE_ID_NONE)
		return wf_span_page(span, span->fresh_pages++);

	page = wf_span_page(span, span->free_head);
	span->free_head = atomic_load_explicit(&page->word, memory_order_relaxed) & ~WF_PAGE_FREE;
	return page;
}

static inline void wf_span_push(struct wf_span *span, struct wf_page *page)
{
	atomic_store_explicit(&page->word, WF_PAGE_FREE | span->free_head, memory_order_relaxed);
	span->free_head = wf_page_index(page);
	span->free_pages++;
}

/* An ordered list of spans of one pool or slab. Zeroed storage is an empty list. */
struct wf_span_list {
	struct wf_span *head;
	struct wf_span *tail;
};

static inline void wf_span_list_append(struct wf_span_list *list, struct wf_span *span)
{
	span->next = NULL;
	span->prev = list->tail;
	if (list->tail)
		list->tail->next = span;
	else
		list->head = span;
	list->tail = span;
}

static inline void wf_span_list_remove(struct wf_span_list *list, struct wf_span *span)
{
	if (span->prev)
		span->prev->next = span->next;
	else
		list->head = span->next;
	if (span->next)
		span->next->prev = span->prev;
	else
		list->tail = span->prev;
	span->prev = NULL;
	span->next = NULL;
}

#endif
