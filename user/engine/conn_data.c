// SPDX-License-Identifier: BSD-2-Clause
/*
 * conn_data.c - payload into its stream, and what happens while a hole is open.
 *
 * A hole is what lies between next_off and the first held byte, or the FIN. It ends
 *
 *   - when its bytes come;
 *   - when the receiver has acknowledged past it and data lies beyond: it was never
 *     captured. But taps reorder, so WEFT_ACK_PATIENCE_MS or _BYTES later data may still come
 *     (only WEFT_OVERRUN_PATIENCE_MS while our own rings overflow: then we know who lost it);
 *   - gap_timeout after the byte behind it came, if nothing filled it;
 *   - at the limit of held pages, or when the connection ends.
 *
 * An acknowledgement alone, with nothing beyond the hole, gives nothing up before the
 * end: if it was forged, the real data may yet come, and nothing is lost by waiting.
 *
 * Data beyond a receiver's window that is up to date (it acknowledged all before the
 * hole) waits without a deadline and at the end is not delivered: the
 * receiver would not have taken it.
 *
 * deliver: acked holds in-order data too until it is acknowledged. At the end, at the
 * limit, and, if nobody ever acknowledges (one side visible), after gap_timeout it
 * is delivered anyway: weft can't know better.
 */
#include "engine/conn.h"

#include <stddef.h>

#include "base/clock.h"
#include "engine/shunt.h"
#include "memory/page.h"
#include "metrics/metrics.h"

static uint64_t acked_off(const struct wf_flow *flow, enum weft_dir dir)
{
	return wf_tcp_acked_off(&flow->tcp.dir[dir], flow->stream[dir].next_off);
}

/* Unless the acknowledgements stay in the kernel, with the other side's data. */
static bool only_acked(const struct wf_conns *conns, const struct wf_flow *flow, enum weft_dir dir)
{
	return conns->opts->deliver == WEFT_DELIVER_ACKED && !(flow->flags & WF_FLOW_SHUNTED(!dir));
}

/* Hand on all held data that is next in order, below @limit_off. */
static void drain(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
		  uint64_t limit_off)
{
	struct wf_chunk chunk;

	while (wf_stream_pop(&flow->stream[dir], &conns->stream_env, limit_off, &chunk)) {
		if (wf_likely(chunk.bytes))
			wf_conn_tell_data(conns, flow, dir, &chunk);
		else
			wf_conn_tell_gap(conns, flow, dir, chunk.off, chunk.len_bytes,
					 WEFT_GAP_MEMORY, chunk.time_ns);
		wf_page_put(chunk.page);
	}
}

static void drain_allowed(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir)
{
	if (flow->stream[dir].extents)
		drain(conns, flow, dir,
		      only_acked(conns, flow, dir) ? acked_off(flow, dir) : UINT64_MAX);
}

/* Beyond all that was seen of @dir. */
static uint64_t seen_off(const struct wf_flow *flow, enum weft_dir dir)
{
	const struct wf_tcp_dir *tcp = &flow->tcp.dir[dir];
	int64_t off = wf_seq_off(tcp->end_seq, tcp->base_seq, flow->stream[dir].next_off);

	return off < 0 ? 0 : (uint64_t)off;
}

/* Nothing from this offset on is wanted: the depth limit, or where it was cut by hand. */
static uint64_t limit_off(const struct wf_conns *conns, const struct wf_flow *flow,
			  enum weft_dir dir)
{
	if (wf_unlikely(flow->flags & WF_FLOW_CUT(dir)))
		return wf_flow_table_rare(&conns->table, flow)->trouble[dir].cut_off;
	return conns->opts->depth_bytes ? conns->opts->depth_bytes : UINT64_MAX;
}

static bool is_limited(const struct wf_conns *conns, const struct wf_flow *flow, enum weft_dir dir)
{
	return conns->opts->depth_bytes || flow->flags & WF_FLOW_CUT(dir);
}

/* Was something seen beyond that? */
static bool is_deep(const struct wf_conns *conns, const struct wf_flow *flow, enum weft_dir dir)
{
	return is_limited(conns, flow, dir) && seen_off(flow, dir) > limit_off(conns, flow, dir);
}

/*
 * Beyond the depth limit nothing is kept, but the stream's progress is followed, so that
 * its end is still recognised. Told as one gap at the end, see wf_conn_finish_dir(). What
 * the kernel keeps back is followed by its acknowledgements.
 */
static void pass_depth(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir)
{
	struct wf_stream *stream = &flow->stream[dir];
	const struct wf_tcp_dir *tcp = &flow->tcp.dir[dir];
	struct wf_chunk gap;

	if (!is_limited(conns, flow, dir) || stream->next_off < limit_off(conns, flow, dir))
		return;
	wf_stream_skip(stream, &conns->stream_env, seen_off(flow, dir), &gap);
	if (!wf_tcp_knows(tcp, WF_TCP_KNOWS_FIN))
		wf_shunt_wish(conns, flow, dir);
	if (flow->flags & WF_FLOW_SHUNTED(dir)) {
		uint64_t acked = acked_off(flow, dir);

		if (acked > stream->next_off)
			wf_stream_skip(stream, &conns->stream_env, acked, &gap);
		wf_tcp_note_unseen(&flow->tcp, dir, tcp->base_seq + (uint32_t)stream->next_off);
	}
}

/* Where the hole at next_off ends. Return: false: there is no hole. */
static bool hole_end(const struct wf_conns *conns, const struct wf_flow *flow, enum weft_dir dir,
		     uint64_t *ret_end_off, uint64_t *ret_held_ns)
{
	const struct wf_stream *stream = &flow->stream[dir];
	const struct wf_tcp_dir *tcp = &flow->tcp.dir[dir];

	*ret_held_ns = 0;
	if (stream->extents &&
	    wf_stream_first_held(stream, &conns->stream_env, ret_end_off, ret_held_ns))
		return *ret_end_off > stream->next_off;
	if (is_deep(conns, flow, dir))
		*ret_end_off = limit_off(conns, flow, dir);
	else if (wf_tcp_knows(tcp, WF_TCP_KNOWS_FIN))
		*ret_end_off = wf_tcp_fin_off(tcp, stream->next_off);
	else
		return false;
	return *ret_end_off > stream->next_off;
}

/* Would the receiver, whose state is known, refuse what begins at @off? */
static bool is_refused(const struct wf_flow *flow, enum weft_dir dir, uint64_t off)
{
	const struct wf_tcp_dir *tcp = &flow->tcp.dir[dir];
	uint64_t next_off = flow->stream[dir].next_off;

	return wf_tcp_knows(tcp, WF_TCP_KNOWS_RIGHT | WF_TCP_KNOWS_ACK) &&
	       !wf_tcp_knows(tcp, WF_TCP_STALE) && acked_off(flow, dir) == next_off &&
	       (int64_t)off >= wf_seq_off(tcp->right_seq, tcp->base_seq, next_off);
}

static enum weft_gap_cause cause_of(const struct wf_flow *flow, enum weft_dir dir,
				    enum weft_gap_cause cause)
{
	if (flow->flags & WF_FLOW_LOST_MEMORY(dir))
		return WEFT_GAP_MEMORY;
	if (flow->flags & WF_FLOW_SNAPPED(dir))
		return WEFT_GAP_SNAPPED;
	return cause;
}

/*
 * Give up the hole at next_off as far as @to_off, and hand on what follows it. What lies
 * beyond the depth limit is told at the end, as one gap.
 */
static void skip(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir, uint64_t to_off,
		 enum weft_gap_cause cause, uint64_t now_ns)
{
	uint64_t limit = limit_off(conns, flow, dir);
	struct wf_chunk gap;

	if (to_off > limit)
		to_off = limit;
	if (!wf_stream_skip(&flow->stream[dir], &conns->stream_env, to_off, &gap))
		return;
	wf_conn_tell_gap(conns, flow, dir, gap.off, gap.len_bytes, cause_of(flow, dir, cause),
			 now_ns);
	flow->flags &= (uint16_t)~WF_FLOW_LOST_MEMORY(dir);
	wf_tcp_note_gap(&flow->tcp, dir);
	drain_allowed(conns, flow, dir);
	pass_depth(conns, flow, dir);
}

/* Have the wheel wake @flow when the earliest deadline of its holes comes. */
static void arm(struct wf_conns *conns, struct wf_flow *flow, struct wf_flow_rare *rare,
		uint64_t now_ns)
{
	uint64_t deadline_ns = WF_NEVER_NS;

	for (int i = 0; i < 2; i++) {
		if (rare->trouble[i].hole_ns < deadline_ns)
			deadline_ns = rare->trouble[i].hole_ns;
		if (rare->trouble[i].patience_ns < deadline_ns)
			deadline_ns = rare->trouble[i].patience_ns;
	}
	if (deadline_ns >= rare->armed_ns)
		return;
	rare->armed_ns = deadline_ns;
	wf_flow_table_arm(&conns->table, flow, now_ns, deadline_ns);
}

/* Only in acked mode: is data waiting, in order, for an acknowledgement that nobody will send? */
static bool waits_for_nobody(const struct wf_conns *conns, const struct wf_flow *flow,
			     enum weft_dir dir)
{
	return only_acked(conns, flow, dir) && flow->stream[dir].extents &&
	       !wf_tcp_knows(&flow->tcp.dir[dir], WF_TCP_KNOWS_ACK);
}

/*
 * How long data may be late that was acknowledged. Not long while our own rings overflow:
 * then it is most likely lost, and to hold what follows costs time, so that more is lost.
 */
static uint64_t patience_ns(const struct wf_conns *conns)
{
	if (wf_unlikely(conns->now_ns < conns->overrun_until_ns))
		return WEFT_OVERRUN_PATIENCE_MS * WF_NS_PER_MS;
	return conns->timeouts.patience_ns;
}

/* Set the deadlines of the hole of @trouble, which ends at @end_off. */
static void watch_hole(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
		       struct wf_flow_trouble *trouble, uint64_t end_off, uint64_t held_ns,
		       uint64_t now_ns)
{
	trouble->hole_end_off = end_off;
	if (is_refused(flow, dir, end_off))
		trouble->hole_ns = WF_NEVER_NS;
	else if (held_ns)
		trouble->hole_ns = held_ns + conns->timeouts.gap_ns;
	else if (trouble->hole_ns == WF_NEVER_NS)
		trouble->hole_ns = now_ns + conns->timeouts.gap_ns;

	if (acked_off(flow, dir) <= flow->stream[dir].next_off) {
		trouble->patience_ns = WF_NEVER_NS;
	} else if (trouble->patience_ns == WF_NEVER_NS ||
		   trouble->patience_off != flow->stream[dir].next_off) {
		trouble->patience_off = flow->stream[dir].next_off;
		trouble->patience_ns = now_ns + patience_ns(conns);
		trouble->patience_bytes = WEFT_ACK_PATIENCE_BYTES;
	}
}

/* After anything that may have opened, moved or closed a hole. */
static void watch(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir, uint64_t now_ns)
{
	struct wf_flow_rare *rare = wf_flow_table_rare(&conns->table, flow);
	uint64_t end_off;
	uint64_t held_ns;

	if (hole_end(conns, flow, dir, &end_off, &held_ns)) {
		rare = wf_flow_table_need_rare(&conns->table, flow);
		if (!rare) {
			/* No memory to wait with: don't. */
			flow->flags |= WF_FLOW_LOST_MEMORY(dir);
			skip(conns, flow, dir, end_off, WEFT_GAP_MEMORY, now_ns);
			return;
		}
		watch_hole(conns, flow, dir, &rare->trouble[dir], end_off, held_ns, now_ns);
		arm(conns, flow, rare, now_ns);
	} else if (waits_for_nobody(conns, flow, dir) &&
		   (rare = wf_flow_table_need_rare(&conns->table, flow))) {
		rare->trouble[dir].patience_ns = WF_NEVER_NS;
		rare->trouble[dir].hole_ns = held_ns + conns->timeouts.gap_ns;
		arm(conns, flow, rare, now_ns);
	} else if (rare) {
		rare->trouble[dir].hole_ns = WF_NEVER_NS;
		rare->trouble[dir].patience_ns = WF_NEVER_NS;
	}
}

void wf_conn_progress(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
		      uint64_t now_ns)
{
	drain_allowed(conns, flow, dir);
	pass_depth(conns, flow, dir);
	watch(conns, flow, dir, now_ns);
}

/* The end of a wait whose deadline is @at_ns. */
static void give_up_at(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir, bool acked,
		       uint64_t at_ns)
{
	uint64_t end_off;
	uint64_t held_ns;

	if (!hole_end(conns, flow, dir, &end_off, &held_ns))
		drain(conns, flow, dir, UINT64_MAX);
	else if (acked)
		skip(conns, flow, dir, acked_off(flow, dir), WEFT_GAP_NOT_CAPTURED, at_ns);
	else
		skip(conns, flow, dir, end_off, WEFT_GAP_TIMEOUT, at_ns);
	watch(conns, flow, dir, at_ns);
}

void wf_conn_give_up(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
		     uint64_t now_ns)
{
	struct wf_flow_rare *rare = wf_flow_table_rare(&conns->table, flow);
	struct wf_flow_trouble *trouble;
	uint64_t hole_ns;
	uint64_t patience_ns;

	if (!rare)
		return;
	trouble = &rare->trouble[dir];
	hole_ns = trouble->hole_ns;
	patience_ns = trouble->patience_ns;
	if (hole_ns > now_ns && patience_ns > now_ns)
		return;
	trouble->hole_ns = WF_NEVER_NS;
	trouble->patience_ns = WF_NEVER_NS;
	if (patience_ns <= hole_ns)
		give_up_at(conns, flow, dir, true, patience_ns);
	else
		give_up_at(conns, flow, dir, false, hole_ns);
}

/* So much more has come that what was acknowledged before can't be merely late. */
static void spend_patience(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
			   uint32_t len_bytes, uint64_t now_ns)
{
	struct wf_flow_rare *rare = wf_flow_table_rare(&conns->table, flow);
	struct wf_flow_trouble *trouble;

	if (!rare)
		return;
	trouble = &rare->trouble[dir];
	if (trouble->patience_ns == WF_NEVER_NS)
		return;
	if (trouble->patience_bytes > len_bytes) {
		trouble->patience_bytes -= len_bytes;
		return;
	}
	trouble->patience_ns = WF_NEVER_NS;
	give_up_at(conns, flow, dir, true, now_ns);
}

/*
 * The stream holds as many pages as it may: the oldest hole is given up, or, in
 * acked mode, what waits in order is delivered. Return: false: nothing helped.
 */
static bool make_room(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
		      enum weft_gap_cause cause, uint64_t now_ns)
{
	uint32_t held_cost = flow->stream[dir].held_cost;
	uint64_t end_off;
	uint64_t held_ns;

	if (hole_end(conns, flow, dir, &end_off, &held_ns))
		skip(conns, flow, dir, end_off, cause, now_ns);
	drain(conns, flow, dir, UINT64_MAX);
	return flow->stream[dir].held_cost < held_cost;
}

uint64_t wf_conn_relieve(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
			 uint64_t bytes, uint64_t now_ns)
{
	const struct wf_stream *stream = &flow->stream[dir];
	uint32_t held_cost = stream->held_cost;

	while (stream->extents && held_cost - stream->held_cost < bytes)
		if (!make_room(conns, flow, dir, WEFT_GAP_MEMORY, now_ns))
			break;
	wf_conn_progress(conns, flow, dir, now_ns);
	return held_cost - stream->held_cost;
}

static enum wf_stream_result insert(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
				    const struct wf_stream_segment *segment,
				    struct wf_insert_info *info)
{
	enum wf_stream_result result;

	for (;;) {
		result = wf_stream_insert(&flow->stream[dir], &conns->stream_env, segment, info);
		if (result != WF_STREAM_LIMIT)
			return result;
		if (!make_room(conns, flow, dir, WEFT_GAP_LIMIT, segment->time_ns)) {
			wf_metric_add(conns->metrics, payload_evicted_bytes,
				      segment->captured_bytes);
			return result;
		}
	}
}

/* Counters that only some flows need. */
static void note_trouble(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
			 const struct wf_conn_payload *payload, enum wf_stream_result result,
			 const struct wf_insert_info *info)
{
	struct wf_flow_rare *rare;

	if (!info->overlap && result == WF_STREAM_HELD && !payload->jumped &&
	    only_acked(conns, flow, dir))
		return;
	if (result == WF_STREAM_NO_MEMORY || result == WF_STREAM_LIMIT)
		flow->flags |= WF_FLOW_LOST_MEMORY(dir);
	conns->is_starved |= result == WF_STREAM_NO_MEMORY;
	if (info->conflict)
		wf_conn_tell_conflict(conns, flow, dir, info, payload->time_ns);
	rare = wf_flow_table_need_rare(&conns->table, flow);
	if (!rare)
		return;
	rare->trouble[dir].retransmitted_segments += result == WF_STREAM_DUPLICATE;
	rare->trouble[dir].overlap_segments += info->overlap;
	rare->trouble[dir].conflict_segments += info->conflict;
	rare->trouble[dir].out_of_order_segments +=
		result == WF_STREAM_HELD && (payload->jumped || !only_acked(conns, flow, dir)) &&
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
	uint64_t acked = acked_off(flow, dir);
	struct wf_stream_segment segment = {
		.off = payload->off,
		.bytes = payload->bytes,
		.len_bytes = payload->len_bytes,
		.captured_bytes = payload->captured_bytes,
		.time_ns = payload->time_ns,
		.page = payload->page,
		.acked_off = acked,
		.policy = wf_flow_policy(flow, dir),
		.hold = only_acked(conns, flow, dir) && payload->off + payload->len_bytes > acked,
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

	if (!rare || only_acked(conns, flow, dir) || is_limited(conns, flow, dir))
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
	if (is_limited(conns, flow, dir))
		cut_at_depth(conns, &kept, limit_off(conns, flow, dir));
	if (kept.captured_bytes)
		insert_payload(conns, flow, dir, &kept);
	if (wf_unlikely(flow->stream[dir].extents || flow->rare || conns->opts->depth_bytes)) {
		if (!is_behind_hole(conns, flow, dir, kept.off))
			wf_conn_progress(conns, flow, dir, kept.time_ns);
		spend_patience(conns, flow, dir, kept.len_bytes, kept.time_ns);
	}
}

/* What is still held when @dir ends: give up hole by hole. */
static void empty(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir, uint64_t now_ns)
{
	uint64_t held_off;
	uint64_t held_ns;

	drain(conns, flow, dir, UINT64_MAX);
	while (wf_stream_first_held(&flow->stream[dir], &conns->stream_env, &held_off, &held_ns)) {
		uint64_t acked = acked_off(flow, dir);

		if (is_refused(flow, dir, held_off)) {
			wf_stream_clear(&flow->stream[dir], &conns->stream_env, false);
			return;
		}
		if (acked > flow->stream[dir].next_off)
			skip(conns, flow, dir, acked, WEFT_GAP_NOT_CAPTURED, now_ns);
		else
			skip(conns, flow, dir, held_off, WEFT_GAP_CLOSED, now_ns);
		drain(conns, flow, dir, UINT64_MAX);
	}
}

/* What lies beyond the depth limit or the cut: one gap. */
static void tell_unwanted(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
			  uint64_t now_ns)
{
	uint64_t limit = limit_off(conns, flow, dir);
	uint64_t next_off = flow->stream[dir].next_off;

	if (next_off > limit)
		wf_conn_tell_gap(conns, flow, dir, limit, next_off - limit,
				 flow->flags & WF_FLOW_CUT(dir) ? WEFT_GAP_SHUNTED : WEFT_GAP_DEPTH,
				 now_ns);
}

void wf_conn_finish_dir(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
			uint64_t now_ns)
{
	struct wf_stream *stream = &flow->stream[dir];
	const struct wf_tcp_dir *tcp = &flow->tcp.dir[dir];
	uint64_t limit = limit_off(conns, flow, dir);
	bool deep = is_deep(conns, flow, dir);
	uint64_t acked;

	if (stream->extents)
		empty(conns, flow, dir, now_ns);
	/* The tail: acknowledged, or followed by a FIN or by what is too deep, but never seen. */
	acked = acked_off(flow, dir);
	skip(conns, flow, dir, !deep || acked < limit ? acked : limit, WEFT_GAP_NOT_CAPTURED,
	     now_ns);
	if (deep)
		skip(conns, flow, dir, limit, WEFT_GAP_CLOSED, now_ns);
	else if (wf_tcp_knows(tcp, WF_TCP_KNOWS_FIN))
		skip(conns, flow, dir, wf_tcp_fin_off(tcp, stream->next_off), WEFT_GAP_CLOSED,
		     now_ns);
	tell_unwanted(conns, flow, dir, now_ns);
}

void wf_conn_cut(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir, uint64_t now_ns)
{
	struct wf_flow_rare *rare = wf_flow_table_rare(&conns->table, flow);

	drain(conns, flow, dir, UINT64_MAX);
	if (flow->stream[dir].extents)
		wf_stream_clear(&flow->stream[dir], &conns->stream_env, true);
	rare->trouble[dir].cut_off = flow->stream[dir].next_off;
	flow->flags |= WF_FLOW_CUT(dir) | WF_FLOW_SHUNTED(dir);
	flow->flags &= (uint16_t)~WF_FLOW_RESUMED(dir);
	wf_conn_progress(conns, flow, dir, now_ns);
}

void wf_conn_uncut(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
		   uint64_t near_off, uint64_t now_ns)
{
	if (!(flow->flags & WF_FLOW_CUT(dir)))
		return;
	tell_unwanted(conns, flow, dir, now_ns);
	wf_flow_table_rare(&conns->table, flow)->trouble[dir].cut_off = near_off;
	flow->flags &= (uint16_t) ~(WF_FLOW_CUT(dir) | WF_FLOW_SHUNTED(dir));
	flow->flags |= WF_FLOW_RESUMED(dir);
}
