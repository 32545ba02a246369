/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conns.h - the functions that pass packets and time to one worker's connections.
 */
#ifndef WF_CONN_CONNS_H
#define WF_CONN_CONNS_H

#include "conn/conn.h"
#include "packet/packet.h"

enum { WF_CONNS_GROUP = 16 }; /* maximum number of segments that are prefetched together */

/* wf_conns_packet() without and with a hint. */
void wf_conns_packet_unhinted(struct wf_conns *conns, const struct wf_packet *packet);
void wf_conns_packet_hinted(struct wf_conns *conns, const struct wf_packet *packet,
			    const struct wf_flow_hint *hint);

/*
 * Process one TCP segment of any connection. Call wf_conns_clock() for it first. @hint: what
 * wf_conns_prefetch() returned for the segment; NULL: it was not called.
 */
static inline void wf_conns_packet(struct wf_conns *conns, const struct wf_packet *packet,
				   const struct wf_flow_hint *hint)
{
	if (hint)
		wf_conns_packet_hinted(conns, packet, hint);
	else
		wf_conns_packet_unhinted(conns, packet);
}

/* The part of wf_conns_clock() for packets that are late or have another skew than the last one. */
void wf_conns_clock_irregular(struct wf_conns *conns, struct wf_packet *packet);

/*
 * Advance now_ns to the time of @packet. If that time is before now_ns, the time of @packet becomes
 * now_ns, and its skew decreases by the difference, so that its time of day stays the same.
 */
static inline void wf_conns_clock(struct wf_conns *conns, struct wf_packet *packet)
{
	if (wf_unlikely(packet->time_ns < conns->now_ns || packet->skew_ns != conns->skew_ns))
		wf_conns_clock_irregular(conns, packet);
	conns->now_ns = packet->time_ns;
	conns->file = packet->file;
}

/*
 * Prefetch what the processing of a group of segments reads, so that the cache misses of the group
 * overlap. Call wf_conns_prefetch_bucket() for each segment when it was decoded. Then call
 * wf_conns_prefetch() for all of them, at most WF_CONNS_GROUP, before the first one is processed;
 * it writes a hint for each of them to @ret_hints.
 */
static inline void wf_conns_prefetch_bucket(const struct wf_conns *conns,
					    const struct wf_packet *packet)
{
	wf_flow_table_prefetch(&conns->table, packet->hash);
}

void wf_conns_prefetch(const struct wf_conns *conns, const struct wf_packet *const *packets,
		       uint32_t count, struct wf_flow_hint *ret_hints);

/* Advance conns->now_ns to @now_ns, without a packet. Does nothing if @now_ns is earlier. */
void wf_conns_pass(struct wf_conns *conns, uint64_t now_ns);

/* End all handshakes that have timed out at @now_ns. */
void wf_conns_expire_handshakes(struct wf_conns *conns, uint64_t now_ns);

/*
 * Act on the deadlines of all flows and handshakes up to @now_ns. A deadline of a flow in the last
 * tick of the timer wheel (about 1 ms) may be left to the next call.
 */
void wf_conns_tick(struct wf_conns *conns, uint64_t now_ns);

/* End every flow and handshake, at the end of the capture. */
void wf_conns_flush(struct wf_conns *conns);

#endif
