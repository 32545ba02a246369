/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * events.h - reports events to subscribers, and updates the counters of these events.
 */
#ifndef WF_CONN_EVENTS_H
#define WF_CONN_EVENTS_H

#include "conn/half.h"
#include "deliver/dispatch.h"
#include "metrics/metrics.h"

void wf_events_open(struct wf_conns *conns, const struct wf_flow *flow, uint64_t now_ns);
void wf_events_close(struct wf_conns *conns, struct wf_flow *flow, enum weft_close_reason reason,
		     uint64_t now_ns);

/* Count @len_bytes of the stream as delivered. */
static inline void wf_events_count_data(const struct wf_half *half, uint64_t len_bytes)
{
	struct wf_metrics *metrics = half->conns->metrics;

	wf_metric_add(metrics, payload_delivered_bytes, len_bytes);
	wf_metric_add(metrics, stream_bytes_by_direction[half->dir], len_bytes);
}

/*
 * Report @chunk to those of the subscriptions @takers, at least one, that want its connection, and
 * count it as delivered. Bytes that had to be copied, but for which no page was left, are reported
 * as a gap instead.
 */
void wf_events_report_data(const struct wf_half *half, const struct wf_chunk *chunk,
			   uint32_t takers);

/* Count @chunk as delivered and report it, or report a gap: see wf_events_report_data(). */
static inline void wf_events_data(const struct wf_half *half, const struct wf_chunk *chunk)
{
	uint32_t takers = wf_dispatch_takers(half->conns->dispatch, half->dir, WEFT_EVENT_DATA);

	if (wf_unlikely(takers))
		wf_events_report_data(half, chunk, takers);
	else
		wf_events_count_data(half, chunk->len_bytes);
}

/* Count [@off, @off + @len_bytes) as a gap and report it. */
void wf_events_gap(const struct wf_half *half, uint64_t off, uint64_t len_bytes,
		   enum weft_gap_cause cause, uint64_t now_ns);

void wf_events_anomaly(const struct wf_half *half, enum weft_anomaly kind, uint64_t off,
		       uint64_t len_bytes, uint64_t now_ns);

/*
 * Report an anomaly if only one side of @flow was seen, and its other side was seen in other VLANs.
 * Each flow is reported at most once.
 */
void wf_events_split(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns);

/* Report two copies of the same bytes that differ as an anomaly. */
void wf_events_conflict(const struct wf_half *half, const struct wf_insert_info *info,
			uint64_t now_ns);

#endif
