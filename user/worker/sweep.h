/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sweep.h - visits all flows of a worker in small steps, to close flows or release their memory.
 *
 * Each round of the worker's loop does one step of at most 256 buckets, so that packets never wait
 * long.
 *
 *   expire     close flows whose timeout has passed
 *   move       copy small held segments out of their receive frames
 *   free held  turn holes into gaps; in each step, first in the streams that have held the most
 *              data for the longest time
 *
 * Memory: one struct. Thread: the worker.
 */
#ifndef WF_WORKER_SWEEP_H
#define WF_WORKER_SWEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "conn/conns.h"
#include "deliver/dispatch.h"

#define WF_SWEEP_EXPIRE	   (1u << 0)
#define WF_SWEEP_MOVE	   (1u << 1)
#define WF_SWEEP_FREE_HELD (1u << 2)

struct wf_sweep {
	struct wf_conns *conns; /* borrowed, like dispatch */
	struct wf_dispatch *dispatch;
	uint32_t kinds;		/* WF_SWEEP_* bits of the current pass; 0: no pass */
	uint32_t next_kinds;	/* WF_SWEEP_* bits of the pass that follows */
	uint32_t buckets;	/* number of buckets in the current pass */
	uint32_t hand;		/* next bucket to visit */
	uint32_t buckets_left;	/* buckets left in the current pass */
	uint64_t step_bytes;	/* maximum number of held bytes freed per step */
	uint64_t allowed_bytes; /* number of held bytes that may still be freed */
	bool has_freed;		/* the current pass has given up holes */
	/*
	 * set if the last complete pass of WF_SWEEP_FREE_HELD found no held data; cleared by the
	 * next tick
	 */
	bool found_nothing;
	/* event queue position after the data delivered by the last step that gave up holes */
	struct wf_dispatch_mark delivered_mark;
	/* ticks left for readers to release the data that the same step delivered */
	uint32_t ticks_left;
};

/* Initialise a sweep. @share_bytes: this worker's share of the arena. */
void wf_sweep_init(struct wf_sweep *sweep, struct wf_conns *conns, struct wf_dispatch *dispatch,
		   uint64_t share_bytes);

/* Start a pass of @kinds (WF_SWEEP_* bits), or queue it if a pass is running. */
void wf_sweep_start(struct wf_sweep *sweep, uint32_t kinds);

/*
 * Permit the sweep to free held data of at least @bytes in total from now on, and start a pass if
 * needed. Do nothing while readers have time left to release the data that the last step
 * delivered and have not released it, because its memory will be free soon.
 */
void wf_sweep_allow(struct wf_sweep *sweep, uint64_t bytes);

/* Return true if wf_sweep_step() has work to do. */
static inline bool wf_sweep_has_work(const struct wf_sweep *sweep)
{
	return sweep->kinds || (sweep->conns->is_starved && !sweep->found_nothing);
}

/* Do one bounded step of the current pass. Return: the number of flows closed. */
uint64_t wf_sweep_step(struct wf_sweep *sweep);

/*
 * Shorten by one tick the time that readers have to release the data delivered by the last step
 * that gave up holes. Call a few times a second.
 */
void wf_sweep_tick(struct wf_sweep *sweep);

#endif
