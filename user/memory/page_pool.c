// SPDX-License-Identifier: BSD-2-Clause
/*
 * page_pool.c - one worker's pages of every class.
 *
 *   class:   partial spans  ◄─► full spans (in no list)      a page: taken from the first
 *                │  ▲                                         partial span, put to its own
 *                ▼  │
 *            empty spans ──(more than ready)──► arena          ready: sizing.h, 1 at least
 *                                                               while there is traffic
 *
 * The worker's own takes and puts change one span and a few counters. Pages
 * that another thread put wait at the pool's home (arena_internal.h) and are
 * brought back when a class runs out, or by wf_page_pool_tend().
 *
 * Bound: max_spans and max_class_pages of its own; each span is charged to the
 * arena's budget. Reaching one: the next larger class with a free page serves
 * (pages_borrowed_pages), else NULL (pages_refused_pages).
 *
 * Invariant, per class: used + free == spans * pages; empty_spans counts the
 * empty list; every span with free and taken pages is in partial.
 */
#include "memory/page_pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "memory/arena_internal.h"
#include "memory/fault.h"
#include "memory/page.h"
#include "memory/page_pool_internal.h"
#include "metrics/metrics.h"

enum {
	PAGE_ALIGN_BYTES = 64,
	PAGE_BYTES_MIN = 128, /* smaller ones would leave part of a span unused */
	SPARE_PART = 8,	      /* of the spans in use, one in so many may be spare */
	SPARE_SPANS_MAX = 64,
	TEND_NS = 250 * 1000 * 1000, /* between two decays of the histogram */
};

_Thread_local struct wf_page_pool *wf_page_pool_mine __attribute__((tls_model("initial-exec")));

static void add(_Atomic uint64_t *metric, uint64_t amount)
{
	uint64_t value = atomic_load_explicit(metric, memory_order_relaxed);

	atomic_store_explicit(metric, value + amount, memory_order_relaxed);
}

/* ---- spans of a class ---- */

static uint32_t smallest_class(const struct wf_page_pool *pool, size_t bytes)
{
	uint32_t id = 0;

	while (bytes > pool->classes[id].page_bytes)
		id++;
	return id;
}

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

static void release_beyond(struct wf_page_pool *pool, struct wf_page_class *class, uint32_t keep)
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

static void adopt_span(struct wf_page_pool *pool, struct wf_page_class *class, struct wf_span *span)
{
	wf_span_cut(span, class->page_bytes, class->pages);
	span->class = (uint8_t)(class - pool->classes);
	span->home = pool->home_index;
	wf_span_list_append(&class->partial, span);
	class->spans++;
	pool->spans++;
	add(class->metrics.spans, 1);
	add(class->metrics.free_pages, class->pages);
}

static bool fetch_span(struct wf_page_pool *pool, struct wf_page_class *class)
{
	struct wf_span *span;

	/* What another class keeps ready is ours before anybody else's. */
	if (pool->spans >= pool->max_spans && !release_any(pool))
		return false;
	span = wf_arena_take(pool->arena, WF_SPAN_PAGES, 1);
	if (!span && release_any(pool))
		span = wf_arena_take(pool->arena, WF_SPAN_PAGES, 1);
	if (!span)
		return false;
	adopt_span(pool, class, span);
	return true;
}

/* Make an empty span that is kept ready the one to take from. */
static bool use_ready_span(struct wf_page_class *class)
{
	struct wf_span *span = class->empty.head;

	if (!span)
		return false;
	wf_span_list_remove(&class->empty, span);
	class->empty_spans--;
	wf_span_list_append(&class->partial, span);
	return true;
}

/* ---- coming home ---- */

static void put_own(struct wf_page_pool *pool, struct wf_span *span, struct wf_page *page)
{
	struct wf_page_class *class = &pool->classes[span->class];

	wf_span_push(span, page);
	class->used_pages--;
	add(class->metrics.used_pages, -1ull);
	add(class->metrics.free_pages, 1);

	if (span->free_pages == 1)
		wf_span_list_append(&class->partial, span);
	if (span->free_pages == span->pages) {
		wf_span_list_remove(&class->partial, span);
		wf_span_list_append(&class->empty, span);
		class->empty_spans++;
		release_beyond(pool, class, class->ready_spans);
	}
}

/* Bring home what other threads put. */
static void collect(struct wf_page_pool *pool)
{
	uint32_t id = wf_home_take_all(&pool->home->pages);
	uint64_t count = 0;

	for (; id != WF_PAGE_ID_NONE; count++) {
		struct wf_page *page = wf_arena_page(pool->arena, id);

		id = atomic_load_explicit(&page->word, memory_order_relaxed) & ~WF_PAGE_FREE;
		put_own(pool, wf_page_span(page), page);
	}
	if (count)
		wf_metric_add(pool->metrics, pages_remote_pages, count);
}

void wf_page_come_home(struct wf_page *page)
{
	struct wf_span *span = wf_page_span(page);
	struct wf_page_pool *pool = wf_page_pool_mine;
	struct wf_home *home = &span->arena->homes[span->home];
	bool is_frame = span->use == WF_SPAN_FRAMES;

	if (wf_likely(pool && pool->arena == span->arena)) {
		if (is_frame && pool->frames) {
			wf_page_pool_put_frame(pool, page);
			return;
		}
		if (!is_frame && span->home == pool->home_index) {
			put_own(pool, span, page);
			return;
		}
	}
	wf_home_push(is_frame ? &home->frames : &home->pages, page, page);
}

void wf_page_pool_adopt(struct wf_page_pool *pool)
{
	wf_page_pool_mine = pool;
}

/* ---- taking ---- */

/* The class has no partial span: get one. Return: false: there is none to be had. */
static bool refill(struct wf_page_pool *pool, struct wf_page_class *class)
{
	if (use_ready_span(class))
		return true;
	collect(pool);
	if (class->partial.head || use_ready_span(class))
		return true;

	wf_metric_inc(pool->metrics, page_cache_misses);
	return fetch_span(pool, class);
}

static struct wf_page *take_from(struct wf_page_pool *pool, struct wf_page_class *class,
				 size_t bytes)
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
	wf_metric_inc(pool->metrics, pages_taken_pages);
	return page;
}

static bool is_at_limit(const struct wf_page_pool *pool, const struct wf_page_class *class)
{
	return pool->max_class_pages && class->used_pages >= pool->max_class_pages;
}

/* No page of class @id is to be had: is one of a larger class lying about? */
static struct wf_page *take_larger(struct wf_page_pool *pool, uint32_t id, size_t bytes)
{
	for (id++; id < WF_PAGE_SPAN; id++) {
		struct wf_page_class *class = &pool->classes[id];

		if (is_at_limit(pool, class))
			continue;
		if (class->partial.head || use_ready_span(class)) {
			wf_metric_inc(pool->metrics, pages_borrowed_pages);
			return take_from(pool, class, bytes);
		}
	}
	wf_metric_inc(pool->metrics, pages_refused_pages);
	return NULL;
}

struct wf_page *wf_page_pool_take(struct wf_page_pool *pool, size_t bytes)
{
	struct wf_page_class *class;
	uint32_t id;

	if (wf_unlikely(bytes > WEFT_SPAN_BYTES || wf_fault_hit())) {
		wf_metric_inc(pool->metrics, pages_refused_pages);
		return NULL;
	}
	if (!bytes)
		bytes = 1;

	id = smallest_class(pool, bytes);
	class = &pool->classes[id];
	wf_sizing_note(&pool->sizing, (uint32_t)bytes);
	if (wf_unlikely(is_at_limit(pool, class)))
		collect(pool);
	if (wf_likely(!is_at_limit(pool, class))) {
		if (wf_likely(class->partial.head != NULL)) {
			wf_metric_inc(pool->metrics, page_cache_hits);
			return take_from(pool, class, bytes);
		}
		if (refill(pool, class))
			return take_from(pool, class, bytes);
	}
	add(class->metrics.failed_pages, 1);
	return take_larger(pool, id, bytes);
}

int wf_page_pool_resize(struct wf_page_pool *pool, struct wf_page **page, uint64_t keep_bytes,
			uint64_t bytes)
{
	struct wf_page *old = *page;
	struct wf_page *new;

	if (keep_bytes > wf_page_capacity(old) || keep_bytes > bytes || bytes > WEFT_SPAN_BYTES)
		return -ERANGE;
	if (bytes <= wf_page_capacity(old) && !wf_page_is_frame(old) &&
	    wf_page_capacity(old) <= pool->classes[smallest_class(pool, bytes)].page_bytes)
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

size_t wf_page_pool_advise(const struct wf_page_pool *pool, size_t need_bytes, size_t hope_bytes)
{
	uint32_t squeeze = atomic_load_explicit(&pool->arena->squeeze, memory_order_relaxed);
	size_t bytes = need_bytes;

	if (hope_bytes > WEFT_SPAN_BYTES)
		hope_bytes = WEFT_SPAN_BYTES;
	if (hope_bytes > need_bytes && squeeze < WF_SQUEEZE_MAX)
		bytes += (hope_bytes - need_bytes) >> squeeze;
	if (bytes > WEFT_SPAN_BYTES)
		return bytes;
	return pool->classes[smallest_class(pool, bytes)].page_bytes;
}

/* ---- upkeep ---- */

void wf_page_pool_shrink(struct wf_page_pool *pool)
{
	collect(pool);
	for (int id = 0; id < WF_PAGE_CLASS_COUNT; id++)
		release_beyond(pool, &pool->classes[id], 0);
}

/* How many spans each class keeps ready: by the traffic, halved at each squeeze. */
static void set_ready(struct wf_page_pool *pool)
{
	uint32_t squeeze = atomic_load_explicit(&pool->arena->squeeze, memory_order_relaxed);
	uint64_t spare = pool->spans / SPARE_PART + 1;
	uint32_t above = 0;

	if (spare > SPARE_SPANS_MAX)
		spare = SPARE_SPANS_MAX;
	spare >>= squeeze;
	for (int id = 0; id < WF_PAGE_CLASS_COUNT; id++) {
		struct wf_page_class *class = &pool->classes[id];

		if (!class->page_bytes)
			continue;
		class->ready_spans =
			wf_sizing_ready(&pool->sizing, above, class->page_bytes, (uint32_t)spare);
		above = class->page_bytes;
		release_beyond(pool, class, class->ready_spans);
	}
}

void wf_page_pool_tend(struct wf_page_pool *pool, uint64_t now_ns)
{
	collect(pool);
	if (now_ns - pool->tended_ns < TEND_NS)
		return;
	pool->tended_ns = now_ns;
	wf_sizing_decay(&pool->sizing);
	set_ready(pool);
}

uint64_t wf_page_pool_taken(const struct wf_page_pool *pool)
{
	uint64_t taken = 0;

	for (int id = 0; id < WF_PAGE_CLASS_COUNT; id++)
		taken += pool->classes[id].used_pages;
	return taken;
}

/* ---- making it ---- */

#define CLASS_METRICS(metrics, name)                                     \
	(struct wf_page_class_metrics)                                   \
	{                                                                \
		.spans = &(metrics)->pages_##name##_spans,               \
		.free_pages = &(metrics)->pages_##name##_free_pages,     \
		.used_pages = &(metrics)->pages_##name##_used_pages,     \
		.taken_pages = &(metrics)->pages_##name##_taken_pages,   \
		.failed_pages = &(metrics)->pages_##name##_failed_pages, \
		.unused_bytes = &(metrics)->pages_##name##_unused_bytes, \
	}

static void class_init(struct wf_page_class *class, uint32_t bytes,
		       struct wf_page_class_metrics metrics)
{
	class->metrics = metrics;
	if (!bytes)
		return;
	class->page_bytes = (bytes + PAGE_ALIGN_BYTES - 1) & ~(uint32_t)(PAGE_ALIGN_BYTES - 1);
	class->pages = WEFT_SPAN_BYTES / class->page_bytes;
	if (class->pages > WF_SPAN_PAGES_MAX)
		class->pages = WF_SPAN_PAGES_MAX;
	class->ready_spans = 1;
}

static bool opts_make_sense(const struct wf_page_pool_opts *opts)
{
	if (opts->medium_bytes < PAGE_BYTES_MIN || opts->medium_bytes > WEFT_SPAN_BYTES / 2)
		return false;
	if (opts->fixed)
		return true;
	return opts->small_bytes >= PAGE_BYTES_MIN && opts->small_bytes < opts->medium_bytes &&
	       opts->medium_bytes < opts->large_bytes && opts->large_bytes <= WEFT_SPAN_BYTES / 2;
}

static struct wf_home *claim_home(struct wf_arena *arena, uint32_t *ret_index)
{
	for (uint32_t index = 0; index < WF_ARENA_HOMES; index++) {
		bool claimed = false;

		if (atomic_compare_exchange_strong(&arena->homes[index].claimed, &claimed, true)) {
			*ret_index = index;
			return &arena->homes[index];
		}
	}
	return NULL;
}

static void init_classes(struct wf_page_pool *pool, const struct wf_page_pool_opts *opts)
{
	struct wf_metrics *metrics = pool->metrics;

	class_init(&pool->classes[WF_PAGE_SMALL], opts->fixed ? 0 : opts->small_bytes,
		   CLASS_METRICS(metrics, small));
	class_init(&pool->classes[WF_PAGE_MEDIUM], opts->medium_bytes,
		   CLASS_METRICS(metrics, medium));
	class_init(&pool->classes[WF_PAGE_LARGE], opts->fixed ? 0 : opts->large_bytes,
		   CLASS_METRICS(metrics, large));
	class_init(&pool->classes[WF_PAGE_SPAN], WEFT_SPAN_BYTES, CLASS_METRICS(metrics, span));
	pool->max_spans = opts->max_bytes ? opts->max_bytes >> WF_SPAN_SHIFT : UINT64_MAX;
	pool->max_class_pages = opts->max_class_pages;
}

int wf_page_pool_new(struct wf_arena *arena, const struct wf_page_pool_opts *opts,
		     struct wf_metrics *metrics, struct wf_page_pool **ret_pool)
{
	struct wf_page_pool *pool;
	int err;

	if (!opts_make_sense(opts))
		return -EINVAL;
	pool = aligned_alloc(WF_CACHE_LINE,
			     (sizeof(*pool) + WF_CACHE_LINE - 1) / WF_CACHE_LINE * WF_CACHE_LINE);
	if (!pool)
		return -ENOMEM;

	memset(pool, 0, sizeof(*pool));
	pool->arena = arena;
	pool->metrics = metrics;
	init_classes(pool, opts);
	err = wf_budget_reserve(&arena->budget, WF_BUDGET_TABLES, sizeof(*pool));
	if (err)
		goto free_pool;
	pool->home = claim_home(arena, &pool->home_index);
	if (!pool->home) {
		err = -ENOBUFS;
		goto release_budget;
	}
	err = wf_page_pool_make_frames(pool, opts);
	if (err)
		goto give_home;

	*ret_pool = pool;
	return 0;

give_home:
	atomic_store(&pool->home->claimed, false);
release_budget:
	wf_budget_release(&arena->budget, WF_BUDGET_TABLES, sizeof(*pool));
free_pool:
	free(pool);
	return err;
}

void wf_page_pool_free(struct wf_page_pool *pool)
{
	uint64_t taken;

	if (!pool)
		return;

	if (wf_page_pool_mine == pool)
		wf_page_pool_mine = NULL;
	wf_page_pool_shrink(pool);
	wf_page_pool_drop_frames(pool);
	taken = wf_page_pool_taken(pool);
	/*
	 * A page still held is a bug of its holder. Its span and its home are then
	 * never used again, so that a late put does no harm.
	 */
	if (taken)
		wf_error("memory: page pool: %llu pages were never put back",
			 (unsigned long long)taken);
	else
		atomic_store(&pool->home->claimed, false);
	wf_budget_release(&pool->arena->budget, WF_BUDGET_TABLES, sizeof(*pool));
	free(pool);
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

static bool class_is_valid(const struct wf_page_class *class)
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

bool wf_page_pool_is_valid(const struct wf_page_pool *pool)
{
	uint64_t spans = 0;

	for (int id = 0; id < WF_PAGE_CLASS_COUNT; id++) {
		spans += pool->classes[id].spans;
		if (!class_is_valid(&pool->classes[id]))
			return false;
	}
	return spans == pool->spans;
}
