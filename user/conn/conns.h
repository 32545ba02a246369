/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conns.h - packets and time for the connections of one worker.
 */
#ifndef WF_CONN_CONNS_H
#define WF_CONN_CONNS_H

#include "conn/conn.h"

struct wf_packet;

/* Process one TCP segment of any connection. Its time_ns must come from wf_conns_clock(). */
void wf_conns_packet(struct wf_conns *conns, const struct wf_packet *packet);

/* Return the connections' time for the capture's time @time_ns, and advance now_ns to it. */
uint64_t wf_conns_clock(struct wf_conns *conns, uint64_t time_ns);

/* End all handshakes that have timed out at @now_ns. */
void wf_conns_expire_handshakes(struct wf_conns *conns, uint64_t now_ns);

/* Act on all deadlines of all flows and handshakes up to @now_ns. */
void wf_conns_tick(struct wf_conns *conns, uint64_t now_ns);

/* End every flow and handshake, at the end of the capture. */
void wf_conns_flush(struct wf_conns *conns);

#endif
