/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_check.h - would the receiver reject this segment, as far as a bystander can know?
 *
 * Nothing here changes the state of the connection, but for the numbers of segments that
 * were rejected: see WF_TCP_REJECTED_DATA.
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
	int64_t next_off;    /* progress of the stream */
	int64_t acked_off;   /* INT64_MIN: not known */
	int64_t wnd_end_off; /* INT64_MAX: not known */
	int64_t wnd_bytes;   /* of the peer; 0: not known */
};

void wf_tcp_place(struct wf_tcp_place *ret_place, struct wf_tcp_dir *self, struct wf_tcp_dir *peer,
		  const struct wf_packet *packet, uint64_t next_off);

/*
 * PAWS (RFC 7323, 5). A tap reorders: a segment that it recorded late may be older than those that
 * the receiver saw after it, by as much as weft waits for such segments. Clocks tick between 10 Hz
 * and 1 MHz, so a much older segment passes if it fills bytes that were acknowledged; one
 * that is older than any late segment can be never passes.
 */
bool wf_tcp_check_fails_paws(const struct wf_tcp_place *at, const struct wf_packet *packet);

/* Is the segment so far beyond the window that the receiver can't have opened it that far? */
bool wf_tcp_check_fails_sequence(const struct wf_tcp_place *at, const struct wf_packet *packet);

/*
 * Does the segment acknowledge bytes that the peer can't have sent (Linux then drops the whole
 * segment), or is its number older than that of any segment still in flight?
 */
bool wf_tcp_check_fails_ack(const struct wf_tcp_place *at, const struct wf_packet *packet,
			    uint64_t peer_next_off);

/*
 * Only RCV.NXT resets (RFC 5961, 3.2). That is the end of the bytes seen in order or the last
 * acknowledgement, whichever of the two views is behind; with a hole that only weft may have, also
 * the end of all bytes seen.
 */
bool wf_tcp_check_is_exact_reset(const struct wf_tcp_place *at, const struct wf_packet *packet);

/*
 * A probe repeats the number before SND.NXT, with no byte or with one of garbage (RFC 9293, 3.8.4).
 * Before the first data of @self only the peer's acknowledgement and empty segments tell SND.NXT.
 */
bool wf_tcp_check_is_keepalive(const struct wf_tcp_dir *self, const struct wf_packet *packet);

#endif
