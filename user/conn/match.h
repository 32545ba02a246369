/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * match.h - finds the connection that a segment belongs to.
 *
 *   known flow                          → that flow
 *   SYN, SYN-ACK                        → a handshake (half_open.h), no flow yet
 *   first segment that fits a handshake → a flow, with its initial numbers
 *   data of an unknown connection       → a flow picked up midstream, from this byte on
 *   late segment of an ended connection → counted, nothing else
 *
 * A SYN with the four-tuple of a live flow does not end the flow, because anybody can forge a SYN.
 * It starts a handshake in parallel to the flow. The new connection replaces the flow only when the
 * other side has answered the SYN and the first segment after the handshake arrives. If no answer
 * can be seen (only one side is visible), or if the flow is silent or closing, a segment that
 * directly follows the SYN is sufficient, unless its number is near the numbers of the flow.
 */
#ifndef WF_CONN_MATCH_H
#define WF_CONN_MATCH_H

#include "conn/close.h"
#include "packet/packet.h"

/*
 * Return true if @packet, whose four-tuple @flow has, belongs to @flow because the packet is no
 * SYN, and no other connection with this four-tuple is known.
 */
static inline bool wf_match_is_usual(const struct wf_flow *flow, const struct wf_packet *packet)
{
	const uint16_t unusual = WF_FLOW_HAS_HANDSHAKE | WF_FLOW_IGNORED(0) | WF_FLOW_IGNORED(1);

	return !(packet->tcp_flags & WF_TCP_SYN) && !(flow->flags & unusual);
}

/*
 * The part of wf_match_packet() for packets that are not usual, or before which a deadline of @flow
 * may be due. @flow may be NULL.
 */
struct wf_flow *wf_match_unusual(struct wf_conns *conns, struct wf_flow *flow,
				 const struct wf_packet *packet);

/*
 * Act on the deadlines of @flow, whose four-tuple @packet has (NULL: there is no such flow), and of
 * the handshake with this four-tuple that are due at the time of @packet. Then return the flow to
 * which @packet belongs; NULL if the packet was counted and is done: it is a SYN that was recorded
 * as a handshake, or belongs to no flow, or to a direction that is excluded from tracking.
 */
static inline struct wf_flow *wf_match_packet(struct wf_conns *conns, struct wf_flow *flow,
					      const struct wf_packet *packet)
{
	return wf_likely(flow && wf_match_is_usual(flow, packet) &&
			 !wf_close_may_be_due(conns, flow, packet->time_ns))
		       ? flow
		       : wf_match_unusual(conns, flow, packet);
}

#endif
