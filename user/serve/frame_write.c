// SPDX-License-Identifier: BSD-2-Clause
/*
 * frame_write.c - writes frames. Payload is not copied here: a frame is a list of parts that point
 * to the payload. The caller sends the parts with sendmsg(), or writes them to a ring in shared
 * memory.
 */
#include "serve/frame_write.h"

#include <endian.h>
#include <string.h>

#include <weft/limits.h>

_Static_assert(sizeof(struct wf_wire_frame) + WEFT_FRAME_MAX_BYTES <= WEFT_CLIENT_FRAME_MAX_BYTES,
	       "the data of one packet fits in a frame");

/* A frame that is being written. */
struct frame {
	struct wf_wire_frame *fields;
	struct iovec *parts;
	int count;
};

static struct frame begin(enum weft_client_frame type, size_t fields_bytes,
			  struct wf_wire_frame *fields, struct iovec *parts)
{
	struct frame frame = {.fields = fields, .parts = parts, .count = 1};
	size_t head = sizeof(fields->header) + fields_bytes;

	memset(fields, 0, head);
	fields->header.type = (uint8_t)type;
	fields->header.head_be = htobe16((uint16_t)head);
	parts[0] = (struct iovec){.iov_base = fields, .iov_len = head};
	return frame;
}

static void add_payload(struct frame *frame, const void *bytes, size_t len_bytes)
{
	if (len_bytes)
		frame->parts[frame->count++] =
			(struct iovec){.iov_base = (void *)bytes, .iov_len = len_bytes};
}

static void add_text(struct frame *frame, const char *text)
{
	add_payload(frame, text, strlen(text));
}

/* Set the length of the frame. Return: the number of parts. */
static int end(struct frame *frame)
{
	size_t len = 0;

	for (int i = 0; i < frame->count; i++)
		len += frame->parts[i].iov_len;
	frame->fields->header.len_be = htobe32((uint32_t)len);
	return frame->count;
}

/* ---- types ---- */

void wf_frame_write_data(const struct weft_event *event, struct wf_wire_frame *ret_fields)
{
	ret_fields->header = (struct wf_wire_header){
		.len_be = htobe32(WF_FRAME_DATA_BYTES + event->data.len_bytes),
		.type = WEFT_CLIENT_DATA,
		.dir = (uint8_t)event->dir,
		.head_be = htobe16(WF_FRAME_DATA_BYTES),
		.flow_be = htobe64(event->flow->id),
		.time_be = htobe64(event->time_ns),
	};
	ret_fields->data.off_be = htobe64(event->data.off);
}

static uint8_t open_flags(const struct weft_open *open)
{
	unsigned int flags = open->midway ? WF_WIRE_OPEN_MIDWAY : 0;

	flags |= open->midstream ? WF_WIRE_OPEN_MIDSTREAM : 0;
	for (int dir = 0; dir < WEFT_DIR_COUNT; dir++)
		flags |= open->has_isn[dir] ? WF_WIRE_OPEN_HAS_ISN << dir : 0;
	return (uint8_t)flags;
}

static struct frame write_open(const struct weft_event *event, const char *interface,
			       struct wf_wire_frame *fields, struct iovec *parts)
{
	const struct weft_flow *flow = event->flow;
	struct frame frame = begin(WEFT_CLIENT_OPEN, sizeof(fields->open), fields, parts);

	fields->open = (struct wf_wire_open){
		.off_be = {htobe64(event->open.off[WEFT_TO_SERVER]),
			   htobe64(event->open.off[WEFT_TO_CLIENT])},
		.use_be = htobe32(flow->use),
		.vni_be = htobe32(flow->vni),
		.src_port_be = htobe16(flow->src_port),
		.dst_port_be = htobe16(flow->dst_port),
		.vlan_be = {htobe16(flow->vlan[0]), htobe16(flow->vlan[1])},
		.ip_version = flow->ip_version,
		.worker = flow->worker,
		.interface = flow->interface,
		.flags = open_flags(&event->open),
		.isn_be = {htobe32(event->open.isn[WEFT_TO_SERVER]),
			   htobe32(event->open.isn[WEFT_TO_CLIENT])},
	};
	memcpy(fields->open.src_addr, flow->src_addr, sizeof(flow->src_addr));
	memcpy(fields->open.dst_addr, flow->dst_addr, sizeof(flow->dst_addr));
	add_text(&frame, interface);
	return frame;
}

static struct frame write_data(const struct weft_event *event, struct wf_wire_frame *fields,
			       struct iovec *parts)
{
	struct frame frame = {.fields = fields, .parts = parts, .count = 1};

	wf_frame_write_data(event, fields);
	parts[0] = (struct iovec){.iov_base = fields, .iov_len = WF_FRAME_DATA_BYTES};
	add_payload(&frame, event->data.bytes, event->data.len_bytes);
	return frame;
}

static struct frame write_gap(const struct weft_event *event, struct wf_wire_frame *fields,
			      struct iovec *parts)
{
	struct frame frame = begin(WEFT_CLIENT_GAP, sizeof(fields->gap), fields, parts);

	fields->gap.off_be = htobe64(event->gap.off);
	fields->gap.len_be = htobe64(event->gap.len_bytes);
	fields->gap.cause_be = htobe32(event->gap.cause);
	add_text(&frame, weft_gap_cause_name(event->gap.cause));
	return frame;
}

static struct wf_wire_counts counts_of(const struct weft_flow_counts *counts)
{
	return (struct wf_wire_counts){
		.packets_be = htobe64(counts->packets),
		.bytes_be = htobe64(counts->bytes),
		.stream_bytes_be = htobe64(counts->stream_bytes),
		.gap_bytes_be = htobe64(counts->gap_bytes),
		.late_bytes_be = htobe64(counts->late_bytes),
		.bypassed_packets_be = htobe64(counts->bypassed_packets),
		.bypassed_bytes_be = htobe64(counts->bypassed_bytes),
		.gap_count_be = htobe32(counts->gap_count),
		.retransmitted_be = htobe32(counts->retransmitted_segments),
		.overlap_be = htobe32(counts->overlap_segments),
		.conflict_be = htobe32(counts->conflict_segments),
		.out_of_order_be = htobe32(counts->out_of_order_segments),
		.tcp_flags_be = htobe16(counts->tcp_flags),
	};
}

static struct frame write_close(const struct weft_event *event, struct wf_wire_frame *fields,
				struct iovec *parts)
{
	const struct weft_flow_record *record = event->close;
	struct frame frame = begin(WEFT_CLIENT_CLOSE, sizeof(fields->close), fields, parts);
	unsigned int flags = record->midstream ? WF_WIRE_CLOSE_MIDSTREAM : 0;

	for (int dir = 0; dir < WEFT_DIR_COUNT; dir++) {
		if (record->wrong_checksums[dir])
			flags |= WF_WIRE_CLOSE_WRONG_CHECKSUMS << dir;
		if (record->bypassed[dir])
			flags |= WF_WIRE_CLOSE_BYPASSED << dir;
	}
	fields->close = (struct wf_wire_close){
		.start_be = htobe64(record->start_ns),
		.end_be = htobe64(record->end_ns),
		.reason = (uint8_t)record->reason,
		.state = (uint8_t)record->state,
		.tcp_state = (uint8_t)record->tcp_state,
		.flags = (uint8_t)flags,
		.counts = {counts_of(&record->counts[WEFT_TO_SERVER]),
			   counts_of(&record->counts[WEFT_TO_CLIENT])},
	};
	add_text(&frame, weft_close_reason_name(record->reason));
	return frame;
}

static struct frame write_anomaly(const struct weft_event *event, struct wf_wire_frame *fields,
				  struct iovec *parts)
{
	struct frame frame = begin(WEFT_CLIENT_ANOMALY, sizeof(fields->anomaly), fields, parts);

	fields->anomaly = (struct wf_wire_anomaly){
		.off_be = htobe64(event->anomaly.off),
		.len_be = htobe64(event->anomaly.len_bytes),
		.kind_be = htobe32(event->anomaly.kind),
		.shown_be = htobe32(event->anomaly.shown_bytes),
	};
	add_payload(&frame, event->anomaly.kept, event->anomaly.shown_bytes);
	add_payload(&frame, event->anomaly.lost, event->anomaly.shown_bytes);
	add_text(&frame, weft_anomaly_name(event->anomaly.kind));
	return frame;
}

static struct frame write_loss(const struct weft_event *event, struct wf_wire_frame *fields,
			       struct iovec *parts)
{
	struct frame frame = begin(WEFT_CLIENT_LOSS, sizeof(fields->loss), fields, parts);

	fields->loss = (struct wf_wire_loss){
		.events_be = htobe64(event->drop.events),
		.data_bytes_be = htobe64(event->drop.data_bytes),
		.off_be = htobe64(event->drop.off),
		.len_be = htobe64(event->drop.len_bytes),
		.connections_be = htobe64(event->drop.connections),
		.closes_be = htobe64(event->drop.closes),
	};
	return frame;
}

static struct frame write_event(const struct weft_event *event, const char *interface,
				struct wf_wire_frame *fields, struct iovec *parts)
{
	switch (event->type) {
	case WEFT_EVENT_OPEN:
		return write_open(event, interface, fields, parts);
	case WEFT_EVENT_DATA:
		return write_data(event, fields, parts);
	case WEFT_EVENT_GAP:
		return write_gap(event, fields, parts);
	case WEFT_EVENT_CLOSE:
		return write_close(event, fields, parts);
	case WEFT_EVENT_ANOMALY:
		return write_anomaly(event, fields, parts);
	case WEFT_EVENT_DROP:
		break;
	}
	return write_loss(event, fields, parts);
}

int wf_frame_write(const struct weft_event *event, const char *interface,
		   struct wf_wire_frame *ret_fields, struct iovec *ret_parts)
{
	struct frame frame = write_event(event, interface, ret_fields, ret_parts);

	ret_fields->header.dir = (uint8_t)event->dir;
	ret_fields->header.flow_be = htobe64(event->flow ? event->flow->id : 0);
	ret_fields->header.time_be = htobe64(event->time_ns);
	return end(&frame);
}

int wf_frame_write_end(enum weft_client_end reason, const char *text, uint64_t time_ns,
		       struct wf_wire_frame *ret_fields, struct iovec *ret_parts)
{
	struct frame frame = begin(WEFT_CLIENT_END, sizeof(ret_fields->end), ret_fields, ret_parts);

	ret_fields->end.reason_be = htobe32(reason);
	ret_fields->header.time_be = htobe64(time_ns);
	add_text(&frame, text);
	return end(&frame);
}
