/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watches.h - a list of watches; see watch.h.
 *
 * Thread: the holder of the store's order_lock.
 */
#ifndef WF_STATE_WATCHES_H
#define WF_STATE_WATCHES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "state/record.h"

struct wf_watch;

struct wf_watches {
	struct wf_watch *list;	      /* owned */
	struct wf_state_bytes *bytes; /* borrowed */
	uint32_t max;
	_Atomic uint32_t count; /* read by any thread */
	uint64_t ids;		/* number of the latest watch */
};

/* Push the change @record, whose version is set, to each watch with whose prefix its key begins. */
void wf_watches_push(struct wf_watches *watches, struct wf_record *record);

/*
 * Empty all queues that hold changes. The next poll of each reports the loss. Return: the number of
 * emptied queues.
 */
uint32_t wf_watches_overflow(struct wf_watches *watches);

/* End the watches whose TTL has passed; all if @now_ns is UINT64_MAX. Return: their number. */
uint32_t wf_watches_expire(struct wf_watches *watches, uint64_t now_ns);

/* See watch.h. The caller has checked the arguments. */
int wf_watches_open(struct wf_watches *watches, const char *prefix, uint32_t queue_max,
		    uint64_t ttl_ns, uint64_t now_ns, uint64_t *ret_id);
int wf_watches_poll(struct wf_watches *watches, uint64_t id, uint64_t now_ns,
		    struct wf_record **records, int max, bool *ret_is_lost);
int wf_watches_close(struct wf_watches *watches, uint64_t id);

#endif
