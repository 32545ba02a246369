/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * match.h - the connection that a segment belongs to, if any.
 *
 *   known flow                          → that flow
 *   SYN, SYN-ACK                        → a handshake (half_open.h), no flow yet
 *   first segment that fits a handshake → a flow, with both initial numbers
 *   data of an unknown connection       → a flow picked up midstream, from this byte on
 *   late segment of an ended connection → counted, nothing else
 *
 * A SYN on the four-tuple of a live flow does not end it: anybody can forge one. It starts a
 * handshake in parallel to the flow. The four-tuple is reused only when the other side has answered
 * that handshake and its first segment comes. Where no answer can be seen (one side visible), or
 * the flow is silent or closing anyway, the exact continuation of the SYN is enough, unless the
 * flow itself continues near that number.
 */
#ifndef WF_CONN_MATCH_H
#define WF_CONN_MATCH_H

#include "conn/conn.h"

struct wf_packet;

/*
 * Return the flow that @packet belongs to, after acting on the deadlines before it.
 * Return: NULL if it belongs to none; its payload is then counted.
 */
struct wf_flow *wf_match_packet(struct wf_conns *conns, const struct wf_packet *packet);

#endif
