/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_check.h - the checks by which a receiver rejects segments, as far as an observer on the path
 * can repeat them.
 *
 * The checks change the state of the connection in one way only: they record rejected numbers
 * (WF_TCP_REJECTED_DATA, WF_TCP_REJECTED_ACK), and if rejected numbers of both sides confirm each
 * other, they mark the window as out of date (WF_TCP_STALE).
 *
 * Thread: the flow's worker.
 */
#ifndef WF_TCP_TCP_CHECK_H
#define WF_TCP_TCP_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/tcp_state.h"

struct wf_packet;

/*
 * The position of a segment in its stream, with the state of its sender (self) and of the peer.
 * Offsets are stream offsets, and valid only if the sender's IRS is known.
 */
struct wf_tcp_place {
	struct wf_tcp_dir *self; /* the sender */
	struct wf_tcp_dir *peer;
	int64_t off;
	int64_t end_off;
	int64_t next_off;    /* offset of the next byte of the sender's stream to deliver */
	int64_t acked_off;   /* offset up to which the peer acknowledged; INT64_MIN: not known */
	int64_t wnd_end_off; /* offset of the end of the peer's window; INT64_MAX: not known */
	int64_t wnd_bytes;   /* size of the peer's window; 0: not known, or the window is closed */
};

void wf_tcp_place(struct wf_tcp_place *ret_place, struct wf_tcp_dir *self, struct wf_tcp_dir *peer,
		  const struct wf_packet *packet, uint64_t next_off);

/*
 * Return true if PAWS (RFC 7323, 5) rejects the segment. A tap may record segments in the wrong
 * order, so a timestamp that is older than TS.Recent by at most WEFT_ACK_PATIENCE_MS ticks is
 * accepted. The duration of a tick is unknown (1 us to 100 ms), so a segment with an older
 * timestamp is accepted too if it contains acknowledged bytes that weft has not delivered, unless
 * it is older by more than LATE_TICKS (2^20).
 */
bool wf_tcp_check_fails_paws(const struct wf_tcp_place *at, const struct wf_packet *packet);

/*
 * Return true if the segment begins so far beyond the known window and all bytes seen that the
 * receiver can't have opened its window that far: by more than one window plus WF_TCP_SLACK_BYTES.
 * Return false if the window is unknown or out of date, or if a rejected acknowledgement of the
 * peer confirms the segment.
 */
bool wf_tcp_check_fails_sequence(const struct wf_tcp_place *at, const struct wf_packet *packet);

/*
 * Return true if the segment acknowledges bytes that the peer can't have sent (Linux then drops the
 * whole segment), or if its acknowledgement is older than any that can still be in flight.
 */
bool wf_tcp_check_fails_ack(const struct wf_tcp_place *at, const struct wf_packet *packet,
			    uint64_t peer_next_off);

/*
 * Return true if the sequence number of the reset is RCV.NXT; receivers reject all other resets
 * (RFC 5961, 3.2). An observer can't know RCV.NXT exactly, because a hole may exist only in the
 * capture. Therefore four numbers are accepted: the next byte to deliver, the last acknowledgement,
 * the end of all bytes seen, and the number after the FIN. If no number of the sender is known,
 * every reset is accepted.
 */
bool wf_tcp_check_is_exact_reset(const struct wf_tcp_place *at, const struct wf_packet *packet);

/*
 * Return true if the segment is a keep-alive probe. A probe has sequence number SND.NXT - 1, and no
 * payload or one byte of garbage (RFC 9293, 3.8.4). While the IRS of @self is unknown, the peer's
 * acknowledgement is accepted as SND.NXT, too.
 */
bool wf_tcp_check_is_keepalive(const struct wf_tcp_dir *self, const struct wf_packet *packet);

#endif
