/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_state.h - what is remembered of a connection between two segments.
 *
 * One struct for what each side sends. Numbers are kept as 32-bit sequence
 * numbers and turned into offsets near the stream's progress when needed, which
 * keeps a flow small and survives any number of wraps.
 *
 *   base        acked by peer      seen          right edge of the peer's window
 *   ├────────────────┼───────────────┼─────────────────────┤
 *   base_seq      ack_seq         end_seq              right_seq
 *
 * A field counts only if its WF_TCP_KNOWS_ flag is set. Thread: the flow's worker.
 */
#ifndef WF_TCP_TCP_STATE_H
#define WF_TCP_TCP_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "packet/seq.h"

#define WF_TCP_KNOWS_BASE   (1u << 0)
#define WF_TCP_KNOWS_END    (1u << 1)
#define WF_TCP_KNOWS_ACK    (1u << 2)
#define WF_TCP_KNOWS_RIGHT  (1u << 3)
#define WF_TCP_KNOWS_TS	    (1u << 4)
#define WF_TCP_KNOWS_FIN    (1u << 5)
#define WF_TCP_STALE	    (1u << 6) /* packets are missing: right edge and end are too low */
#define WF_TCP_FIN_ACKED    (1u << 7)
#define WF_TCP_REFUSED_DATA (1u << 8)  /* refused_seq: end of data refused as out of window */
#define WF_TCP_REFUSED_ACK  (1u << 9)  /* refused_seq: an acknowledgement refused as of unsent */
#define WF_TCP_TOLD_URGENT  (1u << 10) /* told once */
#define WF_TCP_HELD_FIN	    (1u << 11) /* fin_seq: of a FIN beyond the window, not acknowledged */

#define WF_TCP_GUESSED	  (1u << 12) /* base_seq is that of the first byte seen: no SYN was */
#define WF_TCP_STARTING	  (1u << 13) /* ... and may yet move back: nothing was delivered */
#define WF_TCP_TOLD_START (1u << 14) /* told once that it should have */
#define WF_TCP_KEPT_AWAY  (1u << 15) /* its data is not shown to us: only acknowledgements tell */

/* Scale assumed where the handshake was missed: the largest (RFC 7323, 2.3). */
#define WF_TCP_SCALE_MAX 14

/*
 * Beyond a known right edge so much more is still believed, besides one window:
 * a few announcements may have been missed.
 */
#define WF_TCP_SLACK_BYTES 16384

/*
 * Where no window is known, or one that is out of date, so much more may have been sent
 * and acknowledged than was seen. What acknowledges still more waits for its data.
 */
#define WF_TCP_MISSED_BYTES (16u << 20)

struct wf_tcp_dir {
	uint32_t base_seq;    /* of stream offset 0 */
	uint32_t end_seq;     /* beyond the last byte accepted of this side, without FIN */
	uint32_t ack_seq;     /* highest the peer acknowledged */
	uint32_t right_seq;   /* highest acknowledgement + window of the peer */
	uint32_t fin_seq;     /* of the FIN, that is the end of data */
	uint32_t refused_seq; /* see WF_TCP_REFUSED_* */
	uint32_t ts_recent;   /* RFC 7323, 4.3 */
	uint16_t flags;	      /* WF_TCP_KNOWS_* ... */
	uint8_t wscale;	      /* shift of the windows that this side announces */
	uint8_t pad;
};
_Static_assert(sizeof(struct wf_tcp_dir) == 32, "half a cache line for each direction");

struct wf_tcp {
	struct wf_tcp_dir dir[2]; /* by enum weft_dir */
};

/* What one side's SYN (or SYN-ACK) told. */
struct wf_tcp_syn {
	uint32_t isn_seq;
	uint32_t acked_bytes; /* of the payload that came with it, by the peer's SYN-ACK */
	uint16_t window;
	uint8_t wscale;
	bool known; /* isn_seq is, be it only by the peer's SYN-ACK */
	bool seen;  /* the SYN itself */
	bool has_wscale;
};

/* A connection whose handshake was seen, at least one side of it. @syn: by enum weft_dir. */
void wf_tcp_init_handshake(struct wf_tcp *tcp, const struct wf_tcp_syn syn[2]);

/* A connection picked up in the middle: nothing is known. */
void wf_tcp_init_midstream(struct wf_tcp *tcp);

/* Data of @dir was given up as missing: what is known of its window is out of date. */
void wf_tcp_note_gap(struct wf_tcp *tcp, unsigned int dir);

/* Data of @dir up to @seq, beyond all seen, is kept from us: expect what follows it. */
void wf_tcp_note_unseen(struct wf_tcp *tcp, unsigned int dir, uint32_t seq);

/* From now on data of @dir is kept from us, or is not any more. */
static inline void wf_tcp_set_kept_away(struct wf_tcp_dir *dir, bool is_kept)
{
	dir->flags = (uint16_t)(is_kept ? dir->flags | WF_TCP_KEPT_AWAY
					: dir->flags & ~WF_TCP_KEPT_AWAY);
}

/* What the peer acknowledged of @dir, and its window, are too old to be compared with. */
void wf_tcp_forget_acks(struct wf_tcp *tcp, unsigned int dir);

/*
 * Is the segment of @dir that starts at @seq and acknowledges @ack near to what both sides of
 * this connection send now? False unless their windows are known.
 */
bool wf_tcp_is_within(const struct wf_tcp *tcp, unsigned int dir, uint32_t seq, uint32_t ack);

/* Offset up to which the peer acknowledged @dir, FIN not counted; 0 if it never did. */
uint64_t wf_tcp_acked_off(const struct wf_tcp_dir *dir, uint64_t next_off);

static inline bool wf_tcp_knows(const struct wf_tcp_dir *dir, uint32_t what)
{
	return (dir->flags & what) == what;
}

/* Offset at which @dir ends; only if its FIN is known. */
static inline uint64_t wf_tcp_fin_off(const struct wf_tcp_dir *dir, uint64_t next_off)
{
	int64_t off = wf_seq_off(dir->fin_seq, dir->base_seq, next_off);

	return off < 0 ? 0 : (uint64_t)off;
}

bool wf_tcp_is_valid(const struct wf_tcp *tcp);

#endif
