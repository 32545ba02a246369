// SPDX-License-Identifier: BSD-2-Clause
/*
 * watch.c - implements watch.h: checks the arguments, and calls watches.c with the store's
 * order_lock held.
 */
#include "state/watch.h"

#include <errno.h>
#include <string.h>

#include "state/core.h"

static int open_once(struct wf_store *store, const char *prefix, uint32_t queue_max,
		     uint64_t ttl_ns, uint64_t now_ns, uint64_t *ret_id)
{
	int err = wf_lock_take(&store->order_lock, "state: opening a watch");

	if (err)
		return err;
	err = wf_watches_open(&store->watches, prefix, queue_max, ttl_ns, now_ns, ret_id);
	wf_lock_put(&store->order_lock);
	return err;
}

int wf_watch_open(struct wf_store *store, const char *prefix, uint32_t queue_max, uint64_t ttl_ns,
		  uint64_t now_ns, uint64_t *ret_id)
{
	int err;

	if (strnlen(prefix, WF_STATE_KEY_MAX_BYTES + 1) > WF_STATE_KEY_MAX_BYTES || !queue_max ||
	    queue_max > WF_WATCH_QUEUE_MAX)
		return -EINVAL;
	err = open_once(store, prefix, queue_max, ttl_ns, now_ns, ret_id);
	/* Queues of other watches are not released: a new watch must not cost others their changes.
	 */
	if (err == -ENOBUFS && wf_core_release_histories(store) > 0)
		err = open_once(store, prefix, queue_max, ttl_ns, now_ns, ret_id);
	return err;
}

int wf_watch_poll(struct wf_store *store, uint64_t id, uint64_t now_ns, struct wf_record **records,
		  int max, bool *ret_is_lost)
{
	int count = wf_lock_take(&store->order_lock, "state: polling a watch");

	if (count)
		return count;
	count = wf_watches_poll(&store->watches, id, now_ns, records, max, ret_is_lost);
	wf_lock_put(&store->order_lock);
	return count;
}

int wf_watch_close(struct wf_store *store, uint64_t id)
{
	int err = wf_lock_take(&store->order_lock, "state: closing a watch");

	if (err)
		return err;
	err = wf_watches_close(&store->watches, id);
	wf_lock_put(&store->order_lock);
	return err;
}
