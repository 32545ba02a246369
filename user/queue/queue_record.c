// SPDX-License-Identifier: BSD-2-Clause
/*
 * queue_record.c - turns an event into a record, and a record of a bundle into an event.
 */
#include "queue/queue_record.h"

#include <string.h>

static void fill_conflict(struct wf_record *record, const struct weft_event *event)
{
	uint32_t shown = event->anomaly.shown_bytes;

	if (shown > WEFT_CONFLICT_BYTES_MAX)
		shown = WEFT_CONFLICT_BYTES_MAX;
	record->shown_bytes = (uint8_t)shown;
	memcpy(record->conflict, event->anomaly.kept, shown);
	memcpy(record->conflict + WEFT_CONFLICT_BYTES_MAX, event->anomaly.lost, shown);
}

static void fill_drop(struct wf_record *record, const struct weft_event *event)
{
	record->off = event->drop.off;
	record->stream_bytes = event->drop.len_bytes;
	record->lost_events = event->drop.events;
	record->lost_bytes = event->drop.data_bytes;
	record->what = event->flow != NULL;
	if (event->flow)
		return;
	record->sum.connections = event->drop.connections;
	record->sum.closes = event->drop.closes;
}

void wf_record_fill(struct wf_record *record, const struct weft_event *event, struct wf_page *page)
{
	record->type = (uint8_t)event->type;
	record->dir = (uint8_t)event->dir;
	record->time_ns = event->time_ns;
	record->page = NULL;
	if (event->flow)
		record->flow = *event->flow;
	else
		memset(&record->flow, 0, sizeof(record->flow));
	switch (event->type) {
	case WEFT_EVENT_DATA:
		record->off = event->data.off;
		record->stream_bytes = event->data.len_bytes;
		record->bytes = event->data.bytes;
		record->page = page;
		break;
	case WEFT_EVENT_GAP:
		record->off = event->gap.off;
		record->stream_bytes = event->gap.len_bytes;
		record->what = (uint8_t)event->gap.cause;
		break;
	case WEFT_EVENT_CLOSE:
		record->close = *event->close;
		break;
	case WEFT_EVENT_ANOMALY:
		record->off = event->anomaly.off;
		record->stream_bytes = event->anomaly.len_bytes;
		record->what = (uint8_t)event->anomaly.kind;
		record->shown_bytes = 0;
		if (event->anomaly.shown_bytes)
			fill_conflict(record, event);
		break;
	case WEFT_EVENT_OPEN:
		wf_record_set_open(record, &event->open);
		break;
	case WEFT_EVENT_DROP:
		fill_drop(record, event);
		break;
	}
}

struct weft_event wf_record_event(const struct wf_record *record)
{
	struct weft_event event = {
		.type = (enum weft_event_type)record->type,
		.dir = (enum weft_dir)record->dir,
		.time_ns = record->time_ns,
		.flow = &record->flow,
	};

	if (event.type == WEFT_EVENT_DATA) {
		event.data.bytes = record->bytes;
		event.data.len_bytes = (uint32_t)record->stream_bytes;
		event.data.off = record->off;
	} else if (event.type == WEFT_EVENT_GAP) {
		event.gap.off = record->off;
		event.gap.len_bytes = record->stream_bytes;
		event.gap.cause = (enum weft_gap_cause)record->what;
	} else {
		event.anomaly.kind = (enum weft_anomaly)record->what;
		event.anomaly.off = record->off;
		event.anomaly.len_bytes = record->stream_bytes;
	}
	return event;
}
