/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ws_message.h - writes the messages with events that a WebSocket client gets.
 *
 *   text     {"id":1,"event":{EVE}}   {"id":1,"drop":{"events":N,"bytes":M}}
 *   binary   id (4 bytes), direction (1: 0 to the server, 1 to the client), 3 reserved,
 *            flow id (8), stream offset (8), all big-endian, then the bytes of the stream
 *
 * Thread: any; the functions do no I/O and keep no state between calls.
 */
#ifndef WF_HTTP_WS_WS_MESSAGE_H
#define WF_HTTP_WS_WS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/event.h>

struct weft;

enum { WF_WS_DATA_HEADER_BYTES = 24 };

/*
 * Write @event as a message of the subscription @id. @interface: name of the interface; NULL: not
 * known. Return: the length; 0 if the event has no message, or does not fit.
 */
size_t wf_ws_message_write(const struct weft_event *event, uint32_t id, const char *interface,
			   unsigned char *buf, size_t buf_bytes, bool *ret_is_binary);

#endif
