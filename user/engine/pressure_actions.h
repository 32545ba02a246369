/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pressure_actions.h - what a worker does with its own data under memory pressure, and when asked
 * to clean up.
 *
 *   low       small segments leave their receive frames (sweep; from then on at once)
 *   high      page caches and the limits of each stream are halved, timeouts too (sweep)
 *   critical  held data is given up, the oldest and largest first (sweeps);
 *             slow subscriptions lose what waits; midstream flows are refused
 *
 * A sweep passes over the flow table in steps of some buckets, one each round of the worker's
 * loop, so that packets never wait long. All is undone by the same call with a lower level.
 *
 * When a segment finds no memory between two measurements of the pressure, the next round
 * gives up held data likewise: the greediest pay, not whoever comes next.
 *
 * Memory: one struct. Thread: the worker.
 */
#ifndef WF_ENGINE_PRESSURE_ACTIONS_H
#define WF_ENGINE_PRESSURE_ACTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/conn.h"
#include "engine/orders.h"
#include "upkeep/pressure.h"

struct wf_defrag;
struct wf_dispatch;
struct wf_page_pool;

struct wf_relief {
	struct wf_conns *conns; /* all borrowed */
	struct wf_defrag *defrag;
	struct wf_page_pool *pages;
	struct wf_dispatch *dispatch;
	enum wf_pressure_level level;
	uint32_t sweep;		 /* SWEEP_* of the pass under way; 0: none */
	uint32_t again;		 /* ... of one more pass after it */
	uint32_t hand;		 /* bucket at which it goes on */
	uint32_t buckets_left;	 /* of the pass */
	uint64_t given_up_bytes; /* by the pass so far */
	uint64_t quota_bytes;	 /* given up by one step at most */
	uint64_t pages_taken;	 /* at the last look at idle caches */
	bool is_futile; /* the last whole pass found nothing to give up; until the next tend() */
};

struct wf_arena;

/* All zero but what is given here. @arena_share_bytes: of the worker. */
void wf_relief_init(struct wf_relief *relief, struct wf_conns *conns, struct wf_defrag *defrag,
		    struct wf_dispatch *dispatch, uint64_t arena_share_bytes);

/* Act on the new level: do, or undo. */
void wf_relief_set_level(struct wf_relief *relief, enum wf_pressure_level level);

/* Return: items removed at once; what a sweep removes is told by wf_relief_step(). */
uint64_t wf_relief_do(struct wf_relief *relief, enum wf_chore chore);

/* Is there something for wf_relief_step()? */
static inline bool wf_relief_has_work(const struct wf_relief *relief)
{
	return relief->sweep || (relief->conns->is_starved && !relief->is_futile);
}

/* A bounded part of what is to be done. Return: flows closed. */
uint64_t wf_relief_step(struct wf_relief *relief);

/* A few times a second: what goes on as long as the level is critical. */
void wf_relief_tend(struct wf_relief *relief);

#endif
