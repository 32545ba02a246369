// SPDX-License-Identifier: BSD-2-Clause
/*
 * registry.c - publishes a new list of subscriptions for each change, and frees old lists.
 */
#include "deliver/registry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/owner.h"
#include "deliver/registry_wait.h"
#include "deliver/subscription.h"
#include "memory/arena.h"
#include "memory/budget.h"

static struct wf_budget *budget_of(const struct wf_registry *registry)
{
	return wf_arena_budget(registry->arena);
}

/* Allocate a list, whose contents are undefined. Return: 0; -ENOBUFS; -ENOMEM. */
static int new_list(struct wf_registry *registry, struct wf_sub_list **ret_list)
{
	if (wf_budget_reserve(budget_of(registry), WF_BUDGET_QUEUES, sizeof(**ret_list)))
		return -ENOBUFS;
	*ret_list = malloc(sizeof(**ret_list));
	if (*ret_list)
		return 0;
	wf_budget_release(budget_of(registry), WF_BUDGET_QUEUES, sizeof(**ret_list));
	return -ENOMEM;
}

static void free_list(struct wf_registry *registry, struct wf_sub_list *list)
{
	if (!list)
		return;
	free(list);
	wf_budget_release(budget_of(registry), WF_BUDGET_QUEUES, sizeof(*list));
}

/* Make @ret_list a copy of the current list that can be changed and published. */
static void copy_list(const struct wf_registry *registry, struct wf_sub_list *ret_list)
{
	*ret_list = *atomic_load(&registry->list);
	ret_list->generation++;
}

int wf_registry_init(struct wf_registry *registry, struct wf_arena *arena, uint32_t workers,
		     uint32_t lock_timeout_ms)
{
	struct wf_sub_list *list;
	int err;

	memset(registry, 0, sizeof(*registry));
	registry->arena = arena;
	registry->workers = workers;
	err = new_list(registry, &list);
	if (err)
		return err;
	*list = (struct wf_sub_list){.generation = 1};
	atomic_store(&registry->list, list);
	wf_lock_init(&registry->lock, lock_timeout_ms);
	return 0;
}

/* Free the lists that no worker uses any more. */
static void free_passed(struct wf_registry *registry)
{
	struct wf_sub_list **link = &atomic_load(&registry->list)->next;
	uint64_t oldest = UINT64_MAX;

	for (uint32_t i = 0; i < registry->workers; i++) {
		uint64_t used = atomic_load(&registry->worker[i].generation);

		if (wf_registry_has_worker(registry, i) && used < oldest)
			oldest = used;
	}
	while (*link && (*link)->generation >= oldest)
		link = &(*link)->next;
	while (*link) {
		struct wf_sub_list *next = (*link)->next;

		free_list(registry, *link);
		*link = next;
	}
}

static void wake_workers(struct wf_registry *registry)
{
	for (uint32_t i = 0; i < registry->workers; i++)
		if (registry->worker[i].waker && wf_registry_has_worker(registry, i))
			wf_waiter_wake(registry->worker[i].waker);
}

/* Publish @list and wake the workers, so that they use it soon. */
static void publish(struct wf_registry *registry, struct wf_sub_list *list)
{
	list->next = atomic_load(&registry->list);
	/* Pairs with the load in wf_dispatch_flush(): the list is complete. */
	atomic_store(&registry->list, list);
	wake_workers(registry);
	free_passed(registry);
}

/* Close the end of each worker whose presence is @presence. Such a worker dispatches no events. */
static void close_ends(struct wf_registry *registry, struct weft_sub *sub,
		       enum wf_worker_presence presence)
{
	for (uint32_t i = 0; i < registry->workers; i++)
		if (atomic_load(&registry->worker[i].presence) == presence)
			wf_sub_leave(sub, i);
}

static void link_owned(struct wf_registry *registry, struct weft_sub *sub)
{
	sub->next_owned = registry->owned;
	registry->owned = sub;
}

static void unlink_owned(struct wf_registry *registry, const struct weft_sub *sub)
{
	struct weft_sub **link = &registry->owned;

	while (*link && *link != sub)
		link = &(*link)->next_owned;
	if (*link)
		*link = sub->next_owned;
}

static uint32_t free_slot(const struct wf_sub_list *list)
{
	uint32_t slot = 0;

	while (slot < WEFT_SUBSCRIPTIONS_MAX && list->subs[slot])
		slot++;
	return slot;
}

static int add(struct wf_registry *registry, const struct weft_sub_opts *opts, bool live,
	       struct weft_sub **ret_sub)
{
	const struct wf_sub_env env = {
		.registry = registry,
		.arena = registry->arena,
		.workers = registry->workers,
		.worker = registry->worker,
		.stopping = &registry->stopping,
		.live = live,
		.is_late = registry->is_started,
	};
	uint32_t slot = free_slot(atomic_load(&registry->list));
	struct wf_sub_list *list = NULL, *removal = NULL;
	int err;

	if (slot == WEFT_SUBSCRIPTIONS_MAX) {
		wf_error("subscriptions: at most %d are allowed at a time", WEFT_SUBSCRIPTIONS_MAX);
		return -ENOSPC;
	}
	err = new_list(registry, &list);
	if (!err)
		err = new_list(registry, &removal);
	if (!err)
		err = wf_sub_new(opts, &env, ret_sub);
	if (err) {
		free_list(registry, list);
		free_list(registry, removal);
		return err;
	}
	(*ret_sub)->slot = slot;
	(*ret_sub)->removal = removal;
	link_owned(registry, *ret_sub);
	copy_list(registry, list);
	list->subs[slot] = *ret_sub;
	publish(registry, list);
	close_ends(registry, *ret_sub, WF_WORKER_ENDED);
	return 0;
}

int wf_registry_add(struct wf_registry *registry, const struct weft_sub_opts *opts, bool live,
		    struct weft_sub **ret_sub)
{
	uint64_t generation;
	int err = wf_lock_take(&registry->lock, "weft_subscribe");

	if (err)
		return err;
	generation = atomic_load(&registry->list)->generation;
	wf_lock_put(&registry->lock);
	wf_registry_wait_for_lists(registry, generation);
	err = wf_lock_take(&registry->lock, "weft_subscribe");
	if (err)
		return err;
	err = add(registry, opts, live, ret_sub);
	wf_lock_put(&registry->lock);
	return err;
}

/*
 * Take the lock for a call that can't fail. No holder waits for a worker, so the lock becomes free;
 * each attempt that times out is logged. @what: see wf_lock_take().
 */
static void lock_for_sure(struct wf_registry *registry, const char *what)
{
	while (wf_lock_take(&registry->lock, what))
		;
}

const struct wf_sub_list *wf_registry_enter(struct wf_registry *registry, uint32_t worker)
{
	struct wf_worker_state *state = &registry->worker[worker];
	const struct wf_sub_list *list;

	lock_for_sure(registry, "worker");
	list = atomic_load(&registry->list);
	atomic_store(&state->generation, list->generation);
	atomic_store(&state->presence, WF_WORKER_PRESENT);
	wf_lock_put(&registry->lock);
	return list;
}

void wf_registry_pass(struct wf_registry *registry, uint32_t worker, const struct wf_sub_list *list)
{
	/* Pairs with the load in free_passed(): the worker has finished reading its older list. */
	atomic_store(&registry->worker[worker].generation, list->generation);
	wf_waiter_wake(&registry->passed);
}

void wf_sub_lists_removed(const struct wf_sub_list *newer, const struct wf_sub_list *older,
			  void (*fn)(struct weft_sub *sub, void *ctx), void *ctx)
{
	for (; newer != older; newer = newer->next)
		for (uint32_t i = 0; i < WEFT_SUBSCRIPTIONS_MAX; i++) {
			struct weft_sub *sub = newer->next->subs[i];

			if (sub && sub != newer->subs[i])
				fn(sub, ctx);
		}
}

static void leave_removed(struct weft_sub *sub, void *ctx)
{
	wf_sub_leave(sub, *(const uint32_t *)ctx);
}

void wf_registry_leave(struct wf_registry *registry, uint32_t worker,
		       const struct wf_sub_list *used)
{
	const struct wf_sub_list *list;

	lock_for_sure(registry, "worker");
	list = atomic_load(&registry->list);
	wf_sub_lists_removed(list, used, leave_removed, &worker);
	for (uint32_t i = 0; i < WEFT_SUBSCRIPTIONS_MAX; i++)
		if (list->subs[i])
			wf_sub_leave(list->subs[i], worker);
	atomic_store(&registry->worker[worker].presence, WF_WORKER_ENDED);
	atomic_store(&registry->worker[worker].thread, 0);
	wf_lock_put(&registry->lock);
	wf_waiter_wake(&registry->passed);
}

/* Add the counters of @sub, which is being removed, to registry->removed. */
static void count_removed(struct wf_registry *registry, const struct weft_sub *sub)
{
	struct weft_sub_stats stats;

	wf_sub_stats(sub, &stats);
	registry->removed.pushed_events += stats.pushed_events;
	registry->removed.pushed_bytes += stats.pushed_bytes;
	registry->removed.taken_events += stats.taken_events;
	registry->removed.taken_bytes += stats.taken_bytes;
	registry->removed.dropped_events += stats.dropped_events;
	registry->removed.dropped_bytes += stats.dropped_bytes;
	registry->removed.overruns += stats.overruns;
	registry->removed.revoked_events += stats.revoked_events;
	registry->removed.revoked_bytes += stats.revoked_bytes;
}

/* Publish a list without @sub. Return: its generation. */
static uint64_t publish_removal(struct wf_registry *registry, struct weft_sub *sub)
{
	struct wf_sub_list *list = sub->removal;

	sub->removal = NULL;
	count_removed(registry, sub);
	copy_list(registry, list);
	list->subs[sub->slot] = NULL;
	unlink_owned(registry, sub);
	publish(registry, list);
	close_ends(registry, sub, WF_WORKER_NOT_STARTED);
	close_ends(registry, sub, WF_WORKER_ENDED);
	return list->generation;
}

void wf_registry_remove(struct weft_sub *sub)
{
	struct wf_registry *registry = sub->registry;
	bool is_inline = sub->inline_fn;
	uint64_t generation;

	wf_sub_end(sub, WEFT_SUB_UNSUBSCRIBED);
	lock_for_sure(registry, "weft_unsubscribe");
	generation = publish_removal(registry, sub);
	wf_lock_put(&registry->lock);
	if (is_inline)
		wf_registry_wait_for_callbacks(registry, generation);
	wf_sub_put_owner(sub);
}

int wf_registry_start(struct wf_registry *registry)
{
	int err = wf_lock_take(&registry->lock, "weft_start");

	if (err)
		return err;
	registry->is_started = true;
	for (uint32_t i = 0; i < registry->workers; i++)
		if (atomic_load(&registry->worker[i].presence) == WF_WORKER_ENDED)
			err = -ESHUTDOWN;
	wf_lock_put(&registry->lock);
	if (err)
		wf_error("subscriptions: they have ended, because an earlier start of this handle "
			 "failed; make a new handle");
	return err;
}

void wf_registry_stop(struct wf_registry *registry)
{
	const struct wf_sub_list *list;

	atomic_store(&registry->stopping, true);
	/*
	 * If the lock can't be taken, blocked workers notice the stop a little later without being
	 * woken.
	 */
	if (wf_lock_take(&registry->lock, "weft_stop"))
		return;
	list = atomic_load(&registry->list);
	for (uint32_t i = 0; i < WEFT_SUBSCRIPTIONS_MAX; i++)
		if (list->subs[i])
			wf_sub_wake_workers(list->subs[i]);
	wf_lock_put(&registry->lock);
}

/* End @sub if its reader has been idle for too long. Return: true if it was. */
static bool expire(struct weft_sub *sub, uint64_t now_ns)
{
	if (!wf_sub_watch(sub, now_ns) || !wf_sub_end(sub, WEFT_SUB_IDLE))
		return false;
	wf_warn("subscription %s: ended because its consumer took no event for %llu ms; unsubscribe "
		"a consumer that does not read, or raise idle_ttl_ms",
		sub->name, (unsigned long long)(sub->idle_ttl_ns / WF_NS_PER_MS));
	return true;
}

int wf_registry_expire(struct wf_registry *registry, uint64_t now_ns)
{
	const struct wf_sub_list *list;
	int expired = 0, err = wf_lock_take(&registry->lock, "idle subscriptions");

	if (err)
		return err;
	list = atomic_load(&registry->list);
	for (uint32_t i = 0; i < WEFT_SUBSCRIPTIONS_MAX; i++)
		if (list->subs[i])
			expired += expire(list->subs[i], now_ns);
	/* A woken worker flushes, and so frees the waiting events. */
	if (expired)
		wake_workers(registry);
	wf_lock_put(&registry->lock);
	return expired;
}

int wf_registry_stats_each(struct wf_registry *registry, wf_registry_stats_fn fn, void *ctx,
			   struct weft_sub_stats *ret_removed)
{
	const struct wf_sub_list *list;
	int err = wf_lock_take(&registry->lock, "subscriptions");

	memset(ret_removed, 0, sizeof(*ret_removed));
	if (err)
		return err;
	*ret_removed = registry->removed;
	list = atomic_load(&registry->list);
	for (uint32_t i = 0; i < WEFT_SUBSCRIPTIONS_MAX; i++) {
		struct weft_sub_stats stats;

		if (!list->subs[i])
			continue;
		wf_sub_stats(list->subs[i], &stats);
		fn(list->subs[i]->name, &stats, ctx);
	}
	wf_lock_put(&registry->lock);
	return 0;
}

uint32_t wf_registry_count(struct wf_registry *registry)
{
	const struct wf_sub_list *list;
	uint32_t count = 0;

	if (wf_lock_take(&registry->lock, "subscriptions"))
		return 0;
	list = atomic_load(&registry->list);
	for (uint32_t i = 0; i < WEFT_SUBSCRIPTIONS_MAX; i++)
		count += list->subs[i] != NULL;
	wf_lock_put(&registry->lock);
	return count;
}

void wf_registry_fini(struct wf_registry *registry)
{
	struct wf_sub_list *list = atomic_load(&registry->list);

	if (!list)
		return;
	while (registry->owned) {
		struct weft_sub *sub = registry->owned;

		registry->owned = sub->next_owned;
		free_list(registry, sub->removal);
		wf_sub_end(sub, WEFT_SUB_SHUTDOWN);
		for (uint32_t i = 0; i < registry->workers; i++)
			wf_sub_leave(sub, i);
		wf_sub_put_owner(sub);
	}
	while (list) {
		struct wf_sub_list *next = list->next;

		free_list(registry, list);
		list = next;
	}
	wf_lock_fini(&registry->lock);
	memset(registry, 0, sizeof(*registry));
}
