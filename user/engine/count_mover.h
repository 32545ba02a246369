/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * count_mover.h - a thread that keeps the kernel's flow maps up to date: what CPUs count by
 * themselves is moved there every WF_COUNT_MOVER_MS. See capture/maps/hot_flows.h.
 */
#ifndef WF_ENGINE_COUNT_MOVER_H
#define WF_ENGINE_COUNT_MOVER_H

#include "base/lock.h"
#include "base/periodic.h"

enum { WF_COUNT_MOVER_MS = 200 };

struct wf_count_mover {
	/* Set before start; @ctx is lent. Moves what there is, on all interfaces. */
	void (*move)(void *ctx);
	/* Each turn, before it waits for the lock: tells the kernel that this process lives. */
	void (*beat)(void *ctx);
	void *ctx;

	struct wf_lock lock; /* one at a time moves */
	struct wf_periodic thread;
};

void wf_count_mover_init(struct wf_count_mover *mover, uint32_t lock_timeout_ms);
void wf_count_mover_fini(struct wf_count_mover *mover);
int wf_count_mover_start(struct wf_count_mover *mover);

/* Moves what is left. Idempotent. */
void wf_count_mover_stop(struct wf_count_mover *mover);

/* Now, because the flow maps are about to be read. Thread: any. */
void wf_count_mover_move(struct wf_count_mover *mover);

#endif
