// SPDX-License-Identifier: BSD-2-Clause
/*
 * count_mover.c - a thread that moves the per-CPU counts of hot flows to the kernel's flow maps,
 * and a thread that renews the heartbeat of tc filters.
 */
#include "engine/count_mover.h"

#include <string.h>

#include "base/clock.h"

void wf_count_mover_init(struct wf_count_mover *mover, uint32_t lock_timeout_ms)
{
	memset(mover, 0, sizeof(*mover));
	wf_lock_init(&mover->lock, lock_timeout_ms);
}

void wf_count_mover_fini(struct wf_count_mover *mover)
{
	wf_count_mover_stop(mover);
	wf_lock_fini(&mover->lock);
}

void wf_count_mover_move(struct wf_count_mover *mover)
{
	if (wf_lock_take(&mover->lock, "the kernel's flow counts"))
		return;
	mover->move(mover->ctx);
	wf_lock_put(&mover->lock);
}

static uint64_t move_again(void *ctx, uint64_t now_ns)
{
	wf_count_mover_move(ctx);
	return wf_clock_monotonic_ns() + WF_COUNT_MOVER_MOVE_MS * WF_NS_PER_MS;
}

static uint64_t beat_again(void *ctx, uint64_t now_ns)
{
	struct wf_count_mover *mover = ctx;

	mover->beat(mover->ctx);
	return now_ns + WF_COUNT_MOVER_MS * WF_NS_PER_MS;
}

int wf_count_mover_start(struct wf_count_mover *mover)
{
	int err = wf_periodic_start(&mover->heart, "weft-beat", beat_again, mover);

	return err ? err : wf_periodic_start(&mover->thread, "weft-counts", move_again, mover);
}

void wf_count_mover_stop(struct wf_count_mover *mover)
{
	bool was_started = mover->thread.is_started;

	wf_periodic_stop(&mover->thread);
	if (was_started)
		wf_count_mover_move(mover);
	wf_periodic_stop(&mover->heart);
}
