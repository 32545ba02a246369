/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracker.h - writes the hosts of a handle's connections to a table.
 *
 *   workers ─► queue of OPEN and CLOSE events ─► thread "weft-endpoint" ─► table
 *
 * The thread takes the events every 50 ms, or more often while there are many (pace.h), and never
 * sleeps in weft_sub_poll(), so that no worker has to wake it. If the queue is full, its oldest
 * events are dropped.
 *
 * Memory: the table and the queue, charged to the limit of the handle. Thread: main, unless stated
 * otherwise.
 */
#ifndef WF_ENDPOINTS_TRACKER_H
#define WF_ENDPOINTS_TRACKER_H

#include <stdint.h>

#include <weft/log.h>

struct weft;
struct wf_endpoints;
struct wf_tracker;

/* Name of the subscription and of the cleanup task. */
#define WF_TRACKER_NAME "endpoints"

/**
 * struct wf_tracker_opts - @hosts_max: limit of the table, at least 1; it is lowered if the table
 * would need more than 1/WF_TRACKER_MEMORY_PARTS of the handle's memory. @ttl_sec: time after which
 * a host without open connections is forgotten; 0: never. @cleanup_sec: interval at which expired
 * hosts are removed
 */
struct wf_tracker_opts {
	uint32_t hosts_max;
	uint32_t ttl_sec;
	uint32_t cleanup_sec;
};

enum { WF_TRACKER_MEMORY_PARTS = 64 };

/*
 * Subscribe to @weft, which is not started yet, and add the cleanup task. Return: 0; -ENOBUFS if
 * the memory limit is too small; the errors of weft_subscribe(), weft_cleanup_add() and
 * wf_endpoints_new().
 */
int wf_tracker_open(struct weft *weft, const struct wf_tracker_opts *opts,
		    struct wf_tracker **ret_tracker);

/* Start the thread. Return: 0; negative errno of pthread_create(). */
int wf_tracker_start(struct wf_tracker *tracker);

/* Stop the thread and end the subscription. Idempotent. NULL is allowed. */
void wf_tracker_stop(struct wf_tracker *tracker);

/* Free the tracker after weft_free() of its handle, which may run the cleanup task until then. */
void wf_tracker_free(struct wf_tracker *tracker);

/* Return the table, which lives as long as @tracker. NULL is allowed. Thread: any. */
struct wf_endpoints *wf_tracker_table(const struct wf_tracker *tracker);

#endif
