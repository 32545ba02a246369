/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_state.h - the state of a connection between two segments.
 *
 * There is one struct wf_tcp_dir for each sender. Positions are stored as 32-bit sequence numbers,
 * which keeps a flow small. They are converted to 64-bit stream offsets when needed: to the offsets
 * nearest to next_off, the next byte to deliver, so sequence numbers may wrap any number of times.
 *
 *   IRS │ stream offset 0   acknowledged         seen           announced
 *       ├───────────────────────┼──────────────────┼───────────────────┤
 *      irs                   snd_una            snd_nxt           rcv_wnd_end
 *
 * The names are those of RFC 9293, 3.3.1, applied by an observer to both hosts:
 *
 *   irs           the sender's ISS, which is the receiver's IRS
 *   snd_nxt       the sender's SND.NXT, as far as its segments were seen
 *   snd_una       the sender's SND.UNA: the highest RCV.NXT that the receiver announced
 *   rcv_wnd_end   the receiver's RCV.NXT + RCV.WND: the first number beyond its window
 *
 * A number is valid only if its WF_TCP_KNOWS_ flag is set. Thread: the flow's worker.
 */
#ifndef WF_TCP_TCP_STATE_H
#define WF_TCP_TCP_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/limits.h>

#include "packet/seq.h"
#include "tcp/half_state.h"

#define WF_TCP_KNOWS_IRS     (1u << 0)
#define WF_TCP_KNOWS_NXT     (1u << 1)
#define WF_TCP_KNOWS_UNA     (1u << 2)
#define WF_TCP_KNOWS_WND     (1u << 3)
#define WF_TCP_KNOWS_TS	     (1u << 4)
#define WF_TCP_KNOWS_FIN     (1u << 5)
/* segments were missed, so rcv_wnd_end and snd_nxt may be too low */
#define WF_TCP_STALE	     (1u << 6)
#define WF_TCP_FIN_ACKED     (1u << 7)
/* rejected_seq is the end of data that was rejected as out of window */
#define WF_TCP_REJECTED_DATA (1u << 8)
/* rejected_seq is a rejected acknowledgement of data that was not seen */
#define WF_TCP_REJECTED_ACK  (1u << 9)
/*
 * fin_seq is a FIN that was beyond the window; it is used once it is acknowledged
 * (WF_TCP_KNOWS_FIN)
 */
#define WF_TCP_HELD_FIN	     (1u << 10)
/* the SYN was not seen, so irs is derived from the first byte seen, or from the peer's SYN-ACK */
#define WF_TCP_GUESSED	     (1u << 11)
/*
 * the kernel bypasses this direction, or was requested to: after that, at most its SYN, FIN and RST
 * segments reach weft, unless the kernel evicts the flow
 */
#define WF_TCP_BYPASSED	     (1u << 12)

/* Flags of anomalies that are reported only once per direction; set with the first report. */
#define WF_TCP_REPORTED_URGENT (1u << 13)
#define WF_TCP_REPORTED_START  (1u << 14)

/* The largest window scale (RFC 7323, 2.3); assumed if the handshake was missed. */
#define WF_TCP_SCALE_MAX 14

/*
 * Data is accepted if it begins at most one window and WF_TCP_SLACK_BYTES beyond the end of the
 * known window or of all bytes seen, because window updates may be missing in the capture.
 */
#define WF_TCP_SLACK_BYTES 16384

/*
 * If the window is unknown or out of date, acknowledgements of up to WF_TCP_MISSED_BYTES more than
 * otherwise are accepted, because data may be missing in the capture. An even higher
 * acknowledgement is rejected until its data is seen.
 */
#define WF_TCP_MISSED_BYTES (16u << 20)

struct wf_tcp_dir {
	/* sequence number of the SYN; the byte at stream offset 0 has irs + 1 */
	uint32_t irs;
	/* sequence number after the last accepted byte of this side, not counting the FIN */
	uint32_t snd_nxt;
	uint32_t snd_una; /* highest acknowledgement number of the peer */
	/*
	 * highest sum of acknowledgement number and window of the peer; if WF_TCP_STALE is set, the
	 * next higher acknowledgement replaces it
	 */
	uint32_t rcv_wnd_end;
	uint32_t fin_seq;      /* sequence number of the FIN, which is also the end of the data */
	uint32_t rejected_seq; /* last rejected number, see WF_TCP_REJECTED_* */
	uint32_t ts_recent;    /* TS.Recent (RFC 7323, 4.3) */
	uint16_t flags;	       /* WF_TCP_* */
	uint8_t wscale : 4;    /* shift count of the windows that this side announces */
	/* used by conn/: index in struct wf_depths; stored here, because there is room */
	uint8_t depth : 4;
	uint8_t state; /* enum wf_half_state */
};
_Static_assert(WEFT_DEPTHS_MAX <= 16, "an index of a depth fits in 4 bits");
_Static_assert(sizeof(struct wf_tcp_dir) == 32, "half a cache line for each direction");

struct wf_tcp {
	struct wf_tcp_dir dir[2]; /* index: enum weft_dir */
};

/* The SYN or SYN-ACK of one side. */
struct wf_tcp_syn {
	uint32_t isn_seq;
	/* number of payload bytes of this SYN that the peer's SYN-ACK acknowledged */
	uint32_t acked_bytes;
	uint16_t window;
	uint8_t wscale;
	bool known; /* isn_seq is valid: from the SYN itself, or from the peer's SYN-ACK */
	bool seen;  /* the SYN itself was seen */
	bool has_wscale;
};

/*
 * Initialise a connection of which at least one SYN or SYN-ACK was seen. @syn: one for each side,
 * indexed by enum weft_dir.
 */
void wf_tcp_init_handshake(struct wf_tcp *tcp, const struct wf_tcp_syn syn[2]);

/* Initialise a connection picked up midstream, of which nothing is known. */
void wf_tcp_init_midstream(struct wf_tcp *tcp);

/* Record a gap in @dir: its known window is out of date from now on (WF_TCP_STALE). */
void wf_tcp_note_gap(struct wf_tcp *tcp, unsigned int dir);

/*
 * Record that data of @dir before @seq was bypassed. Unless the FIN of @dir is known, the byte with
 * number @seq is expected next.
 */
void wf_tcp_note_unseen(struct wf_tcp *tcp, unsigned int dir, uint32_t seq);

/* Record whether the kernel bypasses the data of @dir. */
static inline void wf_tcp_set_bypassed(struct wf_tcp_dir *dir, bool is_bypassed)
{
	dir->flags = (uint16_t)(is_bypassed ? dir->flags | WF_TCP_BYPASSED
					    : dir->flags & ~WF_TCP_BYPASSED);
}

/*
 * Forget the peer's last acknowledgement of @dir and its window, because they are too old to be
 * compared with new numbers.
 */
void wf_tcp_forget_acks(struct wf_tcp *tcp, unsigned int dir);

/*
 * Forget the timestamps of both sides, which are too old to be compared with new ones (RFC 7323,
 * 5.5).
 */
void wf_tcp_forget_timestamps(struct wf_tcp *tcp);

/*
 * Return true if the segment of @dir that starts at @seq and acknowledges @ack is near the numbers
 * that both sides of this connection send now. Return false if the windows are not known.
 */
bool wf_tcp_is_within(const struct wf_tcp *tcp, unsigned int dir, uint32_t seq, uint32_t ack);

/*
 * Return the offset up to which the peer acknowledged the data of @dir, not counting the FIN; 0 if
 * it is not known.
 */
uint64_t wf_tcp_acked_off(const struct wf_tcp_dir *dir, uint64_t next_off);

static inline bool wf_tcp_knows(const struct wf_tcp_dir *dir, uint32_t what)
{
	return (dir->flags & what) == what;
}

/* Return the stream offset of number @seq of @dir: the possible offset nearest to @next_off. */
static inline int64_t wf_tcp_off(const struct wf_tcp_dir *dir, uint32_t seq, uint64_t next_off)
{
	return wf_seq_off(seq, dir->irs + 1, next_off);
}

/* Return the offset at which @dir ends. Its FIN must be known. */
static inline uint64_t wf_tcp_fin_off(const struct wf_tcp_dir *dir, uint64_t next_off)
{
	int64_t off = wf_tcp_off(dir, dir->fin_seq, next_off);

	return off < 0 ? 0 : (uint64_t)off;
}

bool wf_tcp_is_valid(const struct wf_tcp *tcp);

#endif
