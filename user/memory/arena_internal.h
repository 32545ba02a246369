/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena_internal.h - the arena's body, for pages, pools and slabs.
 */
#ifndef WF_MEMORY_ARENA_INTERNAL_H
#define WF_MEMORY_ARENA_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "memory/arena.h"
#include "memory/budget.h"
#include "memory/span_internal.h"

enum { WF_ARENA_HOMES = 2 * WEFT_WORKERS_MAX };

#define WF_HOME_NONE UINT32_MAX

/*
 * Where pages of one pool wait that another thread put: two stacks, linked by
 * page ids through the pages' words. Anyone pushes, whoever takes takes all,
 * so no link can change under a reader (no ABA). Lives in the arena, so that a
 * late put never meets a freed pool.
 */
struct wf_home {
	_Alignas(WF_CACHE_LINE) _Atomic uint32_t pages;	 /* taken by the pool */
	_Alignas(WF_CACHE_LINE) _Atomic uint32_t frames; /* taken by any pool that runs short */
	_Alignas(WF_CACHE_LINE) _Atomic bool claimed;	 /* by a pool */
};

struct wf_arena {
	uint8_t *base;	      /* data; 2 MiB aligned */
	uint8_t *blocks;      /* one block a span, then the two bitmaps */
	uint64_t map_bytes;   /* mapped at base */
	uint64_t table_bytes; /* mapped at blocks */
	int fd;		      /* memfd behind base */
	bool is_pinned;
	uint32_t spans; /* in use as data; fewer than mapped after wf_arena_pin() */
	uint32_t words; /* of each bitmap */
	uint32_t part_words[WF_ARENA_PARTS_MAX]; /* where each part begins in them */
	_Atomic uint64_t *warm;			 /* free, with memory: used first */
	_Atomic uint64_t *cold;			 /* free, without memory */

	_Alignas(WF_CACHE_LINE) _Atomic bool keeps_memory; /* the kernel may hold it: never punch */
	_Atomic uint32_t punching;			   /* threads that may be punching now */
	_Atomic uint32_t squeeze;			   /* 0..3, see wf_arena_set_squeeze() */
	_Atomic uint32_t frame_bytes;			   /* of all rx frames; 0: none yet */

	_Alignas(WF_CACHE_LINE) _Atomic uint64_t used_spans;
	_Atomic uint64_t trimmed_spans;
	_Atomic uint32_t frame_pools; /* that have frames */
	struct wf_span *_Atomic frame_spans;

	struct wf_budget budget;
	struct wf_home homes[WF_ARENA_HOMES];
};

enum { WF_HUGE_BYTES = 2 << 20 };

/* Map @fd at an address that huge pages can begin at. Return: 0; -ENOMEM. */
int wf_arena_map_aligned(int fd, uint64_t bytes, uint8_t **ret_base);

/* @count adjacent free spans for @use. Return: first span; NULL: there are none. */
struct wf_span *wf_arena_take(struct wf_arena *arena, enum wf_span_use use, uint32_t count);
void wf_arena_put(struct wf_arena *arena, struct wf_span *span, uint32_t count);

/*
 * From now on no hole is punched. Rx frames mean that the kernel gets to know the
 * arena: even if nobody called wf_arena_pin(), its view must stay ours.
 */
void wf_arena_keep_memory(struct wf_arena *arena);

static inline struct wf_span *wf_arena_span(const struct wf_arena *arena, uint32_t index)
{
	return (struct wf_span *)(arena->blocks + (uint64_t)index * WF_SPAN_BLOCK_BYTES);
}

static inline struct wf_page *wf_arena_page(const struct wf_arena *arena, uint32_t id)
{
	return wf_span_page(wf_arena_span(arena, id >> WF_PAGE_INDEX_BITS),
			    id & WF_PAGE_INDEX_MASK);
}

/* Push the chain @first ... @last, linked by ids, onto @stack. Thread: any. */
static inline void wf_home_push(_Atomic uint32_t *stack, struct wf_page *first,
				struct wf_page *last)
{
	uint32_t head = atomic_load_explicit(stack, memory_order_relaxed);

	do {
		atomic_store_explicit(&last->word, WF_PAGE_FREE | head, memory_order_relaxed);
		/* Pairs with the acquire in wf_home_take_all(): links and bytes before the head. */
	} while (!atomic_compare_exchange_weak_explicit(
		stack, &head, wf_page_id(first), memory_order_release, memory_order_relaxed));
}

/* Return: id of the first of all that was pushed, or WF_PAGE_ID_NONE. */
static inline uint32_t wf_home_take_all(_Atomic uint32_t *stack)
{
	if (atomic_load_explicit(stack, memory_order_relaxed) == WF_PAGE_ID_NONE)
		return WF_PAGE_ID_NONE;
	/* Pairs with the release in wf_home_push(). */
	return atomic_exchange_explicit(stack, WF_PAGE_ID_NONE, memory_order_acquire);
}

#endif
