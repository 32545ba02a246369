/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * names.h - the names in messages on NATS: sensors, subjects, flows, and the partition of a
 * connection.
 *
 *   weft.<sensor>.data.<partition>     opens, bytes, gaps, drops and closes of connections
 *   weft.<sensor>.event.<event_type>   events as JSON
 *   weft.<sensor>.stats                state of the sensor as JSON
 *
 * All functions work on plain values. Thread: any.
 */
#ifndef WF_BUS_NAMES_H
#define WF_BUS_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/flow.h>

/* the subjects whose messages the JetStream stream stores */
#define WF_BUS_SUBJECTS	      "weft.>"
#define WF_BUS_STATS_SUBJECTS "weft.*.stats"

enum {
	WF_BUS_SENSOR_BYTES = 64, /* name of a sensor, with its '\0' */
	WF_BUS_TYPE_BYTES = 32,	  /* event_type, with its '\0' */
	WF_BUS_SUBJECT_BYTES = 128,
	WF_BUS_FLOW_BYTES = WF_BUS_SENSOR_BYTES + 1 + 16 + 1 + 20,
	WF_BUS_PARTITIONS_MAX = 256,
};

/*
 * struct wf_bus_flow - identifies a connection among those of all sensors
 * @boot: time at which the run of the sensor began, in ns since 1970
 * @id: weft_flow.id
 */
struct wf_bus_flow {
	char sensor[WF_BUS_SENSOR_BYTES];
	uint64_t boot;
	uint64_t id;
};

enum wf_bus_subject_kind {
	WF_BUS_SUBJECT_DATA = 0,
	WF_BUS_SUBJECT_EVENT,
	WF_BUS_SUBJECT_STATS,
};

struct wf_bus_subject {
	enum wf_bus_subject_kind kind;
	char sensor[WF_BUS_SENSOR_BYTES];
	uint32_t partition;	      /* only if kind is DATA */
	char type[WF_BUS_TYPE_BYTES]; /* only if kind is EVENT */
};

enum { WF_BUS_STREAM_CHARS_MAX = 64 };

/* Return true if @text is a name of a sensor: 1 to 63 letters, digits, '_' or '-'. */
bool wf_bus_sensor_is(const char *text);

/*
 * Return true if @text is a name of a stream: 1 to 64 letters, digits, '_' or '-'. Names of streams
 * are parts of subjects, and JetStream also makes directories of them.
 */
bool wf_bus_stream_is(const char *text);

/*
 * Make a name of a sensor from the name of a host: replace characters that are not allowed by '_',
 * and cut a name that is too long. For an empty name, the result is "sensor".
 */
void wf_bus_sensor_from_host(const char *host, char ret_sensor[WF_BUS_SENSOR_BYTES]);

/* Write a subject. @ret_text: WF_BUS_SUBJECT_BYTES bytes. */
void wf_bus_subject_text(const struct wf_bus_subject *subject, char *ret_text);

/* Return: 0; -EINVAL if @text is not a subject of weft. */
int wf_bus_subject_parse(const char *text, struct wf_bus_subject *ret_subject);

/* Write "<sensor>-<boot in 16 hexadecimal digits>-<id>". @ret_text: WF_BUS_FLOW_BYTES bytes. */
void wf_bus_flow_text(const struct wf_bus_flow *flow, char *ret_text);

/* Return: 0; -EINVAL if wf_bus_flow_text() cannot have written @text. */
int wf_bus_flow_parse(const char *text, struct wf_bus_flow *ret_flow);

/*
 * Return the partition of @flow: FNV-1a (64 bits) of the smaller endpoint and then the larger one,
 * modulo @partitions. An endpoint is 16 bytes of address (IPv4 as ::ffff:a.b.c.d) and 2 bytes of
 * port in network byte order. VLAN and VNI do not count. So all connections of one four-tuple, in
 * both directions and of all sensors, are in one partition.
 */
uint32_t wf_bus_partition(const struct weft_flow *flow, uint32_t partitions);

/*
 * Parse a decimal number without sign, blanks or leading zeros. Return: 0; -EINVAL if @text is not
 * such a number, -ERANGE if it is larger than @max.
 */
int wf_bus_u64_parse(const char *text, uint64_t max, uint64_t *ret_value);

#endif
