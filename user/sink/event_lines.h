/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event_lines.h - events that do not belong to a connection: statistics, and changes of memory
 * pressure, of overload and of interfaces. The library reports them when it is asked, not as
 * events.
 */
#ifndef WF_SINK_EVENT_LINES_H
#define WF_SINK_EVENT_LINES_H

#include <net/if.h>
#include <stdint.h>

#include <weft/weft.h>

#include "sink/format/eve_event.h"
#include "sink/format/json_out.h"

/*
 * Called at the end of each line of wf_event_lines_changes() and wf_event_lines_stats(). @type: the
 * event_type of the line.
 */
typedef void (*wf_event_lines_fn)(const char *type, void *ctx);

/**
 * struct wf_event_lines - the changes that were reported so far, and the destination of lines
 * @weft, @json, @ctx: borrowed
 * @source, @clock: the caller also uses them for events of connections
 */
struct wf_event_lines {
	struct weft *weft;
	struct wf_json *json;
	wf_event_lines_fn end_fn;
	void *ctx;
	uint32_t interfaces_count;
	char interface[IF_NAMESIZE]; /* the only captured interface; "": none or several */
	uint64_t start_sec;
	uint64_t pressure_reported; /* number of the last pressure change that was written */
	/* the state of each interface that was last written */
	enum weft_interface_state interfaces[WEFT_INTERFACES_MAX];
	uint64_t shed_percent; /* the percentage that was last written */
	struct wf_eve_source source;
	struct wf_eve_clock clock;
};

/* Fill in @lines, which must not be moved or copied afterwards. */
void wf_event_lines_init(struct wf_event_lines *lines, struct weft *weft, struct wf_json *json,
			 wf_event_lines_fn end_fn, void *ctx);

/* Begin a line with its time and type. The caller adds members, and ends the line. */
void wf_event_lines_begin(struct wf_event_lines *lines, uint64_t time_ns, const char *type);

/*
 * Write lines about what has changed since the last call: each change of memory pressure, at most
 * 16 (the next call writes the others); the state of each interface and the percentage of
 * connections that are shed, if they differ from those that were last written.
 */
void wf_event_lines_changes(struct wf_event_lines *lines);
/* Write one line with all statistics. */
void wf_event_lines_stats(struct wf_event_lines *lines);

/* Return the time of @clock in whole seconds, and the time of day in ns since 1970. */
uint64_t wf_event_lines_clock_sec(clockid_t clock);
uint64_t wf_event_lines_now_ns(void);

#endif
