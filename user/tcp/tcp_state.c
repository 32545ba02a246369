// SPDX-License-Identifier: BSD-2-Clause
/*
 * tcp_state.c - how the state of a connection begins, and where it becomes uncertain.
 *
 * Windows of the handshake are not scaled; scaling holds only if both sides
 * offered it (RFC 7323, 2.2). If one side's SYN was missed, that side may have
 * scaled by anything: its windows are then read as large as they could be.
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
	self->base_seq = syn->isn_seq + 1;
	self->end_seq = self->base_seq;
	self->flags = WF_TCP_KNOWS_BASE | WF_TCP_KNOWS_END;
	/* What the peer acknowledged may be more than the SYN. */
	if (!syn->seen)
		self->flags |= WF_TCP_GUESSED | WF_TCP_STARTING;
}

void wf_tcp_init_handshake(struct wf_tcp *tcp, const struct wf_tcp_syn syn[2])
{
	memset(tcp, 0, sizeof(*tcp));
	for (int i = 0; i < 2; i++)
		init_dir(&tcp->dir[i], &syn[i], &syn[!i]);
	if (!syn[0].known || !syn[1].known)
		return;
	/*
	 * Each side has answered the other's SYN: that acknowledges it, with the data on it that
	 * was taken, and opens a window behind that.
	 */
	for (int i = 0; i < 2; i++) {
		if (!syn[!i].seen)
			continue;
		tcp->dir[i].ack_seq = tcp->dir[i].base_seq + syn[i].acked_bytes;
		tcp->dir[i].right_seq = tcp->dir[i].ack_seq + syn[!i].window;
		tcp->dir[i].flags |= WF_TCP_KNOWS_ACK | WF_TCP_KNOWS_RIGHT;
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
		self->end_seq = seq;
}

void wf_tcp_forget_acks(struct wf_tcp *tcp, unsigned int dir)
{
	tcp->dir[dir].flags &= (uint16_t) ~(WF_TCP_KNOWS_ACK | WF_TCP_KNOWS_RIGHT |
					    WF_TCP_REFUSED_ACK | WF_TCP_REFUSED_DATA);
}

/* A tap may show announcements of windows late: within one window of what @dir may send now. */
static bool is_near(const struct wf_tcp_dir *dir, uint32_t seq)
{
	uint32_t right_seq = wf_seq_max(dir->right_seq, dir->end_seq);
	uint32_t window = right_seq - dir->ack_seq + WF_TCP_SLACK_BYTES;

	return wf_tcp_knows(dir, WF_TCP_KNOWS_END | WF_TCP_KNOWS_ACK | WF_TCP_KNOWS_RIGHT) &&
	       seq - (dir->ack_seq - window) <= 3 * (uint64_t)window;
}

bool wf_tcp_is_within(const struct wf_tcp *tcp, unsigned int dir, uint32_t seq, uint32_t ack)
{
	return is_near(&tcp->dir[dir], seq) && is_near(&tcp->dir[!dir], ack);
}

uint64_t wf_tcp_acked_off(const struct wf_tcp_dir *dir, uint64_t next_off)
{
	int64_t off;

	if (!wf_tcp_knows(dir, WF_TCP_KNOWS_BASE | WF_TCP_KNOWS_ACK))
		return 0;
	off = wf_seq_off(dir->ack_seq, dir->base_seq, next_off);
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
		if (wf_tcp_knows(dir, WF_TCP_KNOWS_FIN) && !wf_tcp_knows(dir, WF_TCP_KNOWS_BASE))
			return false;
		if (wf_tcp_knows(dir, WF_TCP_FIN_ACKED) && !wf_tcp_knows(dir, WF_TCP_KNOWS_FIN))
			return false;
		if (wf_tcp_knows(dir, WF_TCP_KNOWS_RIGHT) && !wf_tcp_knows(dir, WF_TCP_KNOWS_ACK))
			return false;
		if (wf_tcp_knows(dir, WF_TCP_KNOWS_ACK | WF_TCP_KNOWS_RIGHT) &&
		    wf_seq_lt(dir->right_seq, dir->ack_seq))
			return false;
	}
	return true;
}
