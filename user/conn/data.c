// SPDX-License-Identifier: BSD-2-Clause
/*
 * data.c - inserts payload into its stream and counts every byte.
 */
#include "conn/data.h"

#include "conn/events.h"
#include "conn/hole.h"
#include "conn/limit.h"
#include "conn/wait.h"
#include "metrics/metrics.h"
#include "reassembly/stream_insert.h"

/*
 * Count the first @bytes of the segment that begins at @off, which were below next_off when the
 * segment was inserted, as duplicate or late. Return: the number of late bytes.
 */
static uint64_t count_below(const struct wf_half *half, uint64_t off, uint64_t bytes)
{
	struct wf_late *late = wf_flow_table_late(&half->conns->table, half->flow, half->dir);
	uint64_t late_bytes = late ? wf_late_count(late, off, off + bytes) : 0;

	wf_metric_add(half->conns->metrics, payload_late_bytes, late_bytes);
	wf_metric_add(half->conns->metrics, payload_duplicate_bytes, bytes - late_bytes);
	return late_bytes;
}

/*
 * Insert @segment into the stream. If the stream is full or memory is short, give up holes, or
 * deliver unacknowledged data, to make room. This ends with another result than WF_STREAM_LIMIT or
 * WF_STREAM_SHORT: only a stream that holds data returns these, and wf_wait_make_room() always
 * shortens such a stream. The check of its result is a safeguard against an endless loop.
 */
static enum wf_stream_result insert(const struct wf_half *half,
				    const struct wf_stream_segment *segment,
				    struct wf_insert_info *info)
{
	struct wf_conns *conns = half->conns;
	enum wf_stream_result result;

	for (;;) {
		enum weft_gap_cause cause = WEFT_GAP_LIMIT;

		result = wf_stream_insert(half->stream, &conns->stream_env, segment, info);
		if (result == WF_STREAM_SHORT)
			cause = WEFT_GAP_MEMORY;
		else if (result != WF_STREAM_LIMIT)
			return result;
		if (!wf_wait_make_room(half, cause, segment->time_ns)) {
			wf_metric_add(conns->metrics, payload_evicted_bytes,
				      segment->captured_bytes);
			return result;
		}
	}
}

/*
 * Update the counters in the flow's extension, record a loss of data, and report an anomaly if two
 * copies differ.
 */
static void note_irregular(const struct wf_half *half, const struct wf_data *data,
			   enum wf_stream_result result, const struct wf_insert_info *info,
			   uint64_t late_bytes)
{
	bool waits_anyway = wf_half_waits_for_acks(half) || wf_half_is(half, WF_HALF_STARTING);
	struct wf_flow_ext_half *counts;
	struct wf_flow_ext *ext;

	if (!info->overlap && result == WF_STREAM_HELD && !data->jumped && waits_anyway)
		return;
	if (result == WF_STREAM_NO_MEMORY) {
		wf_hole_note_memory_loss(half, data->off + data->captured_bytes);
		half->conns->is_starved = true;
	}
	if (info->conflict)
		wf_events_conflict(half, info, data->time_ns);
	ext = wf_half_need_ext(half);
	if (!ext)
		return;
	counts = &ext->half[half->dir];
	counts->retransmitted_segments += result == WF_STREAM_DUPLICATE && !late_bytes;
	counts->overlap_segments += info->overlap;
	counts->conflict_segments += info->conflict;
	counts->out_of_order_segments += result == WF_STREAM_HELD &&
					 (data->jumped || !waits_anyway) &&
					 data->off > half->stream->next_off;
}

static void cut_at_limit(const struct wf_half *half, struct wf_data *data, uint64_t limit_off)
{
	uint32_t keep_bytes;
	uint32_t keep_captured;

	if (data->off + data->len_bytes <= limit_off)
		return;
	keep_bytes = data->off < limit_off ? (uint32_t)(limit_off - data->off) : 0;
	keep_captured = data->captured_bytes < keep_bytes ? data->captured_bytes : keep_bytes;
	wf_metric_add(half->conns->metrics, payload_depth_bytes,
		      data->captured_bytes - keep_captured);
	data->len_bytes = keep_bytes;
	data->captured_bytes = keep_captured;
}

static void insert_captured(const struct wf_half *half, const struct wf_data *data)
{
	uint64_t acked = wf_half_acked_off(half);
	struct wf_stream_segment segment = {
		.off = data->off,
		.bytes = data->bytes,
		.len_bytes = data->len_bytes,
		.captured_bytes = data->captured_bytes,
		.time_ns = data->time_ns,
		.page = data->page,
		.is_lent = data->is_lent,
		.acked_off = acked,
		.policy = wf_flow_policy(half->flow, half->dir),
		.hold = wf_half_is(half, WF_HALF_STARTING) ||
			(wf_half_waits_for_acks(half) && data->off + data->len_bytes > acked),
	};
	struct wf_insert_info info;
	enum wf_stream_result result = insert(half, &segment, &info);
	uint64_t late_bytes = 0;

	if (wf_likely(result == WF_STREAM_IN_ORDER)) {
		wf_metric_inc(half->conns->metrics, segments_in_order_segments);
		wf_events_data(half, &info.chunk);
	}
	if (wf_unlikely(info.below_bytes))
		late_bytes = count_below(half, data->off, info.below_bytes);
	if (wf_unlikely(result != WF_STREAM_IN_ORDER || info.overlap))
		note_irregular(half, data, result, &info, late_bytes);
}

static void insert_below_limit(const struct wf_half *half, struct wf_data *data)
{
	if (data->captured_bytes < data->len_bytes)
		half->flow->flags |= WF_FLOW_SNAPPED(half->dir);
	if (wf_limit_exists(half))
		cut_at_limit(half, data, wf_limit_off(half));
	if (data->captured_bytes)
		insert_captured(half, data);
}

void wf_data_take(const struct wf_half *half, struct wf_data *data)
{
	insert_below_limit(half, data);
	if (wf_unlikely(half->stream->extents || half->flow->ext || wf_half_depth_bytes(half)) &&
	    !wf_wait_is_idle(half)) {
		if (!wf_wait_is_behind_hole(half, data->off))
			wf_wait_update(half, data->time_ns);
		wf_wait_spend(half, data->len_bytes, data->time_ns);
	}
}
