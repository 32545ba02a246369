// SPDX-License-Identifier: BSD-2-Clause
/*
 * show_json.c - JSON lines: the same lines as the output --events of weft run writes, and the data
 * of streams as events of the type stream_data.
 */
#include <errno.h>
#include <stdlib.h>

#include <weft/client.h>
#include <weft/weft.h>

#include "cli/subscribe/show_format.h"
#include "sink/format/eve_event.h"
#include "sink/format/json_out.h"

/* Room for the largest data of an event in base64, and for the other fields. */
enum { LINE_BYTES = WEFT_FRAME_MAX_BYTES / 3 * 4 + 8192 };

struct json_state {
	struct wf_eve_clock clock;
	struct wf_json json;
	char bytes[LINE_BYTES];
};

static int open_json(struct wf_show *show)
{
	struct json_state *state = calloc(1, sizeof(*state));

	if (!state)
		return -ENOMEM;
	state->json = (struct wf_json){.bytes = state->bytes, .room = LINE_BYTES};
	show->state = state;
	return 0;
}

static void put_data(struct wf_show *show, const struct wf_eve_source *source,
		     const struct weft_event *event)
{
	struct json_state *state = show->state;
	struct wf_json *json = &state->json;

	wf_eve_put_head(json, &state->clock, event->time_ns, "stream_data");
	wf_eve_put_flow(json, source, event->flow);
	wf_eve_put_direction(json, event->dir);
	wf_json_object_begin(json, "stream_data");
	wf_json_u64(json, "offset", event->data.off);
	wf_json_u64(json, "length", event->data.len_bytes);
	if (show->has_data)
		wf_json_base64(json, "data", event->data.bytes, event->data.len_bytes);
	wf_json_object_end(json);
}

static enum wf_show_result show_json(struct wf_show *show, const struct weft_event *event)
{
	struct json_state *state = show->state;
	const char *interface = weft_client_interface(show->client);
	const struct wf_eve_source source = {.interface = *interface ? interface : NULL};

	state->json.len = 0;
	wf_json_line_begin(&state->json);
	if (event->type == WEFT_EVENT_DATA)
		put_data(show, &source, event);
	else if (!wf_eve_put_event(&state->json, &state->clock, &source, event))
		return WF_SHOW_NOTHING;
	wf_json_line_end(&state->json);
	fwrite(state->bytes, 1, state->json.len, show->out);
	return WF_SHOW_PRINTED;
}

#define EVENTS                                                              \
	(WEFT_EVENT_BIT(WEFT_EVENT_DATA) | WEFT_EVENT_BIT(WEFT_EVENT_GAP) | \
	 WEFT_EVENT_BIT(WEFT_EVENT_CLOSE) | WEFT_EVENT_BIT(WEFT_EVENT_ANOMALY))

const struct wf_show_format wf_show_json = {
	.name = "json",
	.events = EVENTS,
	.allowed = EVENTS,
	.open = open_json,
	.event = show_json,
};
