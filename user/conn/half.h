/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conn_stream.h - what conn_data.c, conn_hole.c and conn_end.c share. Internal to the engine.
 *
 * Thread: the worker.
 */
#ifndef WF_CONN_CONN_STREAM_H
#define WF_CONN_CONN_STREAM_H

#include "conn/conn.h"

static inline uint64_t wf_conn_acked_off(const struct wf_flow *flow, enum weft_dir dir)
{
	return wf_tcp_acked_off(&flow->tcp.dir[dir], flow->stream[dir].next_off);
}

/* Unless the acknowledgements stay in the kernel, with the other side's data. */
static inline bool wf_conn_only_acked(const struct wf_conns *conns, const struct wf_flow *flow,
				      enum weft_dir dir)
{
	return conns->opts->deliver == WEFT_DELIVER_ACKED && !(flow->flags & WF_FLOW_SHUNTED(!dir));
}

/* Nothing of @dir is handed on before its start is settled. */
static inline bool wf_conn_is_starting(const struct wf_flow *flow, enum weft_dir dir)
{
	return flow->tcp.dir[dir].state == WF_HALF_STARTING;
}

static inline void wf_conn_end_start(struct wf_flow *flow, enum weft_dir dir)
{
	if (wf_conn_is_starting(flow, dir))
		wf_half_state_enter(&flow->tcp.dir[dir].state, WF_HALF_IN_ORDER);
}

/* Beyond all data that was seen of @dir: segments behind its FIN have the number after it. */
static inline uint64_t wf_conn_seen_off(const struct wf_flow *flow, enum weft_dir dir)
{
	const struct wf_tcp_dir *tcp = &flow->tcp.dir[dir];
	uint64_t next_off = flow->stream[dir].next_off;
	int64_t off = wf_tcp_off(tcp, tcp->snd_nxt, next_off);

	if (off < 0)
		return 0;
	if (wf_tcp_knows(tcp, WF_TCP_KNOWS_FIN) && (uint64_t)off > wf_tcp_fin_off(tcp, next_off))
		return wf_tcp_fin_off(tcp, next_off);
	return (uint64_t)off;
}

/* Nothing from this offset on is wanted: the depth limit, or where it was cut by hand. */
static inline uint64_t wf_conn_limit_off(const struct wf_conns *conns, const struct wf_flow *flow,
					 enum weft_dir dir)
{
	if (wf_unlikely(flow->flags & WF_FLOW_CUT(dir)))
		return wf_flow_table_rare(&conns->table, flow)->shunted[dir].cut_off;
	return conns->opts->depth_bytes ? conns->opts->depth_bytes : UINT64_MAX;
}

static inline bool wf_conn_is_limited(const struct wf_conns *conns, const struct wf_flow *flow,
				      enum weft_dir dir)
{
	return conns->opts->depth_bytes || flow->flags & WF_FLOW_CUT(dir);
}

/* Was something seen beyond that? */
static inline bool wf_conn_is_deep(const struct wf_conns *conns, const struct wf_flow *flow,
				   enum weft_dir dir)
{
	return wf_conn_is_limited(conns, flow, dir) &&
	       wf_conn_seen_off(flow, dir) > wf_conn_limit_off(conns, flow, dir);
}

/* ---- conn_hole.c ---- */

/* Hand on all held data that is next in order, below @limit_off. */
void wf_conn_drain(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
		   uint64_t limit_off);

/* What was acknowledged beyond the depth limit needs not be waited for, seen or not. */
void wf_conn_pass_acked(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir);

/* Would the receiver, whose state is known, refuse what begins at @off? */
bool wf_conn_is_refused(const struct wf_flow *flow, enum weft_dir dir, uint64_t off);

/*
 * Give up the hole at next_off as far as @to_off, and hand on what follows it. What lies
 * beyond the depth limit is told at the end, as one gap.
 */
void wf_conn_skip(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir, uint64_t to_off,
		  enum weft_gap_cause cause, uint64_t now_ns);

/* So much more has come that what was acknowledged before can't be merely late. */
void wf_conn_spend_patience(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
			    uint32_t len_bytes, uint64_t now_ns);

/*
 * The stream holds as many pages as it may: the oldest hole is given up, or, in
 * acked mode, what waits in order is delivered. Return: false: nothing helped.
 */
bool wf_conn_make_room(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
		       enum weft_gap_cause cause, uint64_t now_ns);

#endif
