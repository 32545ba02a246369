// SPDX-License-Identifier: BSD-2-Clause
/*
 * message.c - writes and reads the headers of a message.
 *
 * Reading has two steps, so that the checks can be tested without NATS: the texts of the headers
 * are collected, and then checked. A message may come from anybody who can publish: nothing of it
 * is used before all its headers and the length of its body were checked. The name of a connection
 * is parsed into addresses and numbers, and names of files are formatted from these.
 */
#include "bus/message.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "sink/format/stream_name.h"
#include "sink/format/text_out.h"

#define NAME(constant, value, name, meaning)	[constant] = (name),
#define MEANING(constant, value, name, meaning) [constant] = (meaning),

static const char *const kind_names[] = {WF_BUS_KINDS(NAME)};
static const char *const fault_names[] = {WF_BUS_FAULTS(NAME)};
static const char *const fault_texts[] = {WF_BUS_FAULTS(MEANING)};
static const char *const header_names[] = {WF_BUS_HEADERS(NAME)};
static const char *const dir_names[] = {"toserver", "toclient"};

const char *wf_bus_kind_name(enum wf_bus_kind kind)
{
	return kind_names[kind];
}

const char *wf_bus_fault_name(enum wf_bus_fault fault)
{
	return fault_names[fault];
}

const char *wf_bus_fault_text(enum wf_bus_fault fault)
{
	return fault_texts[fault];
}

const char *wf_bus_header_name(enum wf_bus_header header)
{
	return header_names[header];
}

/* ---- writing ---- */

/* @flow: wf_bus_flow_text() of the message. */
static void id_text(const struct wf_bus_message *message, const char *flow, char *ret_id)
{
	char *end = wf_text_put(wf_text_put(ret_id, flow), "-");

	end = wf_text_put(wf_text_put(end, kind_names[message->kind]), "-");
	end = wf_text_put(wf_text_put_u64(end, (uint64_t)message->dir), "-");
	end = wf_text_put(wf_text_put_u64(end, message->off), "-");
	*wf_text_put_u64(end, message->len_bytes) = '\0';
}

void wf_bus_message_id(const struct wf_bus_message *message, char ret_id[WF_BUS_MSG_ID_BYTES])
{
	char flow[WF_BUS_FLOW_BYTES];

	wf_bus_flow_text(&message->flow, flow);
	id_text(message, flow, ret_id);
}

static natsStatus set_text(natsMsg *msg, enum wf_bus_header header, const char *text)
{
	return natsMsgHeader_Set(msg, header_names[header], text);
}

static natsStatus set_u64(natsMsg *msg, enum wf_bus_header header, uint64_t value)
{
	char text[WF_TEXT_U64_BYTES + 1];

	*wf_text_put_u64(text, value) = '\0';
	return set_text(msg, header, text);
}

/* Set the headers that say which bytes of which connection the message is about. */
static natsStatus set_place(natsMsg *msg, const struct wf_bus_message *message, const char *flow)
{
	struct wf_stream_number number = {.number = message->peers.use,
					  .by_tenant = wf_stream_has_tenant(&message->peers)};
	char name[WF_STREAM_NAME_BYTES];
	natsStatus status = set_text(msg, WF_BUS_HEADER_FLOW, flow);

	wf_stream_name(&message->peers, WEFT_TO_SERVER, number, name);
	if (!status)
		status = set_text(msg, WF_BUS_HEADER_NAME, name);
	if (!status)
		status = set_text(msg, WF_BUS_HEADER_DIR, dir_names[message->dir]);
	if (!status)
		status = set_u64(msg, WF_BUS_HEADER_OFFSET, message->off);
	if (!status && (message->kind == WF_BUS_GAP || message->kind == WF_BUS_DROP))
		status = set_u64(msg, WF_BUS_HEADER_LENGTH, message->len_bytes);
	return status;
}

static natsStatus set_headers(natsMsg *msg, const struct wf_bus_message *message)
{
	char flow[WF_BUS_FLOW_BYTES], id[WF_BUS_MSG_ID_BYTES];
	natsStatus status = set_u64(msg, WF_BUS_HEADER_VERSION, WF_BUS_VERSION);

	wf_bus_flow_text(&message->flow, flow);
	id_text(message, flow, id);
	if (!status)
		status = set_text(msg, WF_BUS_HEADER_KIND, kind_names[message->kind]);
	if (!status)
		status = set_place(msg, message, flow);
	if (!status)
		status = set_u64(msg, WF_BUS_HEADER_TIME, message->time_ns);
	return status ? status : natsMsgHeader_Set(msg, "Nats-Msg-Id", id);
}

int wf_bus_message_new_acked(const struct wf_bus_message *message, uint32_t partitions,
			     const char *reply, natsMsg **ret_msg)
{
	struct wf_bus_subject subject = {.kind = WF_BUS_SUBJECT_DATA};
	char text[WF_BUS_SUBJECT_BYTES];
	natsMsg *msg = NULL;

	memcpy(subject.sensor, message->flow.sensor, sizeof(subject.sensor));
	subject.partition = wf_bus_partition(&message->peers, partitions);
	wf_bus_subject_text(&subject, text);
	if (natsMsg_Create(&msg, text, reply, message->body, (int)message->body_bytes) != NATS_OK)
		return -ENOMEM;
	if (set_headers(msg, message) != NATS_OK) {
		natsMsg_Destroy(msg);
		return -ENOMEM;
	}
	*ret_msg = msg;
	return 0;
}

int wf_bus_message_new(const struct wf_bus_message *message, uint32_t partitions, natsMsg **ret_msg)
{
	return wf_bus_message_new_acked(message, partitions, NULL, ret_msg);
}

/* ---- reading ---- */

/* Return the index of @text in @names; @count if it is not there. */
static int index_of(const char *text, const char *const *names, int count)
{
	int i = 0;

	while (i < count && strcmp(text, names[i]))
		i++;
	return i;
}

static bool has_length(enum wf_bus_kind kind)
{
	return kind == WF_BUS_GAP || kind == WF_BUS_DROP;
}

static enum wf_bus_fault parse_kind(const struct wf_bus_texts *texts,
				    struct wf_bus_message *message)
{
	const char *const *header = texts->header;
	uint64_t version;
	int kind, dir;

	if (!header[WF_BUS_HEADER_VERSION])
		return WF_BUS_FAULT_HEADERS;
	if (wf_bus_u64_parse(header[WF_BUS_HEADER_VERSION], UINT32_MAX, &version) ||
	    version != WF_BUS_VERSION)
		return WF_BUS_FAULT_VERSION;
	for (int i = 0; i < WF_BUS_HEADER_COUNT; i++)
		if (!header[i] && i != WF_BUS_HEADER_LENGTH)
			return WF_BUS_FAULT_FIELD;
	kind = index_of(header[WF_BUS_HEADER_KIND], kind_names, WF_BUS_KIND_COUNT);
	dir = index_of(header[WF_BUS_HEADER_DIR], dir_names, WEFT_DIR_COUNT);
	if (kind == WF_BUS_KIND_COUNT || dir == WEFT_DIR_COUNT ||
	    wf_bus_u64_parse(header[WF_BUS_HEADER_TIME], INT64_MAX, &message->time_ns) ||
	    wf_bus_flow_parse(header[WF_BUS_HEADER_FLOW], &message->flow))
		return WF_BUS_FAULT_FIELD;
	message->kind = (enum wf_bus_kind)kind;
	message->dir = (enum weft_dir)dir;
	if (!!header[WF_BUS_HEADER_LENGTH] != has_length(message->kind))
		return WF_BUS_FAULT_FIELD;
	return WF_BUS_FAULT_NONE;
}

static enum wf_bus_fault parse_range(const struct wf_bus_texts *texts,
				     struct wf_bus_message *message)
{
	const char *length = texts->header[WF_BUS_HEADER_LENGTH];

	if (wf_bus_u64_parse(texts->header[WF_BUS_HEADER_OFFSET], WF_BUS_OFFSET_MAX, &message->off))
		return WF_BUS_FAULT_OFFSET;
	message->len_bytes = message->kind == WF_BUS_DATA ? texts->body_bytes : 0;
	if (length && wf_bus_u64_parse(length, WF_BUS_OFFSET_MAX, &message->len_bytes))
		return WF_BUS_FAULT_OFFSET;
	if (message->off + message->len_bytes > WF_BUS_OFFSET_MAX)
		return WF_BUS_FAULT_OFFSET;
	if (message->kind == WF_BUS_GAP && !message->len_bytes)
		return WF_BUS_FAULT_OFFSET;
	return WF_BUS_FAULT_NONE;
}

static enum wf_bus_fault check_body(const struct wf_bus_message *message)
{
	const char *body = message->body;
	size_t bytes = message->body_bytes;

	if (message->kind == WF_BUS_DATA)
		return bytes && bytes <= WF_BUS_DATA_MAX ? WF_BUS_FAULT_NONE : WF_BUS_FAULT_BODY;
	if (bytes < 2 || bytes > WF_BUS_JSON_MAX || body[0] != '{')
		return WF_BUS_FAULT_BODY;
	return WF_BUS_FAULT_NONE;
}

enum wf_bus_fault wf_bus_texts_parse(const struct wf_bus_texts *texts,
				     struct wf_bus_message *ret_message)
{
	struct wf_bus_message message = {.body = texts->body, .body_bytes = texts->body_bytes};
	struct wf_bus_subject subject;
	enum wf_bus_fault fault = parse_kind(texts, &message);

	if (fault)
		return fault;
	if (wf_bus_subject_parse(texts->subject, &subject) || subject.kind != WF_BUS_SUBJECT_DATA ||
	    strcmp(subject.sensor, message.flow.sensor))
		return WF_BUS_FAULT_SENSOR;
	if (!wf_stream_name_parse(texts->header[WF_BUS_HEADER_NAME], &message.peers))
		return WF_BUS_FAULT_NAME;
	fault = parse_range(texts, &message);
	if (!fault)
		fault = check_body(&message);
	if (!fault)
		*ret_message = message;
	return fault;
}

enum wf_bus_fault wf_bus_message_parse(natsMsg *msg, struct wf_bus_message *ret_message)
{
	struct wf_bus_texts texts = {
		.subject = natsMsg_GetSubject(msg),
		.body = natsMsg_GetData(msg),
		.body_bytes = (size_t)natsMsg_GetDataLength(msg),
	};

	for (int i = 0; i < WF_BUS_HEADER_COUNT; i++)
		if (natsMsgHeader_Get(msg, header_names[i], &texts.header[i]) != NATS_OK)
			texts.header[i] = NULL;
	return wf_bus_texts_parse(&texts, ret_message);
}
