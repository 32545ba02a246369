/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_expected.h - recognises and tracks the segments that most of a connection consists of (header
 * prediction, Van Jacobson).
 *
 * Expected is a segment that is the next data, the FIN, or empty, inside the window, has the same
 * acknowledgement or a higher one, and has nothing else to process. The checks of tcp_track.c would
 * neither reject nor report anything of it, so they are skipped.
 *
 * Thread: the flow's worker.
 */
#ifndef WF_TCP_TCP_EXPECTED_H
#define WF_TCP_TCP_EXPECTED_H

#include "tcp/tcp_update.h"

/*
 * Return true if a segment of a sender whose FIN is known is empty and follows the FIN, as its
 * acknowledgements of the peer's later data do.
 */
static inline bool wf_tcp_expected_after_fin(const struct wf_tcp_dir *self,
					     const struct wf_packet *packet)
{
	return packet->seq == self->fin_seq + 1 && wf_seq_ge(packet->seq, self->snd_nxt) &&
	       !packet->payload_bytes && !(packet->tcp_flags & WF_TCP_FIN);
}

/* Return true if @packet, which @self has sent, is expected. */
static inline bool wf_tcp_is_expected(const struct wf_tcp_dir *self, const struct wf_tcp_dir *peer,
				      const struct wf_packet *packet)
{
	const uint32_t known =
		WF_TCP_KNOWS_IRS | WF_TCP_KNOWS_NXT | WF_TCP_KNOWS_UNA | WF_TCP_KNOWS_WND;
	const uint32_t flags = WF_TCP_ACK | WF_TCP_SYN | WF_TCP_RST | WF_TCP_URG;

	if ((self->flags & known) != known || (packet->tcp_flags & flags) != WF_TCP_ACK)
		return false;
	if (wf_unlikely(wf_tcp_knows(self, WF_TCP_KNOWS_FIN))
		    ? !wf_tcp_expected_after_fin(self, packet)
		    : packet->seq != self->snd_nxt)
		return false;
	if (packet->options & WF_TCP_OPT_TIMESTAMP && wf_tcp_knows(self, WF_TCP_KNOWS_TS) &&
	    wf_seq_lt(packet->ts_val, self->ts_recent))
		return false;
	/* A FIN is acknowledged as one byte after the data. */
	return wf_seq_lt(packet->seq, self->rcv_wnd_end) && wf_seq_ge(packet->ack, peer->snd_una) &&
	       wf_seq_le(packet->ack, peer->snd_nxt + 1);
}

/* Track the expected segment @packet. @next_off: offset of the next byte of @self to deliver. */
static inline __attribute__((always_inline)) void wf_tcp_take_expected(
	struct wf_tcp_dir *self, struct wf_tcp_dir *peer, const struct wf_packet *packet,
	uint64_t next_off, struct wf_tcp_result *ret_result)
{
	*ret_result = (struct wf_tcp_result){
		.verdict = WF_TCP_ACCEPT,
		.off = wf_tcp_off(self, packet->seq, next_off),
		.len_bytes = packet->payload_bytes,
	};
	wf_tcp_update_ts(self, packet, wf_seq_gt(packet->seq, self->snd_una));
	ret_result->acked = wf_tcp_update_ack(self, peer, packet);
	self->snd_nxt = packet->seq + packet->payload_bytes;
	if (wf_unlikely(packet->tcp_flags & WF_TCP_FIN))
		wf_tcp_update_fin(self, packet, ret_result);
}

#endif
