// SPDX-License-Identifier: BSD-2-Clause
/*
 * watch.c - a periodic thread that reads states into the table, and answers from the table.
 *
 *   idle ── asked for ──► connecting ◄── lost ── connected
 *    ▲                        │                      │
 *    └──── not asked for WF_FLEET_WATCH_IDLE_SEC ────┘
 *
 * The lock protects the table, is_connected and the reason. It is held for READ_MS while states are
 * read, not while a connection is made: the states of a new connection go to a table of its own,
 * which replaces the present one.
 */
#include "fleet/watch.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <weft/pressure.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/periodic.h"
#include "fleet/feed.h"
#include "fleet/show.h"

enum {
	LOCK_MS = 1000,
	READ_MS = 10,
	POLL_MS = 200,
	RETRY_MS = 1000,
	RECENT_SEC = 15, /* at least two states of a sensor with the default interval */
	PENDING_BYTES = 8 << 20,
};

struct wf_fleet_watch {
	struct wf_bus *bus; /* owned */
	const char *stream;
	struct weft *weft;
	struct wf_periodic thread;
	struct wf_fleet_feed *feed; /* owned; used by the thread only, like is_charged */
	bool is_charged;
	_Atomic uint64_t asked_ns; /* when the table was last asked for; 0: never */
	struct wf_lock lock;	   /* protects the members below */
	struct wf_fleet fleet;
	bool is_connected;
	char reason[WF_BUS_ERROR_BYTES]; /* why the watch is not connected */
};

int wf_fleet_watch_open(const struct wf_fleet_watch_opts *opts, struct wf_fleet_watch **ret_watch,
			char *ret_error)
{
	struct wf_fleet_watch *watch = calloc(1, sizeof(*watch));
	int err;

	snprintf(ret_error, WF_BUS_ERROR_BYTES, "out of memory");
	if (!watch)
		return -ENOMEM;
	watch->stream = opts->stream;
	watch->weft = opts->weft;
	wf_lock_init(&watch->lock, LOCK_MS);
	err = wf_bus_open(&opts->bus, &watch->bus, ret_error);
	if (err) {
		wf_fleet_watch_close(watch);
		return err;
	}
	*ret_watch = watch;
	return 0;
}

/* ---- the thread ---- */

static bool is_wanted(const struct wf_fleet_watch *watch, uint64_t now_ns)
{
	uint64_t asked_ns = atomic_load(&watch->asked_ns);

	return asked_ns &&
	       (now_ns < asked_ns || now_ns - asked_ns < WF_FLEET_WATCH_IDLE_SEC * WF_NS_PER_SEC);
}

/* Show @fresh, which the watch then owns, instead of the present table; NULL: keep that one. */
static void show(struct wf_fleet_watch *watch, struct wf_fleet *fresh, bool is_connected,
		 const char *reason)
{
	while (wf_lock_take(&watch->lock, "fleet"))
		;
	if (fresh) {
		wf_fleet_fini(&watch->fleet);
		watch->fleet = *fresh;
	}
	watch->is_connected = is_connected;
	snprintf(watch->reason, sizeof(watch->reason), "%s", reason);
	wf_lock_put(&watch->lock);
}

static void disconnect(struct wf_fleet_watch *watch)
{
	struct wf_fleet none = {.count = 0};

	wf_fleet_feed_close(watch->feed);
	watch->feed = NULL;
	show(watch, &none, false, "connecting");
	if (watch->is_charged)
		weft_memory_release(watch->weft, WF_FLEET_WATCH_BYTES);
	watch->is_charged = false;
}

static void connect(struct wf_fleet_watch *watch)
{
	const struct wf_fleet_feed_opts opts = {watch->stream, RECENT_SEC, PENDING_BYTES};
	struct wf_fleet fresh = {.sensors_max = WF_FLEET_WATCH_SENSORS_MAX};
	char error[WF_BUS_ERROR_BYTES] = "out of memory";

	if (!watch->is_charged && weft_memory_reserve(watch->weft, WF_FLEET_WATCH_BYTES)) {
		show(watch, NULL, false, "the memory limit is reached");
		return;
	}
	watch->is_charged = true;
	if (!wf_fleet_feed_open(watch->bus, &opts, &fresh, &watch->feed, error)) {
		show(watch, &fresh, true, "");
		return;
	}
	wf_fleet_fini(&fresh);
	show(watch, NULL, false, error);
}

/* Take the states that arrive within READ_MS. */
static void read_some(struct wf_fleet_watch *watch)
{
	char error[WF_BUS_ERROR_BYTES];
	int err;

	if (wf_lock_take(&watch->lock, "fleet"))
		return;
	err = wf_fleet_feed_wait(watch->feed, &watch->fleet, READ_MS, error);
	wf_lock_put(&watch->lock);
	if (!err)
		return;
	wf_fleet_feed_close(watch->feed);
	watch->feed = NULL;
	show(watch, NULL, false, error);
}

static uint64_t run(void *ctx, uint64_t now_ns)
{
	struct wf_fleet_watch *watch = ctx;

	if (!is_wanted(watch, now_ns)) {
		if (watch->feed || watch->is_charged)
			disconnect(watch);
		return UINT64_MAX;
	}
	if (!watch->feed)
		connect(watch);
	if (watch->feed)
		read_some(watch);
	return wf_clock_monotonic_ns() + (watch->feed ? POLL_MS : RETRY_MS) * WF_NS_PER_MS;
}

int wf_fleet_watch_start(struct wf_fleet_watch *watch)
{
	snprintf(watch->reason, sizeof(watch->reason), "connecting");
	return wf_periodic_start(&watch->thread, "weft-fleet", run, watch);
}

/* ---- other threads ---- */

json_t *wf_fleet_watch_json_new(struct wf_fleet_watch *watch)
{
	struct timespec now;
	bool is_connected;
	json_t *json;

	atomic_store(&watch->asked_ns, wf_clock_monotonic_ns());
	clock_gettime(CLOCK_REALTIME, &now);
	if (wf_lock_take(&watch->lock, "fleet"))
		return NULL;
	json = wf_fleet_json_new(&watch->fleet,
				 (int64_t)now.tv_sec * (int64_t)WF_NS_PER_SEC + now.tv_nsec);
	is_connected = watch->is_connected;
	json_object_set_new(json, "connected", json_boolean(is_connected));
	if (!is_connected)
		json_object_set_new(json, "reason", json_string(watch->reason));
	wf_lock_put(&watch->lock);
	/* Wake the thread: it sleeps without a limit while nobody asks for the table. */
	if (!is_connected)
		wf_periodic_run_now(&watch->thread);
	return json;
}

void wf_fleet_watch_close(struct wf_fleet_watch *watch)
{
	if (!watch)
		return;
	wf_periodic_stop(&watch->thread);
	disconnect(watch);
	wf_fleet_fini(&watch->fleet);
	wf_bus_close(watch->bus);
	wf_lock_fini(&watch->lock);
	free(watch);
}
