/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch.h - the table of sensors for an agent: read while somebody asks for it.
 *
 * The thread of the watch connects when the table is asked for, and disconnects when nobody has
 * asked for WF_FLEET_WATCH_IDLE_SEC: otherwise each of N agents would receive the states of all N.
 *
 * Memory: WF_FLEET_WATCH_BYTES, charged to the memory limit of the handle from the first attempt to
 * connect until the watch disconnects because nobody asks, or is closed.
 */
#ifndef WF_FLEET_WATCH_H
#define WF_FLEET_WATCH_H

#include <jansson.h>

#include "bus/connect.h"

struct weft;

enum {
	WF_FLEET_WATCH_IDLE_SEC = 60,
	WF_FLEET_WATCH_SENSORS_MAX = 1024,
	WF_FLEET_WATCH_BYTES = 16 << 20, /* two tables, waiting states, and an answer */
};

struct wf_fleet_watch;

/**
 * struct wf_fleet_watch_opts - a watch
 * @bus:    the servers
 * @stream: name of the JetStream stream; borrowed until wf_fleet_watch_close()
 * @weft:   the handle whose limit is charged; borrowed until wf_fleet_watch_close()
 */
struct wf_fleet_watch_opts {
	struct wf_bus_opts bus;
	const char *stream;
	struct weft *weft;
};

/*
 * Create a watch, and read the files of @opts, before privileges are dropped. @ret_error:
 * WF_BUS_ERROR_BYTES bytes. Return: 0; -ENOMEM; as wf_bus_open(). Thread: main.
 */
int wf_fleet_watch_open(const struct wf_fleet_watch_opts *opts, struct wf_fleet_watch **ret_watch,
			char *ret_error);

/* Start the thread, which sleeps until the table is asked for. Return: 0; negative errno. */
int wf_fleet_watch_start(struct wf_fleet_watch *watch);

/*
 * Return the table as `weft fleet --json` prints it, and the member "connected". While "connected"
 * is false, there is a member "reason", and the table is empty or the last one that was read. Owned
 * by the caller; NULL if the table is busy, or there is no memory. Thread: any.
 */
json_t *wf_fleet_watch_json_new(struct wf_fleet_watch *watch);

/* End the thread, and free @watch. Waits for a connection that is being made. NULL is allowed. */
void wf_fleet_watch_close(struct wf_fleet_watch *watch);

#endif
