/* SPDX-License-Identifier: BSD-2-Clause */
/* registry_state.h - the state of a registry; see registry.h. */
#ifndef WF_DELIVER_REGISTRY_STATE_H
#define WF_DELIVER_REGISTRY_STATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <weft/limits.h>
#include <weft/subscribe.h>

#include "base/lock.h"
#include "base/waiter.h"
#include "deliver/worker_state.h"

struct weft_sub;
struct wf_arena;

/*
 * A list of subscriptions; after it was published, only next may change. A subscription has the
 * same index, its slot, in every list.
 */
struct wf_sub_list {
	struct wf_sub_list *next; /* the next older list; NULL: none, or it was freed */
	uint64_t generation;
	struct weft_sub *subs[WEFT_SUBSCRIPTIONS_MAX]; /* borrowed; NULL: the slot is free */
};

struct wf_registry {
	struct wf_arena *arena; /* borrowed */
	uint32_t workers;
	/*
	 * taken by control calls and by housekeeping, and when workers are initialized and end;
	 * protects owned, removed, is_started and the links between lists
	 */
	struct wf_lock lock;
	/* owned: the current list; its next members link the older ones */
	struct wf_sub_list *_Atomic list;
	struct weft_sub *owned;	       /* list of the subscriptions not yet unsubscribed */
	struct weft_sub_stats removed; /* counters of the subscriptions that were removed */
	bool is_started;	 /* true: connections may exist when a subscription is added */
	_Atomic bool stopping;	 /* the handle stops: see wf_registry_stop() */
	struct wf_waiter passed; /* control calls wait here for a worker's newer list, or its end */
	struct wf_worker_state worker[WEFT_WORKERS_MAX];
};

#endif
