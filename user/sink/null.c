// SPDX-License-Identifier: BSD-2-Clause
/*
 * null.c - a sink that discards all events: for measurements, and as a minimal example of a sink.
 *
 * sink.c counts the events.
 */
#include "sink/sink_class.h"

static int null_open(struct wf_sink *sink)
{
	return 0;
}

static int null_take(struct wf_sink *sink, const struct weft_event *events, int count)
{
	return 0;
}

const struct wf_sink_class wf_sink_null = {
	.name = "null",
	.events = 0, /* all events */
	.open = null_open,
	.take = null_take,
};
