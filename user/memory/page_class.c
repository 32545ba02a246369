// SPDX-License-Identifier: BSD-2-Clause
/*
 * page_class.c - spans of pages of one size, in one worker's pool.
 *
 *   partial spans  ◄─► full spans (in no list)      a page: taken from the first
 *       │  ▲                                         partial span, put to its own
 *       ▼  │
 *   empty spans ──(more than ready)──► arena
 *
 * A span that was full and gets a page back joins at the end, so that the first
 * ones fill up and the last ones have time to become empty.
 *
 * Invariant: used + free == spans * pages, for the spans of this cut; every one
 * of them with free and taken pages is in partial, every one without taken pages
 * in empty.
 */
#include "memory/arena_internal.h"
#include "memory/page_pool_internal.h"

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

static void release_span(struct wf_page_pool *pool, struct wf_page_class *class,
			 struct wf_span *span)
{
	wf_span_list_remove(&class->empty, span);
	class->empty_spans--;
	class->spans--;
	pool->spans--;
	add(class->metrics.spans, -1ull);
	add(class->metrics.free_pages, -(uint64_t) class->pages);
	wf_arena_put(pool->arena, span, 1);
}

void wf_page_class_release(struct wf_page_pool *pool, struct wf_page_class *class, uint32_t keep)
{
	while (class->empty_spans > keep)
		release_span(pool, class, class->empty.tail);
}

/* Give back one span that any class keeps ready. Return: false: there is none. */
static bool release_any(struct wf_page_pool *pool)
{
	for (int id = 0; id < WF_PAGE_CLASS_COUNT; id++) {
		struct wf_page_class *class = &pool->classes[id];

		if (class->empty_spans) {
			release_span(pool, class, class->empty.tail);
			return true;
		}
	}
	return false;
}

/* May the pool take one more span, besides what it keeps ready? */
static bool may_grow(const struct wf_page_pool *pool)
{
	const struct wf_budget *budget = wf_arena_budget(pool->arena);

	return pool->spans < pool->max_spans &&
	       (!pool->takes_incoming ||
		wf_budget_left(budget) > budget->limit_bytes / WEFT_SHORT_PARTS);
}

bool wf_page_class_fetch(struct wf_page_pool *pool, struct wf_page_class *class)
{
	struct wf_span *span;

	/* What another class keeps ready is ours before anybody else's. */
	if (!may_grow(pool) && !release_any(pool))
		return false;
	span = wf_arena_take(pool->arena, WF_SPAN_PAGES, 1);
	if (!span && release_any(pool))
		span = wf_arena_take(pool->arena, WF_SPAN_PAGES, 1);
	if (!span)
		return false;

	wf_span_cut(span, class->page_bytes, class->pages);
	span->class = (uint8_t)(class - pool->classes);
	span->cut = class->cut;
	span->home = pool->home_index;
	wf_span_list_append(&class->partial, span);
	class->spans++;
	pool->spans++;
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

/* A page of a former cut: its span only waits for the others. */
static void put_old(struct wf_page_pool *pool, struct wf_page_class *class, struct wf_span *span)
{
	class->old_pages--;
	if (span->free_pages < span->pages)
		return;
	class->old_spans--;
	pool->spans--;
	add(class->metrics.spans, -1ull);
	wf_arena_put(pool->arena, span, 1);
}

void wf_page_class_put(struct wf_page_pool *pool, struct wf_page *page)
{
	struct wf_span *span = wf_page_span(page);
	struct wf_page_class *class = &pool->classes[span->class];

	wf_span_push(span, page);
	add(class->metrics.used_pages, -1ull);
	if (wf_unlikely(span->cut != class->cut)) {
		put_old(pool, class, span);
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
		wf_page_class_release(pool, class, class->ready_spans);
	}
}

void wf_page_class_recut(struct wf_page_pool *pool, struct wf_page_class *class, uint32_t bytes)
{
	uint64_t free_pages;

	wf_page_class_release(pool, class, 0);
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
