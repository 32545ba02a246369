/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frame_write.h - turns events into frames; include/weft/client.h documents their layout.
 *
 * Thread: any.
 */
#ifndef WF_SERVE_FRAME_WRITE_H
#define WF_SERVE_FRAME_WRITE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <weft/client.h>

#include "client/wire.h"

enum {
	WF_FRAME_PARTS_MAX = 4,
	/* length of a DATA frame without its payload */
	WF_FRAME_DATA_BYTES = sizeof(struct wf_wire_header) + sizeof(struct wf_wire_data),
};

/**
 * wf_frame_write() - write the frame of @event
 * @interface:  name of the interface of the connection; used for OPEN
 * @ret_fields: the header and the fields
 * @ret_parts:  room for WF_FRAME_PARTS_MAX parts, which make up the frame: the first one points to
 *              @ret_fields, the others to bytes that the event lends, to @interface, or to a static
 *              name
 *
 * Return: the number of parts.
 */
int wf_frame_write(const struct weft_event *event, const char *interface,
		   struct wf_wire_frame *ret_fields, struct iovec *ret_parts);

/* Write a DATA frame without its payload: the first WF_FRAME_DATA_BYTES bytes of @ret_fields. */
void wf_frame_write_data(const struct weft_event *event, struct wf_wire_frame *ret_fields);

/* Write an END frame. @text: static. Return: the number of parts. */
int wf_frame_write_end(enum weft_client_end reason, const char *text, uint64_t time_ns,
		       struct wf_wire_frame *ret_fields, struct iovec *ret_parts);

#endif
