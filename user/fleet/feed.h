/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * feed.h - the states of all sensors from JetStream: the last one of each, then recent ones, from
 * which rates follow, then further ones as they arrive.
 *
 * Thread: one; libnats receives messages in threads of its own.
 */
#ifndef WF_FLEET_FEED_H
#define WF_FLEET_FEED_H

#include "bus/connect.h"
#include "fleet/sensors.h"

struct wf_fleet_feed;

/**
 * struct wf_fleet_feed_opts - the states that are read
 * @stream:        name of the JetStream stream
 * @recent_sec:    all states of the last @recent_sec seconds are read
 * @pending_bytes: bytes of states that may wait in libnats; further states are left out
 */
struct wf_fleet_feed_opts {
	const char *stream;
	int64_t recent_sec;
	int pending_bytes;
};

/*
 * Connect, and take the last state of each sensor and all recent states into @fleet, which may hold
 * a part of them after a failure. Return: 0; -EAGAIN if no server can be reached, there is no
 * stream, or reading fails; -EACCES, -EINVAL, as wf_bus_connect(); -ENOMEM. @ret_error:
 * WF_BUS_ERROR_BYTES bytes; not set after -ENOMEM.
 */
int wf_fleet_feed_open(struct wf_bus *bus, const struct wf_fleet_feed_opts *opts,
		       struct wf_fleet *fleet, struct wf_fleet_feed **ret_feed, char *ret_error);

/*
 * Take the states that arrive within @ms. Return: 0; -ECONNRESET if the connection is lost, with
 * the reason in @ret_error.
 */
int wf_fleet_feed_wait(struct wf_fleet_feed *feed, struct wf_fleet *fleet, int64_t ms,
		       char *ret_error);

/* NULL is allowed. */
void wf_fleet_feed_close(struct wf_fleet_feed *feed);

#endif
