// SPDX-License-Identifier: BSD-2-Clause
/*
 * tcp_check.c - the receiver's checks, one function for each.
 */
#include "tcp/tcp_check.h"

#include <weft/limits.h>

#include "packet/packet.h"

/*
 * A rejected sequence number of one side and a rejected acknowledgement of the other side confirm
 * each other if they are at most this far apart.
 */
#define AGREE_BYTES (1u << 20)

/*
 * An acknowledgement is rejected if it is lower than snd_una by more than this number of bytes plus
 * the known window: it would be too old to be still in flight.
 */
#define OLD_ACK_BYTES (1u << 20)

/*
 * PAWS rejects a segment whose timestamp is older than TS.Recent by more than this number of ticks,
 * even if its bytes are missing. It is about one second of the fastest timestamp clock that TCP
 * stacks use (1 MHz).
 */
#define LATE_TICKS (1 << 20)

void wf_tcp_place(struct wf_tcp_place *at, struct wf_tcp_dir *self, struct wf_tcp_dir *peer,
		  const struct wf_packet *packet, uint64_t next_off)
{
	at->self = self;
	at->peer = peer;
	at->next_off = (int64_t)next_off;
	at->off = wf_tcp_off(self, packet->seq, next_off);
	at->end_off = at->off + packet->payload_bytes;
	at->acked_off = INT64_MIN;
	at->wnd_end_off = INT64_MAX;
	at->wnd_bytes = 0;
	if (wf_tcp_knows(self, WF_TCP_KNOWS_UNA))
		at->acked_off = wf_tcp_off(self, self->snd_una, next_off);
	if (wf_tcp_knows(self, WF_TCP_KNOWS_WND)) {
		at->wnd_end_off = wf_tcp_off(self, self->rcv_wnd_end, next_off);
		at->wnd_bytes = self->rcv_wnd_end - self->snd_una;
	}
}

/*
 * Return true if the segment has bytes that the peer has acknowledged, and therefore accepted, but
 * that weft has not delivered yet.
 */
static bool fills_acked(const struct wf_tcp_place *at)
{
	int64_t start = at->off > at->next_off ? at->off : at->next_off;
	int64_t end = at->end_off < at->acked_off ? at->end_off : at->acked_off;

	return start < end;
}

bool wf_tcp_check_fails_paws(const struct wf_tcp_place *at, const struct wf_packet *packet)
{
	int32_t age_ticks = (int32_t)(at->self->ts_recent - packet->ts_val);

	if (!(packet->options & WF_TCP_OPT_TIMESTAMP) || !wf_tcp_knows(at->self, WF_TCP_KNOWS_TS))
		return false;
	if (age_ticks <= (int32_t)WEFT_ACK_PATIENCE_MS)
		return false;
	return age_ticks > LATE_TICKS || !fills_acked(at);
}

/*
 * Return true if @seq, which was rejected, and a rejected number of the other kind (data or
 * acknowledgement) are at most AGREE_BYTES apart. Then both are genuine, and segments are missing
 * in the capture: the state of @dir is marked as WF_TCP_STALE. Otherwise record @seq. @dir: the
 * sender of the data; @mine: the flag for @seq; @other: the flag for the other kind.
 */
static bool both_sides_agree(struct wf_tcp_dir *dir, uint32_t seq, uint32_t mine, uint32_t other)
{
	if (wf_tcp_knows(dir, other) && wf_seq_near(seq, dir->rejected_seq, AGREE_BYTES)) {
		dir->flags &= (uint16_t) ~(WF_TCP_REJECTED_DATA | WF_TCP_REJECTED_ACK);
		dir->flags |= WF_TCP_STALE;
		return true;
	}
	dir->rejected_seq = seq;
	dir->flags &= (uint16_t)~other;
	dir->flags |= (uint16_t)mine;
	return false;
}

bool wf_tcp_check_fails_sequence(const struct wf_tcp_place *at, const struct wf_packet *packet)
{
	int64_t seen_off;

	if (at->wnd_end_off == INT64_MAX || wf_tcp_knows(at->self, WF_TCP_STALE))
		return false;
	seen_off = wf_tcp_off(at->self, at->self->snd_nxt, (uint64_t)at->next_off);
	if (seen_off < at->wnd_end_off)
		seen_off = at->wnd_end_off;
	if (at->off <= seen_off + at->wnd_bytes + WF_TCP_SLACK_BYTES)
		return false;
	return !both_sides_agree(at->self, packet->seq + packet->payload_bytes,
				 WF_TCP_REJECTED_DATA, WF_TCP_REJECTED_ACK);
}

bool wf_tcp_check_fails_ack(const struct wf_tcp_place *at, const struct wf_packet *packet,
			    uint64_t peer_next_off)
{
	struct wf_tcp_dir *peer = at->peer;
	int64_t ack_off;
	int64_t limit_off;
	int64_t window = 0;

	if (!wf_tcp_knows(peer, WF_TCP_KNOWS_IRS))
		return false;
	ack_off = wf_tcp_off(peer, packet->ack, peer_next_off);
	if (wf_tcp_knows(peer, WF_TCP_KNOWS_WND))
		window = peer->rcv_wnd_end - peer->snd_una;
	if (wf_tcp_knows(peer, WF_TCP_KNOWS_UNA)) {
		int64_t acked_off = wf_tcp_off(peer, peer->snd_una, peer_next_off);

		if (ack_off < acked_off - window - OLD_ACK_BYTES)
			return !wf_tcp_knows(peer, WF_TCP_STALE);
	}
	if (wf_tcp_knows(peer, WF_TCP_BYPASSED))
		return false;
	limit_off = wf_tcp_off(peer, peer->snd_nxt, peer_next_off);
	if (!wf_tcp_knows(peer, WF_TCP_KNOWS_WND) || wf_tcp_knows(peer, WF_TCP_STALE))
		limit_off += WF_TCP_MISSED_BYTES;
	else if (limit_off < wf_tcp_off(peer, peer->rcv_wnd_end, peer_next_off))
		limit_off = wf_tcp_off(peer, peer->rcv_wnd_end, peer_next_off);
	if (ack_off <= limit_off + 1 + window + WF_TCP_SLACK_BYTES)
		return false;
	return !both_sides_agree(peer, packet->ack, WF_TCP_REJECTED_ACK, WF_TCP_REJECTED_DATA);
}

bool wf_tcp_check_is_exact_reset(const struct wf_tcp_place *at, const struct wf_packet *packet)
{
	const struct wf_tcp_dir *self = at->self;
	uint32_t rcv_nxt = self->irs + 1 + (uint32_t)at->next_off;

	if (wf_tcp_knows(self, WF_TCP_KNOWS_UNA) && packet->seq == self->snd_una)
		return true;
	if (!wf_tcp_knows(self, WF_TCP_KNOWS_IRS)) {
		if (wf_tcp_knows(self, WF_TCP_KNOWS_NXT))
			return packet->seq == self->snd_nxt;
		return !wf_tcp_knows(self, WF_TCP_KNOWS_UNA);
	}
	if (packet->seq == rcv_nxt || packet->seq == self->snd_nxt)
		return true;
	return wf_tcp_knows(self, WF_TCP_KNOWS_FIN) && packet->seq == self->fin_seq + 1;
}

bool wf_tcp_check_is_keepalive(const struct wf_tcp_dir *self, const struct wf_packet *packet)
{
	if (packet->payload_bytes > 1 || packet->tcp_flags & WF_TCP_FIN)
		return false;
	if (wf_tcp_knows(self, WF_TCP_KNOWS_NXT) && packet->seq + 1 == self->snd_nxt)
		return true;
	return !wf_tcp_knows(self, WF_TCP_KNOWS_IRS) && wf_tcp_knows(self, WF_TCP_KNOWS_UNA) &&
	       packet->seq + 1 == self->snd_una;
}
