/* SPDX-License-Identifier: BSD-2-Clause */
/* arena_internal.h - the body of struct wf_arena, for pages, pools and slabs. */
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
 * The home of one pool: a stack of its pages whose last reference another thread put, and a stack
 * of rx frames that other threads put or that the pool does not need. The word of each page holds
 * the id of the next page. Any thread may push a page. A thread never takes a single page, but
 * always the whole stack, so there is no ABA problem. A home belongs to struct wf_arena, so that a
 * page may be put after its pool was freed.
 */
struct wf_home {
	/* stack of pages; only the home's pool takes them */
	_Alignas(WF_CACHE_LINE) _Atomic uint32_t pages;
	/* stack of rx frames; any pool that lacks frames takes them */
	_Alignas(WF_CACHE_LINE) _Atomic uint32_t frames;
	/* a pool uses this home, or used it and was freed before all its pages were put */
	_Alignas(WF_CACHE_LINE) _Atomic bool claimed;
};

struct wf_arena {
	uint8_t *base;	      /* data area, 2 MiB aligned */
	uint8_t *blocks;      /* one block for each span, then the two bitmaps */
	uint64_t map_bytes;   /* bytes mapped at base */
	uint64_t table_bytes; /* bytes mapped at blocks */
	int fd;		      /* memfd that is mapped at base */
	bool is_pinned;	      /* wf_arena_pin() was called */
	uint32_t spans; /* number of spans of the data area, which wf_arena_pin() may reduce */
	uint32_t words; /* number of 64-bit words in each bitmap */
	uint32_t part_words[WF_ARENA_PARTS_MAX]; /* first bitmap word of each part */
	_Atomic uint64_t *warm; /* bitmap of free spans with memory, which are taken first */
	_Atomic uint64_t *cold; /* bitmap of free spans without memory */

	/*
	 * no hole is punched any more: the kernel may use the arena as UMEM, or the arena is sealed
	 */
	_Alignas(WF_CACHE_LINE) _Atomic bool keeps_memory;
	_Atomic uint32_t punching;	 /* number of threads in wf_arena_trim() */
	_Atomic uint32_t pressure_level; /* 0..3, see wf_arena_set_pressure_level() */
	_Atomic uint32_t frame_bytes;	 /* size of every rx frame; 0: no pool has frames */

	_Alignas(WF_CACHE_LINE) _Atomic uint64_t used_spans;
	_Atomic uint64_t trimmed_spans;
	_Atomic uint32_t frame_pools;	     /* number of pools that have rx frames */
	struct wf_span *_Atomic frame_spans; /* list of all spans that hold rx frames */

	struct wf_budget budget;
	struct wf_home homes[WF_ARENA_HOMES];
};

enum { WF_HUGE_BYTES = 2 << 20 };

/*
 * Make a memfd that wf_arena_share() can seal, with read permission only (mode 0444). @flags:
 * further flags of memfd_create(). Return: the descriptor; negative errno.
 */
int wf_arena_memfd(const char *name, unsigned int flags);

/* Map @fd at an address aligned for huge pages. Return: 0; -ENOMEM. */
int wf_arena_map_aligned(int fd, uint64_t bytes, uint8_t **ret_base);

/*
 * Take @count adjacent free spans for @use. Return: the first span; NULL if there are none, or
 * if the limit is reached.
 */
struct wf_span *wf_arena_take(struct wf_arena *arena, enum wf_span_use use, uint32_t count);
void wf_arena_put(struct wf_arena *arena, struct wf_span *span, uint32_t count);

/*
 * Make wf_arena_trim() do nothing from now on, and wait for calls of it that have begun. Called by
 * wf_arena_pin() and wf_arena_share(), and when rx frames are made: the kernel may then use the
 * arena's memory even if wf_arena_pin() was not called, and kernel and weft must use the same
 * pages.
 */
void wf_arena_keep_memory(struct wf_arena *arena);

static inline struct wf_span *wf_arena_span(const struct wf_arena *arena, uint32_t index)
{
	return (struct wf_span *)(arena->blocks + (uint64_t)index * WF_SPAN_BLOCK_BYTES);
}

/* Return span->index, without reading it. */
static inline uint32_t wf_arena_index(const struct wf_arena *arena, const struct wf_span *span)
{
	return (uint32_t)(((uintptr_t)span - (uintptr_t)arena->blocks) / WF_SPAN_BLOCK_BYTES);
}

static inline struct wf_page *wf_arena_page(const struct wf_arena *arena, uint32_t id)
{
	return wf_span_page(wf_arena_span(arena, id >> WF_PAGE_INDEX_BITS),
			    id & WF_PAGE_INDEX_MASK);
}

/*
 * Push the chain of pages from @first to @last, which are linked by page ids, onto @stack. Thread:
 * any.
 */
static inline void wf_home_push(_Atomic uint32_t *stack, struct wf_page *first,
				struct wf_page *last)
{
	uint32_t head = atomic_load_explicit(stack, memory_order_relaxed);

	do {
		atomic_store_explicit(&last->word, WF_PAGE_FREE | head, memory_order_relaxed);
		/*
		 * Pairs with the acquire in wf_home_take_all(): the pages' links and bytes are
		 * visible before the new head of the stack.
		 */
	} while (!atomic_compare_exchange_weak_explicit(
		stack, &head, wf_page_id(first), memory_order_release, memory_order_relaxed));
}

/*
 * Take all pages of @stack. Return: the id of the first page; WF_PAGE_ID_NONE if the stack is
 * empty.
 */
static inline uint32_t wf_home_take_all(_Atomic uint32_t *stack)
{
	if (atomic_load_explicit(stack, memory_order_relaxed) == WF_PAGE_ID_NONE)
		return WF_PAGE_ID_NONE;
	/* Pairs with the release in wf_home_push(). */
	return atomic_exchange_explicit(stack, WF_PAGE_ID_NONE, memory_order_acquire);
}

#endif
