// SPDX-License-Identifier: BSD-2-Clause
/* tcp_start.c - determines the IRS from a SYN, or derives it from the first segment with data. */
#include "tcp/tcp_start.h"

#include <weft/limits.h>

#include "packet/packet.h"
#include "tcp/tcp_check.h"

static bool is_starting(const struct wf_tcp_dir *self)
{
	return self->state == WF_HALF_STARTING;
}

static void move_back(struct wf_tcp_dir *self, uint32_t irs, struct wf_tcp_result *result)
{
	result->moved_bytes = self->irs - irs;
	self->irs = irs;
}

/*
 * Set the anomaly, once for each stream, that a segment lies before the start of the stream, which
 * can no longer move.
 */
static void note_late_start(struct wf_tcp_dir *self, struct wf_tcp_result *result)
{
	if (wf_tcp_knows(self, WF_TCP_REPORTED_START))
		return;
	self->flags |= WF_TCP_REPORTED_START;
	result->anomalies |= 1u << WEFT_ANOMALY_DATA_BEFORE_START;
}

bool wf_tcp_start_is_syn_of(const struct wf_tcp_dir *self, const struct wf_packet *packet)
{
	if (!wf_tcp_knows(self, WF_TCP_KNOWS_IRS))
		return wf_tcp_knows(self, WF_TCP_KNOWS_UNA) &&
		       self->snd_una - (packet->seq + 1) <= WEFT_START_PATIENCE_BYTES;
	if (packet->seq == self->irs)
		return true;
	/* A tap may record data before the SYN, although the SYN was sent first. */
	return wf_tcp_knows(self, WF_TCP_GUESSED) &&
	       self->irs - packet->seq <= WEFT_START_PATIENCE_BYTES;
}

enum wf_tcp_verdict wf_tcp_start_at_syn(struct wf_tcp_dir *self, struct wf_tcp_dir *peer,
					const struct wf_packet *packet,
					struct wf_tcp_result *result)
{
	uint32_t before_bytes;

	if (wf_tcp_knows(self, WF_TCP_KNOWS_IRS) && !wf_tcp_knows(self, WF_TCP_GUESSED))
		return WF_TCP_IGNORE;
	if (!wf_tcp_knows(self, WF_TCP_KNOWS_IRS)) {
		before_bytes = self->snd_una - (packet->seq + 1);
		self->irs = packet->seq;
		self->snd_nxt = packet->seq + 1;
		self->flags |= WF_TCP_KNOWS_IRS | WF_TCP_KNOWS_NXT;
	} else {
		before_bytes = self->irs - packet->seq;
		if (before_bytes && !is_starting(self)) {
			note_late_start(self, result);
			return WF_TCP_IGNORE;
		}
		move_back(self, packet->seq, result);
	}
	if (!(packet->options & WF_TCP_OPT_WSCALE))
		self->wscale = peer->wscale = 0;
	else if (packet->wscale < WF_TCP_SCALE_MAX)
		self->wscale = packet->wscale;
	self->flags &= (uint16_t)~WF_TCP_GUESSED;
	if (result->len_bytes > before_bytes)
		result->len_bytes = before_bytes;
	return WF_TCP_SYN_LATE;
}

bool wf_tcp_start_at_data(struct wf_tcp_dir *self, const struct wf_packet *packet)
{
	if (wf_tcp_knows(self, WF_TCP_KNOWS_IRS))
		return true;
	if (wf_tcp_check_is_keepalive(self, packet))
		return false;
	if (!packet->payload_bytes && !(packet->tcp_flags & WF_TCP_FIN)) {
		self->snd_nxt = packet->seq;
		self->flags |= WF_TCP_KNOWS_NXT;
		return false;
	}
	self->irs = packet->seq - 1;
	self->snd_nxt = packet->seq;
	self->flags |= WF_TCP_KNOWS_IRS | WF_TCP_KNOWS_NXT | WF_TCP_GUESSED;
	if (packet->payload_bytes && self->state == WF_HALF_IN_ORDER)
		wf_half_state_enter(&self->state, WF_HALF_STARTING);
	return true;
}

void wf_tcp_start_earlier(struct wf_tcp_dir *self, const struct wf_packet *packet,
			  struct wf_tcp_result *result)
{
	if (!wf_tcp_knows(self, WF_TCP_GUESSED))
		return;
	if (is_starting(self) && self->irs + 1 - packet->seq <= WEFT_START_PATIENCE_BYTES) {
		move_back(self, packet->seq - 1, result);
		result->off = 0;
	} else {
		note_late_start(self, result);
	}
}
