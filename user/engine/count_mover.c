// SPDX-License-Identifier: BSD-2-Clause
/*
 * count_mover.c - a thread that keeps the kernel's flow maps up to date.
 */
#include "engine/count_mover.h"

#include <string.h>

#include "base/cpu.h"

int wf_count_mover_init(struct wf_count_mover *mover, uint32_t lock_timeout_ms)
{
	memset(mover, 0, sizeof(*mover));
	mover->waiter.fd = -1;
	wf_lock_init(&mover->lock, lock_timeout_ms);
	return wf_waiter_init(&mover->waiter);
}

void wf_count_mover_fini(struct wf_count_mover *mover)
{
	wf_count_mover_stop(mover);
	wf_waiter_fini(&mover->waiter);
	wf_lock_fini(&mover->lock);
}

void wf_count_mover_move(struct wf_count_mover *mover)
{
	if (wf_lock_take(&mover->lock, "the kernel's flow counts"))
		return;
	mover->move(mover->ctx);
	wf_lock_put(&mover->lock);
}

static void *move_on_and_on(void *arg)
{
	struct wf_count_mover *mover = arg;

	wf_cpu_name_thread("weft-counts", 0);
	while (!atomic_load_explicit(&mover->stopping, memory_order_relaxed)) {
		mover->beat(mover->ctx);
		wf_count_mover_move(mover);
		wf_waiter_announce(&mover->waiter);
		if (!atomic_load_explicit(&mover->stopping, memory_order_relaxed))
			wf_waiter_wait(&mover->waiter, WF_COUNT_MOVER_MS);
		wf_waiter_cancel(&mover->waiter);
	}
	return NULL;
}

int wf_count_mover_start(struct wf_count_mover *mover)
{
	int err = pthread_create(&mover->thread, NULL, move_on_and_on, mover);

	mover->is_started = !err;
	return -err;
}

void wf_count_mover_stop(struct wf_count_mover *mover)
{
	if (!mover->is_started)
		return;
	atomic_store_explicit(&mover->stopping, true, memory_order_relaxed);
	wf_waiter_wake(&mover->waiter);
	pthread_join(mover->thread, NULL);
	mover->is_started = false;
	wf_count_mover_move(mover);
}
