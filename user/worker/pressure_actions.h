/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pressure_actions.h - reduces the memory of a worker at each level of memory pressure.
 *
 *   low       copies small segments out of receive frames: held ones by a sweep, new ones at once
 *   high      halves the page caches and the page limit of each stream;
 *             shortens the timeouts, and ends the flows that have expired (sweep)
 *   critical  gives up holes, to free the held data (sweeps; see sweep.h for the order);
 *             drops the waiting events of slow subscriptions; rejects midstream flows
 *
 * Each level also has the actions of the lower levels.
 *
 * wf_pressure_actions_set_level() with a lower level undoes the actions of the higher one. If there
 * is no memory for data between two pressure checks, the next rounds of the worker's loop also give
 * up holes in the same way, so that later segments are not lost.
 *
 * Memory: one struct. Thread: the worker.
 */
#ifndef WF_WORKER_PRESSURE_ACTIONS_H
#define WF_WORKER_PRESSURE_ACTIONS_H

#include "pressure/pressure.h"
#include "worker/sweep.h"

struct wf_budget;
struct wf_defrag;
struct wf_page_pool;

struct wf_pressure_actions {
	struct wf_conns *conns; /* borrowed, like the next four members */
	struct wf_defrag *defrag;
	struct wf_page_pool *pages;
	struct wf_dispatch *dispatch;
	struct wf_budget *budget;
	enum weft_pressure_level level;
	uint32_t goal_percent;
	struct wf_sweep sweep;
	uint64_t pages_taken; /* number of pages taken in total at the last check for idle caches */
};

/* Initialise the actions of one worker. @share_bytes: this worker's share of the arena. */
void wf_pressure_actions_init(struct wf_pressure_actions *actions, struct wf_conns *conns,
			      struct wf_defrag *defrag, struct wf_dispatch *dispatch,
			      struct wf_budget *budget, uint64_t share_bytes);

/*
 * Apply the limits of the new level. @goal_percent: at the critical level, the worker gives up
 * holes until less than this percentage of the budget is used; 0: it does so as long as the level
 * lasts, because a source other than the budget is critical.
 */
void wf_pressure_actions_set_level(struct wf_pressure_actions *actions,
				   enum weft_pressure_level level, uint32_t goal_percent);

/* Free half of the cached page spans. */
void wf_pressure_actions_halve_caches(struct wf_pressure_actions *actions);

/* Do one bounded step of the current sweep. Return: the number of flows closed. */
uint64_t wf_pressure_actions_step(struct wf_pressure_actions *actions);

/*
 * Do the periodic work: shorten the time that readers have to release data (sweep.h) and, at the
 * critical level, give up more holes and drop waiting events again. Call a few times a second.
 */
void wf_pressure_actions_tick(struct wf_pressure_actions *actions);

#endif
