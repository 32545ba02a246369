/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worker_state.h - what control calls see of one worker's dispatcher.
 *
 * Thread: the worker writes all members except waker; any thread reads them.
 */
#ifndef WF_DELIVER_WORKER_STATE_H
#define WF_DELIVER_WORKER_STATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/assert.h"

struct wf_waiter;

enum wf_worker_presence {
	WF_WORKER_NOT_STARTED = 0,
	WF_WORKER_PRESENT, /* it has a list of subscriptions, and looks for newer ones */
	WF_WORKER_ENDED,
};

struct wf_worker_state {
	_Alignas(WF_CACHE_LINE) _Atomic uint32_t presence; /* enum wf_worker_presence */
	/* it waits for room in a queue, so it is not in a callback */
	_Atomic bool is_blocked;
	_Atomic int32_t thread;	     /* id of its thread; 0: not known */
	_Atomic uint64_t generation; /* of the list of subscriptions that it uses */
	/* borrowed: wakes the worker; NULL: the worker never sleeps. Set before it starts. */
	struct wf_waiter *waker;
};

#endif
