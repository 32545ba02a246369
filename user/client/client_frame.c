// SPDX-License-Identifier: BSD-2-Clause
/*
 * client_frame.c - reads frames. The agent is not trusted: a length, an offset or a count that does
 * not fit makes the frame invalid, so that events never point to bytes that the agent has not sent.
 *
 * A newer agent may send fields that this version does not know. They are skipped, because head_be
 * in the header is the offset at which the payload begins.
 */
#include "client/client_frame.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

enum { HEADER_BYTES = sizeof(struct wf_wire_header), SCOPE_ONE = 1, SCOPE_ANY };

/* The frames that this version knows, by type. */
static const struct kind {
	uint16_t fields_bytes; /* length of the fields; 0: this version does not know the type */
	uint8_t scope;	       /* SCOPE_ONE: the frame is always about one connection */
} kinds[] = {
	[WEFT_CLIENT_OPEN] = {sizeof(struct wf_wire_open), SCOPE_ONE},
	[WEFT_CLIENT_DATA] = {sizeof(struct wf_wire_data), SCOPE_ONE},
	[WEFT_CLIENT_GAP] = {sizeof(struct wf_wire_gap), SCOPE_ONE},
	[WEFT_CLIENT_CLOSE] = {sizeof(struct wf_wire_close), SCOPE_ONE},
	[WEFT_CLIENT_ANOMALY] = {sizeof(struct wf_wire_anomaly), SCOPE_ONE},
	[WEFT_CLIENT_LOSS] = {sizeof(struct wf_wire_loss), SCOPE_ANY},
	[WEFT_CLIENT_END] = {sizeof(struct wf_wire_end), SCOPE_ANY},
};

static struct kind kind_of(unsigned int type)
{
	return type < sizeof(kinds) / sizeof(kinds[0]) ? kinds[type] : (struct kind){0};
}

/* ---- checking ---- */

static bool is_range(uint64_t off_be, uint64_t len_bytes)
{
	return be64toh(off_be) <= UINT64_MAX - len_bytes;
}

/* Return the reason why the fields of @frame are not valid; NULL if they are. */
static const char *check_fields(const struct wf_client_frame *frame)
{
	const struct wf_wire_frame *fields = &frame->fields;
	uint32_t shown;

	switch (frame->type) {
	case WEFT_CLIENT_OPEN:
		if (fields->open.ip_version != 4 && fields->open.ip_version != 6)
			return "the IP version is neither 4 nor 6";
		break;
	case WEFT_CLIENT_DATA:
		if (!frame->payload_bytes || !is_range(fields->data.off_be, frame->payload_bytes))
			return "the range of bytes is not valid";
		break;
	case WEFT_CLIENT_GAP:
		if (!is_range(fields->gap.off_be, be64toh(fields->gap.len_be)))
			return "the range of bytes is not valid";
		break;
	case WEFT_CLIENT_ANOMALY:
		shown = be32toh(fields->anomaly.shown_be);
		if (shown > WEFT_CONFLICT_BYTES_MAX || 2 * shown > frame->payload_bytes)
			return "the conflicting bytes exceed the frame";
		if (!is_range(fields->anomaly.off_be, be64toh(fields->anomaly.len_be)))
			return "the range of bytes is not valid";
		break;
	case WEFT_CLIENT_LOSS:
		if (!is_range(fields->loss.off_be, be64toh(fields->loss.len_be)))
			return "the range of bytes is not valid";
		break;
	}
	return NULL;
}

/*
 * Read the rest of a DATA frame, the most frequent type, as the general way below does. Return: 1;
 * 0 if the frame is not valid, so that the general way finds the reason.
 */
static int read_data(const uint8_t *bytes, const struct wf_wire_header *header,
		     struct wf_client_frame *ret_frame)
{
	enum { FIELDS_END = HEADER_BYTES + sizeof(struct wf_wire_data) };
	unsigned int head = be16toh(header->head_be);

	if (head < FIELDS_END || head >= ret_frame->len_bytes || header->dir >= WEFT_DIR_COUNT ||
	    !header->flow_be)
		return 0;
	ret_frame->type = WEFT_CLIENT_DATA;
	ret_frame->flow_id = be64toh(header->flow_be);
	ret_frame->time_ns = be64toh(header->time_be);
	ret_frame->dir = (enum weft_dir)header->dir;
	ret_frame->payload = bytes + head;
	ret_frame->payload_bytes = ret_frame->len_bytes - head;
	memcpy(&ret_frame->fields, bytes, FIELDS_END);
	return is_range(ret_frame->fields.data.off_be, ret_frame->payload_bytes);
}

/* Return the reason why a frame can't have this header; NULL if it can. */
static const char *check_header(const struct wf_client_frame *frame, unsigned int dir,
				unsigned int head)
{
	struct kind kind = kind_of(frame->type);

	if (head < HEADER_BYTES + (unsigned int)kind.fields_bytes || head > frame->len_bytes)
		return "the payload begins outside the frame";
	if (!kind.fields_bytes)
		return NULL;
	if (dir >= WEFT_DIR_COUNT)
		return "the direction is not valid";
	if (kind.scope == SCOPE_ONE && !frame->flow_id)
		return "the flow id is 0";
	return NULL;
}

static int refuse(const char **ret_why, const char *why)
{
	*ret_why = why;
	return -EPROTO;
}

int wf_client_frame_read(const uint8_t *bytes, size_t have_bytes, struct wf_client_frame *ret_frame,
			 const char **ret_why)
{
	struct wf_wire_header header = {0};
	const char *why;
	unsigned int head;

	if (have_bytes >= HEADER_BYTES)
		memcpy(&header, bytes, HEADER_BYTES);
	else
		memcpy(&header, bytes, have_bytes);
	/* The members are set one by one, because the struct is large. */
	ret_frame->len_bytes = be32toh(header.len_be);
	if (have_bytes < sizeof(header.len_be))
		return 0;
	if (ret_frame->len_bytes < HEADER_BYTES)
		return refuse(ret_why, "the frame is shorter than its header");
	if (ret_frame->len_bytes > WEFT_CLIENT_FRAME_MAX_BYTES)
		return refuse(ret_why, "the frame is longer than the maximum");
	if (have_bytes < ret_frame->len_bytes)
		return 0;
	if (header.type == WEFT_CLIENT_DATA && read_data(bytes, &header, ret_frame))
		return 1;
	ret_frame->type = header.type;
	ret_frame->flow_id = be64toh(header.flow_be);
	ret_frame->time_ns = be64toh(header.time_be);
	head = be16toh(header.head_be);
	why = check_header(ret_frame, header.dir, head);
	if (why)
		return refuse(ret_why, why);
	ret_frame->dir = (enum weft_dir)header.dir;
	ret_frame->payload = bytes + head;
	ret_frame->payload_bytes = ret_frame->len_bytes - head;
	memcpy(&ret_frame->fields, bytes, HEADER_BYTES + kind_of(header.type).fields_bytes);
	why = check_fields(ret_frame);
	return why ? refuse(ret_why, why) : 1;
}

/* ---- events ---- */

struct weft_flow wf_client_frame_flow(const struct wf_client_frame *frame)
{
	const struct wf_wire_open *open = &frame->fields.open;
	struct weft_flow flow = {
		.id = frame->flow_id,
		.use = be32toh(open->use_be),
		.vni = be32toh(open->vni_be),
		.src_port = be16toh(open->src_port_be),
		.dst_port = be16toh(open->dst_port_be),
		.vlan = {be16toh(open->vlan_be[0]), be16toh(open->vlan_be[1])},
		.ip_version = open->ip_version,
		.interface = open->interface,
		.worker = open->worker,
	};

	memcpy(flow.src_addr, open->src_addr, sizeof(flow.src_addr));
	memcpy(flow.dst_addr, open->dst_addr, sizeof(flow.dst_addr));
	return flow;
}

static void read_counts(const struct wf_wire_counts *counts, struct weft_flow_counts *ret_counts)
{
	*ret_counts = (struct weft_flow_counts){
		.packets = be64toh(counts->packets_be),
		.bytes = be64toh(counts->bytes_be),
		.stream_bytes = be64toh(counts->stream_bytes_be),
		.gap_bytes = be64toh(counts->gap_bytes_be),
		.late_bytes = be64toh(counts->late_bytes_be),
		.bypassed_packets = be64toh(counts->bypassed_packets_be),
		.bypassed_bytes = be64toh(counts->bypassed_bytes_be),
		.gap_count = be32toh(counts->gap_count_be),
		.retransmitted_segments = be32toh(counts->retransmitted_be),
		.overlap_segments = be32toh(counts->overlap_be),
		.conflict_segments = be32toh(counts->conflict_be),
		.out_of_order_segments = be32toh(counts->out_of_order_be),
		.tcp_flags = be16toh(counts->tcp_flags_be),
	};
}

static void read_close(const struct wf_wire_close *close, struct weft_flow_record *ret_record)
{
	*ret_record = (struct weft_flow_record){
		.start_ns = be64toh(close->start_be),
		.end_ns = be64toh(close->end_be),
		.reason = (enum weft_close_reason)close->reason,
		.state = (enum weft_flow_state)close->state,
		.tcp_state = (enum weft_tcp_state)close->tcp_state,
		.midstream = close->flags & WF_WIRE_CLOSE_MIDSTREAM,
	};
	for (int dir = 0; dir < WEFT_DIR_COUNT; dir++) {
		ret_record->wrong_checksums[dir] = close->flags & WF_WIRE_CLOSE_WRONG_CHECKSUMS
									  << dir;
		ret_record->bypassed[dir] = close->flags & WF_WIRE_CLOSE_BYPASSED << dir;
		read_counts(&close->counts[dir], &ret_record->counts[dir]);
	}
}

static void read_open(const struct wf_wire_open *open, struct weft_open *ret_open)
{
	*ret_open = (struct weft_open){
		.midway = open->flags & WF_WIRE_OPEN_MIDWAY,
		.midstream = open->flags & WF_WIRE_OPEN_MIDSTREAM,
	};
	for (int dir = 0; dir < WEFT_DIR_COUNT; dir++) {
		ret_open->off[dir] = be64toh(open->off_be[dir]);
		ret_open->isn[dir] = be32toh(open->isn_be[dir]);
		ret_open->has_isn[dir] = open->flags & WF_WIRE_OPEN_HAS_ISN << dir;
	}
}

static void read_anomaly(const struct wf_client_frame *frame, struct weft_event *event)
{
	const struct wf_wire_anomaly *anomaly = &frame->fields.anomaly;

	event->anomaly.kind = (enum weft_anomaly)be32toh(anomaly->kind_be);
	event->anomaly.off = be64toh(anomaly->off_be);
	event->anomaly.len_bytes = be64toh(anomaly->len_be);
	event->anomaly.shown_bytes = be32toh(anomaly->shown_be);
	event->anomaly.kept = frame->payload;
	event->anomaly.lost = frame->payload + event->anomaly.shown_bytes;
}

static void read_loss(const struct wf_wire_loss *loss, struct weft_event *event)
{
	event->drop.events = be64toh(loss->events_be);
	event->drop.data_bytes = be64toh(loss->data_bytes_be);
	event->drop.off = be64toh(loss->off_be);
	event->drop.len_bytes = be64toh(loss->len_be);
	event->drop.connections = be64toh(loss->connections_be);
	event->drop.closes = be64toh(loss->closes_be);
}

bool wf_client_frame_event(const struct wf_client_frame *frame, struct weft_event *ret_event,
			   struct weft_flow_record *ret_record)
{
	const struct wf_wire_frame *fields = &frame->fields;

	*ret_event = (struct weft_event){.dir = frame->dir, .time_ns = frame->time_ns};
	switch (frame->type) {
	case WEFT_CLIENT_OPEN:
		ret_event->type = WEFT_EVENT_OPEN;
		read_open(&fields->open, &ret_event->open);
		return true;
	case WEFT_CLIENT_DATA:
		ret_event->type = WEFT_EVENT_DATA;
		ret_event->data.bytes = frame->payload;
		ret_event->data.len_bytes = frame->payload_bytes;
		ret_event->data.off = be64toh(fields->data.off_be);
		return true;
	case WEFT_CLIENT_GAP:
		ret_event->type = WEFT_EVENT_GAP;
		ret_event->gap.off = be64toh(fields->gap.off_be);
		ret_event->gap.len_bytes = be64toh(fields->gap.len_be);
		ret_event->gap.cause = (enum weft_gap_cause)be32toh(fields->gap.cause_be);
		return true;
	case WEFT_CLIENT_CLOSE:
		ret_event->type = WEFT_EVENT_CLOSE;
		read_close(&fields->close, ret_record);
		ret_event->close = ret_record;
		return true;
	case WEFT_CLIENT_ANOMALY:
		ret_event->type = WEFT_EVENT_ANOMALY;
		read_anomaly(frame, ret_event);
		return true;
	case WEFT_CLIENT_LOSS:
		ret_event->type = WEFT_EVENT_DROP;
		read_loss(&fields->loss, ret_event);
		return true;
	default:
		return false;
	}
}

void wf_client_frame_text(const struct wf_client_frame *frame, char *ret_text, size_t text_bytes)
{
	size_t len = frame->payload_bytes < text_bytes - 1 ? frame->payload_bytes : text_bytes - 1;

	for (size_t i = 0; i < len; i++) {
		uint8_t c = frame->payload[i];

		ret_text[i] = (char)(c >= 0x20 && c < 0x7f ? c : '?');
	}
	ret_text[len] = '\0';
}
