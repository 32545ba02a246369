/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * data.h - inserts payload into its stream.
 */
#ifndef WF_CONN_DATA_H
#define WF_CONN_DATA_H

#include "conn/events.h"
#include "conn/half.h"
#include "conn/wait.h"
#include "metrics/metrics.h"
#include "reassembly/stream_insert.h"

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

/*
 * Do what wf_data_take() does if @data is whole and next in order, the direction holds nothing and
 * waits for nothing, and delivery does not wait for acknowledgements: this is so for most segments.
 * Return: false if nothing was done.
 */
static inline __attribute__((always_inline)) bool wf_data_pass_on(const struct wf_half *half,
								  const struct wf_data *data)
{
	const struct wf_chunk chunk = {
		.off = data->off,
		.len_bytes = data->len_bytes,
		.bytes = data->bytes,
		.page = data->page,
		.is_lent = data->is_lent,
		.time_ns = data->time_ns,
	};

	if (!wf_stream_passes(half->stream, data->off) || !data->len_bytes ||
	    data->captured_bytes != data->len_bytes || !wf_wait_is_idle(half) ||
	    wf_half_waits_for_acks(half))
		return false;
	half->stream->next_off += data->len_bytes;
	wf_metric_inc(half->conns->metrics, segments_in_order_segments);
	wf_events_data(half, &chunk);
	return true;
}

#endif
