// SPDX-License-Identifier: BSD-2-Clause
/*
 * tcp_track.c - checks one segment against the state of its connection, and updates the state.
 *
 * The checks of a segment have the order of the receiver (RFC 9293, 3.10.7.4;
 * tcp_validate_incoming() and tcp_ack() of Linux): timestamp, sequence, acknowledgement, then data
 * and FIN. The first check that rejects the segment ends the processing; all later fields are
 * ignored. A reset or a SYN is processed before these checks, and only its sequence number is
 * checked.
 */
#include "tcp/tcp_track.h"

#include <stddef.h>

#include "base/assert.h"
#include "packet/packet.h"
#include "tcp/tcp_check.h"
#include "tcp/tcp_start.h"

/*
 * Set ts_recent from the first timestamp. Later, only a newer timestamp in a segment that begins at
 * or before the peer's last acknowledgement updates it, so that PAWS does not reject segments that
 * the network reordered.
 */
static void update_ts_recent(struct wf_tcp_dir *self, const struct wf_packet *packet,
			     bool is_beyond_ack)
{
	if (!(packet->options & WF_TCP_OPT_TIMESTAMP))
		return;
	if (wf_tcp_knows(self, WF_TCP_KNOWS_TS) &&
	    (is_beyond_ack || (int32_t)(packet->ts_val - self->ts_recent) < 0))
		return;
	self->ts_recent = packet->ts_val;
	self->flags |= WF_TCP_KNOWS_TS;
}

/*
 * Process the acknowledgement and its window. Return: true if it acknowledges more than all earlier
 * ones.
 */
static inline __attribute__((always_inline)) bool take_ack(struct wf_tcp_dir *self,
							   struct wf_tcp_dir *peer,
							   const struct wf_packet *packet)
{
	uint32_t scaled = (uint32_t)packet->window << self->wscale;
	uint32_t wnd_end = packet->ack + scaled;
	bool grew = !wf_tcp_knows(peer, WF_TCP_KNOWS_UNA) || wf_seq_gt(packet->ack, peer->snd_una);

	/*
	 * A window end that is more than 2^31 bytes old compares as newer than rcv_wnd_end. The
	 * comparison with snd_una detects such an end.
	 */
	if (!wf_tcp_knows(peer, WF_TCP_KNOWS_WND) ||
	    (wf_seq_gt(wnd_end, peer->rcv_wnd_end) &&
	     (grew || wf_seq_ge(wnd_end, peer->snd_una))) ||
	    (grew && wf_tcp_knows(peer, WF_TCP_STALE)))
		peer->rcv_wnd_end = wnd_end;
	if (grew) {
		peer->snd_una = packet->ack;
		peer->flags &= (uint16_t)~WF_TCP_STALE;
		peer->rcv_wnd_end = wf_seq_max(peer->rcv_wnd_end, packet->ack);
	}
	peer->flags |= WF_TCP_KNOWS_UNA | WF_TCP_KNOWS_WND;

	if (wf_tcp_knows(peer, WF_TCP_HELD_FIN) && packet->ack == peer->fin_seq + 1)
		peer->flags |= WF_TCP_KNOWS_FIN;
	if (!wf_tcp_knows(peer, WF_TCP_KNOWS_FIN))
		return grew;
	if (packet->ack == peer->fin_seq + 1)
		peer->flags |= WF_TCP_FIN_ACKED;
	else if (wf_seq_gt(packet->ack, peer->fin_seq + 1))
		/* The receiver accepted data after that FIN, so it never received the FIN. */
		peer->flags &= (uint16_t) ~(WF_TCP_KNOWS_FIN | WF_TCP_FIN_ACKED);
	return grew;
}

/*
 * Return true if the segment is a keep-alive after the FIN, which repeats the sequence number of
 * the FIN.
 */
static bool is_keepalive_after_fin(const struct wf_tcp_dir *self, const struct wf_packet *packet)
{
	return packet->payload_bytes <= 1 && !(packet->tcp_flags & WF_TCP_FIN) &&
	       wf_tcp_knows(self, WF_TCP_KNOWS_FIN) && packet->seq == self->fin_seq;
}

/* Reject the part of the data that lies beyond the FIN. */
static void cut_at_fin(const struct wf_tcp_place *at, struct wf_tcp_result *result)
{
	int64_t fin_off;

	if (!wf_tcp_knows(at->self, WF_TCP_KNOWS_FIN) || !result->len_bytes)
		return;
	fin_off = wf_tcp_off(at->self, at->self->fin_seq, (uint64_t)at->next_off);
	if (at->end_off <= fin_off)
		return;
	result->anomalies |= 1u << WEFT_ANOMALY_DATA_AFTER_FIN;
	result->cut_bytes =
		at->off < fin_off ? (uint32_t)(at->end_off - fin_off) : result->len_bytes;
	result->len_bytes -= result->cut_bytes;
}

/* Record a FIN beyond the window. It becomes valid when it is acknowledged. */
static void hold_fin(struct wf_tcp_dir *self, const struct wf_packet *packet,
		     const struct wf_tcp_result *result)
{
	if (!(packet->tcp_flags & WF_TCP_FIN) || wf_tcp_knows(self, WF_TCP_KNOWS_FIN) ||
	    result->cut_bytes)
		return;
	self->fin_seq = packet->seq + packet->payload_bytes;
	self->flags |= WF_TCP_HELD_FIN;
}

/*
 * Return true if data begins at or after the end of the window, or if a FIN without data lies after
 * that end.
 */
static bool is_beyond_window(const struct wf_tcp_place *at, const struct wf_packet *packet,
			     const struct wf_tcp_result *result)
{
	if (at->off < at->wnd_end_off || wf_tcp_knows(at->self, WF_TCP_STALE))
		return false;
	return result->len_bytes || (packet->tcp_flags & WF_TCP_FIN && at->off > at->wnd_end_off);
}

/* Process the first acceptable FIN of a direction. */
static void take_fin(struct wf_tcp_dir *self, const struct wf_packet *packet,
		     struct wf_tcp_result *result)
{
	self->fin_seq = packet->seq + packet->payload_bytes;
	self->flags |= WF_TCP_KNOWS_FIN;
	if (wf_tcp_knows(self, WF_TCP_KNOWS_UNA) && self->snd_una == self->fin_seq + 1)
		/* the tap recorded the acknowledgement before the FIN */
		self->flags |= WF_TCP_FIN_ACKED;
	result->fin = true;
}

/* Process data and FIN of an acceptable segment. */
static void take_data(const struct wf_tcp_place *at, const struct wf_packet *packet,
		      struct wf_tcp_result *result)
{
	struct wf_tcp_dir *self = at->self;
	uint32_t seg_end = packet->seq + result->len_bytes;

	if (wf_unlikely(at->off < 0 && result->len_bytes))
		wf_tcp_start_earlier(self, packet, result);
	result->jumped = result->len_bytes && wf_seq_gt(packet->seq, self->snd_nxt);
	if (wf_unlikely(is_beyond_window(at, packet, result))) {
		if (at->off > at->next_off) {
			/*
			 * The data is held, because a window update may have been missed, but the
			 * receiver may also have rejected the data.
			 */
			if (result->len_bytes)
				result->anomalies |= 1u << WEFT_ANOMALY_DATA_OUT_OF_WINDOW;
			hold_fin(self, packet, result);
			return;
		}
		if (at->off > at->wnd_end_off)
			self->flags |= WF_TCP_STALE;
	}
	if (wf_seq_gt(seg_end, self->snd_nxt))
		self->snd_nxt = seg_end;

	if (packet->tcp_flags & WF_TCP_FIN && !wf_tcp_knows(self, WF_TCP_KNOWS_FIN) &&
	    !result->cut_bytes)
		take_fin(self, packet, result);
	if (packet->tcp_flags & WF_TCP_URG && packet->urgent && result->len_bytes &&
	    !wf_tcp_knows(self, WF_TCP_REPORTED_URGENT)) {
		self->flags |= WF_TCP_REPORTED_URGENT;
		result->anomalies |= 1u << WEFT_ANOMALY_URGENT;
	}
}

/* Track a segment that is neither RST nor SYN. */
static enum wf_tcp_verdict track_segment(struct wf_tcp_place *at, const struct wf_packet *packet,
					 uint64_t peer_next_off, bool knows_irs,
					 struct wf_tcp_result *result)
{
	if (knows_irs) {
		if (wf_tcp_check_fails_paws(at, packet)) {
			if (packet->payload_bytes)
				result->anomalies |= 1u << WEFT_ANOMALY_PAWS;
			return WF_TCP_IGNORE;
		}
		if (wf_tcp_check_fails_sequence(at, packet)) {
			if (packet->payload_bytes)
				result->anomalies |= 1u << WEFT_ANOMALY_DATA_OUT_OF_WINDOW;
			return WF_TCP_IGNORE;
		}
	}
	if (packet->tcp_flags & WF_TCP_ACK) {
		if (wf_tcp_check_fails_ack(at, packet, peer_next_off)) {
			result->anomalies |= 1u << WEFT_ANOMALY_ACK_OF_UNSENT;
			return WF_TCP_IGNORE;
		}
		if (knows_irs)
			update_ts_recent(at->self, packet, at->off > at->acked_off);
		result->acked = take_ack(at->self, at->peer, packet);
	}
	if (!knows_irs)
		return WF_TCP_KEEPALIVE;
	if (is_keepalive_after_fin(at->self, packet) ||
	    (wf_tcp_check_is_keepalive(at->self, packet) && at->end_off <= at->next_off))
		return WF_TCP_KEEPALIVE;
	cut_at_fin(at, result);
	/* If all data lies beyond the FIN, only the acknowledgement is processed. */
	if (result->len_bytes || !result->cut_bytes)
		take_data(at, packet, result);
	return WF_TCP_ACCEPT;
}

/*
 * Return true if a segment of a sender whose FIN is known is empty and follows the FIN, as its
 * acknowledgements of the peer's later data do.
 */
static bool is_after_fin(const struct wf_tcp_dir *self, const struct wf_packet *packet)
{
	return packet->seq == self->fin_seq + 1 && wf_seq_ge(packet->seq, self->snd_nxt) &&
	       !packet->payload_bytes && !(packet->tcp_flags & WF_TCP_FIN);
}

/*
 * Header prediction (Van Jacobson): return true if the segment is the next data, the FIN, or empty,
 * inside the window, has the same acknowledgement or a higher one, and has nothing else to process.
 * For such a segment track_segment() would neither reject nor report anything, so it is not called.
 */
static bool is_expected(const struct wf_tcp_dir *self, const struct wf_tcp_dir *peer,
			const struct wf_packet *packet)
{
	const uint32_t known =
		WF_TCP_KNOWS_IRS | WF_TCP_KNOWS_NXT | WF_TCP_KNOWS_UNA | WF_TCP_KNOWS_WND;
	const uint32_t flags = WF_TCP_ACK | WF_TCP_SYN | WF_TCP_RST | WF_TCP_URG;

	if ((self->flags & known) != known || (packet->tcp_flags & flags) != WF_TCP_ACK)
		return false;
	if (wf_unlikely(wf_tcp_knows(self, WF_TCP_KNOWS_FIN)) ? !is_after_fin(self, packet)
							      : packet->seq != self->snd_nxt)
		return false;
	if (packet->options & WF_TCP_OPT_TIMESTAMP && wf_tcp_knows(self, WF_TCP_KNOWS_TS) &&
	    wf_seq_lt(packet->ts_val, self->ts_recent))
		return false;
	/* A FIN is acknowledged as one byte after the data. */
	return wf_seq_lt(packet->seq, self->rcv_wnd_end) && wf_seq_ge(packet->ack, peer->snd_una) &&
	       wf_seq_le(packet->ack, peer->snd_nxt + 1);
}

static void take_expected(struct wf_tcp_dir *self, struct wf_tcp_dir *peer,
			  const struct wf_packet *packet, uint64_t next_off,
			  struct wf_tcp_result *result)
{
	result->off = wf_tcp_off(self, packet->seq, next_off);
	update_ts_recent(self, packet, wf_seq_gt(packet->seq, self->snd_una));
	result->acked = take_ack(self, peer, packet);
	self->snd_nxt = packet->seq + packet->payload_bytes;
	if (wf_unlikely(packet->tcp_flags & WF_TCP_FIN))
		take_fin(self, packet, result);
}

/*
 * Return true if any acknowledgement was seen, from either side. Synthetic captures may contain
 * none.
 */
static bool has_acked(const struct wf_tcp *tcp)
{
	return wf_tcp_knows(&tcp->dir[0], WF_TCP_KNOWS_UNA) ||
	       wf_tcp_knows(&tcp->dir[1], WF_TCP_KNOWS_UNA);
}

static __attribute__((noinline)) void track_unexpected(struct wf_tcp *tcp, unsigned int dir,
						       const struct wf_packet *packet,
						       const uint64_t next_off[2],
						       struct wf_tcp_result *ret_result)
{
	struct wf_tcp_dir *self = &tcp->dir[dir];
	struct wf_tcp_dir *peer = &tcp->dir[!dir];
	struct wf_tcp_place at;

	if (packet->tcp_flags & WF_TCP_RST) {
		wf_tcp_place(&at, self, peer, packet, next_off[dir]);
		ret_result->off = at.off;
		if (!(packet->tcp_flags & WF_TCP_SYN) && wf_tcp_check_is_exact_reset(&at, packet)) {
			ret_result->verdict = WF_TCP_RESET;
			return;
		}
		ret_result->anomalies = 1u << WEFT_ANOMALY_RST_OUT_OF_WINDOW;
		ret_result->verdict = WF_TCP_IGNORE;
	} else if (packet->tcp_flags & WF_TCP_SYN) {
		ret_result->verdict = WF_TCP_SYN_OTHER;
		if (wf_tcp_start_is_syn_of(self, packet))
			ret_result->verdict = wf_tcp_start_at_syn(self, peer, packet, ret_result);
	} else if (!(packet->tcp_flags & WF_TCP_ACK) && has_acked(tcp)) {
		ret_result->verdict = WF_TCP_IGNORE;
	} else {
		bool knows_irs = wf_tcp_start_at_data(self, packet);

		wf_tcp_place(&at, self, peer, packet, next_off[dir]);
		ret_result->off = at.off;
		ret_result->verdict =
			track_segment(&at, packet, next_off[!dir], knows_irs, ret_result);
	}
}

void wf_tcp_track(struct wf_tcp *tcp, unsigned int dir, const struct wf_packet *packet,
		  const uint64_t next_off[2], struct wf_tcp_result *ret_result)
{
	struct wf_tcp_dir *self = &tcp->dir[dir];
	struct wf_tcp_dir *peer = &tcp->dir[!dir];

	*ret_result = (struct wf_tcp_result){.verdict = WF_TCP_ACCEPT,
					     .len_bytes = packet->payload_bytes};
	if (wf_likely(is_expected(self, peer, packet)))
		take_expected(self, peer, packet, next_off[dir], ret_result);
	else
		track_unexpected(tcp, dir, packet, next_off, ret_result);
	wf_assert_valid(wf_tcp_is_valid(tcp));
}
