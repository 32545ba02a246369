// SPDX-License-Identifier: BSD-2-Clause
/*
 * page_class.c - the size classes of one pool. A class consists of spans divided into pages of one
 * size.
 *
 *   partial spans  ◄─► full spans (in no list)      a page is taken from the first
 *       │  ▲                                         partial span, and put to its own span
 *       ▼  │
 *   empty spans ──(more than ready)──► arena
 *
 * When a page of a full span is put, the span is appended to the list of partial spans. Pages are
 * taken from the first span of that list, so that the last ones have time to become empty.
 *
 * Invariant: used + free pages == spans * pages, for spans of the present page size. Of these,
 * every span with both free and taken pages is in the list partial, and every span without taken
 * pages is in the list empty.
 */
#include "memory/page_class.h"

#include "memory/arena_internal.h"

enum {
	SPARE_PART = 8, /* about 1/SPARE_PART of the number of spans may be kept empty */
	SPARE_SPANS_MAX = 64,
	/* percentage of all bytes that a new page size must save more than the present one */
	TUNE_PERCENT = 10,
};

static void add(_Atomic uint64_t *metric, uint64_t amount)
{
	uint64_t value = atomic_load_explicit(metric, memory_order_relaxed);

	atomic_store_explicit(metric, value + amount, memory_order_relaxed);
}

static void set_size(struct wf_page_class *class, uint32_t bytes)
{
	class->page_bytes =
		(bytes + WF_PAGE_ALIGN_BYTES - 1) & ~(uint32_t)(WF_PAGE_ALIGN_BYTES - 1);
	class->pages = bytes ? WEFT_SPAN_BYTES / class->page_bytes : 0;
	if (class->pages > WF_SPAN_PAGES_MAX)
		class->pages = WF_SPAN_PAGES_MAX;
}

void wf_page_class_init(struct wf_page_class *class, uint32_t bytes,
			struct wf_page_class_metrics metrics)
{
	class->metrics = metrics;
	set_size(class, bytes);
	class->ready_spans = 1;
}

/* ---- spans ---- */

static void release_span(struct wf_page_classes *classes, struct wf_page_class *class,
			 struct wf_span *span)
{
	wf_span_list_remove(&class->empty, span);
	class->empty_spans--;
	class->spans--;
	classes->spans--;
	add(class->metrics.spans, -1ull);
	add(class->metrics.free_pages, -(uint64_t) class->pages);
	wf_arena_put(classes->arena, span, 1);
}

void wf_page_class_release(struct wf_page_classes *classes, struct wf_page_class *class,
			   uint32_t keep)
{
	while (class->empty_spans > keep)
		release_span(classes, class, class->empty.tail);
}

/* Give back one empty span of any class to the arena. Return: false if no class has one. */
static bool release_any(struct wf_page_classes *classes)
{
	for (int id = 0; id < WF_PAGE_CLASS_COUNT; id++) {
		struct wf_page_class *class = &classes->list[id];

		if (class->empty_spans) {
			release_span(classes, class, class->empty.tail);
			return true;
		}
	}
	return false;
}

/*
 * Return true if the limits of the classes allow one more span, without giving back an empty one
 * first.
 */
static bool may_grow(const struct wf_page_classes *classes)
{
	const struct wf_budget *budget = wf_arena_budget(classes->arena);

	return classes->spans < classes->max_spans &&
	       (!classes->spares_the_last ||
		wf_budget_left(budget) > budget->limit_bytes / WEFT_SHORT_PARTS);
}

bool wf_page_class_fetch(struct wf_page_classes *classes, struct wf_page_class *class)
{
	struct wf_span *span;

	/* If the limits allow no further span, first give back an empty span of another class. */
	if (!may_grow(classes) && !release_any(classes))
		return false;
	span = wf_arena_take(classes->arena, WF_SPAN_PAGES, 1);
	if (!span && release_any(classes))
		span = wf_arena_take(classes->arena, WF_SPAN_PAGES, 1);
	if (!span)
		return false;

	wf_span_cut(span, class->page_bytes, class->pages);
	span->class = (uint8_t)(class - classes->list);
	span->cut = class->cut;
	span->home = classes->home_index;
	wf_span_list_append(&class->partial, span);
	class->spans++;
	classes->spans++;
	add(class->metrics.spans, 1);
	add(class->metrics.free_pages, class->pages);
	return true;
}

bool wf_page_class_has_page(struct wf_page_class *class)
{
	struct wf_span *span = class->empty.head;

	if (class->partial.head)
		return true;
	if (!span)
		return false;
	wf_span_list_remove(&class->empty, span);
	class->empty_spans--;
	wf_span_list_append(&class->partial, span);
	return true;
}

/* ---- pages ---- */

struct wf_page *wf_page_class_take(struct wf_page_class *class, size_t bytes)
{
	struct wf_span *span = class->partial.head;
	struct wf_page *page = wf_span_pop(span);

	if (!span->free_pages)
		wf_span_list_remove(&class->partial, span);
	atomic_store_explicit(&page->word, 1, memory_order_relaxed);

	class->used_pages++;
	add(class->metrics.used_pages, 1);
	add(class->metrics.free_pages, -1ull);
	add(class->metrics.taken_pages, 1);
	add(class->metrics.unused_bytes, class->page_bytes - bytes);
	return page;
}

void wf_page_class_count_failure(struct wf_page_class *class)
{
	add(class->metrics.failed_pages, 1);
}

/* Put a page of a former page size. The span returns to the arena when all its pages are free. */
static void put_old(struct wf_page_classes *classes, struct wf_page_class *class,
		    struct wf_span *span)
{
	class->old_pages--;
	if (span->free_pages < span->pages)
		return;
	class->old_spans--;
	classes->spans--;
	add(class->metrics.spans, -1ull);
	wf_arena_put(classes->arena, span, 1);
}

void wf_page_class_put(struct wf_page_classes *classes, struct wf_page *page)
{
	struct wf_span *span = wf_page_span(page);
	struct wf_page_class *class = &classes->list[span->class];

	wf_span_push(span, page);
	add(class->metrics.used_pages, -1ull);
	if (wf_unlikely(span->cut != class->cut)) {
		put_old(classes, class, span);
		return;
	}
	class->used_pages--;
	add(class->metrics.free_pages, 1);

	if (span->free_pages == 1)
		wf_span_list_append(&class->partial, span);
	if (span->free_pages == span->pages) {
		wf_span_list_remove(&class->partial, span);
		wf_span_list_append(&class->empty, span);
		class->empty_spans++;
		wf_page_class_release(classes, class, class->ready_spans);
	}
}

void wf_page_class_recut(struct wf_page_classes *classes, struct wf_page_class *class,
			 uint32_t bytes)
{
	uint64_t free_pages;

	wf_page_class_release(classes, class, 0);
	free_pages = (uint64_t) class->spans * class->pages - class->used_pages;
	add(class->metrics.free_pages, -free_pages);
	while (class->partial.head)
		wf_span_list_remove(&class->partial, class->partial.head);
	class->old_spans += class->spans;
	class->old_pages += class->used_pages;
	class->spans = 0;
	class->used_pages = 0;
	class->cut++;
	set_size(class, bytes);
}

/* ---- following the traffic ---- */

/*
 * Return the largest page size that is smaller than that of @class; 0 if there is none. Requests
 * for at most this number of bytes go to a smaller class, unless that class can't get a page.
 */
static uint32_t next_smaller(const struct wf_page_classes *classes,
			     const struct wf_page_class *class)
{
	uint32_t largest = 0;

	for (int id = 0; id < WF_PAGE_CLASS_COUNT; id++) {
		uint32_t bytes = classes->list[id].page_bytes;

		if (bytes < class->page_bytes && bytes > largest)
			largest = bytes;
	}
	return largest;
}

/*
 * Set the number of empty spans that each class keeps. It depends on the traffic and is halved at
 * each higher pressure level.
 */
static void set_ready(struct wf_page_classes *classes, const struct wf_sizing *sizing,
		      uint32_t pressure_level)
{
	uint64_t spare = classes->spans / SPARE_PART + 1;

	if (spare > SPARE_SPANS_MAX)
		spare = SPARE_SPANS_MAX;
	spare >>= pressure_level;
	for (int id = 0; id < WF_PAGE_CLASS_COUNT; id++) {
		struct wf_page_class *class = &classes->list[id];

		class->ready_spans = wf_sizing_ready(sizing, next_smaller(classes, class),
						     class->page_bytes, (uint32_t)spare);
		wf_page_class_release(classes, class, class->ready_spans);
	}
}

/*
 * Give the tuned class the page size that saves most bytes with the present traffic. A change
 * temporarily needs additional spans, so the size is changed only if the new size saves at least
 * TUNE_PERCENT of all bytes more than the present one. Return: true if it was changed.
 */
static bool tune(struct wf_page_classes *classes, const struct wf_sizing *sizing)
{
	struct wf_page_class *tuned = &classes->list[WF_PAGE_TUNED];
	uint32_t sizes[WF_PAGE_SPAN + 1];
	uint32_t saved_percent;
	uint32_t saved_now;
	uint32_t best;

	for (int id = 0; id <= WF_PAGE_SPAN; id++)
		sizes[id] = classes->list[id].page_bytes;
	best = wf_sizing_best(sizing, sizes, WF_PAGE_SPAN + 1, WF_PAGE_BYTES_MIN, &saved_percent);
	saved_now = wf_sizing_saved_percent(sizing, sizes, WF_PAGE_SPAN + 1, tuned->page_bytes);
	if (best == tuned->page_bytes || saved_percent < saved_now + TUNE_PERCENT)
		return false;
	wf_page_class_recut(classes, tuned, best);
	return true;
}

bool wf_page_class_adapt(struct wf_page_classes *classes, const struct wf_sizing *sizing,
			 uint32_t pressure_level)
{
	bool is_recut = tune(classes, sizing);

	set_ready(classes, sizing, pressure_level);
	return is_recut;
}

/* ---- validity ---- */

static bool list_is_valid(const struct wf_span_list *list, const struct wf_page_class *class,
			  bool empty, uint64_t *free_pages, uint32_t *spans)
{
	const struct wf_span *prev = NULL;

	for (const struct wf_span *span = list->head; span; prev = span, span = span->next) {
		if (span->prev != prev || span->page_bytes != class->page_bytes)
			return false;
		if (!span->free_pages || (span->free_pages == span->pages) != empty)
			return false;
		*free_pages += span->free_pages;
		(*spans)++;
	}
	return list->tail == prev;
}

bool wf_page_class_is_valid(const struct wf_page_class *class)
{
	uint64_t free_pages = 0;
	uint32_t empty_spans = 0;
	uint32_t partial_spans = 0;

	if (!list_is_valid(&class->empty, class, true, &free_pages, &empty_spans) ||
	    !list_is_valid(&class->partial, class, false, &free_pages, &partial_spans))
		return false;
	return empty_spans == class->empty_spans &&
	       class->used_pages + free_pages == (uint64_t) class->spans * class->pages;
}
