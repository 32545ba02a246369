// SPDX-License-Identifier: BSD-2-Clause
/*
 * events.c - writes events as JSON lines, with the field names of Suricata's EVE where EVE has one:
 * flow, gap, anomaly, event_loss, stats, pressure and overload.
 *
 * The lines of a batch are collected in a buffer and written together (line_out.c).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sink/event_lines.h"
#include "sink/file_gaps.h"
#include "sink/format/eve_names.h"
#include "sink/format/json_out.h"
#include "sink/stream_name.h"

/* ---- lines ---- */

/* Write the name of the interface or file from which the packets came, if there is only one. */
static void put_source(struct wf_events *events, const char *pcap_filename)
{
	if (events->interface[0])
		wf_json_text(&events->out.json, "in_iface", events->interface);
	if (pcap_filename)
		wf_json_text(&events->out.json, "pcap_filename", pcap_filename);
}

static void put_flow(struct wf_sink *sink, const struct weft_flow *flow)
{
	struct wf_events *events = sink->state;
	char text[WEFT_FLOW_TEXT_BYTES];
	struct wf_json *json = &events->out.json;

	wf_json_u64(json, "flow_id", flow->id);
	put_source(events, sink->opts.pcap_filename);
	if (flow->vlan[0]) {
		wf_json_array_begin(json, "vlan");
		wf_json_u64(json, NULL, flow->vlan[0]);
		if (flow->vlan[1])
			wf_json_u64(json, NULL, flow->vlan[1]);
		wf_json_array_end(json);
	}
	if (flow->vni)
		wf_json_u64(json, "vni", flow->vni);
	wf_json_text(json, "src_ip", weft_addr_text(flow->src_addr, text));
	wf_json_u64(json, "src_port", flow->src_port);
	wf_json_text(json, "dest_ip", weft_addr_text(flow->dst_addr, text));
	wf_json_u64(json, "dest_port", flow->dst_port);
	wf_json_text(json, "proto", "TCP");
	wf_json_text(json, "community_id", weft_community_id(flow, text));
}

static void put_direction(struct wf_events *events, enum weft_dir dir)
{
	wf_json_text(&events->out.json, "direction",
		     dir == WEFT_TO_SERVER ? "toserver" : "toclient");
}

static void put_counts(struct wf_json *json, const struct weft_flow_record *record)
{
	const struct weft_flow_counts *to_server = &record->counts[WEFT_TO_SERVER];
	const struct weft_flow_counts *to_client = &record->counts[WEFT_TO_CLIENT];

	wf_json_u64(json, "pkts_toserver", to_server->packets);
	wf_json_u64(json, "pkts_toclient", to_client->packets);
	wf_json_u64(json, "bytes_toserver", to_server->bytes);
	wf_json_u64(json, "bytes_toclient", to_client->bytes);
#define BOTH(key, field)                                                \
	wf_json_u64(json, key "_toserver", (uint64_t)to_server->field); \
	wf_json_u64(json, key "_toclient", (uint64_t)to_client->field)
	BOTH("stream_bytes", stream_bytes);
	BOTH("gaps", gap_count);
	BOTH("gap_bytes", gap_bytes);
	BOTH("late_bytes", late_bytes);
	BOTH("retransmissions", retransmitted_segments);
	BOTH("overlaps", overlap_segments);
	BOTH("conflicts", conflict_segments);
	BOTH("out_of_order", out_of_order_segments);
#undef BOTH
}

static void put_tcp_flags(struct wf_json *json, const struct weft_flow_record *record)
{
	static const char *const names[8] = {"fin", "syn", "rst", "psh",
					     "ack", "urg", "ecn", "cwr"};
	unsigned int to_server = record->counts[WEFT_TO_SERVER].tcp_flags;
	unsigned int to_client = record->counts[WEFT_TO_CLIENT].tcp_flags;
	unsigned int all = to_server | to_client;
	char text[8];

	wf_json_object_begin(json, "tcp");
	snprintf(text, sizeof(text), "%02x", all);
	wf_json_text(json, "tcp_flags", text);
	snprintf(text, sizeof(text), "%02x", to_server);
	wf_json_text(json, "tcp_flags_ts", text);
	snprintf(text, sizeof(text), "%02x", to_client);
	wf_json_text(json, "tcp_flags_tc", text);
	for (unsigned int i = 0; i < 8; i++)
		if (all & 1u << i)
			wf_json_bool(json, names[i], true);
	wf_json_text(json, "state", weft_tcp_state_name(record->tcp_state));
	if (record->counts[WEFT_TO_SERVER].gap_count)
		wf_json_bool(json, "ts_gap", true);
	if (record->counts[WEFT_TO_CLIENT].gap_count)
		wf_json_bool(json, "tc_gap", true);
	wf_json_object_end(json);
}

/* Write the counts of what the kernel bypassed, unless it bypassed neither direction. */
static void put_bypass(struct wf_json *json, const struct weft_flow_record *record)
{
	const struct weft_flow_counts *to_server = &record->counts[WEFT_TO_SERVER];
	const struct weft_flow_counts *to_client = &record->counts[WEFT_TO_CLIENT];

	if (!to_server->bypassed_packets && !to_client->bypassed_packets)
		return;
	wf_json_text(json, "bypass", "capture");
	wf_json_object_begin(json, "bypassed");
	wf_json_u64(json, "pkts_toserver", to_server->bypassed_packets);
	wf_json_u64(json, "pkts_toclient", to_client->bypassed_packets);
	wf_json_u64(json, "bytes_toserver", to_server->bypassed_bytes);
	wf_json_u64(json, "bytes_toclient", to_client->bypassed_bytes);
	wf_json_object_end(json);
}

static void write_flow(struct wf_sink *sink, const struct weft_event *event)
{
	struct wf_events *events = sink->state;
	const struct weft_flow_record *record = event->close;
	struct wf_json *json = &events->out.json;
	uint64_t age_ns = record->end_ns > record->start_ns ? record->end_ns - record->start_ns : 0;

	wf_events_line_begin(events, event->time_ns, "flow");
	put_flow(sink, event->flow);
	wf_json_object_begin(json, "flow");
	put_counts(json, record);
	wf_events_put_time(events, "start", record->start_ns);
	wf_events_put_time(events, "end", record->end_ns);
	wf_json_u64(json, "age", age_ns / WF_EVENTS_NS_PER_SEC);
	put_bypass(json, record);
	wf_json_text(json, "state", wf_eve_flow_state(record));
	wf_json_text(json, "reason", wf_eve_reason(record->reason));
	wf_json_text(json, "close_reason", weft_close_reason_name(record->reason));
	wf_json_bool(json, "alerted", false);
	wf_json_bool(json, "midstream", record->midstream);
	if (record->wrong_checksums[WEFT_TO_SERVER])
		wf_json_bool(json, "wrong_checksums_toserver", true);
	if (record->wrong_checksums[WEFT_TO_CLIENT])
		wf_json_bool(json, "wrong_checksums_toclient", true);
	wf_json_u64(json, "use", event->flow->use);
	wf_json_object_end(json);
	put_tcp_flags(json, record);
}

static void write_gap(struct wf_sink *sink, const struct weft_event *event)
{
	struct wf_events *events = sink->state;
	struct wf_json *json = &events->out.json;

	wf_events_line_begin(events, event->time_ns, "gap");
	put_flow(sink, event->flow);
	put_direction(events, event->dir);
	wf_json_object_begin(json, "gap");
	wf_json_u64(json, "offset", event->gap.off);
	wf_json_u64(json, "length", event->gap.len_bytes);
	wf_json_text(json, "cause", weft_gap_cause_name(event->gap.cause));
	wf_json_object_end(json);
}

static void write_anomaly(struct wf_sink *sink, const struct weft_event *event)
{
	struct wf_events *events = sink->state;
	const char *suricata_event = wf_eve_anomaly(event->anomaly.kind);
	struct wf_json *json = &events->out.json;

	wf_events_line_begin(events, event->time_ns, "anomaly");
	put_flow(sink, event->flow);
	put_direction(events, event->dir);
	wf_json_object_begin(json, "anomaly");
	wf_json_text(json, "type", "stream");
	wf_json_text(json, "event", weft_anomaly_name(event->anomaly.kind));
	if (suricata_event)
		wf_json_text(json, "suricata_event", suricata_event);
	wf_json_u64(json, "offset", event->anomaly.off);
	wf_json_u64(json, "length", event->anomaly.len_bytes);
	if (event->anomaly.shown_bytes) {
		wf_json_hex(json, "kept", event->anomaly.kept, event->anomaly.shown_bytes);
		wf_json_hex(json, "lost", event->anomaly.lost, event->anomaly.shown_bytes);
	}
	wf_json_object_end(json);
}

static void write_file_gap(struct wf_sink *sink, const struct wf_file_gap *gap)
{
	struct wf_events *events = sink->state;
	struct wf_json *json = &events->out.json;

	wf_events_line_begin(events, gap->time_ns, "file_gap");
	put_flow(sink, &gap->flow);
	put_direction(events, gap->dir);
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
		wf_events_line_end(sink);
		any = true;
	}
	return any;
}

/* Report the lines that were lost because the disk was full, once the buffer has room again. */
static void write_lost(struct wf_sink *sink)
{
	struct wf_events *events = sink->state;
	uint64_t lost = events->out.lost_lines;

	if (sink->opts.file_gaps)
		lost += wf_file_gaps_lost(sink->opts.file_gaps);
	if (lost == events->lost_told || events->out.json.len >= WF_LINE_OUT_FLUSH_BYTES)
		return;
	wf_events_write_loss(events, wf_events_now_ns(), lost - events->lost_told, 0);
	wf_events_line_end(sink);
	events->lost_told = lost;
}

/* ---- output ---- */

/*
 * Write changes of memory pressure, overload and interfaces, which no event reports, once a second,
 * and statistics at their interval.
 */
static void look_around(struct wf_sink *sink)
{
	struct wf_events *events = sink->state;
	uint64_t sec = wf_events_clock_sec(CLOCK_MONOTONIC_COARSE);
	uint32_t interval_sec = sink->opts.stats_interval_sec;

	write_file_gaps(sink);
	if (sec == events->looked_sec)
		return;
	events->looked_sec = sec;
	write_lost(sink);
	wf_events_write_changes(sink);
	if (!interval_sec || sec - events->stats_sec < interval_sec)
		return;
	events->stats_sec = sec;
	wf_events_write_stats(sink);
}

static bool write_event(struct wf_sink *sink, const struct weft_event *event)
{
	switch (event->type) {
	case WEFT_EVENT_CLOSE:
		write_flow(sink, event);
		return true;
	case WEFT_EVENT_GAP:
		write_gap(sink, event);
		return true;
	case WEFT_EVENT_ANOMALY:
		write_anomaly(sink, event);
		return true;
	case WEFT_EVENT_DROP:
		wf_events_write_loss(sink->state, event->time_ns, event->drop.events,
				     event->drop.data_bytes);
		return true;
	case WEFT_EVENT_OPEN:
	case WEFT_EVENT_DATA:
		break;
	}
	return false;
}

static int events_take(struct wf_sink *sink, const struct weft_event *taken, int count)
{
	struct wf_events *events = sink->state;
	int err = 0;

	for (int i = 0; i < count && !err; i++) {
		if (write_event(sink, &taken[i]))
			wf_events_line_end(sink);
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
	wf_events_write_changes(sink);
	wf_events_write_stats(sink);
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

/* Keep the name of the captured interface if there is only one. */
static void note_interface(const struct weft_interface *interface, void *ctx)
{
	struct wf_events *events = ctx;

	events->interfaces_count++;
	snprintf(events->interface, sizeof(events->interface), "%s",
		 events->interfaces_count == 1 ? interface->name : "");
}

static int events_open(struct wf_sink *sink)
{
	struct wf_events *events = calloc(1, sizeof(*events));
	int err;

	if (!events)
		return -ENOMEM;
	events->start_sec = wf_events_clock_sec(CLOCK_MONOTONIC);
	events->stats_sec = events->start_sec;
	weft_interfaces_each(sink->weft, note_interface, events);
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
