/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pressure_actions.h - what a worker does with its own data at each level of memory pressure.
 *
 *   low       small segments leave their receive frames (sweep; from then on at once)
 *   high      page caches and the limits of each stream are halved, timeouts too (sweep)
 *   critical  held data is given up, the oldest and largest first (sweeps);
 *             slow subscriptions lose events that wait; midstream flows are refused
 *
 * All is undone by the same call with a lower level. When a segment finds no memory between two
 * measurements of the pressure, the next round gives up held data likewise: so the streams that
 * hold most pay, and not the next segment.
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
	struct wf_conns *conns; /* all borrowed */
	struct wf_defrag *defrag;
	struct wf_page_pool *pages;
	struct wf_dispatch *dispatch;
	struct wf_budget *budget;
	enum weft_pressure_level level;
	uint32_t goal_percent;
	struct wf_sweep sweep;
	uint64_t pages_taken; /* of all time, when idle caches were last looked for */
};

/* @share_bytes: of the arena, this worker's. */
void wf_pressure_actions_init(struct wf_pressure_actions *actions, struct wf_conns *conns,
			      struct wf_defrag *defrag, struct wf_dispatch *dispatch,
			      struct wf_budget *budget, uint64_t share_bytes);

/*
 * Act on the new level: do, or undo. @goal_percent: at critical data is given up until the budget
 * reads less; 0: as long as the level lasts, because another source than the budget is short.
 */
void wf_pressure_actions_set_level(struct wf_pressure_actions *actions,
				   enum weft_pressure_level level, uint32_t goal_percent);

/* Give back half of the page spans that are kept ready. */
void wf_pressure_actions_halve_caches(struct wf_pressure_actions *actions);

/* A bounded part of the sweep under way. Return: flows closed. */
uint64_t wf_pressure_actions_step(struct wf_pressure_actions *actions);

/* A few times a second: what is repeated as long as the level is critical. */
void wf_pressure_actions_tick(struct wf_pressure_actions *actions);

#endif
