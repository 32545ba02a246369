/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client_frame.h - reads a frame from bytes that an agent has sent, and checks every length in it.
 *
 * Thread: any. Memory: none.
 */
#ifndef WF_CLIENT_CLIENT_FRAME_H
#define WF_CLIENT_CLIENT_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/event.h>

#include "client/wire.h"

/**
 * struct wf_client_frame - a frame
 * @type:    enum weft_client_frame, or another number: skip the frame
 * @fields:  a copy of the header, and of the fields of @type that this version knows; the rest is
 *           not set
 * @payload: borrowed; in the bytes that were read, or in shared memory
 */
struct wf_client_frame {
	uint32_t len_bytes;
	unsigned int type;
	enum weft_dir dir;
	uint64_t flow_id;
	uint64_t time_ns;
	struct wf_wire_frame fields;
	const uint8_t *payload;
	uint32_t payload_bytes;
};

/*
 * Read the frame at @bytes, of which @have_bytes bytes have arrived. Return: 1 on success; 0 if the
 * frame is not complete; -EPROTO if it is not valid: *@ret_why is the reason, a static text.
 */
int wf_client_frame_read(const uint8_t *bytes, size_t have_bytes, struct wf_client_frame *ret_frame,
			 const char **ret_why);

/*
 * Fill in @ret_event from a frame that wf_client_frame_read() has returned, except for its flow.
 * @ret_record: the record to which a CLOSE event points. Return: false if @frame is no event: its
 * type is END or not known.
 */
bool wf_client_frame_event(const struct wf_client_frame *frame, struct weft_event *ret_event,
			   struct weft_flow_record *ret_record);

/* Return the connection in an OPEN frame. */
struct weft_flow wf_client_frame_flow(const struct wf_client_frame *frame);

/* Copy the payload to @ret_text as text of printable characters, truncated to @text_bytes. */
void wf_client_frame_text(const struct wf_client_frame *frame, char *ret_text, size_t text_bytes);

#endif
