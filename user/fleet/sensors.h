/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sensors.h - the table of sensors, in order of their names.
 *
 * Rates are those between two states of the same run; with one state, they are averages over the
 * run, and after the end of the run they are 0. Thread: one.
 */
#ifndef WF_FLEET_SENSORS_H
#define WF_FLEET_SENSORS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bus/names.h"

enum {
	WF_FLEET_SENSORS_MAX = 4096,
	WF_FLEET_TEXT_BYTES = 64,
	WF_FLEET_LOSSES_MAX = 24,
	WF_FLEET_STALE_INTERVALS = 3, /* intervals without a state after which a sensor is stale */
	WF_FLEET_STALE_MIN_SEC = 10,
};

struct wf_fleet_loss {
	char name[WF_FLEET_TEXT_BYTES];
	int64_t frames;
};

/*
 * struct wf_fleet_sensor - a sensor
 * @heard_ns: time at which the server stored the last state
 * @is_ended: the sensor has announced that it stops
 * @frames_rate: frames per second; @bytes_rate: bytes of TCP payload per second
 * @lag_ms: age of the oldest message that was not acknowledged when the state was made
 */
struct wf_fleet_sensor {
	char name[WF_BUS_SENSOR_BYTES];
	char boot[WF_FLEET_TEXT_BYTES];
	char version[WF_FLEET_TEXT_BYTES];
	char host[WF_FLEET_TEXT_BYTES];
	char interfaces[WF_FLEET_TEXT_BYTES];
	char health[WF_FLEET_TEXT_BYTES];
	/* the first reason why the sensor is not healthy, if it is not */
	char reason[WF_FLEET_TEXT_BYTES];
	char pressure[WF_FLEET_TEXT_BYTES];
	int64_t heard_ns;
	int64_t interval_sec;
	int64_t elapsed_ms;
	int64_t frames, bytes, connections, memory_used_bytes, memory_limit_bytes;
	double frames_rate, bytes_rate;
	struct wf_fleet_loss losses[WF_FLEET_LOSSES_MAX];
	size_t losses_count;
	int64_t lost_frames;
	int64_t dropped_events, dropped_bytes; /* by the queues of all outputs */
	int64_t lag_ms;
	bool is_ended;
};

struct wf_fleet {
	struct wf_fleet_sensor *sensors; /* owned */
	size_t count, room;
	size_t sensors_max; /* 0: WF_FLEET_SENSORS_MAX */
	bool has_bad;	    /* a message was not the state of a sensor */
	uint64_t left_out;  /* number of states ignored, because their sensors exceed the maximum */
};

/*
 * Take the state @bytes that the server stored at @heard_ns under @subject. A state that is
 * older than the one in the table is ignored. Return: 0; -EINVAL if it is no state; -ENOBUFS beyond
 * the maximum; -ENOMEM.
 */
int wf_fleet_take(struct wf_fleet *fleet, const char *subject, const char *bytes, size_t len,
		  int64_t heard_ns);

/* Return true if the last state of @sensor is too old at @now_ns, and the sensor has not ended. */
bool wf_fleet_is_stale(const struct wf_fleet_sensor *sensor, int64_t now_ns);

void wf_fleet_fini(struct wf_fleet *fleet);

#endif
