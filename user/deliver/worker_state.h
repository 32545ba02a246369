/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worker_state.h - the part of one worker's state that control calls read, and the budget of its
 * waits.
 *
 * Thread: the worker writes all members except waker, and main writes them while the worker does
 * not run; any thread reads them, except budget.
 */
#ifndef WF_DELIVER_WORKER_STATE_H
#define WF_DELIVER_WORKER_STATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/assert.h"
#include "queue/wait_budget.h"

struct wf_waiter;

enum wf_worker_presence {
	WF_WORKER_NOT_STARTED = 0,
	WF_WORKER_PRESENT, /* the worker uses a list of subscriptions, and looks for newer lists */
	WF_WORKER_ENDED,
};

struct wf_worker_state {
	_Alignas(WF_CACHE_LINE) _Atomic uint32_t presence; /* enum wf_worker_presence */
	/* the worker waits for room in a queue, so it is not in a callback */
	_Atomic bool is_blocked;
	_Atomic int32_t thread; /* id of the worker's thread; 0: not known */
	/* generation of the list of subscriptions that the worker uses */
	_Atomic uint64_t generation;
	/* borrowed: wakes the worker; set before the worker starts; NULL: there is no worker yet */
	struct wf_waiter *waker;
	struct wf_wait_budget budget; /* live capture: limits the worker's waits for readers */
};

#endif
