/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sweep.h - passes over a worker's flow table, in steps of some buckets, one each round of the
 * worker's loop, so that packets never wait long.
 *
 *   expire    close flows whose timeout has passed
 *   move      small held segments leave their receive frames
 *   give up   held data becomes gaps, that of the streams which hold most for longest first
 *
 * Memory: one struct. Thread: the worker.
 */
#ifndef WF_WORKER_SWEEP_H
#define WF_WORKER_SWEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "conn/conns.h"
#include "deliver/dispatch.h"

#define WF_SWEEP_EXPIRE	 (1u << 0)
#define WF_SWEEP_MOVE	 (1u << 1)
#define WF_SWEEP_GIVE_UP (1u << 2)

struct wf_sweep {
	struct wf_conns *conns; /* borrowed, as dispatch */
	struct wf_dispatch *dispatch;
	uint32_t kinds;		/* WF_SWEEP_* of the pass under way; 0: none */
	uint32_t next_kinds;	/* of one more pass after it */
	uint32_t hand;		/* bucket at which it goes on */
	uint32_t buckets_left;	/* of the pass */
	uint64_t step_bytes;	/* one step gives up at most so much */
	uint64_t allowed_bytes; /* all steps together, until more is allowed */
	bool gave_up;		/* the pass under way found something to give up */
	bool is_futile; /* the last whole pass found nothing to give up; until the next tick */
	struct wf_dispatch_mark given_up; /* behind the data that was given up last */
	uint32_t ticks_left;		  /* in which its readers may still take it */
};

/* @share_bytes: of the arena, this worker's. */
void wf_sweep_init(struct wf_sweep *sweep, struct wf_conns *conns, struct wf_dispatch *dispatch,
		   uint64_t share_bytes);

/* Begin a pass of @kinds, after one that is under way. */
void wf_sweep_start(struct wf_sweep *sweep, uint32_t kinds);

/*
 * Allow to give up @bytes from now on, whatever was allowed before. Does nothing while the data
 * that was given up last is on its way to its readers: its memory will be free soon.
 */
void wf_sweep_allow(struct wf_sweep *sweep, uint64_t bytes);

/* Is there something for wf_sweep_step()? */
static inline bool wf_sweep_has_work(const struct wf_sweep *sweep)
{
	return sweep->kinds || (sweep->conns->is_starved && !sweep->is_futile);
}

/* A bounded part of the pass under way. Return: flows closed. */
uint64_t wf_sweep_step(struct wf_sweep *sweep);

/* A few times a second. */
void wf_sweep_tick(struct wf_sweep *sweep);

#endif
