/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * open.h - creates a flow from a handshake, or from a midstream segment.
 */
#ifndef WF_CONN_OPEN_H
#define WF_CONN_OPEN_H

#include "conn/conn.h"

struct wf_packet;

/*
 * Open the flow of @handshake, and remove the handshake. @packet: the first segment after the
 * handshake; NULL if there was none. This function inserts the payload of the SYNs into the
 * streams. Return: NULL if there is no room; @handshake then remains.
 */
struct wf_flow *wf_open_from_handshake(struct wf_conns *conns, struct wf_handshake *handshake,
				       const struct wf_packet *packet, uint64_t now_ns);

/*
 * Open the flow of @packet, whose handshake was not seen.
 * Return: NULL if the options or memory pressure forbid midstream flows, or if there is no room.
 */
struct wf_flow *wf_open_midstream(struct wf_conns *conns, const struct wf_packet *packet);

/*
 * End @handshake, which failed. If its SYNs carried data and there is no flow with its key, this
 * function opens a flow, delivers the data, and closes the flow: in a capture of only one side
 * neither an answer nor a reset is seen, so this may be all the data that was captured.
 */
void wf_open_fail(struct wf_conns *conns, struct wf_handshake *handshake,
		  enum weft_close_reason reason, uint64_t now_ns);

#endif
