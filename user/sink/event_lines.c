// SPDX-License-Identifier: BSD-2-Clause
/*
 * event_lines.c - begins and ends lines, and writes those that are not events of a connection:
 * statistics, and changes of memory pressure, of overload and of interfaces.
 */
#include "sink/event_lines.h"

#include <stdio.h>
#include <string.h>

#include "sink/format/eve_stats.h"

enum { CHANGES_MAX = 16 };

void wf_events_put_time(struct wf_events *events, const char *key, uint64_t time_ns)
{
	time_t second = (time_t)(time_ns / WF_EVENTS_NS_PER_SEC);
	char text[WF_EVENTS_TIME_BYTES + 16];
	struct tm tm;

	if (second != events->second || !events->second_text[0]) {
		if (!gmtime_r(&second, &tm))
			gmtime_r(&(time_t){0}, &tm);
		strftime(events->second_text, WF_EVENTS_TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &tm);
		events->second = second;
	}
	snprintf(text, sizeof(text), "%s.%06u+0000", events->second_text,
		 (unsigned int)(time_ns % WF_EVENTS_NS_PER_SEC / 1000));
	wf_json_text(&events->out.json, key, text);
}

void wf_events_line_begin(struct wf_events *events, uint64_t time_ns, const char *type)
{
	wf_json_line_begin(&events->out.json);
	wf_events_put_time(events, "timestamp", time_ns);
	wf_json_text(&events->out.json, "event_type", type);
}

void wf_events_write_loss(struct wf_events *events, uint64_t time_ns, uint64_t lost,
			  uint64_t data_bytes)
{
	struct wf_json *json = &events->out.json;

	wf_events_line_begin(events, time_ns, "event_loss");
	wf_json_object_begin(json, "event_loss");
	wf_json_u64(json, "events", lost);
	wf_json_u64(json, "data_bytes", data_bytes);
	wf_json_object_end(json);
}

void wf_events_line_end(struct wf_sink *sink)
{
	struct wf_events *events = sink->state;

	wf_line_out_end_line(sink, &events->out);
}

void wf_events_write_stats(struct wf_sink *sink)
{
	struct wf_events *events = sink->state;

	wf_events_line_begin(events, wf_events_now_ns(), "stats");
	wf_json_object_begin(&events->out.json, "stats");
	wf_json_u64(&events->out.json, "uptime",
		    wf_events_clock_sec(CLOCK_MONOTONIC) - events->start_sec);
	wf_eve_stats_put(&events->out.json, sink->weft);
	wf_json_object_end(&events->out.json);
	wf_events_line_end(sink);
}

static void write_pressure(struct wf_sink *sink)
{
	struct wf_events *events = sink->state;
	struct weft_pressure_change changes[CHANGES_MAX];
	size_t count =
		weft_pressure_changes(sink->weft, events->pressure_told, changes, CHANGES_MAX);

	for (size_t i = 0; i < count; i++) {
		const struct weft_pressure_change *change = &changes[i];
		struct wf_json *json = &events->out.json;

		wf_events_line_begin(events, change->time_ns, "pressure");
		wf_json_object_begin(json, "pressure");
		wf_json_text(json, "level", weft_pressure_level_name(change->to));
		wf_json_text(json, "previous", weft_pressure_level_name(change->from));
		wf_json_text(json, "source", change->source);
		wf_json_u64(json, "percent", change->percent);
		wf_json_u64(json, "number", change->number);
		wf_json_object_end(json);
		wf_events_line_end(sink);
		events->pressure_told = change->number;
	}
}

static void find_shed(const struct weft_metric *metric, void *ctx)
{
	if (!strcmp(metric->name, "shed_percent"))
		*(uint64_t *)ctx = metric->value;
}

/* The state of interfaces as last written: the context of write_interface(). */
struct interface_walk {
	struct wf_sink *sink;
	size_t index;
};

static void write_interface(const struct weft_interface *interface, void *ctx)
{
	struct interface_walk *walk = ctx;
	struct wf_events *events = walk->sink->state;
	enum weft_interface_state *told = &events->interfaces[walk->index++];
	struct wf_json *json = &events->out.json;

	if (*told == interface->state)
		return;
	wf_events_line_begin(events, interface->since_ns, "interface");
	wf_json_object_begin(json, "interface");
	wf_json_text(json, "name", interface->name);
	wf_json_text(json, "state", weft_interface_state_name(interface->state));
	wf_json_text(json, "previous", weft_interface_state_name(*told));
	wf_json_object_end(json);
	wf_events_line_end(walk->sink);
	*told = interface->state;
}

static void write_interfaces(struct wf_sink *sink)
{
	struct interface_walk walk = {.sink = sink};

	weft_interfaces_each(sink->weft, write_interface, &walk);
}

static void write_overload(struct wf_sink *sink)
{
	struct wf_events *events = sink->state;
	uint64_t percent = 0;

	weft_stats_each(sink->weft, find_shed, &percent);
	if (percent == events->shed_percent)
		return;
	wf_events_line_begin(events, wf_events_now_ns(), "overload");
	wf_json_object_begin(&events->out.json, "overload");
	wf_json_u64(&events->out.json, "shed_percent", percent);
	wf_json_u64(&events->out.json, "previous", events->shed_percent);
	wf_json_object_end(&events->out.json);
	wf_events_line_end(sink);
	events->shed_percent = percent;
}

void wf_events_write_changes(struct wf_sink *sink)
{
	write_pressure(sink);
	write_overload(sink);
	write_interfaces(sink);
}
