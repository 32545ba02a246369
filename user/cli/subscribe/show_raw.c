// SPDX-License-Identifier: BSD-2-Clause
/*
 * show_raw.c - writes the bytes of one direction of one connection: the first direction from which
 * data arrives.
 */
#include <errno.h>
#include <stdlib.h>

#include <weft/weft.h>

#include "cli/say.h"
#include "cli/subscribe/direction_name.h"
#include "cli/subscribe/show_format.h"

/* The direction that is written. */
struct raw {
	uint64_t flow_id; /* 0: no direction was chosen yet */
	enum weft_dir dir;
};

static int open_raw(struct wf_show *show)
{
	show->state = calloc(1, sizeof(struct raw));
	return show->state ? 0 : -ENOMEM;
}

static void report_gap(struct wf_show *show, const struct weft_event *event)
{
	char name[WF_DIRECTION_NAME_BYTES];

	fflush(show->out);
	wf_direction_name(event->flow, event->dir, name);
	if (event->gap.cause == WEFT_GAP_DEPTH) {
		wf_say_note("subscribe: depth limit: %llu bytes of %s are left out at offset %llu",
			    (unsigned long long)event->gap.len_bytes, name,
			    (unsigned long long)event->gap.off);
		return;
	}
	wf_say_error("subscribe: gap: %llu bytes of %s are missing at offset %llu: %s",
		     (unsigned long long)event->gap.len_bytes, name,
		     (unsigned long long)event->gap.off, weft_gap_cause_name(event->gap.cause));
}

/* Choose the direction of @event, and report its name, so that the user knows which one is written.
 */
static void choose(struct raw *raw, const struct weft_event *event)
{
	char name[WF_DIRECTION_NAME_BYTES];

	raw->flow_id = event->flow->id;
	raw->dir = event->dir;
	wf_say_note("subscribe: %s, from offset %llu",
		    wf_direction_name(event->flow, event->dir, name),
		    (unsigned long long)event->data.off);
}

static enum wf_show_result show_raw(struct wf_show *show, const struct weft_event *event)
{
	struct raw *raw = show->state;

	if (event->type == WEFT_EVENT_DATA && !raw->flow_id)
		choose(raw, event);
	if (!event->flow || event->flow->id != raw->flow_id)
		return WF_SHOW_NOTHING;
	if (event->type == WEFT_EVENT_CLOSE)
		return WF_SHOW_END;
	if (event->dir != raw->dir || event->type == WEFT_EVENT_DROP)
		return WF_SHOW_NOTHING;
	if (event->type == WEFT_EVENT_GAP)
		report_gap(show, event);
	else
		fwrite(event->data.bytes, 1, event->data.len_bytes, show->out);
	return WF_SHOW_PRINTED;
}

#define EVENTS                                                              \
	(WEFT_EVENT_BIT(WEFT_EVENT_DATA) | WEFT_EVENT_BIT(WEFT_EVENT_GAP) | \
	 WEFT_EVENT_BIT(WEFT_EVENT_CLOSE))

const struct wf_show_format wf_show_raw = {
	.name = "raw",
	.events = EVENTS,
	.allowed = 0,
	.open = open_raw,
	.event = show_raw,
};
