// SPDX-License-Identifier: BSD-2-Clause
/*
 * tcp_track.c - one segment against the state of its connection.
 *
 * The order is the receiver's (RFC 9293, 3.10.7.4; tcp_validate_incoming() and tcp_ack() of
 * Linux): timestamp, sequence, reset, SYN, acknowledgement, then data and FIN. A step
 * that refuses ends the judgement, and nothing later is believed.
 */
#include "tcp/tcp_track.h"

#include <stddef.h>

#include <weft/limits.h>

#include "base/assert.h"
#include "packet/packet.h"

/* Two refusals from both sides this near to each other confirm one another. */
#define AGREE_BYTES (1u << 20)

/* An acknowledgement older than this, and than a window, comes from nobody alive. */
#define OLD_ACK_BYTES (1u << 20)

/* A segment that a tap recorded late is at most so much older, by the fastest clock in use. */
#define LATE_TICKS (1 << 20)

/* What a segment looks like from its stream; valid if the base is known. */
struct placed {
	struct wf_tcp_dir *self; /* of the sender */
	struct wf_tcp_dir *peer;
	int64_t off;
	int64_t end_off;
	int64_t next_off;
	int64_t acked_off; /* INT64_MIN: not known */
	int64_t right_off; /* INT64_MAX: not known */
	int64_t window;	   /* of the peer; 0 if not known */
};

static void place(struct placed *at, struct wf_tcp_dir *self, struct wf_tcp_dir *peer,
		  const struct wf_packet *packet, uint64_t next_off)
{
	at->self = self;
	at->peer = peer;
	at->next_off = (int64_t)next_off;
	at->off = wf_seq_off(packet->seq, self->base_seq, next_off);
	at->end_off = at->off + packet->payload_bytes;
	at->acked_off = INT64_MIN;
	at->right_off = INT64_MAX;
	at->window = 0;
	if (wf_tcp_knows(self, WF_TCP_KNOWS_ACK))
		at->acked_off = wf_seq_off(self->ack_seq, self->base_seq, next_off);
	if (wf_tcp_knows(self, WF_TCP_KNOWS_RIGHT)) {
		at->right_off = wf_seq_off(self->right_seq, self->base_seq, next_off);
		at->window = self->right_seq - self->ack_seq;
	}
}

/* Did the peer acknowledge bytes of this segment that we still lack? Then it had accepted them. */
static bool fills_acked(const struct placed *at)
{
	int64_t start = at->off > at->next_off ? at->off : at->next_off;
	int64_t end = at->end_off < at->acked_off ? at->end_off : at->acked_off;

	return start < end;
}

/*
 * PAWS (RFC 7323, 5). A tap reorders: a segment that it recorded late may be older
 * than what the receiver saw after it, by as much as we wait for such segments. Clocks
 * tick between 10 Hz and 1 MHz, so of those that fill what was acknowledged
 * much older ones are taken; but what is older than any late segment, never.
 */
static bool paws_refuses(const struct placed *at, const struct wf_packet *packet)
{
	int32_t age_ticks = (int32_t)(at->self->ts_recent - packet->ts_val);

	if (!(packet->options & WF_TCP_OPT_TIMESTAMP) || !wf_tcp_knows(at->self, WF_TCP_KNOWS_TS))
		return false;
	if (age_ticks <= (int32_t)WEFT_ACK_PATIENCE_MS)
		return false;
	return age_ticks > LATE_TICKS || !fills_acked(at);
}

/*
 * Only what begins at or before the peer's acknowledgement may move ts_recent, once
 * there is one: so segments that a network reordered don't shut each other out.
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

/* Both sides agree on numbers that we had refused: it is us who missed something. */
static bool other_side_agrees(struct wf_tcp_dir *dir, uint32_t seq, uint32_t mine, uint32_t other)
{
	if (wf_tcp_knows(dir, other) && wf_seq_near(seq, dir->refused_seq, AGREE_BYTES)) {
		dir->flags &= (uint16_t) ~(WF_TCP_REFUSED_DATA | WF_TCP_REFUSED_ACK);
		dir->flags |= WF_TCP_STALE;
		return true;
	}
	dir->refused_seq = seq;
	dir->flags &= (uint16_t)~other;
	dir->flags |= (uint16_t)mine;
	return false;
}

/* Is the segment so far beyond the window that the receiver can't have opened it that far? */
static bool sequence_refuses(const struct placed *at, const struct wf_packet *packet)
{
	int64_t seen_off;

	if (at->right_off == INT64_MAX || wf_tcp_knows(at->self, WF_TCP_STALE))
		return false;
	seen_off = wf_seq_off(at->self->end_seq, at->self->base_seq, (uint64_t)at->next_off);
	if (seen_off < at->right_off)
		seen_off = at->right_off;
	if (at->off <= seen_off + at->window + WF_TCP_SLACK_BYTES)
		return false;
	return !other_side_agrees(at->self, packet->seq + packet->payload_bytes,
				  WF_TCP_REFUSED_DATA, WF_TCP_REFUSED_ACK);
}

/*
 * Can the peer not have sent what this acknowledges (then Linux drops the whole
 * segment), or is the number older than any segment still in flight?
 */
static bool ack_refuses(const struct placed *at, const struct wf_packet *packet,
			uint64_t peer_next_off)
{
	struct wf_tcp_dir *peer = at->peer;
	int64_t ack_off;
	int64_t limit_off;
	int64_t window = 0;

	if (!wf_tcp_knows(peer, WF_TCP_KNOWS_BASE))
		return false;
	ack_off = wf_seq_off(packet->ack, peer->base_seq, peer_next_off);
	if (wf_tcp_knows(peer, WF_TCP_KNOWS_RIGHT))
		window = peer->right_seq - peer->ack_seq;
	if (wf_tcp_knows(peer, WF_TCP_KNOWS_ACK)) {
		int64_t acked_off = wf_seq_off(peer->ack_seq, peer->base_seq, peer_next_off);

		if (ack_off < acked_off - window - OLD_ACK_BYTES)
			return !wf_tcp_knows(peer, WF_TCP_STALE);
	}
	if (wf_tcp_knows(peer, WF_TCP_KEPT_AWAY))
		return false;
	limit_off = wf_seq_off(peer->end_seq, peer->base_seq, peer_next_off);
	if (!wf_tcp_knows(peer, WF_TCP_KNOWS_RIGHT) || wf_tcp_knows(peer, WF_TCP_STALE))
		limit_off += WF_TCP_MISSED_BYTES;
	else if (limit_off < wf_seq_off(peer->right_seq, peer->base_seq, peer_next_off))
		limit_off = wf_seq_off(peer->right_seq, peer->base_seq, peer_next_off);
	if (ack_off <= limit_off + 1 + window + WF_TCP_SLACK_BYTES)
		return false;
	return !other_side_agrees(peer, packet->ack, WF_TCP_REFUSED_ACK, WF_TCP_REFUSED_DATA);
}

/* The acknowledgement and the window that came with it. Returns true if more is acknowledged. */
static bool take_ack(struct wf_tcp_dir *self, struct wf_tcp_dir *peer,
		     const struct wf_packet *packet)
{
	uint32_t scaled = (uint32_t)packet->window << self->wscale;
	uint32_t right_seq = packet->ack + scaled;
	bool grew = !wf_tcp_knows(peer, WF_TCP_KNOWS_ACK) || wf_seq_gt(packet->ack, peer->ack_seq);

	/* An acknowledgement from half the number space ago must not seem ahead. */
	if (!wf_tcp_knows(peer, WF_TCP_KNOWS_RIGHT) ||
	    (wf_seq_gt(right_seq, peer->right_seq) &&
	     (grew || wf_seq_ge(right_seq, peer->ack_seq))) ||
	    (grew && wf_tcp_knows(peer, WF_TCP_STALE)))
		peer->right_seq = right_seq;
	if (grew) {
		peer->ack_seq = packet->ack;
		peer->flags &= (uint16_t)~WF_TCP_STALE;
		peer->right_seq = wf_seq_max(peer->right_seq, packet->ack);
	}
	peer->flags |= WF_TCP_KNOWS_ACK | WF_TCP_KNOWS_RIGHT;

	if (wf_tcp_knows(peer, WF_TCP_HELD_FIN) && packet->ack == peer->fin_seq + 1)
		peer->flags |= WF_TCP_KNOWS_FIN;
	if (!wf_tcp_knows(peer, WF_TCP_KNOWS_FIN))
		return grew;
	if (packet->ack == peer->fin_seq + 1)
		peer->flags |= WF_TCP_FIN_ACKED;
	else if (wf_seq_gt(packet->ack, peer->fin_seq + 1))
		/* More was sent behind that FIN and taken: the receiver never saw it. */
		peer->flags &= (uint16_t) ~(WF_TCP_KNOWS_FIN | WF_TCP_FIN_ACKED);
	return grew;
}

/*
 * Only the receiver's next number resets (RFC 5961, 3.2). It is what we have
 * seen in order, or the last acknowledgement, whichever of our views is behind;
 * with a hole that only we may have, also the end of what was seen.
 */
static bool reset_is_exact(const struct placed *at, const struct wf_packet *packet)
{
	const struct wf_tcp_dir *self = at->self;
	uint32_t next_seq = self->base_seq + (uint32_t)at->next_off;

	if (wf_tcp_knows(self, WF_TCP_KNOWS_ACK) && packet->seq == self->ack_seq)
		return true;
	if (!wf_tcp_knows(self, WF_TCP_KNOWS_BASE)) {
		if (wf_tcp_knows(self, WF_TCP_KNOWS_END))
			return packet->seq == self->end_seq;
		return !wf_tcp_knows(self, WF_TCP_KNOWS_ACK);
	}
	if (packet->seq == next_seq || packet->seq == self->end_seq)
		return true;
	return wf_tcp_knows(self, WF_TCP_KNOWS_FIN) && packet->seq == self->fin_seq + 1;
}

bool wf_tcp_syn_is_ours(const struct wf_tcp_dir *self, const struct wf_packet *packet)
{
	uint32_t first_seq = packet->seq + 1;

	if (!wf_tcp_knows(self, WF_TCP_KNOWS_BASE))
		return wf_tcp_knows(self, WF_TCP_KNOWS_ACK) &&
		       self->ack_seq - first_seq <= WEFT_START_PATIENCE_BYTES;
	if (first_seq == self->base_seq)
		return true;
	/* A tap may show data before the SYN that opened the way for it. */
	return wf_tcp_knows(self, WF_TCP_GUESSED) &&
	       self->base_seq - first_seq <= WEFT_START_PATIENCE_BYTES;
}

/* Stream offset 0 is at @base_seq, which is before what was taken for it. */
static void move_base(struct wf_tcp_dir *self, uint32_t base_seq, struct wf_tcp_result *result)
{
	result->moved_bytes = self->base_seq - base_seq;
	self->base_seq = base_seq;
}

/* The stream begins before what was delivered as its first byte. */
static void note_late_start(struct wf_tcp_dir *self, struct wf_tcp_result *result)
{
	if (wf_tcp_knows(self, WF_TCP_TOLD_START))
		return;
	self->flags |= WF_TCP_TOLD_START;
	result->anomalies |= 1u << WEFT_ANOMALY_DATA_BEFORE_START;
}

/*
 * The SYN of a side that was seen to send, or to have its data acknowledged, before. Of
 * payload on it the receiver took what lies before the data that is known of.
 */
static enum wf_tcp_verdict take_late_syn(struct wf_tcp_dir *self, struct wf_tcp_dir *peer,
					 const struct wf_packet *packet,
					 struct wf_tcp_result *result)
{
	uint32_t first_seq = packet->seq + 1;
	uint32_t before;

	if (wf_tcp_knows(self, WF_TCP_KNOWS_BASE) && !wf_tcp_knows(self, WF_TCP_GUESSED))
		return WF_TCP_IGNORE;
	if (!wf_tcp_knows(self, WF_TCP_KNOWS_BASE)) {
		before = self->ack_seq - first_seq;
		self->base_seq = first_seq;
		self->end_seq = first_seq;
		self->flags |= WF_TCP_KNOWS_BASE | WF_TCP_KNOWS_END;
	} else {
		before = self->base_seq - first_seq;
		if (before && !wf_tcp_knows(self, WF_TCP_STARTING)) {
			note_late_start(self, result);
			return WF_TCP_IGNORE;
		}
		move_base(self, first_seq, result);
	}
	if (!(packet->options & WF_TCP_OPT_WSCALE))
		self->wscale = peer->wscale = 0;
	else if (packet->wscale < WF_TCP_SCALE_MAX)
		self->wscale = packet->wscale;
	self->flags &= (uint16_t) ~(WF_TCP_GUESSED | WF_TCP_STARTING);
	if (result->len_bytes > before)
		result->len_bytes = before;
	return WF_TCP_SYN_LATE;
}

/*
 * A probe repeats the number before the next one, with no byte or one of garbage (RFC 9293,
 * 3.8.4). Before the first data only the peer's acknowledgement and empty
 * segments tell which number that is.
 */
static bool is_keepalive(const struct wf_tcp_dir *self, const struct wf_packet *packet)
{
	if (packet->payload_bytes > 1 || packet->tcp_flags & WF_TCP_FIN)
		return false;
	if (wf_tcp_knows(self, WF_TCP_KNOWS_END) && packet->seq + 1 == self->end_seq)
		return true;
	return !wf_tcp_knows(self, WF_TCP_KNOWS_BASE) && wf_tcp_knows(self, WF_TCP_KNOWS_ACK) &&
	       packet->seq + 1 == self->ack_seq;
}

/* After its FIN a side probes with the FIN's own number. */
static bool is_keepalive_after_fin(const struct wf_tcp_dir *self, const struct wf_packet *packet)
{
	return packet->payload_bytes <= 1 && !(packet->tcp_flags & WF_TCP_FIN) &&
	       wf_tcp_knows(self, WF_TCP_KNOWS_FIN) && packet->seq == self->fin_seq;
}

/* Data behind the FIN is refused, what crosses it is cut. Returns false if nothing is left. */
static bool cut_at_fin(const struct placed *at, struct wf_tcp_result *result)
{
	int64_t fin_off;

	if (!wf_tcp_knows(at->self, WF_TCP_KNOWS_FIN) || !result->len_bytes)
		return true;
	fin_off = wf_seq_off(at->self->fin_seq, at->self->base_seq, (uint64_t)at->next_off);
	if (at->end_off <= fin_off)
		return true;
	result->anomalies |= 1u << WEFT_ANOMALY_DATA_AFTER_FIN;
	if (at->off >= fin_off)
		return false;
	result->cut_bytes = (uint32_t)(at->end_off - fin_off);
	result->len_bytes -= result->cut_bytes;
	return true;
}

/* A FIN beyond the window counts once it is acknowledged. */
static void hold_fin(struct wf_tcp_dir *self, const struct wf_packet *packet,
		     const struct wf_tcp_result *result)
{
	if (!(packet->tcp_flags & WF_TCP_FIN) || wf_tcp_knows(self, WF_TCP_KNOWS_FIN) ||
	    result->cut_bytes)
		return;
	self->fin_seq = packet->seq + packet->payload_bytes;
	self->flags |= WF_TCP_HELD_FIN;
}

/* Data before the first that was seen: the stream begins here, or should have. */
static void take_start(struct wf_tcp_dir *self, const struct wf_packet *packet,
		       struct wf_tcp_result *result)
{
	if (!wf_tcp_knows(self, WF_TCP_GUESSED))
		return;
	if (wf_tcp_knows(self, WF_TCP_STARTING) &&
	    self->base_seq - packet->seq <= WEFT_START_PATIENCE_BYTES) {
		move_base(self, packet->seq, result);
		result->off = 0;
	} else {
		note_late_start(self, result);
	}
}

/* Does it begin where the window ends, or a FIN without data beyond that? */
static bool is_beyond_window(const struct placed *at, const struct wf_packet *packet,
			     const struct wf_tcp_result *result)
{
	if (at->off < at->right_off || wf_tcp_knows(at->self, WF_TCP_STALE))
		return false;
	return result->len_bytes || (packet->tcp_flags & WF_TCP_FIN && at->off > at->right_off);
}

/* Data and FIN of an acceptable segment. */
static void take_data(const struct placed *at, const struct wf_packet *packet,
		      struct wf_tcp_result *result)
{
	struct wf_tcp_dir *self = at->self;
	uint32_t end_seq = packet->seq + result->len_bytes;

	if (wf_unlikely(at->off < 0 && result->len_bytes))
		take_start(self, packet, result);
	result->jumped = result->len_bytes && wf_seq_gt(packet->seq, self->end_seq);
	if (wf_unlikely(is_beyond_window(at, packet, result))) {
		if (at->off > at->next_off) {
			/* Held for the case that a window was missed; it may prove garbage. */
			if (result->len_bytes)
				result->anomalies |= 1u << WEFT_ANOMALY_DATA_OUT_OF_WINDOW;
			hold_fin(self, packet, result);
			return;
		}
		if (at->off > at->right_off)
			self->flags |= WF_TCP_STALE;
	}
	if (wf_seq_gt(end_seq, self->end_seq))
		self->end_seq = end_seq;

	if (packet->tcp_flags & WF_TCP_FIN && !wf_tcp_knows(self, WF_TCP_KNOWS_FIN) &&
	    !result->cut_bytes) {
		self->fin_seq = packet->seq + packet->payload_bytes;
		self->flags |= WF_TCP_KNOWS_FIN;
		if (wf_tcp_knows(self, WF_TCP_KNOWS_ACK) && self->ack_seq == self->fin_seq + 1)
			self->flags |= WF_TCP_FIN_ACKED; /* the tap saw the acknowledgement first */
		result->fin = true;
	}
	if (packet->tcp_flags & WF_TCP_URG && packet->urgent && result->len_bytes &&
	    !wf_tcp_knows(self, WF_TCP_TOLD_URGENT)) {
		self->flags |= WF_TCP_TOLD_URGENT;
		result->anomalies |= 1u << WEFT_ANOMALY_URGENT;
	}
}

/* Before the first data of a direction nothing can be placed; its first segment says where 0 is. */
static bool begin_stream(struct wf_tcp_dir *self, const struct wf_packet *packet)
{
	if (wf_tcp_knows(self, WF_TCP_KNOWS_BASE))
		return true;
	if (is_keepalive(self, packet))
		return false;
	if (!packet->payload_bytes && !(packet->tcp_flags & WF_TCP_FIN)) {
		self->end_seq = packet->seq;
		self->flags |= WF_TCP_KNOWS_END;
		return false;
	}
	self->base_seq = packet->seq;
	self->end_seq = packet->seq;
	self->flags |= WF_TCP_KNOWS_BASE | WF_TCP_KNOWS_END | WF_TCP_GUESSED;
	if (packet->payload_bytes)
		self->flags |= WF_TCP_STARTING;
	return true;
}

/* Everything but RST and SYN. */
static enum wf_tcp_verdict track_segment(struct placed *at, const struct wf_packet *packet,
					 uint64_t peer_next_off, bool has_base,
					 struct wf_tcp_result *result)
{
	if (has_base) {
		if (paws_refuses(at, packet)) {
			if (packet->payload_bytes)
				result->anomalies |= 1u << WEFT_ANOMALY_PAWS;
			return WF_TCP_IGNORE;
		}
		if (sequence_refuses(at, packet)) {
			if (packet->payload_bytes)
				result->anomalies |= 1u << WEFT_ANOMALY_DATA_OUT_OF_WINDOW;
			return WF_TCP_IGNORE;
		}
	}
	if (packet->tcp_flags & WF_TCP_ACK) {
		if (ack_refuses(at, packet, peer_next_off)) {
			result->anomalies |= 1u << WEFT_ANOMALY_ACK_OF_UNSENT;
			return WF_TCP_IGNORE;
		}
		if (has_base)
			update_ts_recent(at->self, packet, at->off > at->acked_off);
		result->acked = take_ack(at->self, at->peer, packet);
	}
	if (!has_base)
		return WF_TCP_KEEPALIVE;
	if (is_keepalive_after_fin(at->self, packet) ||
	    (is_keepalive(at->self, packet) && at->end_off <= at->next_off))
		return WF_TCP_KEEPALIVE;
	if (!cut_at_fin(at, result))
		return WF_TCP_IGNORE;
	take_data(at, packet, result);
	return WF_TCP_ACCEPT;
}

/*
 * Is it what most segments are: the next data or none, in the window, with an acknowledgement
 * that moves on or not, and nothing else? Then track_segment() would find nothing to refuse or to
 * tell, and need not ask (header prediction, Van Jacobson).
 */
static bool is_expected(const struct wf_tcp_dir *self, const struct wf_tcp_dir *peer,
			const struct wf_packet *packet)
{
	const uint32_t known =
		WF_TCP_KNOWS_BASE | WF_TCP_KNOWS_END | WF_TCP_KNOWS_ACK | WF_TCP_KNOWS_RIGHT;
	const uint32_t flags = WF_TCP_ACK | WF_TCP_FIN | WF_TCP_SYN | WF_TCP_RST | WF_TCP_URG;

	if ((self->flags & (known | WF_TCP_KNOWS_FIN)) != known ||
	    (packet->tcp_flags & flags) != WF_TCP_ACK || packet->seq != self->end_seq)
		return false;
	if (packet->options & WF_TCP_OPT_TIMESTAMP && wf_seq_lt(packet->ts_val, self->ts_recent))
		return false;
	return wf_seq_lt(packet->seq, self->right_seq) && wf_seq_ge(packet->ack, peer->ack_seq) &&
	       wf_seq_le(packet->ack, peer->end_seq);
}

static void take_expected(struct wf_tcp_dir *self, struct wf_tcp_dir *peer,
			  const struct wf_packet *packet, uint64_t next_off,
			  struct wf_tcp_result *result)
{
	result->off = wf_seq_off(packet->seq, self->base_seq, next_off);
	update_ts_recent(self, packet, wf_seq_gt(packet->seq, self->ack_seq));
	result->acked = take_ack(self, peer, packet);
	self->end_seq = packet->seq + packet->payload_bytes;
}

/* Was an acknowledgement seen from either side? Made-up captures may have none at all. */
static bool has_acked(const struct wf_tcp *tcp)
{
	return wf_tcp_knows(&tcp->dir[0], WF_TCP_KNOWS_ACK) ||
	       wf_tcp_knows(&tcp->dir[1], WF_TCP_KNOWS_ACK);
}

void wf_tcp_track(struct wf_tcp *tcp, unsigned int dir, const struct wf_packet *packet,
		  const uint64_t next_off[2], struct wf_tcp_result *ret_result)
{
	struct wf_tcp_dir *self = &tcp->dir[dir];
	struct wf_tcp_dir *peer = &tcp->dir[!dir];
	struct placed at;

	*ret_result = (struct wf_tcp_result){.verdict = WF_TCP_ACCEPT,
					     .len_bytes = packet->payload_bytes};
	if (wf_likely(is_expected(self, peer, packet))) {
		take_expected(self, peer, packet, next_off[dir], ret_result);
	} else if (packet->tcp_flags & WF_TCP_RST) {
		place(&at, self, peer, packet, next_off[dir]);
		ret_result->off = at.off;
		if (!(packet->tcp_flags & WF_TCP_SYN) && reset_is_exact(&at, packet)) {
			ret_result->verdict = WF_TCP_RESET;
			return;
		}
		ret_result->anomalies = 1u << WEFT_ANOMALY_RST_OUT_OF_WINDOW;
		ret_result->verdict = WF_TCP_IGNORE;
	} else if (packet->tcp_flags & WF_TCP_SYN) {
		ret_result->verdict = WF_TCP_SYN_OTHER;
		if (wf_tcp_syn_is_ours(self, packet))
			ret_result->verdict = take_late_syn(self, peer, packet, ret_result);
	} else if (!(packet->tcp_flags & WF_TCP_ACK) && has_acked(tcp)) {
		ret_result->verdict = WF_TCP_IGNORE;
	} else {
		bool has_base = begin_stream(self, packet);

		place(&at, self, peer, packet, next_off[dir]);
		ret_result->off = at.off;
		ret_result->verdict =
			track_segment(&at, packet, next_off[!dir], has_base, ret_result);
	}
	wf_assert_valid(wf_tcp_is_valid(tcp));
}
