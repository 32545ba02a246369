/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dispatch_slots.h - finds a dispatcher's subscriptions by their slots. For dispatch.c and share.c.
 */
#ifndef WF_DELIVER_DISPATCH_SLOTS_H
#define WF_DELIVER_DISPATCH_SLOTS_H

#include "deliver/dispatch.h"
#include "deliver/registry.h"
#include "deliver/subscription.h"

/* Iterate over the slots of a mask. */
#define WF_EACH_SLOT(slot, mask)                                                                 \
	for (uint32_t left_ = (mask), slot; left_ && (slot = (uint32_t)__builtin_ctz(left_), 1); \
	     left_ &= left_ - 1)

static inline struct weft_sub *wf_dispatch_sub(const struct wf_dispatch *dispatch, uint32_t slot)
{
	return dispatch->list->subs[slot];
}

static inline struct wf_queue *wf_dispatch_queue(const struct wf_dispatch *dispatch, uint32_t slot)
{
	return &wf_dispatch_sub(dispatch, slot)->queues[dispatch->worker];
}

#endif
