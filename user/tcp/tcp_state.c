// SPDX-License-Identifier: BSD-2-Clause
/*
 * tcp_state.c - initialises the TCP state of a connection, and marks its numbers as out of date
 * when segments were missed.
 *
 * Windows in a SYN are not scaled, and other windows are scaled only if both sides offered scaling
 * (RFC 7323, 2.2). If the SYN of one side was missed, its window scale is unknown, and the largest
 * possible one is assumed.
 */
#include "tcp/tcp_state.h"

#include <string.h>

static void init_dir(struct wf_tcp_dir *self, const struct wf_tcp_syn *syn,
		     const struct wf_tcp_syn *peer)
{
	bool no_scaling = (syn->seen && !syn->has_wscale) || (peer->seen && !peer->has_wscale);

	self->wscale = WF_TCP_SCALE_MAX;
	if (no_scaling)
		self->wscale = 0;
	else if (syn->seen && syn->wscale < WF_TCP_SCALE_MAX)
		self->wscale = syn->wscale;
	if (!syn->known)
		return;
	self->irs = syn->isn_seq;
	self->snd_nxt = self->irs + 1;
	self->flags = WF_TCP_KNOWS_IRS | WF_TCP_KNOWS_NXT;
	/*
	 * The IRS is a guess, because it is derived from the peer's acknowledgement, which may
	 * include data.
	 */
	if (!syn->seen) {
		self->flags |= WF_TCP_GUESSED;
		self->state = WF_HALF_STARTING;
	}
}

void wf_tcp_init_handshake(struct wf_tcp *tcp, const struct wf_tcp_syn syn[2])
{
	memset(tcp, 0, sizeof(*tcp));
	for (int i = 0; i < 2; i++)
		init_dir(&tcp->dir[i], &syn[i], &syn[!i]);
	if (!syn[0].known || !syn[1].known)
		return;
	/*
	 * Each side is assumed to have acknowledged the other's SYN, with the part of its payload
	 * that was accepted. The window that a side announced is known if its SYN was seen.
	 */
	for (int i = 0; i < 2; i++) {
		if (!syn[!i].seen)
			continue;
		tcp->dir[i].snd_una = tcp->dir[i].irs + 1 + syn[i].acked_bytes;
		tcp->dir[i].rcv_wnd_end = tcp->dir[i].snd_una + syn[!i].window;
		tcp->dir[i].flags |= WF_TCP_KNOWS_UNA | WF_TCP_KNOWS_WND;
	}
}

void wf_tcp_init_midstream(struct wf_tcp *tcp)
{
	memset(tcp, 0, sizeof(*tcp));
	tcp->dir[0].wscale = WF_TCP_SCALE_MAX;
	tcp->dir[1].wscale = WF_TCP_SCALE_MAX;
}

void wf_tcp_note_gap(struct wf_tcp *tcp, unsigned int dir)
{
	tcp->dir[dir].flags |= WF_TCP_STALE;
}

void wf_tcp_note_unseen(struct wf_tcp *tcp, unsigned int dir, uint32_t seq)
{
	struct wf_tcp_dir *self = &tcp->dir[dir];

	self->flags |= WF_TCP_STALE;
	if (!wf_tcp_knows(self, WF_TCP_KNOWS_FIN))
		self->snd_nxt = seq;
}

void wf_tcp_forget_acks(struct wf_tcp *tcp, unsigned int dir)
{
	tcp->dir[dir].flags &= (uint16_t) ~(WF_TCP_KNOWS_UNA | WF_TCP_KNOWS_WND |
					    WF_TCP_REJECTED_ACK | WF_TCP_REJECTED_DATA);
}

void wf_tcp_forget_timestamps(struct wf_tcp *tcp)
{
	for (int i = 0; i < 2; i++) {
		tcp->dir[i].flags &= (uint16_t)~WF_TCP_KNOWS_TS;
		tcp->dir[i].ts_recent = 0;
	}
}

/*
 * Return true if @seq is within one window of the numbers that @dir may send now.
 * WF_TCP_SLACK_BYTES are added to the window, because a tap may record window updates late.
 */
static bool is_near(const struct wf_tcp_dir *dir, uint32_t seq)
{
	uint32_t wnd_end = wf_seq_max(dir->rcv_wnd_end, dir->snd_nxt);
	uint32_t window = wnd_end - dir->snd_una + WF_TCP_SLACK_BYTES;

	return wf_tcp_knows(dir, WF_TCP_KNOWS_NXT | WF_TCP_KNOWS_UNA | WF_TCP_KNOWS_WND) &&
	       seq - (dir->snd_una - window) <= 3 * (uint64_t)window;
}

bool wf_tcp_is_within(const struct wf_tcp *tcp, unsigned int dir, uint32_t seq, uint32_t ack)
{
	return is_near(&tcp->dir[dir], seq) && is_near(&tcp->dir[!dir], ack);
}

uint64_t wf_tcp_acked_off(const struct wf_tcp_dir *dir, uint64_t next_off)
{
	int64_t off;

	if (!wf_tcp_knows(dir, WF_TCP_KNOWS_IRS | WF_TCP_KNOWS_UNA))
		return 0;
	off = wf_tcp_off(dir, dir->snd_una, next_off);
	if (off < 0)
		return 0;
	if (wf_tcp_knows(dir, WF_TCP_KNOWS_FIN)) {
		uint64_t fin_off = wf_tcp_fin_off(dir, next_off);

		if ((uint64_t)off > fin_off)
			return fin_off;
	}
	return (uint64_t)off;
}

bool wf_tcp_is_valid(const struct wf_tcp *tcp)
{
	for (int i = 0; i < 2; i++) {
		const struct wf_tcp_dir *dir = &tcp->dir[i];

		if (dir->wscale > WF_TCP_SCALE_MAX)
			return false;
		if (wf_tcp_knows(dir, WF_TCP_KNOWS_FIN) && !wf_tcp_knows(dir, WF_TCP_KNOWS_IRS))
			return false;
		if (wf_tcp_knows(dir, WF_TCP_FIN_ACKED) && !wf_tcp_knows(dir, WF_TCP_KNOWS_FIN))
			return false;
		if (wf_tcp_knows(dir, WF_TCP_KNOWS_WND) && !wf_tcp_knows(dir, WF_TCP_KNOWS_UNA))
			return false;
		if (wf_tcp_knows(dir, WF_TCP_KNOWS_UNA | WF_TCP_KNOWS_WND) &&
		    wf_seq_lt(dir->rcv_wnd_end, dir->snd_una))
			return false;
	}
	return true;
}
