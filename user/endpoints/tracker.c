// SPDX-License-Identifier: BSD-2-Clause
/*
 * tracker.c - a subscription to OPEN and CLOSE events, and the thread that takes them.
 */
#include "endpoints/tracker.h"

#include <errno.h>
#include <stdlib.h>

#include <weft/weft.h>

#include "base/clock.h"
#include "base/periodic.h"
#include "endpoints/pace.h"
#include "endpoints/table.h"

enum {
	BATCH_EVENTS = 256,
	RUN_EVENTS_MAX = 16384,
	/*
	 * The first ring of the queue from each worker is 1/8 of this and holds 1,024 events. At
	 * the longest interval these are 10,000 connections a second.
	 */
	QUEUE_BYTES = 2 << 20,
	/* number of events that a run should take: so few that one worker's ring stays half empty
	 */
	RUN_EVENTS = 512,
};

struct wf_tracker {
	struct weft *weft; /* borrowed; NULL after wf_tracker_stop() */
	struct weft_sub *sub;
	struct wf_endpoints *table; /* owned */
	uint64_t charged_bytes;
	struct wf_periodic thread;
	struct wf_pace pace; /* used only by the thread */
};

/*
 * Return @hosts_max, or a lower number of hosts for which the table fits in its share of the memory
 * limit; at least 1.
 */
static uint32_t fitting_hosts(const struct weft *weft, uint32_t hosts_max)
{
	uint64_t share_bytes = weft_memory_limit(weft) / WF_TRACKER_MEMORY_PARTS;

	while (hosts_max > 1 && wf_endpoints_bytes(hosts_max) > share_bytes)
		hosts_max -= hosts_max / 8 + 1;
	return hosts_max;
}

static int make_table(struct wf_tracker *tracker, uint32_t hosts_max)
{
	int err;

	hosts_max = fitting_hosts(tracker->weft, hosts_max);
	err = weft_memory_reserve(tracker->weft, wf_endpoints_bytes(hosts_max));
	if (err)
		return err;
	tracker->charged_bytes = wf_endpoints_bytes(hosts_max);
	return wf_endpoints_new(hosts_max, &tracker->table);
}

static int64_t expire(void *ctx, uint64_t now_ns, uint64_t ttl_ns)
{
	const struct wf_tracker *tracker = ctx;

	return wf_endpoints_expire(tracker->table, now_ns, ttl_ns);
}

int wf_tracker_open(struct weft *weft, const struct wf_tracker_opts *opts,
		    struct wf_tracker **ret_tracker)
{
	WEFT_OPTS(weft_sub_opts, sub, .name = WF_TRACKER_NAME,
		  .events = WEFT_EVENT_BIT(WEFT_EVENT_OPEN) | WEFT_EVENT_BIT(WEFT_EVENT_CLOSE),
		  .overflow = WEFT_OVERFLOW_DROP_OLDEST, .queue_bytes = QUEUE_BYTES);
	WEFT_OPTS(weft_cleanup_opts, cleanup, .name = WF_TRACKER_NAME,
		  .interval_ns = opts->cleanup_sec * WF_NS_PER_SEC,
		  .ttl_ns = opts->ttl_sec * WF_NS_PER_SEC, .run_fn = expire);
	struct wf_tracker *tracker = calloc(1, sizeof(*tracker));
	int err;

	if (!tracker)
		return -ENOMEM;
	tracker->weft = weft;
	cleanup.ctx = tracker;
	err = make_table(tracker, opts->hosts_max);
	if (!err)
		err = weft_subscribe(weft, &sub, &tracker->sub);
	if (!err)
		err = weft_cleanup_add(weft, &cleanup);
	if (err) {
		wf_tracker_stop(tracker);
		wf_tracker_free(tracker);
		return err;
	}
	*ret_tracker = tracker;
	return 0;
}

/* Take about RUN_EVENTS_MAX waiting events at most. Return: the time of the next run. */
static uint64_t run(void *ctx, uint64_t now_ns)
{
	struct wf_tracker *tracker = ctx;
	struct weft_event events[BATCH_EVENTS];
	int taken = 0;
	int count;

	while (taken < RUN_EVENTS_MAX &&
	       (count = weft_sub_poll(tracker->sub, events, BATCH_EVENTS, 0)) > 0) {
		while (wf_endpoints_take(tracker->table, events, count, now_ns) == -ETIMEDOUT)
			;
		taken += count;
	}
	return wf_pace_next(&tracker->pace, now_ns, (uint64_t)taken, RUN_EVENTS);
}

int wf_tracker_start(struct wf_tracker *tracker)
{
	return wf_periodic_start(&tracker->thread, "weft-endpoint", run, tracker);
}

void wf_tracker_stop(struct wf_tracker *tracker)
{
	if (!tracker || !tracker->weft)
		return;
	wf_periodic_stop(&tracker->thread);
	weft_unsubscribe(tracker->sub);
	weft_memory_release(tracker->weft, tracker->charged_bytes);
	tracker->weft = NULL;
}

void wf_tracker_free(struct wf_tracker *tracker)
{
	if (!tracker)
		return;
	wf_endpoints_free(tracker->table);
	free(tracker);
}

struct wf_endpoints *wf_tracker_table(const struct wf_tracker *tracker)
{
	return tracker ? tracker->table : NULL;
}
