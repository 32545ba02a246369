/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conns.h - the functions that pass packets and time to one worker's connections.
 */
#ifndef WF_CONN_CONNS_H
#define WF_CONN_CONNS_H

#include "conn/conn.h"

struct wf_packet;

/* Process one TCP segment of any connection. Call wf_conns_clock() for it first. */
void wf_conns_packet(struct wf_conns *conns, const struct wf_packet *packet);

/*
 * Advance now_ns to the time of @packet. If @packet is older than another one that arrived before,
 * its time becomes now_ns, and its skew grows by the difference.
 */
void wf_conns_clock(struct wf_conns *conns, struct wf_packet *packet);

/*
 * Prefetch what the processing of a segment of @flow, which has an extension, reads beside the flow
 * itself. _held(): the extension and the first held data. _ends(): data whose addresses are in the
 * extension and the first held data; call it after _held().
 */
void wf_conns_prefetch_held(const struct wf_conns *conns, const struct wf_flow *flow);
void wf_conns_prefetch_ends(const struct wf_conns *conns, const struct wf_flow *flow);

/* Advance now_ns to @now_ns, without a packet. */
void wf_conns_pass(struct wf_conns *conns, uint64_t now_ns);

/* End all handshakes that have timed out at @now_ns. */
void wf_conns_expire_handshakes(struct wf_conns *conns, uint64_t now_ns);

/* Act on all deadlines of all flows and handshakes up to @now_ns. */
void wf_conns_tick(struct wf_conns *conns, uint64_t now_ns);

/* End every flow and handshake, at the end of the capture. */
void wf_conns_flush(struct wf_conns *conns);

#endif
