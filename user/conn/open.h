/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * open.h - how a flow begins: out of a handshake, or picked up midstream.
 */
#ifndef WF_CONN_OPEN_H
#define WF_CONN_OPEN_H

#include "conn/conn.h"

struct wf_packet;

/*
 * The flow of @handshake, whose handshake ends. @packet: the segment that fits; NULL: none came.
 * Data that came with its SYNs goes into the streams. Return: NULL: no room.
 */
struct wf_flow *wf_open_from_handshake(struct wf_conns *conns, struct wf_handshake *handshake,
				       const struct wf_packet *packet, uint64_t now_ns);

/*
 * The flow of @packet, whose handshake was not seen. Return: NULL: the options or memory pressure
 * forbid that, or no room.
 */
struct wf_flow *wf_open_midstream(struct wf_conns *conns, const struct wf_packet *packet);

/*
 * The handshake @handshake fails. Data on a SYN that nobody was seen to answer, nor to reject, is
 * not lost: of a capture of one side it may be all there is.
 */
void wf_open_fail(struct wf_conns *conns, struct wf_handshake *handshake,
		  enum weft_close_reason reason, uint64_t now_ns);

#endif
