// SPDX-License-Identifier: BSD-2-Clause
/*
 * unseen.c - a FIN or RST of a bypassed direction, and the first segment after a bypass.
 */
#include "conn/unseen.h"

#include "conn/bypass.h"
#include "conn/events.h"
#include "conn/limit.h"
#include "packet/packet.h"

/*
 * The stream goes on with @packet, at @off. @is_blind: no acknowledgement told about the bytes
 * before it, so that the peer's numbers may be half the number space old.
 */
static void go_on_at(const struct wf_half *half, const struct wf_packet *packet, uint64_t off,
		     bool is_blind)
{
	struct wf_tcp *tcp = &half->flow->tcp;
	struct wf_chunk gap;

	wf_stream_skip(half->stream, &half->conns->stream_env, off, &gap);
	wf_tcp_note_unseen(tcp, half->dir, packet->seq);
	if (is_blind)
		wf_tcp_forget_acks(tcp, half->dir);
}

/* A FIN or RST tells where the stream ends; its data can't. */
static void go_to_end(const struct wf_half *half, const struct wf_packet *packet)
{
	bool is_blind = wf_half_is_blind(half);
	uint64_t near_off = half->stream->next_off;
	int64_t off;

	if (!wf_half_knows(half, WF_TCP_KNOWS_IRS) || wf_half_knows(half, WF_TCP_KNOWS_FIN))
		return;
	if (is_blind)
		near_off = wf_bypass_guess_off(half);
	off = wf_tcp_off(half->tcp, packet->seq, near_off);
	/* While acknowledgements are seen, no number beyond the window is believed. */
	if (!is_blind && wf_half_knows(half, WF_TCP_KNOWS_WND) &&
	    wf_seq_gt(packet->seq, half->tcp->rcv_wnd_end))
		return;
	if (off > (int64_t)half->stream->next_off)
		go_on_at(half, packet, (uint64_t)off, is_blind);
}

/* The first segment after a bypass ended: the bytes before it are a gap. */
static void resume(const struct wf_half *half, const struct wf_packet *packet)
{
	uint64_t near_off = wf_half_ext(half)->bypass[half->dir].cut_off;
	uint64_t next_off = half->stream->next_off;
	int64_t off;

	wf_half_enter(half, WF_HALF_IN_ORDER);
	if (!wf_half_knows(half, WF_TCP_KNOWS_IRS))
		return;
	off = wf_tcp_off(half->tcp, packet->seq, near_off);
	if (off <= (int64_t)next_off)
		return;
	go_on_at(half, packet, (uint64_t)off, near_off > next_off);
	wf_events_gap(half, next_off, (uint64_t)off - next_off, WEFT_GAP_SHUNTED, packet->time_ns);
}

void wf_unseen_segment(const struct wf_half *half, const struct wf_packet *packet)
{
	if (wf_half_is(half, WF_HALF_RESUMED))
		resume(half, packet);
	else if (packet->tcp_flags & (WF_TCP_FIN | WF_TCP_RST))
		go_to_end(half, packet);
	else if (packet->payload_bytes && !(packet->tcp_flags & WF_TCP_SYN))
		wf_bypass_note_late(half, packet);
}
