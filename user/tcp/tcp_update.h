/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_update.h - updates the state with the timestamp, the acknowledgement or the FIN of a segment
 * that passed the checks before it.
 *
 * Inline, because nearly every segment needs the first two. Thread: the flow's worker.
 */
#ifndef WF_TCP_TCP_UPDATE_H
#define WF_TCP_TCP_UPDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/assert.h"
#include "packet/packet.h"
#include "tcp/tcp_result.h"
#include "tcp/tcp_state.h"

/*
 * Set ts_recent from the first timestamp. Later, only a newer timestamp in a segment that begins at
 * or before the peer's last acknowledgement updates it, so that PAWS does not reject segments that
 * the network reordered.
 */
static inline void wf_tcp_update_ts(struct wf_tcp_dir *self, const struct wf_packet *packet,
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

/* Compare the acknowledgement number with the FIN of @peer. */
static inline void wf_tcp_update_fin_acked(struct wf_tcp_dir *peer, const struct wf_packet *packet)
{
	if (wf_tcp_knows(peer, WF_TCP_HELD_FIN) && packet->ack == peer->fin_seq + 1)
		peer->flags |= WF_TCP_KNOWS_FIN;
	if (!wf_tcp_knows(peer, WF_TCP_KNOWS_FIN))
		return;
	if (packet->ack == peer->fin_seq + 1)
		peer->flags |= WF_TCP_FIN_ACKED;
	else if (wf_seq_gt(packet->ack, peer->fin_seq + 1))
		/* The receiver accepted data after that FIN, so it never received the FIN. */
		peer->flags &= (uint16_t) ~(WF_TCP_KNOWS_FIN | WF_TCP_FIN_ACKED);
}

/*
 * Return true if the window end @wnd_end replaces that of @peer. A window end that is more than
 * 2^31 bytes old compares as newer than rcv_wnd_end; the comparison with snd_una detects such an
 * end. @grew: see wf_tcp_update_ack().
 */
static inline bool wf_tcp_update_moves_window(const struct wf_tcp_dir *peer, uint32_t wnd_end,
					      bool grew)
{
	return wf_seq_gt(wnd_end, peer->rcv_wnd_end) && (grew || wf_seq_ge(wnd_end, peer->snd_una));
}

/* Set the window end of @peer if its last acknowledgement or window is unknown or out of date. */
static inline void wf_tcp_update_unknown_window(struct wf_tcp_dir *peer, uint32_t wnd_end,
						bool grew)
{
	if (!wf_tcp_knows(peer, WF_TCP_KNOWS_WND) || (grew && wf_tcp_knows(peer, WF_TCP_STALE)) ||
	    wf_tcp_update_moves_window(peer, wnd_end, grew))
		peer->rcv_wnd_end = wnd_end;
	if (grew)
		peer->flags &= (uint16_t)~WF_TCP_STALE;
	peer->flags |= WF_TCP_KNOWS_UNA | WF_TCP_KNOWS_WND;
}

/*
 * Process the acknowledgement and its window. Return: true if it acknowledges more than all earlier
 * ones.
 */
static inline __attribute__((always_inline)) bool wf_tcp_update_ack(const struct wf_tcp_dir *self,
								    struct wf_tcp_dir *peer,
								    const struct wf_packet *packet)
{
	const uint32_t known = WF_TCP_KNOWS_UNA | WF_TCP_KNOWS_WND;
	uint32_t wnd_end = packet->ack + ((uint32_t)packet->window << self->wscale);
	bool grew = !wf_tcp_knows(peer, WF_TCP_KNOWS_UNA) || wf_seq_gt(packet->ack, peer->snd_una);

	if (wf_unlikely((peer->flags & (known | WF_TCP_STALE)) != known))
		wf_tcp_update_unknown_window(peer, wnd_end, grew);
	else if (wf_tcp_update_moves_window(peer, wnd_end, grew))
		peer->rcv_wnd_end = wnd_end;
	if (grew) {
		peer->snd_una = packet->ack;
		peer->rcv_wnd_end = wf_seq_max(peer->rcv_wnd_end, packet->ack);
	}
	if (wf_unlikely(peer->flags & (WF_TCP_HELD_FIN | WF_TCP_KNOWS_FIN)))
		wf_tcp_update_fin_acked(peer, packet);
	return grew;
}

/* Process the first acceptable FIN of a direction. */
static inline void wf_tcp_update_fin(struct wf_tcp_dir *self, const struct wf_packet *packet,
				     struct wf_tcp_result *result)
{
	self->fin_seq = packet->seq + packet->payload_bytes;
	self->flags |= WF_TCP_KNOWS_FIN;
	if (wf_tcp_knows(self, WF_TCP_KNOWS_UNA) && self->snd_una == self->fin_seq + 1)
		/* the tap recorded the acknowledgement before the FIN */
		self->flags |= WF_TCP_FIN_ACKED;
	result->fin = true;
}

#endif
