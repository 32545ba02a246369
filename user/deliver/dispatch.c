// SPDX-License-Identifier: BSD-2-Clause
/*
 * dispatch.c - passes each event of a worker to all subscriptions that want it.
 *
 * When a consumer has ended its subscription, the worker detects this at its next event or flush
 * and closes its queue, which frees the waiting events.
 */
#include "deliver/dispatch.h"

#include "base/log.h"
#include "deliver/subscription.h"

enum { DROP_EVENTS_MAX = 8192 }; /* maximum number of events that one call drops from one queue */

void wf_dispatch_init(struct wf_dispatch *dispatch, uint32_t worker, struct weft_sub **subs,
		      uint32_t count)
{
	*dispatch = (struct wf_dispatch){.worker = worker, .subs = subs, .subs_count = count};
	for (uint32_t i = 0; i < count; i++) {
		dispatch->wanted |= subs[i]->events;
		if (!subs[i]->inline_fn)
			dispatch->queued |= subs[i]->events;
	}
}

static void call_inline(const struct wf_dispatch *dispatch, struct weft_sub *sub,
			const struct weft_event *event)
{
	struct wf_sub_inline *counts = &sub->inlines[dispatch->worker];
	uint64_t bytes = event->type == WEFT_EVENT_DATA ? event->data.len_bytes : 0;
	int err;

	atomic_store_explicit(&counts->events,
			      atomic_load_explicit(&counts->events, memory_order_relaxed) + 1,
			      memory_order_relaxed);
	atomic_store_explicit(&counts->bytes,
			      atomic_load_explicit(&counts->bytes, memory_order_relaxed) + bytes,
			      memory_order_relaxed);
	err = sub->inline_fn(event, sub->inline_ctx);
	if (wf_unlikely(err) && !atomic_exchange(&sub->ended, true))
		wf_warn("subscription %s: ended by its consumer (error %d)", sub->name, -err);
}

void wf_dispatch_event(struct wf_dispatch *dispatch, const struct weft_event *event,
		       struct wf_page *page)
{
	for (uint32_t i = 0; i < dispatch->subs_count; i++) {
		struct weft_sub *sub = dispatch->subs[i];

		if (!(sub->events & WEFT_EVENT_BIT(event->type)))
			continue;
		if (wf_unlikely(atomic_load_explicit(&sub->ended, memory_order_acquire))) {
			wf_sub_close_worker(sub, dispatch->worker);
			continue;
		}
		if (sub->inline_fn)
			call_inline(dispatch, sub, event);
		else
			wf_queue_push(&sub->queues[dispatch->worker], event, page);
	}
}

void wf_dispatch_flush(struct wf_dispatch *dispatch)
{
	for (uint32_t i = 0; i < dispatch->subs_count; i++) {
		struct weft_sub *sub = dispatch->subs[i];

		if (sub->inline_fn)
			continue;
		if (wf_unlikely(atomic_load_explicit(&sub->ended, memory_order_acquire)))
			wf_sub_close_worker(sub, dispatch->worker);
		else
			wf_queue_flush(&sub->queues[dispatch->worker]);
	}
}

void wf_dispatch_mark(const struct wf_dispatch *dispatch, struct wf_dispatch_mark *ret_mark)
{
	for (uint32_t i = 0; i < dispatch->subs_count; i++) {
		const struct weft_sub *sub = dispatch->subs[i];

		ret_mark->pushed_bytes[i] = 0;
		if (!sub->inline_fn)
			ret_mark->pushed_bytes[i] = atomic_load_explicit(
				&sub->queues[dispatch->worker].pushed_bytes, memory_order_relaxed);
	}
}

bool wf_dispatch_has_passed(const struct wf_dispatch *dispatch, const struct wf_dispatch_mark *mark)
{
	for (uint32_t i = 0; i < dispatch->subs_count; i++) {
		const struct weft_sub *sub = dispatch->subs[i];

		if (!sub->inline_fn &&
		    !wf_queue_has_passed(&sub->queues[dispatch->worker], mark->pushed_bytes[i]))
			return false;
	}
	return true;
}

void wf_dispatch_drop_waiting(struct wf_dispatch *dispatch, struct wf_dispatch_drops *ret_drops)
{
	*ret_drops = (struct wf_dispatch_drops){0};
	for (uint32_t i = 0; i < dispatch->subs_count; i++) {
		struct weft_sub *sub = dispatch->subs[i];
		uint64_t bytes;

		if (sub->inline_fn || atomic_load_explicit(&sub->ended, memory_order_acquire))
			continue;
		ret_drops->events += wf_queue_drop_waiting(&sub->queues[dispatch->worker],
							   DROP_EVENTS_MAX, &bytes);
		ret_drops->bytes += bytes;
	}
}

void wf_dispatch_close(struct wf_dispatch *dispatch)
{
	for (uint32_t i = 0; i < dispatch->subs_count; i++)
		wf_sub_close_worker(dispatch->subs[i], dispatch->worker);
}
