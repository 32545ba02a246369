// SPDX-License-Identifier: BSD-2-Clause
/*
 * handshake.c - decides whether a segment fits a half-open connection.
 */
#include "flow/handshake.h"

static void swap_isns(struct wf_handshake_side *side)
{
	uint32_t isn_seq = side->isn_seq;

	side->isn_seq = side->other_isn_seq;
	side->other_isn_seq = isn_seq;
}

bool wf_handshake_settle(struct wf_handshake_side *side, uint32_t seq, uint32_t span_bytes)
{
	if (seq - (side->isn_seq + 1) <= span_bytes)
		return true;
	if (seq - (side->other_isn_seq + 1) > span_bytes)
		return false;
	swap_isns(side);
	return true;
}

/*
 * Return true if @packet is a keep-alive that was sent before any data: its sequence number is that
 * of the SYN.
 */
static bool is_probe(const struct wf_handshake_side *self, const struct wf_packet *packet)
{
	return packet->seq == self->isn_seq && packet->payload_bytes <= 1;
}

enum wf_handshake_fit wf_handshake_fits(struct wf_handshake *handshake,
					const struct wf_packet *packet)
{
	struct wf_handshake_side *self = &handshake->side[packet->src];
	struct wf_handshake_side *peer = &handshake->side[!packet->src];

	if (!(packet->tcp_flags & WF_TCP_ACK))
		return WF_HANDSHAKE_FIT_NONE;
	/*
	 * If @packet directly follows the ISN that the peer's SYN-ACK with WF_HANDSHAKE_UNCONFIRMED
	 * acknowledged, that ISN is used even if the other ISN is near too.
	 */
	if (peer->flags & WF_HANDSHAKE_UNCONFIRMED && packet->seq == self->other_isn_seq + 1)
		swap_isns(self);
	if (self->flags & WF_HANDSHAKE_KNOWN) {
		if (!is_probe(self, packet) &&
		    !wf_handshake_settle(self, packet->seq, WF_HANDSHAKE_FIT_BYTES))
			return WF_HANDSHAKE_FIT_NONE;
	} else if (!packet->payload_bytes) {
		/*
		 * The sender's SYN may still follow: in a split handshake, it is sent after an
		 * empty acknowledgement.
		 */
		return WF_HANDSHAKE_FIT_NONE;
	}
	if (!(peer->flags & WF_HANDSHAKE_KNOWN))
		return WF_HANDSHAKE_FIT_ALONE;
	if (wf_handshake_settle(peer, packet->ack, WF_HANDSHAKE_FIT_BYTES))
		return WF_HANDSHAKE_FIT_BOTH;
	if (!(peer->flags & WF_HANDSHAKE_UNCONFIRMED))
		return WF_HANDSHAKE_FIT_NONE;
	peer->flags &= (uint8_t) ~(WF_HANDSHAKE_KNOWN | WF_HANDSHAKE_SEEN | WF_HANDSHAKE_WSCALE);
	return WF_HANDSHAKE_FIT_ALONE;
}

bool wf_handshake_is_before(const struct wf_handshake *handshake, const struct wf_packet *packet)
{
	const struct wf_handshake_side *self = &handshake->side[packet->src];
	const struct wf_handshake_side *peer = &handshake->side[!packet->src];

	return packet->seq - (self->isn_seq + 1) <= WF_TCP_MISSED_BYTES &&
	       packet->ack - (peer->isn_seq + 1) <= WF_TCP_MISSED_BYTES;
}

bool wf_handshake_is_reset_by(const struct wf_handshake *handshake, const struct wf_packet *packet)
{
	const struct wf_handshake_side *self = &handshake->side[packet->src];
	const struct wf_handshake_side *peer = &handshake->side[!packet->src];

	if (packet->tcp_flags & WF_TCP_ACK && peer->flags & WF_HANDSHAKE_KNOWN &&
	    !(peer->flags & WF_HANDSHAKE_UNCONFIRMED))
		return packet->ack - (peer->isn_seq + 1) <= peer->data_bytes;
	return self->flags & WF_HANDSHAKE_KNOWN && packet->seq - self->isn_seq <= 1;
}

void wf_handshake_note_loss(struct wf_handshake *handshake, const struct wf_packet *packet)
{
	struct wf_handshake_side *self = &handshake->side[packet->src];
	uint32_t syn = packet->tcp_flags & WF_TCP_SYN ? 1 : 0;
	uint32_t end_off = packet->seq + syn + packet->payload_bytes - (self->isn_seq + 1);

	if (packet->payload_bytes && self->flags & WF_HANDSHAKE_KNOWN && self->lost_off < end_off)
		self->lost_off = end_off;
}

void wf_handshake_syn(const struct wf_handshake *handshake, uint8_t side,
		      struct wf_tcp_syn *ret_syn)
{
	const struct wf_handshake_side *from = &handshake->side[side];

	*ret_syn = (struct wf_tcp_syn){
		.isn_seq = from->isn_seq,
		.acked_bytes = from->flags & WF_HANDSHAKE_ANSWERED ? from->acked_bytes : 0,
		.window = from->window,
		.wscale = from->wscale,
		.known = from->flags & WF_HANDSHAKE_KNOWN,
		.seen = from->flags & WF_HANDSHAKE_SEEN,
		.has_wscale = from->flags & WF_HANDSHAKE_WSCALE,
	};
}
