// SPDX-License-Identifier: BSD-2-Clause
/*
 * show.c - the formats, one row each; counts events and reports losses.
 */
#include "cli/subscribe/show.h"

#include <errno.h>
#include <string.h>

#include "cli/say.h"
#include "cli/subscribe/direction_name.h"

static const struct wf_show_format *const formats[] = {
	&wf_show_text, &wf_show_hex, &wf_show_json, &wf_show_raw, &wf_show_pcap,
};

const struct wf_show_format *wf_show_format_find(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (!strcmp(formats[i]->name, name))
			return formats[i];
	return NULL;
}

typedef unsigned long long ull;

/* Report lost events of one direction. They have a range if data or gaps are among them. */
static void report_direction(const struct weft_event *event)
{
	const char *plural = event->drop.events == 1 ? "" : "s";
	char name[WF_DIRECTION_NAME_BYTES];

	wf_direction_name(event->flow, event->dir, name);
	if (event->drop.len_bytes)
		wf_say_error("subscribe: lost: %llu event%s of %s, %llu bytes at offset %llu",
			     (ull)event->drop.events, plural, name, (ull)event->drop.len_bytes,
			     (ull)event->drop.off);
	else
		wf_say_error("subscribe: lost: %llu event%s of %s, no bytes",
			     (ull)event->drop.events, plural, name);
}

/* Report lost events that the queue of the agent could not keep apart by connection. */
static void report_sum(const struct weft_event *event)
{
	const char *plural = event->drop.events == 1 ? "" : "s";
	char whole[80] = "";

	if (event->drop.connections)
		snprintf(whole, sizeof(whole), "; all events of %llu connection%s are lost",
			 (ull)event->drop.connections, event->drop.connections == 1 ? "" : "s");
	wf_say_error("subscribe: lost: %llu event%s with %llu bytes, connections not known%s",
		     (ull)event->drop.events, plural, (ull)event->drop.data_bytes, whole);
}

/* Report a loss on standard error, after the buffered output was written. */
static void report_loss(struct wf_show *show, const struct weft_event *event)
{
	fflush(show->out);
	if (event->flow)
		report_direction(event);
	else
		report_sum(event);
}

static void count(struct wf_show *show, const struct weft_event *event)
{
	show->printed_events++;
	if (event->type == WEFT_EVENT_DATA)
		show->data_bytes += event->data.len_bytes;
	else if (event->type == WEFT_EVENT_GAP && event->gap.cause == WEFT_GAP_DEPTH)
		show->depth_bytes += event->gap.len_bytes;
	else if (event->type == WEFT_EVENT_GAP)
		show->gap_bytes += event->gap.len_bytes;
}

enum wf_show_result wf_show_event(struct wf_show *show, const struct weft_event *event)
{
	enum wf_show_result result = WF_SHOW_NOTHING;

	if (event->type == WEFT_EVENT_DROP) {
		show->lost_events += event->drop.events;
		show->lost_bytes += event->drop.data_bytes;
		report_loss(show, event);
	}
	if (event->type == WEFT_EVENT_DROP || show->events & WEFT_EVENT_BIT(event->type))
		result = show->format->event(show, event);
	if (result == WF_SHOW_PRINTED && event->type != WEFT_EVENT_DROP)
		count(show, event);
	return result;
}

int wf_show_flush(struct wf_show *show)
{
	if (!show->err && show->format->flush)
		show->err = show->format->flush(show);
	if (!show->err && (fflush(show->out) || ferror(show->out)))
		show->err = -errno;
	return show->err;
}
