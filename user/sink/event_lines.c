// SPDX-License-Identifier: BSD-2-Clause
/*
 * event_lines.c - events that do not belong to a connection: statistics, and changes of memory
 * pressure, of overload and of interfaces.
 */
#include "sink/event_lines.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sink/format/eve_stats.h"

#define NS_PER_SEC 1000000000ull

enum { CHANGES_MAX = 16 };

uint64_t wf_event_lines_clock_sec(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec;
}

uint64_t wf_event_lines_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* Keep the name of the captured interface if there is only one. */
static void note_interface(const struct weft_interface *interface, void *ctx)
{
	struct wf_event_lines *lines = ctx;

	lines->interfaces_count++;
	snprintf(lines->interface, sizeof(lines->interface), "%s",
		 lines->interfaces_count == 1 ? interface->name : "");
}

void wf_event_lines_init(struct wf_event_lines *lines, struct weft *weft, struct wf_json *json,
			 wf_event_lines_fn end_fn, void *ctx)
{
	*lines = (struct wf_event_lines){
		.weft = weft,
		.json = json,
		.end_fn = end_fn,
		.ctx = ctx,
		.start_sec = wf_event_lines_clock_sec(CLOCK_MONOTONIC),
	};
	weft_interfaces_each(weft, note_interface, lines);
	lines->source.interface = lines->interface[0] ? lines->interface : NULL;
	lines->source.weft = weft;
}

void wf_event_lines_begin(struct wf_event_lines *lines, uint64_t time_ns, const char *type)
{
	wf_json_line_begin(lines->json);
	wf_eve_put_head(lines->json, &lines->clock, time_ns, type);
}

void wf_event_lines_stats(struct wf_event_lines *lines)
{
	wf_event_lines_begin(lines, wf_event_lines_now_ns(), "stats");
	wf_json_object_begin(lines->json, "stats");
	wf_json_u64(lines->json, "uptime",
		    wf_event_lines_clock_sec(CLOCK_MONOTONIC) - lines->start_sec);
	wf_eve_stats_put(lines->json, lines->weft);
	wf_json_object_end(lines->json);
	lines->end_fn("stats", lines->ctx);
}

static void write_pressure(struct wf_event_lines *lines)
{
	struct weft_pressure_change changes[CHANGES_MAX];
	size_t count =
		weft_pressure_changes(lines->weft, lines->pressure_reported, changes, CHANGES_MAX);

	for (size_t i = 0; i < count; i++) {
		const struct weft_pressure_change *change = &changes[i];
		struct wf_json *json = lines->json;

		wf_event_lines_begin(lines, change->time_ns, "pressure");
		wf_json_object_begin(json, "pressure");
		wf_json_text(json, "level", weft_pressure_level_name(change->to));
		wf_json_text(json, "previous", weft_pressure_level_name(change->from));
		wf_json_text(json, "source", change->source);
		wf_json_u64(json, "percent", change->percent);
		wf_json_u64(json, "number", change->number);
		wf_json_object_end(json);
		lines->end_fn("pressure", lines->ctx);
		lines->pressure_reported = change->number;
	}
}

static void find_shed(const struct weft_metric *metric, void *ctx)
{
	if (!strcmp(metric->name, "shed_percent"))
		*(uint64_t *)ctx = metric->value;
}

/* Context of write_interface(). @index: number of the next interface, from 0. */
struct interface_walk {
	struct wf_event_lines *lines;
	size_t index;
};

static void write_interface(const struct weft_interface *interface, void *ctx)
{
	struct interface_walk *walk = ctx;
	struct wf_event_lines *lines = walk->lines;
	enum weft_interface_state *written = &lines->interfaces[walk->index++];
	struct wf_json *json = lines->json;

	if (*written == interface->state)
		return;
	wf_event_lines_begin(lines, interface->since_ns, "interface");
	wf_json_object_begin(json, "interface");
	wf_json_text(json, "name", interface->name);
	wf_json_text(json, "state", weft_interface_state_name(interface->state));
	wf_json_text(json, "previous", weft_interface_state_name(*written));
	wf_json_object_end(json);
	lines->end_fn("interface", lines->ctx);
	*written = interface->state;
}

static void write_interfaces(struct wf_event_lines *lines)
{
	struct interface_walk walk = {.lines = lines};

	weft_interfaces_each(lines->weft, write_interface, &walk);
}

static void write_overload(struct wf_event_lines *lines)
{
	uint64_t percent = 0;

	weft_stats_each(lines->weft, find_shed, &percent);
	if (percent == lines->shed_percent)
		return;
	wf_event_lines_begin(lines, wf_event_lines_now_ns(), "overload");
	wf_json_object_begin(lines->json, "overload");
	wf_json_u64(lines->json, "shed_percent", percent);
	wf_json_u64(lines->json, "previous", lines->shed_percent);
	wf_json_object_end(lines->json);
	lines->end_fn("overload", lines->ctx);
	lines->shed_percent = percent;
}

void wf_event_lines_changes(struct wf_event_lines *lines)
{
	write_pressure(lines);
	write_overload(lines);
	write_interfaces(lines);
}
