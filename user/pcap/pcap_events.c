// SPDX-License-Identifier: BSD-2-Clause
/*
 * pcap_events.c - finds the connection of each event. If the table is full, it ends the connection
 * that was idle longest.
 */
#include "pcap/pcap_events.h"

#include <stdio.h>

#include <weft/limits.h>

#include "pcap/pcap_conn.h"

int wf_pcap_events_init(struct wf_pcap_events *events, const struct wf_pcap_owner *owner, void *ctx)
{
	events->splits = 0;
	wf_pcap_buffer_init(&events->buffer, owner, ctx);
	return wf_pcap_table_init(&events->table, WEFT_PCAP_CONNS_MAX);
}

void wf_pcap_events_fini(struct wf_pcap_events *events)
{
	wf_pcap_table_fini(&events->table);
}

static void warn(const struct wf_pcap_events *events, const char *message)
{
	events->buffer.owner->warn(events->buffer.ctx, message);
}

/* End the connection that was idle longest, because the table is full. */
static void split_oldest(const struct wf_pcap_writer *writer, struct wf_pcap_events *events)
{
	struct wf_pcap_conn *oldest = wf_pcap_table_oldest(&events->table);
	char message[128];

	wf_pcap_conn_split(writer, oldest);
	wf_pcap_table_remove(&events->table, oldest);
	if (events->splits++)
		return;
	snprintf(message, sizeof(message),
		 "more than %d connections are open; those that were idle longest are split into "
		 "several connections",
		 WEFT_PCAP_CONNS_MAX);
	warn(events, message);
}

static struct wf_pcap_conn *add(const struct wf_pcap_writer *writer, struct wf_pcap_events *events,
				const struct weft_flow *flow)
{
	struct wf_pcap_conn *conn = wf_pcap_table_add(&events->table, flow);

	if (conn)
		return conn;
	split_oldest(writer, events);
	return wf_pcap_table_add(&events->table, flow);
}

/*
 * Return the entry of @flow; add a new entry if the connection was split. Return NULL if the
 * addresses of the connection are not known any more, which is possible with weft/client.h.
 */
static struct wf_pcap_conn *need(const struct wf_pcap_writer *writer, struct wf_pcap_events *events,
				 const struct weft_flow *flow)
{
	struct wf_pcap_conn *conn = wf_pcap_table_use(&events->table, flow->id);

	if (conn || !flow->ip_version)
		return conn;
	conn = add(writer, events, flow);
	wf_pcap_conn_resume(conn);
	return conn;
}

static void take_close(const struct wf_pcap_writer *writer, struct wf_pcap_events *events,
		       const struct weft_event *event)
{
	struct wf_pcap_conn *conn = wf_pcap_table_use(&events->table, event->flow->id);

	if (!conn)
		return;
	wf_pcap_conn_close(writer, conn, event->close);
	wf_pcap_table_remove(&events->table, conn);
}

/* Return true if a timeout can be the cause of @event. */
static bool may_be_timer(const struct weft_event *event)
{
	if (event->type == WEFT_EVENT_CLOSE)
		return event->close->reason != WEFT_CLOSE_FIN &&
		       event->close->reason != WEFT_CLOSE_RST;
	return event->type == WEFT_EVENT_GAP || event->type == WEFT_EVENT_DROP;
}

/* Write the packets of an event that has a range of bytes. */
static void take_range(const struct wf_pcap_writer *writer, struct wf_pcap_events *events,
		       const struct weft_event *event)
{
	struct wf_pcap_conn *conn = need(writer, events, event->flow);

	if (!conn)
		events->buffer.owner->fail(events->buffer.ctx, event->type == WEFT_EVENT_DATA
								       ? event->data.len_bytes
								       : 0);
	else if (event->type == WEFT_EVENT_DATA)
		wf_pcap_conn_data(writer, conn, event);
	else if (event->type == WEFT_EVENT_GAP)
		wf_pcap_conn_gap(writer, conn, event);
	else
		wf_pcap_conn_drop(writer, conn, event);
}

void wf_pcap_events_take(struct wf_pcap_events *events, const struct weft_event *event)
{
	bool is_late = may_be_timer(event) && event->time_ns > events->buffer.newest_ns;
	const struct wf_pcap_writer writer = {
		.buffer = &events->buffer,
		.time_ns = is_late ? events->buffer.newest_ns : event->time_ns,
	};

	switch (event->type) {
	case WEFT_EVENT_OPEN:
		wf_pcap_conn_open(&writer, add(&writer, events, event->flow), &event->open);
		break;
	case WEFT_EVENT_DATA:
	case WEFT_EVENT_GAP:
		take_range(&writer, events, event);
		break;
	case WEFT_EVENT_DROP:
		/*
		 * If the event names no connection, the missing ranges are reported when the next
		 * bytes of their connections arrive.
		 */
		if (event->flow && event->drop.len_bytes)
			take_range(&writer, events, event);
		break;
	case WEFT_EVENT_CLOSE:
		take_close(&writer, events, event);
		break;
	case WEFT_EVENT_ANOMALY:
		break;
	}
}

void wf_pcap_events_finish(const struct wf_pcap_events *events)
{
	char message[128];

	if (!events->splits)
		return;
	snprintf(message, sizeof(message),
		 "%llu connections were split, because more than %d were open",
		 (unsigned long long)events->splits, WEFT_PCAP_CONNS_MAX);
	warn(events, message);
}
