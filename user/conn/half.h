/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * half.h - the handle of a half connection: one direction of a flow, with pointers to its sender's
 * state and to its stream.
 *
 * A handle is a value on the stack, made when a direction is processed, and passed on by pointer.
 * Only wf_half_enter() changes the state of the half connection (tcp/half_state.h),
 * except that tcp/ sets the state STARTING at the start of a stream.
 *
 * Thread: the worker.
 */
#ifndef WF_CONN_HALF_H
#define WF_CONN_HALF_H

#include "conn/conn.h"

struct wf_half {
	struct wf_conns *conns;
	struct wf_flow *flow;
	struct wf_tcp_dir *tcp;
	struct wf_stream *stream;
	enum weft_dir dir;
};

/*
 * Return the state of the sender of @dir. GCC 12 would compute the index again for each member that
 * is used, so the asm statement hides from it how the pointer was computed.
 */
static inline struct wf_tcp_dir *wf_half_tcp_dir(struct wf_flow *flow, enum weft_dir dir)
{
	struct wf_tcp_dir *tcp = &flow->tcp.dir[dir];

	__asm__("" : "+r"(tcp));
	return tcp;
}

static inline struct wf_half wf_half_of(struct wf_conns *conns, struct wf_flow *flow,
					enum weft_dir dir)
{
	return (struct wf_half){
		.conns = conns,
		.flow = flow,
		.tcp = wf_half_tcp_dir(flow, dir),
		.stream = &flow->stream[dir],
		.dir = dir,
	};
}

/* Return the handle of the other direction. */
static inline struct wf_half wf_half_peer(const struct wf_half *half)
{
	return wf_half_of(half->conns, half->flow, (enum weft_dir) !half->dir);
}

/* Return the state of the receiver of this direction. */
static inline struct wf_tcp_dir *wf_half_peer_tcp(const struct wf_half *half)
{
	return wf_half_tcp_dir(half->flow, (enum weft_dir) !half->dir);
}

static inline bool wf_half_knows(const struct wf_half *half, uint32_t what)
{
	return wf_tcp_knows(half->tcp, what);
}

static inline bool wf_half_is(const struct wf_half *half, enum wf_half_state state)
{
	return half->tcp->state == state;
}

/* Return the extension of the flow, or NULL if it has none. */
static inline struct wf_flow_ext *wf_half_ext(const struct wf_half *half)
{
	return wf_flow_table_ext(&half->conns->table, half->flow);
}

/* Return the extension of the flow, allocated if it had none; NULL if there is no memory. */
static inline struct wf_flow_ext *wf_half_need_ext(const struct wf_half *half)
{
	return wf_flow_table_need_ext(&half->conns->table, half->flow);
}

/* Change the state and cancel the deadlines of the old state. */
static inline void wf_half_enter(const struct wf_half *half, enum wf_half_state state)
{
	struct wf_flow_ext *ext = wf_half_ext(half);

	if (wf_half_is(half, state))
		return;
	wf_half_state_enter(&half->tcp->state, state);
	if (!ext)
		return;
	ext->half[half->dir].timeout_ns = WF_NEVER_NS;
	ext->half[half->dir].patience_ns = WF_NEVER_NS;
}

/*
 * Return the interface to the kernel, or NULL if no kernel program steers the segments of this
 * flow, because they come from a file or from weft_submit().
 */
static inline struct wf_kernel *wf_half_kernel(const struct wf_half *half)
{
	return half->flow->iface ? half->conns->kernel : NULL;
}

/* Return the depth with which the connection began; 0: no limit. */
static inline uint64_t wf_half_depth_bytes(const struct wf_half *half)
{
	return half->conns->depths.bytes[half->tcp->depth];
}

/* Return true if the kernel bypasses the data of this direction, or was requested to do so. */
static inline bool wf_half_is_bypassed(const struct wf_half *half)
{
	return wf_half_knows(half, WF_TCP_BYPASSED);
}

/*
 * Return true if the kernel bypasses the acknowledgements of this direction, which the peer sends,
 * or was requested to do so.
 */
static inline bool wf_half_is_blind(const struct wf_half *half)
{
	return wf_tcp_knows(&half->flow->tcp.dir[!half->dir], WF_TCP_BYPASSED);
}

/*
 * Return true if data is delivered only once it is acknowledged. Return false while the kernel
 * bypasses the acknowledgements.
 */
static inline bool wf_half_waits_for_acks(const struct wf_half *half)
{
	return half->conns->opts->deliver == WEFT_DELIVER_ACKED && !wf_half_is_blind(half);
}

/* Return the offset up to which the peer acknowledged this direction; 0: not known. */
static inline uint64_t wf_half_acked_off(const struct wf_half *half)
{
	return wf_tcp_acked_off(half->tcp, half->stream->next_off);
}

/*
 * Return the offset after the last byte that was accepted or is known to be bypassed, but at most
 * the offset of the FIN. Data beyond the receiver's window does not count, even if it is held.
 * Return 0 if the IRS is not known: segments without data show the next sequence number, but not
 * the start of the stream.
 */
static inline uint64_t wf_half_seen_off(const struct wf_half *half)
{
	uint64_t next_off = half->stream->next_off;
	int64_t off = wf_tcp_off(half->tcp, half->tcp->snd_nxt, next_off);

	if (off < 0 || !wf_half_knows(half, WF_TCP_KNOWS_IRS))
		return 0;
	if (wf_half_knows(half, WF_TCP_KNOWS_FIN) &&
	    (uint64_t)off > wf_tcp_fin_off(half->tcp, next_off))
		return wf_tcp_fin_off(half->tcp, next_off);
	return (uint64_t)off;
}

#endif
