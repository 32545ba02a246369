/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * budget.h - the one limit, and who holds how many bytes of it.
 *
 * Whatever weft holds is charged to one owner before it exists; what would go
 * beyond the limit is refused. The arena charges its tables and spans itself
 * (arena.h); everything outside it (queues, BPF maps, the state store) is
 * reserved here by whoever makes it.
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
	WF_BUDGET_TABLES = 0, /* span table and page headers */
	WF_BUDGET_FREE_SPANS, /* free, but their memory was not handed back to the system */
	WF_BUDGET_FRAMES,     /* spans of rx frames */
	WF_BUDGET_PAGES,      /* spans of page classes */
	WF_BUDGET_SLABS,      /* spans of small objects: flows, extents */
	WF_BUDGET_RUNS,	      /* spans taken as they are: indexes, rings */
	WF_BUDGET_QUEUES,     /* of subscriptions; their rings are runs */
	WF_BUDGET_WORKERS,    /* what each thread owns beside pages and tables */
	WF_BUDGET_RINGS,      /* AF_XDP rings, and what the kernel keeps of each frame */
	WF_BUDGET_MAPS,	      /* BPF maps */
	WF_BUDGET_STATE,      /* state store and histories */
	WF_BUDGET_OTHER,
};
#define WF_BUDGET_OWNER_COUNT (WF_BUDGET_OTHER + 1)

/* Give at least @bytes back, if possible. Called when a reservation does not fit. */
typedef void (*wf_budget_reclaim_fn)(void *ctx, uint64_t bytes);

/* Embedded in the arena; get at it with wf_arena_budget(). Invariant: used == sum(held) <= limit.
 */
struct wf_budget {
	uint64_t limit_bytes;
	wf_budget_reclaim_fn reclaim; /* NULL: nothing can be given back */
	void *reclaim_ctx;

	/* written by all */
	_Alignas(WF_CACHE_LINE) _Atomic uint64_t used_bytes;
	_Atomic uint64_t peak_bytes;
	_Atomic uint64_t refused;
	_Atomic uint64_t held_bytes[WF_BUDGET_OWNER_COUNT];

	/* Of WF_BUDGET_PAGES: pages that lie free in spans with others, as pools told last. */
	_Atomic uint64_t idle_page_bytes;
};

/* Nothing is held. Thread: main, before others know it. */
void wf_budget_init(struct wf_budget *budget, uint64_t limit_bytes, wf_budget_reclaim_fn reclaim,
		    void *reclaim_ctx);

/* Return: 0; -ENOBUFS: it would exceed the limit (counted). */
int wf_budget_reserve(struct wf_budget *budget, enum wf_budget_owner owner, uint64_t bytes);

/* Give back what was reserved for @owner. */
void wf_budget_release(struct wf_budget *budget, enum wf_budget_owner owner, uint64_t bytes);

/* The same bytes now belong to @to; the sum does not change. */
void wf_budget_move(struct wf_budget *budget, enum wf_budget_owner from, enum wf_budget_owner to,
		    uint64_t bytes);

uint64_t wf_budget_used(const struct wf_budget *budget);

/* Of what is used: allotted for good, whatever the traffic. */
uint64_t wf_budget_fixed(const struct wf_budget *budget);

/* ... of that: the kernel's, no part of the process. */
uint64_t wf_budget_kernel(const struct wf_budget *budget);

/* What may still be used, free spans included. */
uint64_t wf_budget_left(const struct wf_budget *budget);
uint64_t wf_budget_held(const struct wf_budget *budget, enum wf_budget_owner owner);

/* Write the memory_* metrics. Thread: the owner of @metrics, one for each budget. */
void wf_budget_publish(const struct wf_budget *budget, struct wf_metrics *metrics);

/* Does the sum hold? True only while nobody is changing it. */
bool wf_budget_is_valid(const struct wf_budget *budget);

#endif
