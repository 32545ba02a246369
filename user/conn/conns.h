/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conns.h - how packets and time come to the connections of one worker.
 */
#ifndef WF_CONN_CONNS_H
#define WF_CONN_CONNS_H

#include "conn/conn.h"

struct wf_packet;

/* One TCP segment of any connection; its time_ns by wf_conns_clock(). */
void wf_conns_packet(struct wf_conns *conns, const struct wf_packet *packet);

/* The time of the connections at the capture's time @time_ns; now_ns follows. */
uint64_t wf_conns_clock(struct wf_conns *conns, uint64_t time_ns);

/* All handshakes whose time is over at @now_ns. */
void wf_conns_expire_handshakes(struct wf_conns *conns, uint64_t now_ns);

/* All deadlines of all flows and handshakes up to @now_ns. */
void wf_conns_tick(struct wf_conns *conns, uint64_t now_ns);

/* The end of the capture: every flow and handshake ends. */
void wf_conns_flush(struct wf_conns *conns);

#endif
