/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * data.h - inserts payload into its stream.
 */
#ifndef WF_CONN_DATA_H
#define WF_CONN_DATA_H

#include "conn/half.h"

/* The acceptable payload of one segment. */
struct wf_data {
	uint64_t off;
	const uint8_t *bytes;
	uint32_t len_bytes;	 /* length of the payload on the wire */
	uint32_t captured_bytes; /* number of captured bytes, stored at bytes */
	uint64_t time_ns;
	/*
	 * borrowed; NULL: the bytes are lent, or in a mapped file or memory that the application
	 * keeps (packet/frame.h)
	 */
	struct wf_page *page;
	bool is_lent; /* the bytes are valid only until the end of their batch */
	bool jumped;  /* the payload begins beyond all bytes seen before */
};

/*
 * Deliver or hold @data, of at most WF_STREAM_SEGMENT_MAX_BYTES captured bytes, and count each
 * captured byte with its outcome. This function removes the part beyond the limit of the direction
 * from @data.
 */
void wf_data_take(const struct wf_half *half, struct wf_data *data);

#endif
