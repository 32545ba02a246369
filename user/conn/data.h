/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * data.h - insertion of payload into its stream.
 */
#ifndef WF_CONN_DATA_H
#define WF_CONN_DATA_H

#include "conn/half.h"

/* Acceptable payload of one segment. */
struct wf_data {
	uint64_t off;
	const uint8_t *bytes;
	uint32_t len_bytes;	 /* length on the wire */
	uint32_t captured_bytes; /* length captured, at bytes */
	uint64_t time_ns;
	struct wf_page *page; /* borrowed */
	bool jumped;	      /* begins beyond all bytes seen before */
};

/*
 * Deliver or hold @data, and count each captured byte with its outcome. @data is cut in place at
 * the limit of the direction.
 */
void wf_data_take(const struct wf_half *half, struct wf_data *data);

#endif
