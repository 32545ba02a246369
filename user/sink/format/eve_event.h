/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * eve_event.h - writes events of connections, and losses of events, with the field names of
 * Suricata's EVE.
 *
 * All functions write members into the object that is open in @json.
 */
#ifndef WF_SINK_FORMAT_EVE_EVENT_H
#define WF_SINK_FORMAT_EVE_EVENT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <weft/event.h>

struct weft;
struct wf_json;

enum { WF_EVE_TIME_BYTES = 48 };

/*
 * struct wf_eve_source - the names of the sources of packets
 * @weft: names the interface or the file of a flow that has one; NULL: @interface is that of all
 * flows
 * @interface: borrowed; NULL: not known
 */
struct wf_eve_source {
	const struct weft *weft;
	const char *interface;
};

/*
 * struct wf_eve_clock - the last second that was converted to text; most events are in the same
 * second as the event before them, so its text is used again
 */
struct wf_eve_clock {
	time_t second;
	char text[WF_EVE_TIME_BYTES];
};

/* Write @time_ns, ns since 1970, as the text member @key in the format of EVE. */
void wf_eve_put_time(struct wf_json *json, struct wf_eve_clock *clock, const char *key,
		     uint64_t time_ns);

/* Write the members with which each event begins: its time and its type. */
void wf_eve_put_head(struct wf_json *json, struct wf_eve_clock *clock, uint64_t time_ns,
		     const char *type);

/* Write the members that identify a connection. */
void wf_eve_put_flow(struct wf_json *json, const struct wf_eve_source *source,
		     const struct weft_flow *flow);
void wf_eve_put_direction(struct wf_json *json, enum weft_dir dir);

/*
 * Write all members of @event. A DROP becomes an "event_loss", because "drop" means a blocked
 * packet in EVE. Return: false, and nothing is written, for OPEN and DATA, which have no type in
 * EVE.
 */
bool wf_eve_put_event(struct wf_json *json, struct wf_eve_clock *clock,
		      const struct wf_eve_source *source, const struct weft_event *event);

#endif
