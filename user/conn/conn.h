/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conn.h - what happens to the connections of one worker, packet by packet.
 *
 *   conn_open.c     SYN, first segment: which flow is it, is it one at all?
 *   conn_segment.c  one segment of a known flow
 *   conn_data.c     its payload: into the stream
 *   conn_hole.c     holes, and when they are given up
 *   conn_end.c      the end of a direction
 *   conn_close.c    deadlines, the end of a flow
 *   conn_events.c   what subscribers are told
 *   shunt.c         what is not wanted any more stays in the kernel
 *
 * Calls go downwards in this list, and from each to conn_events.c; only the clock of
 * conn_close.c calls back to conn_open.c, when a handshake's time is over.
 * Thread: the worker.
 */
#ifndef WF_CONN_CONN_H
#define WF_CONN_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/event.h>
#include <weft/opts.h>

#include "flow/embryonic.h"
#include "flow/flow.h"
#include "flow/flow_table.h"
#include "flow/recent.h"
#include "reassembly/stream.h"
#include "tcp/tcp_track.h"

struct wf_arena;
struct wf_dispatch;
struct wf_metrics;
struct wf_page;
struct wf_page_pool;
struct wf_shunts;

struct wf_conns {
	struct wf_flow_table table;
	struct wf_embryonic embryonic;
	struct wf_recent recent;
	struct wf_stream_env stream_env;
	struct wf_flow_timeouts timeouts;
	const struct weft_opts *opts; /* borrowed, like all below */
	struct wf_dispatch *dispatch;
	struct wf_metrics *metrics;
	struct wf_shunts *shunts; /* NULL: there is no kernel to keep anything back */

	/* between here and pressure_actions.c */
	bool refuse_midstream; /* no flow without a handshake */
	bool is_starved;       /* a segment found no memory */

	/*
	 * All times here and in flows are packet time less skew_ns. It changes when a capture's
	 * clock steps by more than WEFT_CLOCK_STEP_SEC, so that one broken timestamp, or a
	 * capture joined from several, neither ends all flows nor stops all timers.
	 */
	uint64_t now_ns;  /* highest so far */
	uint64_t skew_ns; /* wraps: the clock may step back */

	/* Until then a hole is taken for frames that our rings lost, rather than for late ones. */
	uint64_t overrun_until_ns;
};

/* ---- conn_open.c ---- */

/* One TCP segment of whatever connection; its time_ns by wf_conns_clock(). */
void wf_conn_packet(struct wf_conns *conns, const struct wf_packet *packet);

/* The handshake @embryo comes to nothing; data that came with its SYNs is not lost. */
void wf_conn_end_handshake(struct wf_conns *conns, struct wf_embryo *embryo,
			   enum weft_close_reason reason, uint64_t now_ns);

/* ---- conn_segment.c ---- */

/* One segment of @flow; may end it. */
void wf_conn_segment(struct wf_conns *conns, struct wf_flow *flow, const struct wf_packet *packet);

/* ---- conn_data.c ---- */

/* Payload that was found acceptable; all of it is counted. */
struct wf_conn_payload {
	uint64_t off;
	const uint8_t *bytes;
	uint32_t len_bytes;	 /* on the wire */
	uint32_t captured_bytes; /* readable */
	uint64_t time_ns;
	struct wf_page *page; /* borrowed */
	bool jumped;
};

void wf_conn_payload(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
		     const struct wf_conn_payload *payload);

/* ---- conn_hole.c ---- */

/* The peer acknowledged more of @dir, or its FIN came: deliver or wait accordingly. */
void wf_conn_progress(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
		      uint64_t now_ns);

/* Something @dir waits for does not come: act on its deadlines that are due at @now_ns. */
void wf_conn_give_up(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
		     uint64_t now_ns);

/*
 * Memory is needed: give up holes of @dir, the oldest first, until it holds @bytes less, or
 * nothing. Return: how much less it holds.
 */
uint64_t wf_conn_relieve(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
			 uint64_t bytes, uint64_t now_ns);

/* ---- conn_end.c ---- */

/* Nothing more comes that could precede or acknowledge what waits in order: hand it on. */
void wf_conn_end_wait(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir);

/* The end of @dir: all that is held comes out, every hole becomes a gap. */
void wf_conn_finish_dir(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
			uint64_t now_ns);

/* From here on nothing of @dir is wanted; what waits in order is delivered. Needs its rare part. */
void wf_conn_cut(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir, uint64_t now_ns);

/* What comes from now on, near @near_off, is wanted again; between lies a gap. */
void wf_conn_uncut(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
		   uint64_t near_off, uint64_t now_ns);

/* ---- conn_close.c ---- */

/* Act on every deadline of @flow up to @now_ns. Return: true: that ended it. */
bool wf_conn_run_timers(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns);

/* End @flow if both directions are finished and acknowledged. */
void wf_conn_close_if_done(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns);

/* Deliver what is left, tell the end, forget @flow. */
void wf_conn_close(struct wf_conns *conns, struct wf_flow *flow, enum weft_close_reason reason,
		   uint64_t now_ns);

/* A deadline of @flow has moved nearer: have the wheel know. */
void wf_conn_rearm(struct wf_conns *conns, struct wf_flow *flow, uint64_t now_ns);

/* Our time at the capture's time @time_ns; now_ns follows. */
uint64_t wf_conns_clock(struct wf_conns *conns, uint64_t time_ns);

/* All handshakes that are over their time at @now_ns. */
void wf_conns_expire_handshakes(struct wf_conns *conns, uint64_t now_ns);

/* All deadlines of all flows and handshakes up to @now_ns. */
void wf_conns_tick(struct wf_conns *conns, uint64_t now_ns);

/* The end of everything. */
void wf_conns_flush(struct wf_conns *conns);

/* ---- conn_events.c ---- */

void wf_conn_tell_open(struct wf_conns *conns, const struct wf_flow *flow, uint64_t now_ns);

/* Count @chunk as delivered, or as a gap of @cause, and tell it. */
void wf_conn_tell_data(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
		       const struct wf_chunk *chunk);
void wf_conn_tell_gap(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir, uint64_t off,
		      uint64_t len_bytes, enum weft_gap_cause cause, uint64_t now_ns);

void wf_conn_tell_anomaly(struct wf_conns *conns, const struct wf_flow *flow, enum weft_dir dir,
			  enum weft_anomaly kind, uint64_t off, uint64_t len_bytes,
			  uint64_t now_ns);
void wf_conn_tell_conflict(struct wf_conns *conns, const struct wf_flow *flow, enum weft_dir dir,
			   const struct wf_insert_info *info, uint64_t now_ns);
void wf_conn_tell_close(struct wf_conns *conns, const struct wf_flow *flow,
			enum weft_close_reason reason, uint64_t now_ns);

#endif
