/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * budget.h - the memory limit, and the number of bytes that each owner has reserved.
 *
 * All memory of weft is charged to one owner before it is allocated; a reservation that would
 * exceed the limit fails. The arena charges its own tables and spans (arena.h). Memory outside the
 * arena (queues, BPF maps, the state store) is reserved here by the code that allocates it.
 *
 * Thread: any; lock-free.
 */
#ifndef WF_MEMORY_BUDGET_H
#define WF_MEMORY_BUDGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/assert.h"

struct wf_metrics;

enum wf_budget_owner {
	WF_BUDGET_TABLES = 0, /* span tables and page headers */
	WF_BUDGET_FREE_SPANS, /* free spans whose memory was not returned to the system */
	WF_BUDGET_FRAMES,     /* spans that hold rx frames */
	WF_BUDGET_PAGES,      /* spans that hold pages of the size classes */
	WF_BUDGET_SLABS,      /* spans that hold small objects: flows, extents */
	WF_BUDGET_RUNS,	      /* runs of adjacent spans: indexes, rings */
	WF_BUDGET_QUEUES,     /* queues of subscriptions, except their rings, which are runs */
	WF_BUDGET_WORKERS,    /* memory of each thread except pages and tables */
	WF_BUDGET_RINGS,      /* AF_XDP rings, and the kernel's record of each frame */
	WF_BUDGET_MAPS,	      /* BPF maps */
	WF_BUDGET_STATE,      /* state store and histories */
	WF_BUDGET_OTHER,
};
#define WF_BUDGET_OWNER_COUNT (WF_BUDGET_OTHER + 1)

/*
 * Function that releases reserved memory, at least @bytes if possible. Called when a reservation
 * does not fit into the limit.
 */
typedef void (*wf_budget_reclaim_fn)(void *ctx, uint64_t bytes);

/*
 * The budget of an arena, embedded in it and returned by wf_arena_budget(). Invariant: used_bytes
 * == sum of held_bytes <= limit_bytes.
 */
struct wf_budget {
	uint64_t limit_bytes;
	wf_budget_reclaim_fn reclaim; /* NULL: no memory can be reclaimed */
	void *reclaim_ctx;

	/* written by all threads */
	_Alignas(WF_CACHE_LINE) _Atomic uint64_t used_bytes;
	_Atomic uint64_t peak_bytes;
	_Atomic uint64_t refused;
	_Atomic uint64_t held_bytes[WF_BUDGET_OWNER_COUNT];

	/*
	 * Bytes of free pages in spans charged to WF_BUDGET_PAGES, as last reported by the
	 * pools.
	 */
	_Atomic uint64_t idle_page_bytes;
};

/* Initialize a budget without any reservations. Thread: main, before other threads use it. */
void wf_budget_init(struct wf_budget *budget, uint64_t limit_bytes, wf_budget_reclaim_fn reclaim,
		    void *reclaim_ctx);

/* Charge @bytes to @owner. Return: 0; -ENOBUFS: the limit would be exceeded (counted). */
int wf_budget_reserve(struct wf_budget *budget, enum wf_budget_owner owner, uint64_t bytes);

/* Give back @bytes that were reserved for @owner. */
void wf_budget_release(struct wf_budget *budget, enum wf_budget_owner owner, uint64_t bytes);

/* Transfer @bytes from owner @from to owner @to; the sum does not change. */
void wf_budget_move(struct wf_budget *budget, enum wf_budget_owner from, enum wf_budget_owner to,
		    uint64_t bytes);

uint64_t wf_budget_used(const struct wf_budget *budget);

/* Return the reserved bytes whose amount does not depend on the traffic. */
uint64_t wf_budget_fixed(const struct wf_budget *budget);

/* Return the part of wf_budget_fixed() that is kernel memory, not memory of the process. */
uint64_t wf_budget_kernel(const struct wf_budget *budget);

/* Return the bytes that may still be used, free spans included. */
uint64_t wf_budget_left(const struct wf_budget *budget);
uint64_t wf_budget_held(const struct wf_budget *budget, enum wf_budget_owner owner);

/* Write the memory_* metrics. Thread: the owner of @metrics, one for each budget. */
void wf_budget_publish(const struct wf_budget *budget, struct wf_metrics *metrics);

/*
 * Return true if the sum of all owners' bytes equals the used bytes. The result is valid only while
 * no other thread changes them.
 */
bool wf_budget_is_valid(const struct wf_budget *budget);

#endif
