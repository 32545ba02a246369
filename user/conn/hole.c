// SPDX-License-Identifier: BSD-2-Clause
/*
 * conn_hole.c - what happens while a hole is open, and while a start is not settled.
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
 * A stream whose SYN was not seen begins with the first byte seen of it. Taps
 * reorder, so that byte waits for WEFT_START_PATIENCE_MS or _BYTES: if earlier ones or the SYN
 * come meanwhile, the stream's start moves back to them. Later nothing can be put in front
 * of what was delivered; it is counted (payload_before_start) and told.
 *
 * deliver: acked holds in-order data too until it is acknowledged. At the end, at the
 * limit, and, if nobody ever acknowledges (one side visible), after gap_timeout it
 * is delivered anyway: weft can't know better.
 */
#include "conn/conn_stream.h"

#include <stddef.h>

#include "base/clock.h"
#include "conn/shunt.h"
#include "memory/page.h"
#include "metrics/metrics.h"

/* A start that moved back may have moved held data beyond the depth limit. */
static void cut_chunk_at_depth(struct wf_conns *conns, struct wf_chunk *chunk)
{
	uint64_t depth_bytes = conns->opts->depth_bytes;
	uint64_t keep_bytes = chunk->off < depth_bytes ? depth_bytes - chunk->off : 0;

	if (chunk->len_bytes <= keep_bytes)
		return;
	if (chunk->bytes)
		wf_metric_add(conns->metrics, payload_depth_bytes, chunk->len_bytes - keep_bytes);
	chunk->len_bytes = keep_bytes;
}

void wf_conn_drain(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
		   uint64_t limit_off)
{
	struct wf_chunk chunk;

	while (wf_stream_pop(&flow->stream[dir], &conns->stream_env, limit_off, &chunk)) {
		if (wf_unlikely(conns->opts->depth_bytes))
			cut_chunk_at_depth(conns, &chunk);
		if (wf_unlikely(!chunk.len_bytes))
			;
		else if (wf_likely(chunk.bytes))
			wf_conn_tell_data(conns, flow, dir, &chunk);
		else
			wf_conn_tell_gap(conns, flow, dir, chunk.off, chunk.len_bytes,
					 WEFT_GAP_MEMORY, chunk.time_ns);
		wf_page_put(chunk.page);
	}
}

static void drain_allowed(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir)
{
	if (flow->stream[dir].extents && !wf_conn_is_starting(flow, dir))
		wf_conn_drain(conns, flow, dir,
			      wf_conn_only_acked(conns, flow, dir) ? wf_conn_acked_off(flow, dir)
								   : UINT64_MAX);
}

void wf_conn_pass_acked(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir)
{
	uint64_t acked = wf_conn_acked_off(flow, dir);
	struct wf_chunk gap;

	if (flow->stream[dir].next_off >= wf_conn_limit_off(conns, flow, dir) &&
	    acked > flow->stream[dir].next_off)
		wf_stream_skip(&flow->stream[dir], &conns->stream_env, acked, &gap);
}

/*
 * Beyond the depth limit nothing is kept, but the stream's progress is followed, so that
 * its end is still recognised. Told as one gap at the end, see wf_conn_finish_dir(). What
 * the kernel keeps back, or came before the window that allowed it, is followed by its
 * acknowledgements.
 */
static void pass_depth(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir)
{
	struct wf_stream *stream = &flow->stream[dir];
	const struct wf_tcp_dir *tcp = &flow->tcp.dir[dir];
	struct wf_chunk gap;

	if (!wf_conn_is_limited(conns, flow, dir) || wf_conn_is_starting(flow, dir) ||
	    stream->next_off < wf_conn_limit_off(conns, flow, dir))
		return;
	/* A start that moved back may have moved what is held beyond the limit. */
	while (wf_stream_skip(stream, &conns->stream_env, wf_conn_seen_off(flow, dir), &gap))
		wf_conn_drain(conns, flow, dir, UINT64_MAX);
	/* What the receiver would not have taken yet: nothing will wait for it now. */
	if (stream->extents)
		wf_stream_clear(stream, &conns->stream_env, false);
	if (!wf_tcp_knows(tcp, WF_TCP_KNOWS_FIN))
		wf_shunt_wish(conns, flow, dir);
	wf_conn_pass_acked(conns, flow, dir);
	if (flow->flags & WF_FLOW_SHUNTED(dir)) {
		wf_tcp_note_unseen(&flow->tcp, dir, tcp->irs + 1 + (uint32_t)stream->next_off);
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
	if (wf_conn_is_deep(conns, flow, dir))
		*ret_end_off = wf_conn_limit_off(conns, flow, dir);
	else if (wf_tcp_knows(tcp, WF_TCP_KNOWS_FIN))
		*ret_end_off = wf_tcp_fin_off(tcp, stream->next_off);
	else
		return false;
	return *ret_end_off > stream->next_off;
}

bool wf_conn_is_refused(const struct wf_flow *flow, enum weft_dir dir, uint64_t off)
{
	const struct wf_tcp_dir *tcp = &flow->tcp.dir[dir];
	uint64_t next_off = flow->stream[dir].next_off;

	return wf_tcp_knows(tcp, WF_TCP_KNOWS_WND | WF_TCP_KNOWS_UNA) &&
	       !wf_tcp_knows(tcp, WF_TCP_STALE) && wf_conn_acked_off(flow, dir) == next_off &&
	       (int64_t)off >= wf_tcp_off(tcp, tcp->rcv_wnd_end, next_off);
}

/*
 * Was memory missing for data at or beyond @off? Where nothing could be noted, yes: the gap at
 * hand is the best guess, and the only one (wf_conn_skip()).
 */
static bool is_memory_lost(const struct wf_conns *conns, const struct wf_flow *flow,
			   enum weft_dir dir, uint64_t off)
{
	const struct wf_flow_rare *rare;

	if (wf_likely(!(flow->flags & WF_FLOW_LOST_MEMORY(dir))))
		return false;
	rare = wf_flow_table_rare(&conns->table, flow);
	return !rare || !rare->lost_off[dir] || off < rare->lost_off[dir];
}

/* The gap that ends at @end_off was told: is more to come that was lost for want of memory? */
static void end_memory_loss(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
			    uint64_t end_off)
{
	struct wf_flow_rare *rare = wf_flow_table_rare(&conns->table, flow);

	if (rare && rare->lost_off[dir] > end_off)
		return;
	if (rare)
		rare->lost_off[dir] = 0;
	flow->flags &= (uint16_t)~WF_FLOW_LOST_MEMORY(dir);
}

static enum weft_gap_cause cause_of(const struct wf_conns *conns, const struct wf_flow *flow,
				    enum weft_dir dir, uint64_t off, enum weft_gap_cause cause)
{
	if (is_memory_lost(conns, flow, dir, off))
		return WEFT_GAP_MEMORY;
	if (flow->flags & WF_FLOW_SNAPPED(dir))
		return WEFT_GAP_SNAPPED;
	return cause;
}

void wf_conn_skip(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir, uint64_t to_off,
		  enum weft_gap_cause cause, uint64_t now_ns)
{
	uint64_t limit = wf_conn_limit_off(conns, flow, dir);
	struct wf_chunk gap;

	if (to_off > limit)
		to_off = limit;
	if (wf_stream_skip(&flow->stream[dir], &conns->stream_env, to_off, &gap)) {
		wf_conn_tell_gap(conns, flow, dir, gap.off, gap.len_bytes,
				 cause_of(conns, flow, dir, gap.off, cause), now_ns);
		end_memory_loss(conns, flow, dir, gap.off + gap.len_bytes);
		/* At our own limits no packet was missed that could tell of a window. */
		if (cause != WEFT_GAP_LIMIT && cause != WEFT_GAP_MEMORY)
			wf_tcp_note_gap(&flow->tcp, dir);
		drain_allowed(conns, flow, dir);
	} else if (!flow->stream[dir].extents) {
		return;
	}
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
	return wf_conn_only_acked(conns, flow, dir) && flow->stream[dir].extents &&
	       !wf_tcp_knows(&flow->tcp.dir[dir], WF_TCP_KNOWS_UNA);
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
	if (wf_conn_is_refused(flow, dir, end_off))
		trouble->hole_ns = WF_NEVER_NS;
	else if (held_ns)
		trouble->hole_ns = held_ns + conns->timeouts.gap_ns;
	else if (trouble->hole_ns == WF_NEVER_NS)
		trouble->hole_ns = now_ns + conns->timeouts.gap_ns;

	if (wf_conn_acked_off(flow, dir) <= flow->stream[dir].next_off) {
		trouble->patience_ns = WF_NEVER_NS;
	} else if (trouble->patience_ns == WF_NEVER_NS ||
		   trouble->patience_off != flow->stream[dir].next_off) {
		trouble->patience_off = flow->stream[dir].next_off;
		trouble->patience_ns = now_ns + patience_ns(conns);
		trouble->patience_bytes = WEFT_ACK_PATIENCE_BYTES;
	}
}

/* Wait for what precedes the first byte seen. Return: false: no memory to wait with. */
static bool watch_start(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
			uint64_t now_ns)
{
	struct wf_flow_rare *rare = wf_flow_table_need_rare(&conns->table, flow);
	struct wf_flow_trouble *trouble;

	if (!rare)
		return false;
	trouble = &rare->trouble[dir];
	if (trouble->patience_ns == WF_NEVER_NS) {
		trouble->patience_ns = now_ns + WEFT_START_PATIENCE_MS * WF_NS_PER_MS;
		trouble->patience_bytes = WEFT_START_PATIENCE_BYTES;
		trouble->patience_off = UINT64_MAX;
	}
	arm(conns, flow, rare, now_ns);
	return true;
}

/* After anything that may have opened, moved or closed a hole. */
static void watch(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir, uint64_t now_ns)
{
	struct wf_flow_rare *rare = wf_flow_table_rare(&conns->table, flow);
	uint64_t end_off;
	uint64_t held_ns;

	if (wf_unlikely(wf_conn_is_starting(flow, dir) && flow->stream[dir].extents)) {
		if (watch_start(conns, flow, dir, now_ns))
			return;
		wf_conn_end_start(flow, dir);
		drain_allowed(conns, flow, dir);
	}
	if (hole_end(conns, flow, dir, &end_off, &held_ns)) {
		rare = wf_flow_table_need_rare(&conns->table, flow);
		if (!rare) {
			/* No memory to wait with: don't. */
			flow->flags |= WF_FLOW_LOST_MEMORY(dir);
			wf_conn_skip(conns, flow, dir, end_off, WEFT_GAP_MEMORY, now_ns);
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

	if (wf_conn_is_starting(flow, dir)) {
		wf_conn_end_start(flow, dir);
		drain_allowed(conns, flow, dir);
	} else if (!hole_end(conns, flow, dir, &end_off, &held_ns))
		wf_conn_drain(conns, flow, dir, UINT64_MAX);
	else if (acked)
		wf_conn_skip(conns, flow, dir, wf_conn_acked_off(flow, dir), WEFT_GAP_NOT_CAPTURED,
			     at_ns);
	else
		wf_conn_skip(conns, flow, dir, end_off, WEFT_GAP_TIMEOUT, at_ns);
	pass_depth(conns, flow, dir);
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

void wf_conn_spend_patience(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
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

bool wf_conn_make_room(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
		       enum weft_gap_cause cause, uint64_t now_ns)
{
	uint32_t held_cost = flow->stream[dir].held_cost;
	uint64_t end_off;
	uint64_t held_ns;

	wf_conn_end_start(flow, dir);
	if (hole_end(conns, flow, dir, &end_off, &held_ns))
		wf_conn_skip(conns, flow, dir, end_off, cause, now_ns);
	wf_conn_drain(conns, flow, dir, UINT64_MAX);
	pass_depth(conns, flow, dir);
	return flow->stream[dir].held_cost < held_cost;
}

uint64_t wf_conn_relieve(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
			 uint64_t bytes, uint64_t now_ns)
{
	const struct wf_stream *stream = &flow->stream[dir];
	uint32_t held_cost = stream->held_cost;

	while (stream->extents && held_cost - stream->held_cost < bytes)
		if (!wf_conn_make_room(conns, flow, dir, WEFT_GAP_MEMORY, now_ns))
			break;
	wf_conn_progress(conns, flow, dir, now_ns);
	return held_cost - stream->held_cost;
}
