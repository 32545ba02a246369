/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subscription.h - one consumer: an inline callback, or one queue for each worker and a reader that
 * merges them.
 *
 * Life: created → workers dispatch events to it, and its reader polls it → its owner, a slow or
 * failed callback, an idle reader or the end of the handle ends it → each worker closes its end (or
 * has closed it when the capture ended) → it is freed once the owner has also dropped its
 * reference. The owner and each worker hold a reference.
 */
#ifndef WF_DELIVER_SUBSCRIPTION_H
#define WF_DELIVER_SUBSCRIPTION_H

#include "deliver/subscription_state.h"

/* Poll for events, see weft_sub_poll(). Thread: the reader. */
int wf_sub_poll(struct weft_sub *sub, struct weft_event *events, int events_max, int timeout_ms);

/*
 * Keep the data of @event, and give it back, see weft_sub_keep(), weft_sub_give_back(). Thread: the
 * reader.
 */
int wf_sub_keep(struct weft_sub *sub, const struct weft_event *event, struct weft_kept *ret_kept);
void wf_sub_give_back(struct weft_sub *sub, const struct weft_kept *kept, bool is_unread);

/*
 * End a subscription: it gets no more events, and its reader gets -ESHUTDOWN. Only the first reason
 * counts. Return: true for the first call. Thread: any.
 */
bool wf_sub_end(struct weft_sub *sub, enum weft_sub_end reason);

static inline bool wf_sub_has_ended(const struct weft_sub *sub)
{
	return atomic_load_explicit(&sub->ended, memory_order_acquire) != WEFT_SUB_RUNNING;
}

/* Wake the workers that wait for room in the queues. Thread: any. */
void wf_sub_wake_workers(struct weft_sub *sub);

/*
 * Drop the owner's reference of a subscription that has ended. If a thread is polling, the
 * reference is dropped when the poll returns. Thread: any.
 */
void wf_sub_put_owner(struct weft_sub *sub);

/*
 * Free some of the events that wait in the queue of @worker for a subscription that has ended, and
 * close the queue once it is empty. Return: true if that is done. Thread: that worker.
 */
bool wf_sub_clear(struct weft_sub *sub, uint32_t worker);

/*
 * Close the queue of @worker, and drop the worker's reference. The call for the last worker calls
 * ended_fn. Thread: that worker, or any if that worker does not run. It may be called again only
 * while another reference keeps @sub alive.
 */
void wf_sub_leave(struct weft_sub *sub, uint32_t worker);

/* Return the descriptor, see weft_sub_fd(). Thread: any. */
int wf_sub_fd(const struct weft_sub *sub);

/*
 * Return true if the reader has taken no event for the idle TTL although events waited. Call it
 * periodically. Thread: any, one at a time.
 */
bool wf_sub_watch(struct weft_sub *sub, uint64_t now_ns);

/* Read the statistics of a subscription. Thread: any. */
void wf_sub_stats(const struct weft_sub *sub, struct weft_sub_stats *ret_stats);

#endif
