/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * registry.h - all subscriptions of a handle; they are added and removed while workers dispatch
 * events.
 *
 *   control calls                          worker, between two batches
 *     copy the list, change the copy         notices another list: wf_dispatch_flush()
 *     publish the copy ────────────────────► closes its end of the removed subscriptions
 *     wake the workers                       passes: publishes the generation of its list
 *     free lists older than all of these
 *
 * The subscriptions of a list never change after it was published, and a worker uses one list for a
 * whole batch, so dispatching needs no lock. A subscription is freed when its owner has
 * unsubscribed and each worker has closed its end.
 *
 * Bound: WEFT_SUBSCRIPTIONS_MAX subscriptions. All memory is charged; a list stays charged until
 * the first change after every worker has begun to use a newer one.
 */
#ifndef WF_DELIVER_REGISTRY_H
#define WF_DELIVER_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/subscribe.h>

#include "deliver/registry_state.h"

struct weft_sub;
struct weft_sub_opts;
struct wf_arena;

/* Initialize an empty registry. Return: 0; -ENOBUFS; -ENOMEM. Thread: main. */
int wf_registry_init(struct wf_registry *registry, struct wf_arena *arena, uint32_t workers,
		     uint32_t lock_timeout_ms);

/* Free all subscriptions. All workers must have ended. A zeroed registry is allowed. */
void wf_registry_fini(struct wf_registry *registry);

/*
 * Declare that workers will start: subscriptions that are added later may begin in the middle of
 * connections. Call before workers start. Return: 0; -ETIMEDOUT; -ESHUTDOWN if workers have left
 * after a start that failed: the subscriptions have ended.
 */
int wf_registry_start(struct wf_registry *registry);

/*
 * Return the current list, which @worker uses until it calls wf_registry_pass(). Thread: main, or
 * the worker.
 */
const struct wf_sub_list *wf_registry_enter(struct wf_registry *registry, uint32_t worker);

/*
 * Declare that @worker now uses @list, and no older one. Thread: the worker, between two batches.
 */
void wf_registry_pass(struct wf_registry *registry, uint32_t worker,
		      const struct wf_sub_list *list);

/*
 * Call @fn for each subscription that was removed between the lists @older and @newer: also for one
 * that is in neither list, because it was added after @older and removed before @newer.
 */
void wf_sub_lists_removed(const struct wf_sub_list *newer, const struct wf_sub_list *older,
			  void (*fn)(struct weft_sub *sub, void *ctx), void *ctx);

/*
 * Leave all subscriptions of @used, the list that @worker uses, and of all newer lists. Thread: the
 * worker, as its last call; or any, once the worker has ended.
 */
void wf_registry_leave(struct wf_registry *registry, uint32_t worker,
		       const struct wf_sub_list *used);

/*
 * Add a subscription, see weft_subscribe(). @live: see struct wf_sub_env. Return: 0; -ENOSPC;
 * errors of wf_sub_new(); -ETIMEDOUT. Thread: any.
 */
int wf_registry_add(struct wf_registry *registry, const struct weft_sub_opts *opts, bool live,
		    struct weft_sub **ret_sub);

/*
 * Remove @sub and drop the owner's reference, see weft_unsubscribe(). Thread: any, also a worker in
 * a callback.
 */
void wf_registry_remove(struct weft_sub *sub);

/*
 * Announce that the handle stops. From then on, a worker waits for a reader until the reader has
 * taken no event for a second. Thread: any.
 */
void wf_registry_stop(struct wf_registry *registry);

/*
 * End the subscriptions whose reader has taken no event for their idle TTL. Return: their number;
 * -ETIMEDOUT. Thread: one at a time.
 */
int wf_registry_expire(struct wf_registry *registry, uint64_t now_ns);

/*
 * Call @fn for each subscription, with its statistics. *@ret_removed: the sum of the counters of
 * removed subscriptions; zero on failure. Return: 0; -ETIMEDOUT. Thread: any.
 */
typedef void (*wf_registry_stats_fn)(const char *name, const struct weft_sub_stats *stats,
				     void *ctx);
int wf_registry_stats_each(struct wf_registry *registry, wf_registry_stats_fn fn, void *ctx,
			   struct weft_sub_stats *ret_removed);

/* Return the number of subscriptions; 0 if the lock can't be taken in time. Thread: any. */
uint32_t wf_registry_count(struct wf_registry *registry);

#endif
