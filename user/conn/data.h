/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * data.h - payload into its stream.
 */
#ifndef WF_CONN_DATA_H
#define WF_CONN_DATA_H

#include "conn/half.h"

/* Payload that was found acceptable. */
struct wf_data {
	uint64_t off;
	const uint8_t *bytes;
	uint32_t len_bytes;	 /* on the wire */
	uint32_t captured_bytes; /* readable */
	uint64_t time_ns;
	struct wf_page *page; /* borrowed */
	bool jumped;	      /* begins beyond all bytes seen before */
};

/*
 * Deliver or hold @data; each captured byte is counted with its outcome. @data is cut in place at
 * the limit of the direction.
 */
void wf_data_take(const struct wf_half *half, struct wf_data *data);

#endif
