// SPDX-License-Identifier: BSD-2-Clause
/*
 * flow.c - initialises a flow, and fills in its public identity and its record.
 */
#include "flow/flow.h"

#include <string.h>

#include "packet/flow_key.h"

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

void wf_flow_record(const struct wf_flow *flow, const struct wf_flow_ext *ext,
		    enum weft_close_reason reason, struct weft_flow_record *ret_record)
{
	memset(ret_record, 0, sizeof(*ret_record));
	ret_record->start_ns = flow->start_ns;
	ret_record->end_ns = flow->last_ns;
	ret_record->reason = reason;
	ret_record->state = wf_flow_state(flow);
	ret_record->midstream = flow->flags & WF_FLOW_MIDSTREAM;
	for (int i = 0; i < 2; i++) {
		struct weft_flow_counts *counts = &ret_record->counts[i];

		counts->packets = flow->packets[i];
		counts->bytes = flow->bytes[i];
		counts->stream_bytes = flow->stream[i].next_off - flow->gap_bytes[i];
		counts->gap_bytes = flow->gap_bytes[i];
		counts->tcp_flags = flow->tcp_flags[i];
		ret_record->wrong_checksums[i] = flow->flags & WF_FLOW_WRONG_CHECKSUMS(i);
		if (!ext)
			continue;
		counts->gap_count = ext->half[i].gap_count;
		counts->retransmitted_segments = ext->half[i].retransmitted_segments;
		counts->overlap_segments = ext->half[i].overlap_segments;
		counts->conflict_segments = ext->half[i].conflict_segments;
		counts->out_of_order_segments = ext->half[i].out_of_order_segments;
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
