// SPDX-License-Identifier: BSD-2-Clause
/*
 * eve_event.c - writes the events flow, gap, anomaly and event_loss.
 */
#include "sink/format/eve_event.h"

#include <stdio.h>
#include <string.h>

#include <weft/interface.h>
#include <weft/source.h>
#include <weft/text.h>

#include "sink/format/eve_names.h"
#include "sink/format/json_out.h"

#define NS_PER_SEC 1000000000ull

void wf_eve_put_time(struct wf_json *json, struct wf_eve_clock *clock, const char *key,
		     uint64_t time_ns)
{
	time_t second = (time_t)(time_ns / NS_PER_SEC);
	char text[WF_EVE_TIME_BYTES + 16];
	struct tm tm;

	if (second != clock->second || !clock->text[0]) {
		if (!gmtime_r(&second, &tm))
			gmtime_r(&(time_t){0}, &tm);
		strftime(clock->text, WF_EVE_TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &tm);
		clock->second = second;
	}
	snprintf(text, sizeof(text), "%s.%06u+0000", clock->text,
		 (unsigned int)(time_ns % NS_PER_SEC / 1000));
	wf_json_text(json, key, text);
}

void wf_eve_put_head(struct wf_json *json, struct wf_eve_clock *clock, uint64_t time_ns,
		     const char *type)
{
	wf_eve_put_time(json, clock, "timestamp", time_ns);
	wf_json_text(json, "event_type", type);
}

/*
 * Write the name of the interface or file from which the packets of @flow came, if it is known.
 * Standard input has no name.
 */
static void put_source(struct wf_json *json, const struct wf_eve_source *source,
		       const struct weft_flow *flow)
{
	const char *interface = source->interface;
	const char *file = NULL;

	if (source->weft && flow->interface)
		interface = weft_interface_name(source->weft, flow->interface);
	if (source->weft && flow->file)
		file = weft_file_name(source->weft, flow->file);
	if (interface)
		wf_json_text(json, "in_iface", interface);
	if (file && strcmp(file, "-"))
		wf_json_text(json, "pcap_filename", file);
}

void wf_eve_put_flow(struct wf_json *json, const struct wf_eve_source *source,
		     const struct weft_flow *flow)
{
	char text[WEFT_FLOW_TEXT_BYTES];

	wf_json_u64(json, "flow_id", flow->id);
	put_source(json, source, flow);
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

void wf_eve_put_direction(struct wf_json *json, enum weft_dir dir)
{
	wf_json_text(json, "direction", dir == WEFT_TO_SERVER ? "toserver" : "toclient");
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

/* Write the packets and bytes that the kernel bypassed, if it bypassed any of the connection. */
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

static void put_flow_event(struct wf_json *json, struct wf_eve_clock *clock,
			   const struct wf_eve_source *source, const struct weft_event *event)
{
	const struct weft_flow_record *record = event->close;
	uint64_t age_ns = record->end_ns > record->start_ns ? record->end_ns - record->start_ns : 0;

	wf_eve_put_head(json, clock, event->time_ns, "flow");
	wf_eve_put_flow(json, source, event->flow);
	wf_json_object_begin(json, "flow");
	put_counts(json, record);
	wf_eve_put_time(json, clock, "start", record->start_ns);
	wf_eve_put_time(json, clock, "end", record->end_ns);
	wf_json_u64(json, "age", age_ns / NS_PER_SEC);
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

static void put_gap_event(struct wf_json *json, struct wf_eve_clock *clock,
			  const struct wf_eve_source *source, const struct weft_event *event)
{
	wf_eve_put_head(json, clock, event->time_ns, "gap");
	wf_eve_put_flow(json, source, event->flow);
	wf_eve_put_direction(json, event->dir);
	wf_json_object_begin(json, "gap");
	wf_json_u64(json, "offset", event->gap.off);
	wf_json_u64(json, "length", event->gap.len_bytes);
	wf_json_text(json, "cause", weft_gap_cause_name(event->gap.cause));
	wf_json_object_end(json);
}

static void put_anomaly_event(struct wf_json *json, struct wf_eve_clock *clock,
			      const struct wf_eve_source *source, const struct weft_event *event)
{
	const char *suricata_event = wf_eve_anomaly(event->anomaly.kind);

	wf_eve_put_head(json, clock, event->time_ns, "anomaly");
	wf_eve_put_flow(json, source, event->flow);
	wf_eve_put_direction(json, event->dir);
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

static void put_loss_event(struct wf_json *json, struct wf_eve_clock *clock,
			   const struct wf_eve_source *source, const struct weft_event *event)
{
	wf_eve_put_head(json, clock, event->time_ns, "event_loss");
	if (event->flow) {
		wf_eve_put_flow(json, source, event->flow);
		wf_eve_put_direction(json, event->dir);
	}
	wf_json_object_begin(json, "event_loss");
	wf_json_u64(json, "events", event->drop.events);
	wf_json_u64(json, "data_bytes", event->drop.data_bytes);
	if (event->flow && event->drop.len_bytes) {
		wf_json_u64(json, "offset", event->drop.off);
		wf_json_u64(json, "length", event->drop.len_bytes);
	}
	if (event->drop.connections)
		wf_json_u64(json, "connections", event->drop.connections);
	if (event->drop.closes)
		wf_json_u64(json, "closes", event->drop.closes);
	wf_json_object_end(json);
}

bool wf_eve_put_event(struct wf_json *json, struct wf_eve_clock *clock,
		      const struct wf_eve_source *source, const struct weft_event *event)
{
	switch (event->type) {
	case WEFT_EVENT_CLOSE:
		put_flow_event(json, clock, source, event);
		return true;
	case WEFT_EVENT_GAP:
		put_gap_event(json, clock, source, event);
		return true;
	case WEFT_EVENT_ANOMALY:
		put_anomaly_event(json, clock, source, event);
		return true;
	case WEFT_EVENT_DROP:
		put_loss_event(json, clock, source, event);
		return true;
	case WEFT_EVENT_OPEN:
	case WEFT_EVENT_DATA:
		break;
	}
	return false;
}
