/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message.h - a message on weft.<sensor>.data.<partition>: its headers and its body.
 *
 *   Weft-Version: 1
 *   Weft-Kind:    open | data | gap | drop | close
 *   Weft-Flow:    <sensor>-<boot>-<flow id>
 *   Weft-Name:    SRCIP.SPORT-DSTIP.DPORT[@TENANT][#N]    N: number of the connection among those
 *                 that the sensor has seen with these addresses and ports, from 2 on
 *   Weft-Dir:     toserver | toclient                     open, close: toserver
 *   Weft-Offset:  stream offset of the first byte of the data, gap or drop; 0 for open and close
 *   Weft-Length:  length of a gap or drop; other kinds do not have this header
 *   Weft-Time:    capture time in ns since 1970
 *   Nats-Msg-Id:  flow, kind, direction, offset and length
 *
 * The body of data is the bytes. The body of other kinds is the JSON record of the event.
 */
#ifndef WF_BUS_MESSAGE_H
#define WF_BUS_MESSAGE_H

#include <nats/nats.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/flow.h>
#include <weft/table.h>

#include "bus/names.h"

#define WF_BUS_KINDS(X)                                                     \
	X(WF_BUS_OPEN, 0, "open", "a connection begins")                    \
	X(WF_BUS_DATA, 1, "data", "bytes of one direction")                 \
	X(WF_BUS_GAP, 2, "gap", "bytes that the sensor does not have")      \
	X(WF_BUS_DROP, 3, "drop", "events that the sensor's queue dropped") \
	X(WF_BUS_CLOSE, 4, "close", "a connection has ended")

enum wf_bus_kind { WF_BUS_KINDS(WEFT_TABLE_ENUM) };
#define WF_BUS_KIND_COUNT (0 WF_BUS_KINDS(WEFT_TABLE_COUNT))

/* Reasons why a message is rejected: label reason of weft_collect_rejected_messages_total. */
#define WF_BUS_FAULTS(X)                                                                        \
	X(WF_BUS_FAULT_NONE, 0, "none", "the message is valid")                                 \
	X(WF_BUS_FAULT_HEADERS, 1, "headers", "it has no headers of weft")                      \
	X(WF_BUS_FAULT_VERSION, 2, "version", "it has another version than 1")                  \
	X(WF_BUS_FAULT_FIELD, 3, "field", "a header is missing, or its value is malformed")     \
	X(WF_BUS_FAULT_SENSOR, 4, "sensor", "its subject does not name the sensor of its flow") \
	X(WF_BUS_FAULT_NAME, 5, "name", "its Weft-Name is not a name of a stream file")         \
	X(WF_BUS_FAULT_OFFSET, 6, "offset", "its offset or length is impossible")               \
	X(WF_BUS_FAULT_BODY, 7, "body", "its body is empty, too long, or not JSON")             \
	X(WF_BUS_FAULT_ROOM, 8, "room", "the consumer has no room or no name for its connection")

enum wf_bus_fault { WF_BUS_FAULTS(WEFT_TABLE_ENUM) };
#define WF_BUS_FAULT_COUNT (0 WF_BUS_FAULTS(WEFT_TABLE_COUNT))

enum {
	WF_BUS_VERSION = 1,
	WF_BUS_DATA_MAX = 65536, /* maximum length of the body of a data message */
	WF_BUS_JSON_MAX = 16384, /* maximum length of the body of another message */
	WF_BUS_MSG_ID_BYTES = WF_BUS_FLOW_BYTES + 64,
};

/* Maximum of offset + length. */
#define WF_BUS_OFFSET_MAX ((uint64_t)1 << 62)

/* The headers, in the order of enum wf_bus_header. */
#define WF_BUS_HEADERS(X)                               \
	X(WF_BUS_HEADER_VERSION, 0, "Weft-Version", "") \
	X(WF_BUS_HEADER_KIND, 1, "Weft-Kind", "")       \
	X(WF_BUS_HEADER_FLOW, 2, "Weft-Flow", "")       \
	X(WF_BUS_HEADER_NAME, 3, "Weft-Name", "")       \
	X(WF_BUS_HEADER_DIR, 4, "Weft-Dir", "")         \
	X(WF_BUS_HEADER_OFFSET, 5, "Weft-Offset", "")   \
	X(WF_BUS_HEADER_LENGTH, 6, "Weft-Length", "")   \
	X(WF_BUS_HEADER_TIME, 7, "Weft-Time", "")

enum wf_bus_header { WF_BUS_HEADERS(WEFT_TABLE_ENUM) };
#define WF_BUS_HEADER_COUNT (0 WF_BUS_HEADERS(WEFT_TABLE_COUNT))

/*
 * struct wf_bus_message - a message
 * @peers: addresses, ports, VLAN ids, VNI and use of the connection, as in Weft-Name
 * @off: stream offset of the first byte
 * @len_bytes: number of bytes of the stream: of @body for DATA, of the range for GAP and DROP
 * @body: borrowed
 */
struct wf_bus_message {
	enum wf_bus_kind kind;
	enum weft_dir dir;
	struct wf_bus_flow flow;
	struct weft_flow peers;
	uint64_t off;
	uint64_t len_bytes;
	uint64_t time_ns;
	const void *body;
	size_t body_bytes;
};

/* The parts of a message as texts, before they are checked; NULL: the header is missing. */
struct wf_bus_texts {
	const char *subject;
	const char *header[WF_BUS_HEADER_COUNT];
	const void *body;
	size_t body_bytes;
};

/* Return a static name. */
const char *wf_bus_kind_name(enum wf_bus_kind kind);
const char *wf_bus_fault_name(enum wf_bus_fault fault);
const char *wf_bus_fault_text(enum wf_bus_fault fault);
const char *wf_bus_header_name(enum wf_bus_header header);

/* Write the value of Nats-Msg-Id. */
void wf_bus_message_id(const struct wf_bus_message *message, char ret_id[WF_BUS_MSG_ID_BYTES]);

/*
 * Make a message for NATS, for the partition of its connection among @partitions; the body is
 * copied. Return: 0; -ENOMEM.
 */
int wf_bus_message_new(const struct wf_bus_message *message, uint32_t partitions,
		       natsMsg **ret_msg);

/* As wf_bus_message_new(), for a message that is acknowledged by a message to the subject @reply.
 */
int wf_bus_message_new_acked(const struct wf_bus_message *message, uint32_t partitions,
			     const char *reply, natsMsg **ret_msg);

/*
 * Check the parts of a message. The body of *ret_message is that of @texts. JSON is not parsed.
 * Return: the first fault that was found.
 */
enum wf_bus_fault wf_bus_texts_parse(const struct wf_bus_texts *texts,
				     struct wf_bus_message *ret_message);

/* As wf_bus_texts_parse(), for a message from NATS; *ret_message is valid as long as @msg. */
enum wf_bus_fault wf_bus_message_parse(natsMsg *msg, struct wf_bus_message *ret_message);

#endif
