// SPDX-License-Identifier: BSD-2-Clause
/*
 * page_pool.c - the pages of all size classes of one thread.
 *
 *   small | medium | large | whole span | tuned        classes: page_class.c
 *
 * A page is taken from the class with the smallest page size that holds it. The page size of the
 * tuned class is the one that saves most with the present traffic (sizing.h), so that 536-byte
 * segments, for example, do not take 1536 bytes each.
 *
 * When the worker itself takes or puts a page, usually only one span and a few counters change. A
 * page that another thread puts is pushed onto a stack in the pool's home (arena_internal.h). The
 * pool takes all pages of that stack back when a class has no free page or has reached its limit,
 * when it gives back empty spans, and in wf_page_pool_housekeep().
 *
 * Bound: the pool's max_spans and max_class_pages; each span is also charged to the arena's budget.
 * If a limit is reached, a free page of another class is used (counted in pages_borrowed_pages),
 * provided that it is large enough and not a whole span. Otherwise no page is taken (counted in
 * pages_refused_pages).
 */
#include "memory/page_pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "memory/arena_internal.h"
#include "memory/fault.h"
#include "memory/page_class.h"
#include "memory/rx_frames.h"
#include "metrics/metrics.h"

enum {
	/* minimum time between two adaptations to the traffic in wf_page_pool_housekeep() */
	HOUSEKEEP_NS = 250 * 1000 * 1000,
};

struct wf_page_pool {
	struct wf_arena *arena; /* borrowed */
	struct wf_home *home;	/* lives in the arena */
	struct wf_rx_frames frames;
	struct wf_page_classes classes;
	uint64_t max_class_pages;
	uint64_t idle_bytes; /* bytes of free pages last reported to the budget */
	uint64_t housekept_ns;
	struct wf_metrics *metrics; /* borrowed */
	bool keeps_spans;	    /* see struct wf_page_pool_opts */
	struct wf_sizing sizing;
};

/* The pool whose worker is the calling thread; NULL if there is none. */
static _Thread_local struct wf_page_pool *mine __attribute__((tls_model("initial-exec")));

/* ---- pages that other threads put ---- */

/* Return the pages that other threads put, which are on the home stack, to their classes. */
static void collect(struct wf_page_pool *pool)
{
	uint32_t id = wf_home_take_all(&pool->home->pages);
	uint64_t count = 0;

	for (; id != WF_PAGE_ID_NONE; count++) {
		struct wf_page *page = wf_arena_page(pool->arena, id);

		id = atomic_load_explicit(&page->word, memory_order_relaxed) & ~WF_PAGE_FREE;
		wf_page_class_put(&pool->classes, page);
	}
	if (count)
		wf_metric_add(pool->metrics, pages_remote_pages, count);
}

void wf_page_come_home(struct wf_page *page)
{
	struct wf_span *span = wf_page_span(page);
	struct wf_page_pool *pool = mine;
	struct wf_home *home = &span->arena->homes[span->home];
	bool is_frame = span->use == WF_SPAN_FRAMES;

	if (wf_likely(pool && pool->arena == span->arena)) {
		if (is_frame && pool->frames.made) {
			wf_rx_frames_put(&pool->frames, page);
			return;
		}
		if (!is_frame && span->home == pool->classes.home_index) {
			wf_page_class_put(&pool->classes, page);
			return;
		}
	}
	wf_home_push(is_frame ? &home->frames : &home->pages, page, page);
}

void wf_page_pool_adopt(struct wf_page_pool *pool)
{
	mine = pool;
}

/* ---- taking ---- */

static uint32_t pressure_level_of(const struct wf_page_pool *pool)
{
	return atomic_load_explicit(&pool->arena->pressure_level, memory_order_relaxed);
}

static void adapt(struct wf_page_pool *pool)
{
	if (!pool->keeps_spans &&
	    wf_page_class_adapt(&pool->classes, &pool->sizing, pressure_level_of(pool)))
		wf_metric_inc(pool->metrics, pages_recuts);
	wf_sizing_decay(&pool->sizing);
}

static uint32_t smallest_class(const struct wf_page_pool *pool, size_t bytes)
{
	const struct wf_page_class *tuned = &pool->classes.list[WF_PAGE_TUNED];
	uint32_t id = 0;

	bytes += !bytes; /* 0 becomes 1, because a class that is not in use has a page size of 0 */
	while (bytes > pool->classes.list[id].page_bytes)
		id++;
	if (bytes <= tuned->page_bytes && tuned->page_bytes < pool->classes.list[id].page_bytes)
		return WF_PAGE_TUNED;
	return id;
}

static bool is_at_limit(const struct wf_page_pool *pool, const struct wf_page_class *class)
{
	return pool->max_class_pages &&
	       class->used_pages + class->old_pages >= pool->max_class_pages;
}

/* Get free pages for @class, which has none. Return: false if no page is available. */
static bool refill(struct wf_page_pool *pool, struct wf_page_class *class)
{
	collect(pool);
	if (wf_page_class_has_page(class))
		return true;

	if (!wf_page_class_fetch(&pool->classes, class))
		return false;
	wf_metric_inc(pool->metrics, page_cache_misses);
	return true;
}

/*
 * Take a page for @bytes from a class other than @failed, which could not supply one, and other
 * than the class of whole spans. Return: NULL if no such class has a free page that is large enough
 * (counted).
 */
static struct wf_page *take_other(struct wf_page_pool *pool, const struct wf_page_class *failed,
				  size_t bytes)
{
	for (int id = 0; id < WF_PAGE_CLASS_COUNT; id++) {
		struct wf_page_class *class = &pool->classes.list[id];

		if (class == failed || bytes > class->page_bytes || id == WF_PAGE_SPAN)
			continue;
		if (!is_at_limit(pool, class) && wf_page_class_has_page(class)) {
			wf_metric_inc(pool->metrics, pages_borrowed_pages);
			return wf_page_class_take(class, bytes);
		}
	}
	wf_metric_inc(pool->metrics, pages_refused_pages);
	return NULL;
}

/* Take a page although @class has no free page or has reached its limit. */
static struct wf_page *take_slowly(struct wf_page_pool *pool, struct wf_page_class *class,
				   size_t bytes)
{
	struct wf_page *page = NULL;

	if (is_at_limit(pool, class))
		collect(pool);
	if (!is_at_limit(pool, class) && refill(pool, class))
		page = wf_page_class_take(class, bytes);
	if (!page) {
		wf_page_class_count_failure(class);
		page = take_other(pool, class, bytes);
	}
	if (page)
		wf_metric_inc(pool->metrics, pages_taken_pages);
	return page;
}

struct wf_page *wf_page_pool_take(struct wf_page_pool *pool, size_t bytes)
{
	struct wf_page_class *class;

	if (wf_unlikely(bytes > WEFT_SPAN_BYTES || wf_fault_hit())) {
		wf_metric_inc(pool->metrics, pages_refused_pages);
		return NULL;
	}
	if (!bytes)
		bytes = 1;

	if (wf_unlikely(wf_sizing_note(&pool->sizing, (uint32_t)bytes)))
		adapt(pool);
	class = &pool->classes.list[smallest_class(pool, bytes)];
	if (wf_unlikely(is_at_limit(pool, class) || !wf_page_class_has_page(class)))
		return take_slowly(pool, class, bytes);

	wf_metric_inc(pool->metrics, page_cache_hits);
	wf_metric_inc(pool->metrics, pages_taken_pages);
	return wf_page_class_take(class, bytes);
}

bool wf_page_pool_is_short(const struct wf_page_pool *pool, uint32_t parts)
{
	const struct wf_budget *budget = wf_arena_budget(pool->arena);

	return wf_budget_left(budget) < (budget->limit_bytes - wf_budget_fixed(budget)) / parts;
}

struct wf_page *wf_page_pool_take_incoming(struct wf_page_pool *pool, size_t bytes)
{
	struct wf_page *page;

	pool->classes.spares_the_last = true;
	page = wf_page_pool_take(pool, bytes);
	pool->classes.spares_the_last = false;
	return page;
}

size_t wf_page_pool_advise(const struct wf_page_pool *pool, size_t need_bytes, size_t wanted_bytes)
{
	uint32_t pressure_level = pressure_level_of(pool);
	size_t bytes = need_bytes;

	if (wanted_bytes > WEFT_SPAN_BYTES)
		wanted_bytes = WEFT_SPAN_BYTES;
	if (wanted_bytes > need_bytes && pressure_level < WF_ARENA_PRESSURE_MAX)
		bytes += (wanted_bytes - need_bytes) >> pressure_level;
	if (bytes > WEFT_SPAN_BYTES)
		return bytes;
	return pool->classes.list[smallest_class(pool, bytes)].page_bytes;
}

size_t wf_page_pool_medium_bytes(const struct wf_page_pool *pool)
{
	return pool->classes.list[WF_PAGE_MEDIUM].page_bytes;
}

size_t wf_page_pool_large_bytes(const struct wf_page_pool *pool)
{
	return pool->classes.list[WF_PAGE_LARGE].page_bytes;
}

/* ---- rx frames ---- */

uint32_t wf_page_pool_take_frames(struct wf_page_pool *pool, uint64_t *ret_offs, uint32_t max)
{
	return wf_rx_frames_take(&pool->frames, ret_offs, max);
}

bool wf_page_pool_may_keep_frame(const struct wf_page_pool *pool)
{
	return wf_rx_frames_may_keep(&pool->frames);
}

bool wf_page_pool_has_frames_in_plenty(const struct wf_page_pool *pool)
{
	return wf_rx_frames_are_plenty(&pool->frames);
}

/* ---- housekeeping ---- */

/*
 * Keep 1/@divisor of each class's empty spans and give back the others; 0: keep none. Return:
 * the number of spans given back.
 */
static uint32_t give_back(struct wf_page_pool *pool, uint32_t divisor)
{
	uint64_t before;

	collect(pool);
	before = pool->classes.spans;
	for (int id = 0; id < WF_PAGE_CLASS_COUNT; id++) {
		struct wf_page_class *class = &pool->classes.list[id];

		wf_page_class_release(&pool->classes, class,
				      divisor ? class->empty_spans / divisor : 0);
	}
	return (uint32_t)(before - pool->classes.spans);
}

uint32_t wf_page_pool_shrink(struct wf_page_pool *pool)
{
	return pool->keeps_spans ? 0 : give_back(pool, 0);
}

uint32_t wf_page_pool_halve(struct wf_page_pool *pool)
{
	return pool->keeps_spans ? 0 : give_back(pool, 2);
}

/* Report to the budget how many bytes of the pool's spans are free. */
static void report_idle(struct wf_page_pool *pool, uint64_t bytes)
{
	atomic_fetch_add_explicit(&pool->arena->budget.idle_page_bytes, bytes - pool->idle_bytes,
				  memory_order_relaxed);
	pool->idle_bytes = bytes;
}

static uint64_t free_bytes(const struct wf_page_pool *pool)
{
	uint64_t bytes = 0;

	for (int id = 0; id < WF_PAGE_CLASS_COUNT; id++) {
		const struct wf_page_class *class = &pool->classes.list[id];
		uint64_t pages = (uint64_t) class->spans * class->pages - class->used_pages;

		bytes += pages * class->page_bytes;
	}
	return bytes;
}

void wf_page_pool_housekeep(struct wf_page_pool *pool, uint64_t now_ns)
{
	collect(pool);
	report_idle(pool, free_bytes(pool));
	if (now_ns - pool->housekept_ns < HOUSEKEEP_NS)
		return;
	pool->housekept_ns = now_ns;
	adapt(pool);
}

uint64_t wf_page_pool_taken(const struct wf_page_pool *pool)
{
	uint64_t taken = 0;

	for (int id = 0; id < WF_PAGE_CLASS_COUNT; id++)
		taken += pool->classes.list[id].used_pages + pool->classes.list[id].old_pages;
	return taken;
}

/* ---- creation ---- */

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

static bool opts_make_sense(const struct wf_page_pool_opts *opts)
{
	if (opts->medium_bytes < WF_PAGE_BYTES_MIN || opts->medium_bytes > WEFT_SPAN_BYTES / 2)
		return false;
	if (!opts->small_bytes && !opts->large_bytes)
		return true;
	return opts->small_bytes >= WF_PAGE_BYTES_MIN && opts->small_bytes < opts->medium_bytes &&
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
	struct wf_page_class *list = pool->classes.list;

	wf_page_class_init(&list[WF_PAGE_SMALL], opts->small_bytes, CLASS_METRICS(metrics, small));
	wf_page_class_init(&list[WF_PAGE_MEDIUM], opts->medium_bytes,
			   CLASS_METRICS(metrics, medium));
	wf_page_class_init(&list[WF_PAGE_LARGE], opts->large_bytes, CLASS_METRICS(metrics, large));
	wf_page_class_init(&list[WF_PAGE_SPAN], WEFT_SPAN_BYTES, CLASS_METRICS(metrics, span));
	wf_page_class_init(&list[WF_PAGE_TUNED], 0, CLASS_METRICS(metrics, tuned));
	for (int id = 0; opts->keeps_spans && id < WF_PAGE_CLASS_COUNT; id++)
		list[id].ready_spans = UINT32_MAX;
	pool->keeps_spans = opts->keeps_spans;
	pool->max_class_pages = opts->max_class_pages;
	pool->classes.arena = pool->arena;
	pool->classes.max_spans = opts->max_bytes ? opts->max_bytes >> WF_SPAN_SHIFT : UINT64_MAX;
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
	pool->home = claim_home(arena, &pool->classes.home_index);
	if (!pool->home) {
		err = -ENOBUFS;
		goto release_budget;
	}
	pool->frames = (struct wf_rx_frames){
		.arena = arena,
		.home = pool->home,
		.home_index = pool->classes.home_index,
		.metrics = metrics,
	};
	err = wf_rx_frames_make(&pool->frames, opts->frame_bytes, opts->frames,
				opts->frames_reserve);
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

	if (mine == pool)
		mine = NULL;
	give_back(pool, 0);
	report_idle(pool, 0);
	wf_rx_frames_drop(&pool->frames);
	taken = wf_page_pool_taken(pool);
	/*
	 * A page that was not put is a bug of the code that holds it. The page's span and the
	 * pool's home are then never reused, so that a later put does no harm.
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

bool wf_page_pool_is_valid(const struct wf_page_pool *pool)
{
	uint64_t spans = 0;

	for (int id = 0; id < WF_PAGE_CLASS_COUNT; id++) {
		spans += pool->classes.list[id].spans + pool->classes.list[id].old_spans;
		if (!wf_page_class_is_valid(&pool->classes.list[id]))
			return false;
	}
	return spans == pool->classes.spans;
}
