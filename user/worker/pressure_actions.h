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
#ifndef WF_WORKER_PRESSURE_ACTIONS_H
#define WF_WORKER_PRESSURE_ACTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "deliver/dispatch.h"
#include "conn/conn.h"
#include "worker/orders.h"
#include "pressure/pressure.h"

struct wf_budget;
struct wf_defrag;
struct wf_page_pool;

struct wf_relief {
	struct wf_conns *conns; /* all borrowed */
	struct wf_defrag *defrag;
	struct wf_page_pool *pages;
	struct wf_dispatch *dispatch;
	struct wf_budget *budget;
	enum wf_pressure_level level;
	uint32_t goal_percent;
	uint32_t sweep;			  /* SWEEP_* of the pass under way; 0: none */
	uint32_t again;			  /* ... of one more pass after it */
	uint32_t hand;			  /* bucket at which it goes on */
	uint32_t buckets_left;		  /* of the pass */
	uint64_t step_bytes;		  /* given up by one step at most */
	uint64_t allowed_bytes;		  /* ... and by all until more is allowed */
	bool gave_up;			  /* the pass under way found something to give up */
	struct wf_dispatch_mark given_up; /* behind what was given up last */
	uint32_t patience;		  /* calls of tend() that it may still take to be read */
	uint64_t pages_taken;		  /* at the last look at idle caches */
	bool is_futile; /* the last whole pass found nothing to give up; until the next tend() */
};

/* @arena_share_bytes: of the worker. */
void wf_relief_init(struct wf_relief *relief, struct wf_conns *conns, struct wf_defrag *defrag,
		    struct wf_dispatch *dispatch, struct wf_budget *budget,
		    uint64_t arena_share_bytes);

/*
 * Act on the new level: do, or undo. @goal_percent: at critical data is given up until the budget
 * reads less; 0: as long as the level lasts, as it is not our budget that is short.
 */
void wf_relief_set_level(struct wf_relief *relief, enum wf_pressure_level level,
			 uint32_t goal_percent);

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
