/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * count_mover.h - a thread that moves the per-CPU counts of hot flows to the kernel's flow maps at
 * intervals, and renews the heartbeat of tc filters.
 *
 * The interval is WF_COUNT_MOVER_MS. capture/maps/hot_flows.h describes the counts, bpf/heartbeat.h
 * the heartbeat.
 */
#ifndef WF_ENGINE_COUNT_MOVER_H
#define WF_ENGINE_COUNT_MOVER_H

#include "base/lock.h"
#include "base/periodic.h"

enum { WF_COUNT_MOVER_MS = 200 };

struct wf_count_mover {
	/*
	 * Move the per-CPU counts of all interfaces to their flow maps. Set before start, like the
	 * two members below.
	 */
	void (*move)(void *ctx);
	/* Renew the heartbeat. Called once per interval, before the thread waits for the lock. */
	void (*beat)(void *ctx);
	void *ctx;

	struct wf_lock lock; /* held while per-CPU counts are moved to the flow maps */
	struct wf_periodic thread;
};

void wf_count_mover_init(struct wf_count_mover *mover, uint32_t lock_timeout_ms);
void wf_count_mover_fini(struct wf_count_mover *mover);
int wf_count_mover_start(struct wf_count_mover *mover);

/* Stop the thread, and move the remaining per-CPU counts to the flow maps. Idempotent. */
void wf_count_mover_stop(struct wf_count_mover *mover);

/*
 * Move the per-CPU counts to the flow maps now. Call this before reading the flow maps. Thread:
 * any.
 */
void wf_count_mover_move(struct wf_count_mover *mover);

#endif
