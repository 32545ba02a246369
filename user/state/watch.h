/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch.h - the changes of all keys that begin with a prefix, in the order of their versions.
 *
 * A watch has a queue of limited length. If the queue overflows, or the store is at its memory
 * limit and has no histories to release, the queue is emptied, and the next poll reports the loss:
 * the reader then lists the keys again. A watch that is not polled for its TTL ends.
 *
 * Use: open the watch, list the keys, then apply each change with a higher version than the listed
 * one.
 *
 * Thread: any.
 */
#ifndef WF_STATE_WATCH_H
#define WF_STATE_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "state/record.h"

struct wf_store;

enum { WF_WATCH_QUEUE_MAX = 1 << 16 };

/*
 * Open a watch. @queue_max: number of changes that may wait, 1 to WF_WATCH_QUEUE_MAX. Return: 0 and
 * its number; -EINVAL if the prefix is too long or @queue_max is out of range; -ENOSPC if there are
 * too many watches; -ENOBUFS; -ENOMEM; -ETIMEDOUT.
 */
int wf_watch_open(struct wf_store *store, const char *prefix, uint32_t queue_max, uint64_t ttl_ns,
		  uint64_t now_ns, uint64_t *ret_id);

/*
 * Take at most @max changes, oldest first. A deletion is a record, too. The caller releases each
 * record with wf_record_put(). *@ret_is_lost: true if changes before the returned ones were lost.
 * Return: the number of changes; -ENOENT if the watch has ended; -ETIMEDOUT.
 */
int wf_watch_poll(struct wf_store *store, uint64_t id, uint64_t now_ns, struct wf_record **records,
		  int max, bool *ret_is_lost);

/* End a watch. Return: 0; -ENOENT if it has ended; -ETIMEDOUT. */
int wf_watch_close(struct wf_store *store, uint64_t id);

#endif
