// SPDX-License-Identifier: BSD-2-Clause
/*
 * subscription.c - merges the queues of a subscription for its reader, and ends the subscription.
 *
 * Queues are merged round robin: each search for events begins with the queue after the one with
 * which the last search began, so the events of a busy worker do not delay those of the others.
 *
 * The events that a poll lends are copied to slots outside the rings. So the worker can overwrite
 * or drop records while the reader processes its batch.
 */
#include "deliver/subscription.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stddef.h>

#include <weft/limits.h>

#include "base/clock.h"
#include "memory/page.h"

enum { CLEAR_EVENTS = 1024 }; /* maximum number of waiting records that one call frees */
_Static_assert(WEFT_WORKERS_MAX <= 64, "a bit for each worker");

static void put_ref(struct weft_sub *sub)
{
	if (atomic_fetch_sub(&sub->refs, 1) == 1)
		wf_sub_free(sub);
}

/* Release the events that the last poll lent. */
static void release_held(struct weft_sub *sub)
{
	if (!sub->held)
		return;
	for (int i = 0; i < sub->held; i++)
		wf_page_put(sub->slots[i].page);
	sub->held = 0;
	for (uint32_t i = 0; i < sub->workers; i++)
		wf_queue_release(&sub->queues[i]);
}

static int take_all(struct weft_sub *sub, struct weft_event *events, int max)
{
	int count = 0;

	for (uint32_t i = 0; i < sub->workers && count < max; i++) {
		uint32_t queue = (sub->next_queue + i) % sub->workers;

		count += wf_queue_take(&sub->queues[queue], events + count, sub->slots + count,
				       max - count);
	}
	sub->next_queue = (sub->next_queue + 1) % sub->workers;
	sub->held = count;
	return count;
}

static bool is_finished(const struct weft_sub *sub)
{
	for (uint32_t i = 0; i < sub->workers; i++)
		if (!wf_queue_is_finished(&sub->queues[i]))
			return false;
	return true;
}

static bool has_something(const struct weft_sub *sub)
{
	for (uint32_t i = 0; i < sub->workers; i++)
		if (!wf_queue_is_empty(&sub->queues[i]))
			return true;
	return false;
}

/*
 * Sleep until the descriptor is readable. Its count is not read, because the application may poll
 * the descriptor as well.
 */
static void sleep_on_fd(struct weft_sub *sub, uint64_t deadline_ns)
{
	struct pollfd fd = {.fd = sub->reader.fd, .events = POLLIN};
	uint64_t now_ns = wf_clock_monotonic_ns();
	uint64_t ms = deadline_ns > now_ns ? (deadline_ns - now_ns) / WF_NS_PER_MS + 1 : 0;

	poll(&fd, 1, deadline_ns == UINT64_MAX || ms > INT_MAX ? -1 : (int)ms);
}

/*
 * Make the descriptor unreadable until there are new events. Return: false if events have arrived
 * meanwhile, or the subscription has ended; the descriptor is then readable.
 */
static bool rearm_fd(struct weft_sub *sub)
{
	wf_waiter_cancel(&sub->reader);
	wf_waiter_announce(&sub->reader);
	if (!has_something(sub) && !is_finished(sub) && !wf_sub_has_ended(sub))
		return true;
	wf_waiter_wake(&sub->reader);
	return false;
}

/*
 * Sleep until a worker or wf_sub_end() wakes the reader, or until @deadline_ns; a lazily woken
 * reader sleeps WF_QUEUE_NAP_NS at most.
 */
static void sleep_until_woken(struct weft_sub *sub, uint64_t deadline_ns)
{
	uint32_t ticket;

	if (sub->is_pollable) {
		if (rearm_fd(sub))
			sleep_on_fd(sub, deadline_ns);
		return;
	}
	ticket = wf_waiter_announce(&sub->reader);
	if (sub->lazy_wake) {
		uint64_t nap_ns = wf_clock_monotonic_ns() + WF_QUEUE_NAP_NS;

		deadline_ns = nap_ns < deadline_ns ? nap_ns : deadline_ns;
	}
	if (!has_something(sub) && !is_finished(sub) && !wf_sub_has_ended(sub))
		wf_waiter_sleep(&sub->reader, ticket, deadline_ns);
	wf_waiter_cancel(&sub->reader);
}

/*
 * Return true if events wait that poll_until() could not take, because the reader keeps too much.
 * This function tries once more, because an event may have arrived after poll_until()'s attempt.
 * *@ret_count: number of events that this function took.
 */
static bool keeps_too_much(struct weft_sub *sub, struct weft_event *events, int events_max,
			   int *ret_count)
{
	if (!sub->kept || !has_something(sub))
		return false;
	*ret_count = take_all(sub, events, events_max);
	return !*ret_count;
}

static int poll_until(struct weft_sub *sub, struct weft_event *events, int events_max,
		      uint64_t deadline_ns)
{
	for (;;) {
		int count;

		if (wf_sub_has_ended(sub))
			return -ESHUTDOWN;
		count = take_all(sub, events, events_max);
		if (!count && keeps_too_much(sub, events, events_max, &count))
			return -EAGAIN;
		if (count)
			return count;
		if (is_finished(sub))
			return -ESHUTDOWN;
		if (!deadline_ns ||
		    (deadline_ns != UINT64_MAX && wf_clock_monotonic_ns() >= deadline_ns)) {
			if (!sub->is_pollable || rearm_fd(sub))
				return 0;
			continue;
		}
		sleep_until_woken(sub, deadline_ns);
	}
}

/*
 * Free the waiting events, and leave the queues and the subscription on the reader's side. The flag
 * WF_SUB_POLLING stays set, so that no worker does this at the same time.
 */
static void leave_reader(struct weft_sub *sub)
{
	release_held(sub);
	for (uint32_t i = 0; sub->queues && i < sub->workers; i++)
		wf_queue_abandon(&sub->queues[i]);
	put_ref(sub);
}

int wf_sub_poll(struct weft_sub *sub, struct weft_event *events, int events_max, int timeout_ms)
{
	uint64_t deadline_ns = UINT64_MAX;
	uint32_t flags = WF_SUB_POLLING;
	int count;

	if (events_max > WF_SUB_BATCH_MAX)
		events_max = WF_SUB_BATCH_MAX;
	if (timeout_ms >= 0)
		deadline_ns =
			timeout_ms ? wf_clock_monotonic_ns() + (uint64_t)timeout_ms * WF_NS_PER_MS
				   : 0;
	atomic_fetch_or(&sub->reader_flags, WF_SUB_POLLING);
	release_held(sub);
	count = poll_until(sub, events, events_max, deadline_ns);
	if (atomic_compare_exchange_strong(&sub->reader_flags, &flags, 0))
		return count;
	/* The owner has unsubscribed during the poll, so this thread must leave the queues. */
	leave_reader(sub);
	return -ESHUTDOWN;
}

int wf_sub_keep(struct weft_sub *sub, const struct weft_event *event, struct weft_kept *ret_kept)
{
	struct wf_queue_slot *slot;
	uint32_t worker;

	if (event->type != WEFT_EVENT_DATA)
		return -EINVAL;
	/* The flow of a polled event lies in the event's slot. */
	slot = (struct wf_queue_slot *)((uintptr_t)event->flow -
					offsetof(struct wf_queue_slot, flow));
	worker = event->flow->worker;
	if (slot < sub->slots || slot >= sub->slots + sub->held || worker >= sub->workers)
		return -EINVAL;
	if (!slot->page)
		return -ENOTSUP;
	*ret_kept = (struct weft_kept){
		.page = slot->page, .worker = worker, .len_bytes = event->data.len_bytes};
	slot->page = NULL;
	wf_queue_keep(&sub->queues[worker], event->data.len_bytes);
	sub->kept++;
	return 0;
}

void wf_sub_give_back(struct weft_sub *sub, const struct weft_kept *kept, bool is_unread)
{
	wf_page_put(kept->page);
	wf_queue_give_back(&sub->queues[kept->worker], kept->len_bytes, is_unread);
	sub->kept--;
}

void wf_sub_wake_workers(struct weft_sub *sub)
{
	for (uint32_t i = 0; sub->queues && i < sub->workers; i++)
		wf_waiter_wake(&sub->queues[i].room);
}

bool wf_sub_end(struct weft_sub *sub, enum weft_sub_end reason)
{
	uint32_t running = WEFT_SUB_RUNNING;

	if (!atomic_compare_exchange_strong(&sub->ended, &running, (uint32_t)reason))
		return false;
	wf_waiter_wake(&sub->reader);
	wf_sub_wake_workers(sub);
	return true;
}

void wf_sub_put_owner(struct weft_sub *sub)
{
	uint32_t flags = WF_SUB_POLLING | WF_SUB_NO_OWNER;

	if (!(atomic_fetch_or(&sub->reader_flags, flags) & WF_SUB_POLLING))
		leave_reader(sub);
}

/*
 * Close the queue on the worker's side, and on the reader's side if the subscription has ended and
 * no thread polls. A reader that begins to poll later checks for the end first, and takes nothing
 * from the queue.
 */
static void close_queue(struct weft_sub *sub, uint32_t worker)
{
	wf_queue_close(&sub->queues[worker]);
	if (wf_sub_has_ended(sub) && !(atomic_load(&sub->reader_flags) & WF_SUB_POLLING))
		wf_queue_leave(&sub->queues[worker], WF_QUEUE_LEFT_READER);
}

bool wf_sub_clear(struct weft_sub *sub, uint32_t worker)
{
	if (!sub->queues)
		return true;
	if (!wf_queue_clear(&sub->queues[worker], CLEAR_EVENTS))
		return false;
	close_queue(sub, worker);
	return true;
}

void wf_sub_leave(struct weft_sub *sub, uint32_t worker)
{
	uint64_t all = UINT64_MAX >> (64 - sub->workers), bit = 1ull << worker, before;

	if (atomic_load(&sub->left) & bit)
		return;
	if (sub->queues)
		close_queue(sub, worker);
	before = atomic_fetch_or(&sub->left, bit);
	if (before & bit)
		return;
	if ((before | bit) == all && sub->ended_fn)
		sub->ended_fn(sub, (enum weft_sub_end)atomic_load(&sub->ended), sub->ctx);
	put_ref(sub);
}

int wf_sub_fd(const struct weft_sub *sub)
{
	return sub->is_pollable ? sub->reader.fd : -EINVAL;
}

bool wf_sub_watch(struct weft_sub *sub, uint64_t now_ns)
{
	uint64_t since_ns = atomic_load(&sub->idle_since_ns);
	struct weft_sub_stats stats = {0};

	for (uint32_t i = 0; sub->queues && i < sub->workers; i++)
		wf_queue_stats_add(&sub->queues[i], &stats);
	if (!stats.waiting_events || stats.taken_events != sub->watched_events) {
		sub->watched_events = stats.taken_events;
		atomic_store(&sub->idle_since_ns, 0);
		return false;
	}
	if (!since_ns)
		atomic_store(&sub->idle_since_ns, now_ns);
	return since_ns && sub->idle_ttl_ns && now_ns - since_ns >= sub->idle_ttl_ns;
}

static uint64_t lag_ns(const struct weft_sub *sub)
{
	uint64_t since_ns = atomic_load(&sub->idle_since_ns), now_ns = wf_clock_monotonic_ns();

	return since_ns && now_ns > since_ns ? now_ns - since_ns : 0;
}

void wf_sub_stats(const struct weft_sub *sub, struct weft_sub_stats *ret_stats)
{
	struct weft_sub_stats stats = {
		.ended = (enum weft_sub_end)atomic_load(&sub->ended),
	};

	for (uint32_t i = 0; i < sub->workers; i++) {
		if (sub->queues) {
			wf_queue_stats_add(&sub->queues[i], &stats);
			continue;
		}
		stats.pushed_events +=
			atomic_load_explicit(&sub->inlines[i].events, memory_order_relaxed);
		stats.pushed_bytes +=
			atomic_load_explicit(&sub->inlines[i].bytes, memory_order_relaxed);
		stats.overruns +=
			atomic_load_explicit(&sub->inlines[i].overruns, memory_order_relaxed);
	}
	stats.lag_ns = lag_ns(sub);
	if (sub->inlines) {
		stats.taken_events = stats.pushed_events;
		stats.taken_bytes = stats.pushed_bytes;
	}
	*ret_stats = stats;
}
