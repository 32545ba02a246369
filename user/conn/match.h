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

#include "conn/conn.h"

struct wf_packet;

/*
 * Act on the deadlines of the flow and of the handshake with the four-tuple of @packet that are due
 * at its time. Then return the flow to which @packet belongs; NULL if the packet was counted and is
 * done: it is a SYN that was recorded as a handshake, or belongs to no flow, or to a direction that
 * is excluded from tracking.
 */
struct wf_flow *wf_match_packet(struct wf_conns *conns, const struct wf_packet *packet);

#endif
