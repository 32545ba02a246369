// SPDX-License-Identifier: BSD-2-Clause
/*
 * conn_end.c - the end of a direction: all that is held comes out, every hole becomes a gap. Or
 * no more of it is wanted.
 */
#include "conn/conn_stream.h"

void wf_conn_end_wait(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir)
{
	wf_conn_end_start(flow, dir);
	if (flow->stream[dir].extents)
		wf_conn_drain(conns, flow, dir, UINT64_MAX);
}

/* What is still held when @dir ends: give up hole by hole. */
static void empty(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir, uint64_t now_ns)
{
	uint64_t held_off;
	uint64_t held_ns;

	while (wf_stream_first_held(&flow->stream[dir], &conns->stream_env, &held_off, &held_ns)) {
		uint64_t acked = wf_conn_acked_off(flow, dir);

		if (wf_conn_is_refused(flow, dir, held_off)) {
			wf_stream_clear(&flow->stream[dir], &conns->stream_env, false);
			return;
		}
		if (acked > flow->stream[dir].next_off)
			wf_conn_skip(conns, flow, dir, acked, WEFT_GAP_NOT_CAPTURED, now_ns);
		else
			wf_conn_skip(conns, flow, dir, held_off, WEFT_GAP_CLOSED, now_ns);
		wf_conn_drain(conns, flow, dir, UINT64_MAX);
	}
}

/* What lies beyond the depth limit or the cut: one gap. */
static void tell_unwanted(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
			  uint64_t now_ns)
{
	uint64_t limit = wf_conn_limit_off(conns, flow, dir);
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
	uint64_t limit = wf_conn_limit_off(conns, flow, dir);
	bool deep = wf_conn_is_deep(conns, flow, dir);
	uint64_t acked;

	wf_conn_end_wait(conns, flow, dir);
	if (stream->extents)
		empty(conns, flow, dir, now_ns);
	/* The tail: acknowledged, or followed by a FIN or by what is too deep, but never seen. */
	acked = wf_conn_acked_off(flow, dir);
	wf_conn_skip(conns, flow, dir, !deep || acked < limit ? acked : limit,
		     WEFT_GAP_NOT_CAPTURED, now_ns);
	if (deep)
		wf_conn_skip(conns, flow, dir, limit, WEFT_GAP_CLOSED, now_ns);
	else if (wf_tcp_knows(tcp, WF_TCP_KNOWS_FIN))
		wf_conn_skip(conns, flow, dir, wf_tcp_fin_off(tcp, stream->next_off),
			     WEFT_GAP_CLOSED, now_ns);
	wf_conn_pass_acked(conns, flow, dir);
	tell_unwanted(conns, flow, dir, now_ns);
}

void wf_conn_cut(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir, uint64_t now_ns)
{
	struct wf_flow_rare *rare = wf_flow_table_rare(&conns->table, flow);

	wf_conn_drain(conns, flow, dir, UINT64_MAX);
	if (flow->stream[dir].extents)
		wf_stream_clear(&flow->stream[dir], &conns->stream_env, true);
	rare->shunted[dir].cut_off = flow->stream[dir].next_off;
	flow->flags |= WF_FLOW_CUT(dir) | WF_FLOW_SHUNTED(dir);
	flow->flags &= (uint16_t)~WF_FLOW_RESUMED(dir);
	wf_tcp_set_bypassed(&flow->tcp.dir[dir], true);
	wf_conn_progress(conns, flow, dir, now_ns);
}

void wf_conn_uncut(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
		   uint64_t near_off, uint64_t now_ns)
{
	if (!(flow->flags & WF_FLOW_CUT(dir)))
		return;
	tell_unwanted(conns, flow, dir, now_ns);
	wf_flow_table_rare(&conns->table, flow)->shunted[dir].cut_off = near_off;
	flow->flags &= (uint16_t) ~(WF_FLOW_CUT(dir) | WF_FLOW_SHUNTED(dir));
	flow->flags |= WF_FLOW_RESUMED(dir);
	wf_tcp_set_bypassed(&flow->tcp.dir[dir], false);
}
