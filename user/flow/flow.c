// SPDX-License-Identifier: BSD-2-Clause
/*
 * flow.c - initialises a flow, and fills in its public identity and its record.
 */
#include "flow/flow.h"

#include <string.h>

#include "packet/flow_key.h"
#include "packet/packet.h"

void wf_flow_init(struct wf_flow *flow, const struct weft_flow_key *key, uint32_t hash,
		  uint8_t client)
{
	memset(flow, 0, sizeof(*flow));
	flow->key = *key;
	flow->hash = hash;
	flow->client = client;
}

void wf_flow_ext_init(struct wf_flow_ext *ext)
{
	memset(ext, 0, sizeof(*ext));
	for (int i = 0; i < 2; i++) {
		ext->half[i].timeout_ns = WF_NEVER_NS;
		ext->half[i].patience_ns = WF_NEVER_NS;
	}
	ext->armed_ns = WF_NEVER_NS;
}

void wf_flow_describe(const struct wf_flow *flow, struct weft_flow *ret_flow)
{
	memset(ret_flow, 0, sizeof(*ret_flow));
	ret_flow->id = flow->id;
	ret_flow->use = flow->use;
	ret_flow->ip_version = flow->flags & WF_FLOW_IPV6 ? 6 : 4;
	ret_flow->interface = flow->iface;
	wf_flow_key_describe(&flow->key, flow->client, ret_flow);
}

enum weft_flow_state wf_flow_state(const struct wf_flow *flow)
{
	if (flow->flags & WF_FLOW_CLOSED)
		return WEFT_FLOW_CLOSED;
	return flow->flags & WF_FLOW_NEW ? WEFT_FLOW_NEW : WEFT_FLOW_ESTABLISHED;
}

static bool has(const struct wf_flow *flow, enum weft_dir dir, uint32_t what)
{
	return wf_tcp_knows(&flow->tcp.dir[dir], what);
}

/*
 * If both sides have sent a FIN, the state follows from the acknowledgements: LAST-ACK if only the
 * client's FIN is acknowledged, CLOSING if neither FIN is, TIME-WAIT if only the server's FIN is,
 * CLOSED if both are.
 */
enum weft_tcp_state wf_flow_tcp_state(const struct wf_flow *flow)
{
	bool client_acked = has(flow, WEFT_TO_SERVER, WF_TCP_FIN_ACKED);
	bool server_acked = has(flow, WEFT_TO_CLIENT, WF_TCP_FIN_ACKED);

	if (flow->flags & WF_FLOW_CLOSED)
		return WEFT_TCP_CLOSED;
	if (flow->flags & WF_FLOW_NEW)
		return flow->tcp_flags[WEFT_TO_CLIENT] & WF_TCP_SYN ? WEFT_TCP_SYN_RECV
								    : WEFT_TCP_SYN_SENT;
	if (!has(flow, WEFT_TO_CLIENT, WF_TCP_KNOWS_FIN))
		return has(flow, WEFT_TO_SERVER, WF_TCP_KNOWS_FIN) ? WEFT_TCP_CLOSE_WAIT
								   : WEFT_TCP_ESTABLISHED;
	if (!has(flow, WEFT_TO_SERVER, WF_TCP_KNOWS_FIN))
		return server_acked ? WEFT_TCP_FIN_WAIT2 : WEFT_TCP_FIN_WAIT1;
	if (!server_acked)
		return client_acked ? WEFT_TCP_LAST_ACK : WEFT_TCP_CLOSING;
	return client_acked ? WEFT_TCP_CLOSED : WEFT_TCP_TIME_WAIT;
}

static void put_ext_counts(const struct wf_flow_ext *ext, int dir, struct weft_flow_counts *counts)
{
	const struct wf_flow_ext_half *half = &ext->half[dir];

	counts->gap_count = half->gap_count;
	counts->retransmitted_segments = half->retransmitted_segments;
	counts->overlap_segments = half->overlap_segments;
	counts->conflict_segments = half->conflict_segments;
	counts->out_of_order_segments = half->out_of_order_segments;
	counts->bypassed_packets = ext->bypass[dir].kept_packets;
	counts->bypassed_bytes = ext->bypass[dir].kept_bytes;
}

void wf_flow_record(const struct wf_flow *flow, const struct wf_flow_ext *ext,
		    enum weft_close_reason reason, struct weft_flow_record *ret_record)
{
	memset(ret_record, 0, sizeof(*ret_record));
	ret_record->start_ns = flow->start_ns;
	ret_record->end_ns = flow->last_ns;
	ret_record->reason = reason;
	ret_record->state = wf_flow_state(flow);
	ret_record->tcp_state = wf_flow_tcp_state(flow);
	ret_record->midstream = flow->flags & WF_FLOW_MIDSTREAM;
	for (int i = 0; i < 2; i++) {
		struct weft_flow_counts *counts = &ret_record->counts[i];

		counts->packets = flow->packets[i];
		counts->bytes = flow->bytes[i];
		counts->stream_bytes = flow->stream[i].next_off - flow->gap_bytes[i];
		counts->gap_bytes = flow->gap_bytes[i];
		counts->tcp_flags = flow->tcp_flags[i];
		ret_record->wrong_checksums[i] = flow->flags & WF_FLOW_WRONG_CHECKSUMS(i);
		ret_record->bypassed[i] = has(flow, (enum weft_dir)i, WF_TCP_BYPASSED);
		if (ext)
			put_ext_counts(ext, i, counts);
	}
}

bool wf_flow_dir_is_finished(const struct wf_flow *flow, enum weft_dir dir)
{
	const struct wf_tcp_dir *tcp = &flow->tcp.dir[dir];
	uint64_t next_off = flow->stream[dir].next_off;

	return wf_tcp_knows(tcp, WF_TCP_KNOWS_FIN) && next_off >= wf_tcp_fin_off(tcp, next_off);
}

bool wf_flow_is_valid(const struct wf_flow *flow)
{
	for (int i = 0; i < 2; i++)
		if (flow->gap_bytes[i] > flow->stream[i].next_off)
			return false;
	return flow->id && flow->use && wf_tcp_is_valid(&flow->tcp);
}
