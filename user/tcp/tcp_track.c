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
#include "tcp/tcp_expected.h"
#include "tcp/tcp_start.h"

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
		wf_tcp_update_fin(self, packet, result);
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
			wf_tcp_update_ts(at->self, packet, at->off > at->acked_off);
		result->acked = wf_tcp_update_ack(at->self, at->peer, packet);
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
 * Return true if any acknowledgement was seen, from either side. Synthetic captures may contain
 * none.
 */
static bool has_acked(const struct wf_tcp *tcp)
{
	return wf_tcp_knows(&tcp->dir[0], WF_TCP_KNOWS_UNA) ||
	       wf_tcp_knows(&tcp->dir[1], WF_TCP_KNOWS_UNA);
}

static void track_unexpected(struct wf_tcp *tcp, unsigned int dir, const struct wf_packet *packet,
			     const uint64_t next_off[2], struct wf_tcp_result *ret_result)
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

	if (wf_tcp_is_expected(self, peer, packet)) {
		wf_tcp_take_expected(self, peer, packet, next_off[dir], ret_result);
	} else {
		*ret_result = (struct wf_tcp_result){.verdict = WF_TCP_ACCEPT,
						     .len_bytes = packet->payload_bytes};
		track_unexpected(tcp, dir, packet, next_off, ret_result);
	}
	wf_assert_valid(wf_tcp_is_valid(tcp));
}
