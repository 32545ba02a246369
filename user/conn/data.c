// SPDX-License-Identifier: BSD-2-Clause
/*
 * conn_data.c - payload into its stream, all of it counted.
 */
#include "conn/conn_stream.h"

#include "metrics/metrics.h"

static enum wf_stream_result insert(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
				    const struct wf_stream_segment *segment,
				    struct wf_insert_info *info)
{
	enum wf_stream_result result;

	for (;;) {
		enum weft_gap_cause cause = WEFT_GAP_LIMIT;

		result = wf_stream_insert(&flow->stream[dir], &conns->stream_env, segment, info);
		if (result == WF_STREAM_SHORT)
			cause = WEFT_GAP_MEMORY;
		else if (result != WF_STREAM_LIMIT)
			return result;
		if (!wf_conn_make_room(conns, flow, dir, cause, segment->time_ns)) {
			wf_metric_add(conns->metrics, payload_evicted_bytes,
				      segment->captured_bytes);
			return result;
		}
	}
}

/* For want of memory, or of room in its stream. */
static bool is_lost(enum wf_stream_result result)
{
	return result == WF_STREAM_NO_MEMORY || result == WF_STREAM_LIMIT ||
	       result == WF_STREAM_SHORT;
}

/* Counters that only some flows need. */
static void note_trouble(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
			 const struct wf_conn_payload *payload, enum wf_stream_result result,
			 const struct wf_insert_info *info)
{
	struct wf_flow_rare *rare;

	bool waits_anyway = wf_conn_only_acked(conns, flow, dir) || wf_conn_is_starting(flow, dir);

	if (!info->overlap && result == WF_STREAM_HELD && !payload->jumped && waits_anyway)
		return;
	if (is_lost(result))
		flow->flags |= WF_FLOW_LOST_MEMORY(dir);
	conns->is_starved |= result == WF_STREAM_NO_MEMORY;
	if (info->conflict)
		wf_conn_tell_conflict(conns, flow, dir, info, payload->time_ns);
	rare = wf_flow_table_need_rare(&conns->table, flow);
	if (!rare)
		return;
	if (is_lost(result) && rare->lost_off[dir] < payload->off + payload->captured_bytes)
		rare->lost_off[dir] = payload->off + payload->captured_bytes;
	rare->trouble[dir].retransmitted_segments += result == WF_STREAM_DUPLICATE;
	rare->trouble[dir].overlap_segments += info->overlap;
	rare->trouble[dir].conflict_segments += info->conflict;
	rare->trouble[dir].out_of_order_segments += result == WF_STREAM_HELD &&
						    (payload->jumped || !waits_anyway) &&
						    payload->off > flow->stream[dir].next_off;
}

/* Cut @payload at the depth limit. */
static void cut_at_depth(struct wf_conns *conns, struct wf_conn_payload *payload,
			 uint64_t depth_bytes)
{
	uint32_t keep_bytes;
	uint32_t keep_captured;

	if (payload->off + payload->len_bytes <= depth_bytes)
		return;
	keep_bytes = payload->off < depth_bytes ? (uint32_t)(depth_bytes - payload->off) : 0;
	keep_captured = payload->captured_bytes < keep_bytes ? payload->captured_bytes : keep_bytes;
	wf_metric_add(conns->metrics, payload_depth_bytes, payload->captured_bytes - keep_captured);
	payload->len_bytes = keep_bytes;
	payload->captured_bytes = keep_captured;
}

/* Insert what was captured of @payload; all of it is counted. */
static void insert_payload(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
			   const struct wf_conn_payload *payload)
{
	uint64_t acked = wf_conn_acked_off(flow, dir);
	struct wf_stream_segment segment = {
		.off = payload->off,
		.bytes = payload->bytes,
		.len_bytes = payload->len_bytes,
		.captured_bytes = payload->captured_bytes,
		.time_ns = payload->time_ns,
		.page = payload->page,
		.acked_off = acked,
		.policy = wf_flow_policy(flow, dir),
		.hold = wf_conn_is_starting(flow, dir) ||
			(wf_conn_only_acked(conns, flow, dir) &&
			 payload->off + payload->len_bytes > acked),
	};
	struct wf_insert_info info;
	enum wf_stream_result result = insert(conns, flow, dir, &segment, &info);

	if (wf_likely(result == WF_STREAM_IN_ORDER)) {
		wf_metric_inc(conns->metrics, segments_in_order_segments);
		wf_conn_tell_data(conns, flow, dir, &info.chunk);
	}
	if (wf_unlikely(result != WF_STREAM_IN_ORDER || info.overlap))
		note_trouble(conns, flow, dir, payload, result, &info);
}

/*
 * Is @off beyond the far end of a hole that is watched already? Then data there changes
 * nothing for it; while a lost segment is waited for, this is every other one.
 */
static bool is_behind_hole(const struct wf_conns *conns, const struct wf_flow *flow,
			   enum weft_dir dir, uint64_t off)
{
	const struct wf_flow_rare *rare = wf_flow_table_rare(&conns->table, flow);
	const struct wf_flow_trouble *trouble;

	if (!rare || wf_conn_only_acked(conns, flow, dir) || wf_conn_is_limited(conns, flow, dir))
		return false;
	trouble = &rare->trouble[dir];
	return trouble->hole_ns != WF_NEVER_NS &&
	       flow->stream[dir].next_off < trouble->hole_end_off && off >= trouble->hole_end_off;
}

void wf_conn_payload(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
		     const struct wf_conn_payload *payload)
{
	struct wf_conn_payload kept = *payload;

	if (payload->captured_bytes < payload->len_bytes)
		flow->flags |= WF_FLOW_SNAPPED(dir);
	if (wf_conn_is_limited(conns, flow, dir))
		cut_at_depth(conns, &kept, wf_conn_limit_off(conns, flow, dir));
	if (kept.captured_bytes)
		insert_payload(conns, flow, dir, &kept);
	if (wf_unlikely(flow->stream[dir].extents || flow->rare || conns->opts->depth_bytes)) {
		if (!is_behind_hole(conns, flow, dir, kept.off))
			wf_conn_progress(conns, flow, dir, kept.time_ns);
		wf_conn_spend_patience(conns, flow, dir, kept.len_bytes, kept.time_ns);
	}
}
