/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * orders.h - what the upkeep thread asks of a worker, and what the worker answers.
 *
 *   upkeep:  level, then the bit in asked, wake     worker:  looks once a batch (a load of its own
 *            done_items, some time later                     cache line), obeys, adds to done_items
 *
 * A worker's flows, pages and timers are its own: whatever is to be cleaned up there is done by
 * the worker itself. Bound: fixed.
 */
#ifndef WF_WORKER_ORDERS_H
#define WF_WORKER_ORDERS_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/assert.h"

enum wf_chore {
	WF_CHORE_FLOWS = 0,  /* close what was silent for too long */
	WF_CHORE_HANDSHAKES, /* forget those over their time, and with them half-open sources */
	WF_CHORE_FRAGMENTS,  /* drop datagrams over their time */
	WF_CHORE_RECENT,     /* forget ended connections */
	WF_CHORE_CACHES,     /* give back spans kept ready that nobody asked for */
	WF_CHORE_HALVE,	     /* give back half of them */
	WF_CHORE_RELIEVE,    /* give up held data: what arrives finds no memory */
	WF_CHORE_LEVEL,	     /* the level has changed */
};
#define WF_CHORE_COUNT (WF_CHORE_LEVEL + 1)

struct wf_orders {
	/* written by the upkeep thread, WF_CHORE_RELIEVE by the reader; the worker takes the bits
	 */
	_Alignas(WF_CACHE_LINE) _Atomic uint32_t asked; /* 1 << enum wf_chore */
	_Atomic uint32_t level;				/* enum wf_pressure_level */
	_Atomic uint32_t goal_percent; /* at critical: give up until the budget reads less */

	/* written by the worker */
	_Alignas(WF_CACHE_LINE) _Atomic uint64_t done_items[WF_CHORE_COUNT];
};

/* Thread: upkeep, reader; wake the worker afterwards. */
static inline void wf_orders_give(struct wf_orders *orders, enum wf_chore chore)
{
	/* Pairs with the acquire in wf_orders_take(): the level before the bit. */
	atomic_fetch_or_explicit(&orders->asked, 1u << chore, memory_order_release);
}

/* @items more were removed by @chore. Thread: the worker. */
static inline void wf_orders_answer(struct wf_orders *orders, enum wf_chore chore, uint64_t items)
{
	_Atomic uint64_t *done = &orders->done_items[chore];

	atomic_store_explicit(done, atomic_load_explicit(done, memory_order_relaxed) + items,
			      memory_order_relaxed);
}

/* Return: the bits asked for since the last time. Thread: the worker. */
static inline uint32_t wf_orders_take(struct wf_orders *orders)
{
	if (wf_likely(!atomic_load_explicit(&orders->asked, memory_order_relaxed)))
		return 0;
	return atomic_exchange_explicit(&orders->asked, 0, memory_order_acquire);
}

#endif
