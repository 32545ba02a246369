/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_check.h - the checks by which a receiver rejects segments, as far as an observer on the path
 * can repeat them.
 *
 * The checks change the state of the connection only by recording rejected numbers; see
 * WF_TCP_REJECTED_DATA.
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
 * Offsets are valid only if the sender's IRS is known.
 */
struct wf_tcp_place {
	struct wf_tcp_dir *self; /* the sender */
	struct wf_tcp_dir *peer;
	int64_t off;
	int64_t end_off;
	int64_t next_off;    /* next_off of the sender's stream */
	int64_t acked_off;   /* offset up to which the peer acknowledged; INT64_MIN: not known */
	int64_t wnd_end_off; /* offset of the end of the peer's window; INT64_MAX: not known */
	int64_t wnd_bytes;   /* size of the peer's window; 0: not known */
};

void wf_tcp_place(struct wf_tcp_place *ret_place, struct wf_tcp_dir *self, struct wf_tcp_dir *peer,
		  const struct wf_packet *packet, uint64_t next_off);

/*
 * Return true if PAWS (RFC 7323, 5) rejects the segment. A tap may record segments in the wrong
 * order, so a timestamp may be older than TS.Recent by up to WEFT_ACK_PATIENCE_MS ticks. A segment
 * with an even older timestamp is accepted if it contains acknowledged bytes that are missing,
 * because timestamp clocks run at 10 Hz to 1 MHz. A segment older than any late segment can be is
 * always rejected.
 */
bool wf_tcp_check_fails_paws(const struct wf_tcp_place *at, const struct wf_packet *packet);

/*
 * Return true if the segment lies so far beyond the known window that the receiver can't have
 * opened its window that far since.
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
 * (RFC 5961, 3.2). Three values are accepted as RCV.NXT: the end of the bytes seen in order, the
 * last acknowledgement, and the end of all bytes seen, because a hole may exist only in the
 * capture.
 */
bool wf_tcp_check_is_exact_reset(const struct wf_tcp_place *at, const struct wf_packet *packet);

/*
 * Return true if the segment is a keep-alive probe. A probe has sequence number SND.NXT - 1, and no
 * payload or one byte of garbage (RFC 9293, 3.8.4). Before the first data of @self, SND.NXT is
 * known only from the peer's acknowledgement and from empty segments.
 */
bool wf_tcp_check_is_keepalive(const struct wf_tcp_dir *self, const struct wf_packet *packet);

#endif
