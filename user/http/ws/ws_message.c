// SPDX-License-Identifier: BSD-2-Clause
/*
 * ws_message.c - writes one event as a text or binary message.
 */
#include "http/ws/ws_message.h"

#include <endian.h>
#include <string.h>

#include "sink/format/eve_event.h"
#include "sink/format/json_out.h"

/* The header of a binary message, big-endian. */
struct data_header {
	uint32_t id_be;
	uint8_t dir;
	uint8_t reserved[3];
	uint64_t flow_id_be;
	uint64_t off_be;
};
_Static_assert(sizeof(struct data_header) == WF_WS_DATA_HEADER_BYTES, "the format of messages");

static size_t write_data(const struct weft_event *event, uint32_t id, unsigned char *buf,
			 size_t buf_bytes)
{
	const struct data_header header = {
		.id_be = htobe32(id),
		.dir = event->dir,
		.flow_id_be = htobe64(event->flow->id),
		.off_be = htobe64(event->data.off),
	};

	if (buf_bytes < sizeof(header) || event->data.len_bytes > buf_bytes - sizeof(header))
		return 0;
	memcpy(buf, &header, sizeof(header));
	memcpy(buf + sizeof(header), event->data.bytes, event->data.len_bytes);
	return sizeof(header) + event->data.len_bytes;
}

static bool put_drop(struct wf_json *json, const struct weft_event *event)
{
	wf_json_object_begin(json, "drop");
	wf_json_u64(json, "events", event->drop.events);
	wf_json_u64(json, "bytes", event->drop.data_bytes);
	wf_json_object_end(json);
	return true;
}

static bool put_event(struct wf_json *json, const struct weft_event *event, const char *interface)
{
	const struct wf_eve_source source = {.interface = interface};
	struct wf_eve_clock clock = {.second = 0};
	bool is_put;

	wf_json_object_begin(json, "event");
	is_put = wf_eve_put_event(json, &clock, &source, event);
	wf_json_object_end(json);
	return is_put;
}

size_t wf_ws_message_write(const struct weft_event *event, uint32_t id, const char *interface,
			   unsigned char *buf, size_t buf_bytes, bool *ret_is_binary)
{
	struct wf_json json = {.bytes = (char *)buf, .room = buf_bytes};
	bool is_put;

	*ret_is_binary = event->type == WEFT_EVENT_DATA;
	if (*ret_is_binary)
		return write_data(event, id, buf, buf_bytes);
	wf_json_line_begin(&json);
	wf_json_u64(&json, "id", id);
	is_put = event->type == WEFT_EVENT_DROP ? put_drop(&json, event)
						: put_event(&json, event, interface);
	/* The newline is left out, because a message ends without one. */
	return is_put && wf_json_line_end(&json) ? json.len - 1 : 0;
}
