// SPDX-License-Identifier: BSD-2-Clause
/*
 * events.c - writes events as JSON lines of the types flow, gap, file_gap, anomaly, event_loss,
 * stats, pressure, overload and interface, with the field names of Suricata's EVE where it has
 * some.
 *
 * The lines of a batch are collected in a buffer and written together (line_out.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sink/event_lines.h"
#include "sink/file_gaps.h"
#include "sink/line_out.h"
#include "sink/sink_class.h"
#include "sink/format/eve_event.h"
#include "sink/format/json_out.h"

struct wf_events {
	struct wf_event_lines lines;
	uint64_t lost_reported; /* number of lost lines and file gaps that were reported */
	uint64_t looked_sec;	/* second of the last check for changes (look_around()) */
	uint64_t stats_sec;	/* second of the last written statistics */
	struct wf_line_out out;
};

/* ---- lines ---- */

/* Write the end of a line; if it does not fit in the buffer, it is counted as failed. */
static void end_line(struct wf_sink *sink)
{
	struct wf_events *events = sink->state;

	wf_line_out_end_line(sink, &events->out);
}

static void end_other_line(const char *type, void *ctx)
{
	end_line(ctx);
}

static void write_file_gap(struct wf_sink *sink, const struct wf_file_gap *gap)
{
	struct wf_events *events = sink->state;
	struct wf_json *json = &events->out.json;

	wf_event_lines_begin(&events->lines, gap->time_ns, "file_gap");
	wf_eve_put_flow(json, &events->lines.source, &gap->flow);
	wf_eve_put_direction(json, gap->dir);
	wf_json_object_begin(json, "file_gap");
	wf_json_u64(json, "offset", gap->off);
	wf_json_u64(json, "length", gap->len_bytes);
	wf_json_text(json, "error", strerror(-gap->err));
	wf_json_object_end(json);
}

/*
 * Write the ranges that are missing from stream files, as long as the buffer has room. Return: true
 * if any was written.
 */
static bool write_file_gaps(struct wf_sink *sink)
{
	struct wf_events *events = sink->state;
	struct wf_file_gap gap;
	bool any = false;

	while (sink->opts.file_gaps && events->out.json.len < WF_LINE_OUT_FLUSH_BYTES &&
	       wf_file_gaps_pop(sink->opts.file_gaps, &gap)) {
		write_file_gap(sink, &gap);
		end_line(sink);
		any = true;
	}
	return any;
}

/* Write @event. Return: true if a line was begun. */
static bool write_event(struct wf_sink *sink, const struct weft_event *event)
{
	struct wf_events *events = sink->state;
	struct wf_json *json = &events->out.json;

	if (event->type == WEFT_EVENT_OPEN || event->type == WEFT_EVENT_DATA)
		return false;
	wf_json_line_begin(json);
	return wf_eve_put_event(json, &events->lines.clock, &events->lines.source, event);
}

/*
 * Report how many lines and file gaps were lost because a buffer was full, once there is room
 * again.
 */
static void write_lost(struct wf_sink *sink)
{
	struct wf_events *events = sink->state;
	uint64_t lost = events->out.lost_lines;

	if (sink->opts.file_gaps)
		lost += wf_file_gaps_lost(sink->opts.file_gaps);
	if (lost == events->lost_reported || events->out.json.len >= WF_LINE_OUT_FLUSH_BYTES)
		return;
	write_event(sink, &(struct weft_event){.type = WEFT_EVENT_DROP,
					       .time_ns = wf_event_lines_now_ns(),
					       .drop = {.events = lost - events->lost_reported}});
	end_line(sink);
	events->lost_reported = lost;
}

/* ---- output ---- */

/*
 * Write the ranges that are missing from stream files. Once a second, write the number of lost
 * lines, and changes of memory pressure, overload and interfaces, which no event reports; write
 * statistics at their interval.
 */
static void look_around(struct wf_sink *sink)
{
	struct wf_events *events = sink->state;
	uint64_t sec = wf_event_lines_clock_sec(CLOCK_MONOTONIC_COARSE);
	uint32_t interval_sec = atomic_load(&sink->stats_interval_sec);

	write_file_gaps(sink);
	if (sec == events->looked_sec)
		return;
	events->looked_sec = sec;
	write_lost(sink);
	wf_event_lines_changes(&events->lines);
	if (!interval_sec || sec - events->stats_sec < interval_sec)
		return;
	events->stats_sec = sec;
	wf_event_lines_stats(&events->lines);
}

static int events_take(struct wf_sink *sink, const struct weft_event *taken, int count)
{
	struct wf_events *events = sink->state;
	int err = 0;

	for (int i = 0; i < count && !err; i++) {
		if (write_event(sink, &taken[i]))
			end_line(sink);
		if (events->out.json.len >= WF_LINE_OUT_FLUSH_BYTES)
			err = wf_line_out_flush(sink, &events->out);
	}
	if (err)
		return err;
	look_around(sink);
	return wf_line_out_flush(sink, &events->out);
}

static int events_idle(struct wf_sink *sink)
{
	struct wf_events *events = sink->state;

	look_around(sink);
	return wf_line_out_idle(sink, &events->out);
}

static int events_reopen(struct wf_sink *sink)
{
	struct wf_events *events = sink->state;

	return wf_line_out_reopen(sink, &events->out);
}

static int events_finish(struct wf_sink *sink)
{
	struct wf_events *events = sink->state;
	int err = 0;

	if (sink->opts.file_gaps)
		wf_file_gaps_wait_end(sink->opts.file_gaps);
	while (!err && write_file_gaps(sink))
		err = wf_line_out_flush(sink, &events->out);
	if (err)
		return err;
	write_lost(sink);
	wf_event_lines_changes(&events->lines);
	wf_event_lines_stats(&events->lines);
	return wf_line_out_finish(sink, &events->out);
}

static void events_close(struct wf_sink *sink)
{
	struct wf_events *events = sink->state;

	wf_line_out_close(&events->out);
	free(events);
}

static const char *events_target(const struct wf_sink_opts *opts)
{
	return opts->events_path;
}

static int events_open(struct wf_sink *sink)
{
	struct wf_events *events = calloc(1, sizeof(*events));
	int err;

	if (!events)
		return -ENOMEM;
	wf_event_lines_init(&events->lines, sink->weft, &events->out.json, end_other_line, sink);
	events->stats_sec = events->lines.start_sec;
	err = wf_line_out_open(sink, &events->out);
	if (err) {
		free(events);
		return err;
	}
	sink->state = events;
	return 0;
}

const struct wf_sink_class wf_sink_events = {
	.name = "events",
	.events = WEFT_EVENT_BIT(WEFT_EVENT_GAP) | WEFT_EVENT_BIT(WEFT_EVENT_CLOSE) |
		  WEFT_EVENT_BIT(WEFT_EVENT_ANOMALY),
	.target = events_target,
	.open = events_open,
	.take = events_take,
	.idle = events_idle,
	.reopen = events_reopen,
	.finish = events_finish,
	.close = events_close,
};
