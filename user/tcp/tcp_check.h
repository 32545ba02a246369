/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_check.h - the checks by which a receiver rejects segments, as far as a bystander can know.
 *
 * The checks change nothing in the state of the connection except the numbers of rejected segments:
 * see WF_TCP_REJECTED_DATA.
 *
 * Thread: the flow's worker.
 */
#ifndef WF_TCP_TCP_CHECK_H
#define WF_TCP_TCP_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/tcp_state.h"

struct wf_packet;

/* The place of a segment in its stream; valid if the sender's IRS is known. */
struct wf_tcp_place {
	struct wf_tcp_dir *self; /* the sender */
	struct wf_tcp_dir *peer;
	int64_t off;
	int64_t end_off;
	int64_t next_off;    /* next_off of the stream */
	int64_t acked_off;   /* acknowledged offset; INT64_MIN: not known */
	int64_t wnd_end_off; /* end of the window; INT64_MAX: not known */
	int64_t wnd_bytes;   /* size of the peer's window; 0: not known */
};

void wf_tcp_place(struct wf_tcp_place *ret_place, struct wf_tcp_dir *self, struct wf_tcp_dir *peer,
		  const struct wf_packet *packet, uint64_t next_off);

/*
 * Return true if PAWS (RFC 7323, 5) rejects the segment. A tap may record a segment late, so it may
 * be older than segments recorded before it, by as much as weft waits for late segments. Clocks
 * tick between 10 Hz and 1 MHz, so a much older segment passes if it fills bytes that were
 * acknowledged, unless it is older than any late segment can be.
 */
bool wf_tcp_check_fails_paws(const struct wf_tcp_place *at, const struct wf_packet *packet);

/* Return true if the segment is farther beyond the window than the receiver can have opened it. */
bool wf_tcp_check_fails_sequence(const struct wf_tcp_place *at, const struct wf_packet *packet);

/*
 * Return true if the segment acknowledges bytes that the peer can't have sent (Linux then drops the
 * whole segment), or if its acknowledgement is older than any still in flight.
 */
bool wf_tcp_check_fails_ack(const struct wf_tcp_place *at, const struct wf_packet *packet,
			    uint64_t peer_next_off);

/*
 * Return true if the reset has the number RCV.NXT; others are rejected (RFC 5961, 3.2). RCV.NXT is
 * the end of the bytes seen in order, or the last acknowledgement; or the end of all bytes seen,
 * since a hole may exist only in the capture.
 */
bool wf_tcp_check_is_exact_reset(const struct wf_tcp_place *at, const struct wf_packet *packet);

/*
 * Return true if the segment is a keep-alive probe, which repeats the number before SND.NXT, with
 * no byte or one byte of garbage (RFC 9293, 3.8.4). Before the first data of @self, SND.NXT is
 * known only from the peer's acknowledgement and from empty segments.
 */
bool wf_tcp_check_is_keepalive(const struct wf_tcp_dir *self, const struct wf_packet *packet);

#endif
