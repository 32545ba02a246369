/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * count_mover.h - a thread that moves the per-CPU counts of hot flows to the kernel's flow maps,
 * and a thread that renews the heartbeat of tc filters.
 *
 * capture/maps/hot_flows.h describes the counts, bpf/heartbeat.h the heartbeat. They are two
 * threads, because a move waits for an RCU grace period, which can take longer than a heartbeat is
 * valid. A move reads at least 128 KiB for each CPU, and whoever reads the flow maps moves the
 * counts first, so moves are less frequent than heartbeats.
 */
#ifndef WF_ENGINE_COUNT_MOVER_H
#define WF_ENGINE_COUNT_MOVER_H

#include "base/lock.h"
#include "base/periodic.h"

enum {
	WF_COUNT_MOVER_MS = 200,      /* interval of the heartbeat */
	WF_COUNT_MOVER_MOVE_MS = 500, /* time from the end of a move to the next one */
};

struct wf_count_mover {
	/*
	 * Move the per-CPU counts of all interfaces to their flow maps. Set before start, like the
	 * two members below.
	 */
	void (*move)(void *ctx);
	/* Renew the heartbeat. Must not wait. */
	void (*beat)(void *ctx);
	void *ctx;

	struct wf_lock lock; /* held while per-CPU counts are moved to the flow maps */
	struct wf_periodic thread;
	struct wf_periodic heart;
};

void wf_count_mover_init(struct wf_count_mover *mover, uint32_t lock_timeout_ms);
void wf_count_mover_fini(struct wf_count_mover *mover);
int wf_count_mover_start(struct wf_count_mover *mover);

/* Stop both threads, and move the remaining per-CPU counts to the flow maps. Idempotent. */
void wf_count_mover_stop(struct wf_count_mover *mover);

/*
 * Move the per-CPU counts to the flow maps now, unless the lock can't be taken in time. Call this
 * before reading the flow maps. Thread: any.
 */
void wf_count_mover_move(struct wf_count_mover *mover);

#endif
