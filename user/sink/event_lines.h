/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event_lines.h - the state of the sink of events, and its lines that do not belong to a
 * connection.
 */
#ifndef WF_SINK_EVENT_LINES_H
#define WF_SINK_EVENT_LINES_H

#include <net/if.h>
#include <stdint.h>
#include <time.h>

#include <weft/weft.h>

#include "sink/line_out.h"
#include "sink/sink_class.h"

enum { WF_EVENTS_TIME_BYTES = 48 };
#define WF_EVENTS_NS_PER_SEC 1000000000ull

struct wf_events {
	uint32_t interfaces_count;
	char interface[IF_NAMESIZE]; /* the only captured interface; "": none or several */
	uint64_t lost_told;	     /* number of lost lines and file gaps that were reported */
	uint64_t start_sec;
	uint64_t looked_sec;	/* second of the last check for memory pressure */
	uint64_t stats_sec;	/* second of the last written statistics */
	uint64_t pressure_told; /* number of the last pressure change that was written */
	enum weft_interface_state interfaces[WEFT_INTERFACES_MAX]; /* as last written */
	uint64_t shed_percent; /* shed percentage as last written */
	time_t second;	       /* time in seconds that second_text contains */
	char second_text[WF_EVENTS_TIME_BYTES];
	struct wf_line_out out;
};

static inline uint64_t wf_events_clock_sec(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec;
}

static inline uint64_t wf_events_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * WF_EVENTS_NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* Write @time_ns as EVE does. */
void wf_events_put_time(struct wf_events *events, const char *key, uint64_t time_ns);

/* Begin a line with its time and type; end it and count it. */
void wf_events_line_begin(struct wf_events *events, uint64_t time_ns, const char *type);
void wf_events_line_end(struct wf_sink *sink);

/*
 * Begin a line which reports that @lost events with @data_bytes of stream data are missing from the
 * output. Its type is not "drop", which means a blocked packet in EVE. The caller ends the line.
 */
void wf_events_write_loss(struct wf_events *events, uint64_t time_ns, uint64_t lost,
			  uint64_t data_bytes);

/* Write changes that no event reports: memory pressure, overload, states of interfaces. */
void wf_events_write_changes(struct wf_sink *sink);
void wf_events_write_stats(struct wf_sink *sink);

#endif
