/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * budget.h - the memory limit, and the number of bytes that each owner has reserved.
 *
 * Memory of weft is charged before it is used, each part to one owner; memory/README.md lists the
 * few exceptions. A reservation that would exceed the limit fails. The arena charges its own tables
 * and spans (arena.h). Memory outside the arena is reserved by the code that allocates it
 * (subscriptions, the application) or as one sum at start (workers, rings, BPF maps:
 * engine/charges.c).
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
	WF_BUDGET_TABLES = 0, /* tables of spans, page headers, structs of pools and slabs */
	WF_BUDGET_FREE_SPANS, /* free spans whose memory was not returned to the system */
	WF_BUDGET_FRAMES,     /* spans that hold rx frames */
	WF_BUDGET_PAGES,      /* spans that hold pages of the size classes */
	WF_BUDGET_SLABS,      /* spans that hold small objects: flows, extents */
	WF_BUDGET_RUNS,	      /* runs of adjacent spans: indexes, rings, memory of subscriptions */
	WF_BUDGET_QUEUES,     /* memory of subscriptions outside the arena; the rest are runs */
	WF_BUDGET_WORKERS,    /* memory of the workers, except pages and tables */
	WF_BUDGET_RINGS, /* AF_XDP rings, the kernel's record of each frame, rings of host mode */
	WF_BUDGET_MAPS,	 /* BPF maps */
	WF_BUDGET_STATE, /* reserved by the application: weft_memory_reserve() */
	WF_BUDGET_OTHER, /* tables of fragments, the state of the housekeeping thread */
};
#define WF_BUDGET_OWNER_COUNT (WF_BUDGET_OTHER + 1)

/*
 * Release reserved memory, at least @bytes if possible. Called when a reservation of @bytes does
 * not fit in the limit; the reservation is then tried once more.
 */
typedef void (*wf_budget_reclaim_fn)(void *ctx, uint64_t bytes);

/*
 * The budget of an arena, embedded in it and returned by wf_arena_budget(). Invariant: used_bytes
 * <= limit_bytes; while no thread changes the counters, used_bytes == sum of held_bytes.
 */
struct wf_budget {
	uint64_t limit_bytes;
	wf_budget_reclaim_fn reclaim; /* NULL: no memory can be reclaimed */
	void *reclaim_ctx;

	/* written by all threads */
	_Alignas(WF_CACHE_LINE) _Atomic uint64_t used_bytes;
	_Atomic uint64_t peak_bytes;
	_Atomic uint64_t refused; /* number of reservations that failed */
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

/*
 * Return the sum of the reservations for tables, rx frames, workers, kernel rings and BPF maps,
 * which do not depend on the traffic.
 */
uint64_t wf_budget_fixed(const struct wf_budget *budget);

/* Return the part of wf_budget_fixed() that is kernel memory, not memory of the process. */
uint64_t wf_budget_kernel(const struct wf_budget *budget);

/* Return the bytes that may still be reserved, plus those of free spans. */
uint64_t wf_budget_left(const struct wf_budget *budget);
uint64_t wf_budget_held(const struct wf_budget *budget, enum wf_budget_owner owner);

/* Write the memory_* metrics of the budget to @metrics. Thread: the owner of @metrics. */
void wf_budget_publish(const struct wf_budget *budget, struct wf_metrics *metrics);

/*
 * Return true if the sum of all owners' bytes equals the used bytes and is within the limit. The
 * result is valid only while no other thread changes the counters.
 */
bool wf_budget_is_valid(const struct wf_budget *budget);

#endif
