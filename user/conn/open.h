/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * open.h - the creation of a flow, from a handshake or midstream.
 */
#ifndef WF_CONN_OPEN_H
#define WF_CONN_OPEN_H

#include "conn/conn.h"

struct wf_packet;

/*
 * Open the flow of @handshake, which ends. @packet: the segment that fits; NULL if none came. Data
 * on the SYNs is inserted into the streams.
 * Return: NULL if there is no room.
 */
struct wf_flow *wf_open_from_handshake(struct wf_conns *conns, struct wf_handshake *handshake,
				       const struct wf_packet *packet, uint64_t now_ns);

/*
 * Open the flow of @packet, whose handshake was not seen.
 * Return: NULL if the options or memory pressure forbid it, or if there is no room.
 */
struct wf_flow *wf_open_midstream(struct wf_conns *conns, const struct wf_packet *packet);

/*
 * End @handshake, which failed. Data on its SYNs is still delivered, as a flow: in a capture of one
 * side, where neither an answer nor a reset is seen, it may be all the data there is.
 */
void wf_open_fail(struct wf_conns *conns, struct wf_handshake *handshake,
		  enum weft_close_reason reason, uint64_t now_ns);

#endif
