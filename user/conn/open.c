// SPDX-License-Identifier: BSD-2-Clause
/*
 * open.c - creates a flow.
 */
#include "conn/open.h"

#include "base/assert.h"
#include "conn/bypass.h"
#include "conn/close.h"
#include "conn/data.h"
#include "conn/events.h"
#include "conn/hole.h"
#include "flow/evict.h"
#include "flow/expire.h"
#include "metrics/metrics.h"
#include "packet/flow_key.h"
#include "packet/packet.h"

/* ---- a new flow ------------------------------------------------------------------ */

/* The description of a flow that is to be created. */
struct new_flow {
	const struct weft_flow_key *key;
	uint32_t hash;
	uint8_t client;
	uint8_t ip_version;
	uint8_t iface;
	bool is_bare;	/* see struct wf_flow */
	bool may_evict; /* evict another flow if the table is full */
	uint64_t now_ns;
};

/* Return true if the length of @packet on the wire has no link-layer header. */
static bool is_bare(const struct wf_packet *packet)
{
	return packet->link_bytes == packet->ip_bytes;
}

static struct wf_flow *add_flow(struct wf_conns *conns, const struct new_flow *args)
{
	struct wf_flow *flow =
		wf_flow_table_add(&conns->table, args->key, args->hash, args->client);
	struct wf_flow *victim;

	if (wf_unlikely(!flow && args->may_evict)) {
		victim = wf_flow_evict_choose(&conns->table, NULL, args->now_ns);
		if (victim) {
			wf_metric_inc(conns->metrics, flows_evicted_flows);
			wf_close_flow(conns, victim, WEFT_CLOSE_EVICTED, args->now_ns);
			flow = wf_flow_table_add(&conns->table, args->key, args->hash,
						 args->client);
		}
	}
	if (!flow) {
		wf_metric_inc(conns->metrics, flows_refused_flows);
		return NULL;
	}
	flow->start_ns = args->now_ns + conns->skew_ns;
	flow->last_ns = args->now_ns;
	flow->use = wf_recent_uses(&conns->recent, args->key, args->hash, args->now_ns) + 1;
	flow->iface = args->iface & 63;
	flow->is_bare = args->is_bare;
	if (args->ip_version == 6)
		flow->flags |= WF_FLOW_IPV6;
	flow->policies =
		(uint8_t)(wf_rules_overlap(&conns->rules, args->key->addr[!args->client]) |
			  wf_rules_overlap(&conns->rules, args->key->addr[args->client]) << 4);
	wf_metric_set(conns->metrics, flows_active_flows, wf_flow_table_count(&conns->table));
	return flow;
}

/* Request the verdict that the rules have for the addresses of @flow. */
static void begin_verdict(struct wf_conns *conns, struct wf_flow *flow)
{
	enum weft_verdict verdict = wf_rules_verdict(&conns->rules, flow->key.addr);

	if (verdict == WEFT_VERDICT_STEER)
		return;
	for (int dir = 0; dir < WEFT_DIR_COUNT; dir++) {
		struct wf_half half = wf_half_of(conns, flow, (enum weft_dir)dir);

		wf_bypass_request(&half, verdict);
	}
}

static void begin_flow(struct wf_conns *conns, struct wf_flow *flow)
{
	flow->tcp.dir[0].depth = flow->tcp.dir[1].depth = wf_depths_take(&conns->depths) & 15;
	wf_flow_table_arm(&conns->table, flow, flow->last_ns,
			  wf_flow_idle_deadline(flow, &conns->timeouts));
	wf_events_open(conns, flow, flow->start_ns - conns->skew_ns);
	if (wf_unlikely(conns->rules.verdict_rules_count))
		begin_verdict(conns, flow);
	wf_assert_valid(wf_flow_is_valid(flow));
}

/* ---- from a handshake ------------------------------------------------------------ */

/* Insert the part of the SYN payload of @side that the receiver accepted. */
static void take_syn_data(struct wf_conns *conns, struct wf_flow *flow,
			  const struct wf_handshake *handshake, uint8_t side,
			  const struct wf_packet *packet)
{
	struct wf_syn_data *data =
		wf_syn_data_find(&conns->half_open.syn_data, handshake, side, packet);
	struct wf_half half = wf_half_of(conns, flow, wf_flow_dir(flow, side));
	struct wf_data payload;
	uint32_t captured;

	if (!data || !data->accepted_bytes)
		return;
	captured = data->captured_bytes < data->accepted_bytes ? data->captured_bytes
							       : data->accepted_bytes;
	payload = (struct wf_data){
		.bytes = data->bytes,
		.len_bytes = data->accepted_bytes,
		.captured_bytes = captured,
		.time_ns = data->time_ns,
		.page = data->page,
	};
	wf_metric_add(conns->metrics, payload_unaccepted_bytes, data->captured_bytes - captured);
	wf_syn_data_taken(&conns->half_open.syn_data, data);
	half.tcp->snd_nxt += payload.len_bytes;
	wf_data_take(&half, &payload);
}

/*
 * If bytes of @side were lost for lack of memory before the flow was created, record this in the
 * flow.
 */
static void take_loss(struct wf_conns *conns, struct wf_flow *flow,
		      const struct wf_handshake *handshake, uint8_t side)
{
	struct wf_half half = wf_half_of(conns, flow, wf_flow_dir(flow, side));

	if (handshake->side[side].lost_off)
		wf_hole_note_memory_loss(&half, handshake->side[side].lost_off);
}

/*
 * Initialise the TCP state of both directions from the SYNs. If the server's ISN is not known and
 * @packet directly follows the client's SYN, the server's ISN is taken from the acknowledgement of
 * @packet.
 */
static void init_tcp(struct wf_flow *flow, const struct wf_handshake *handshake,
		     const struct wf_packet *packet)
{
	struct wf_tcp_syn syn[2];

	for (uint8_t side = 0; side < 2; side++)
		wf_handshake_syn(handshake, side, &syn[wf_flow_dir(flow, side)]);
	if (packet && !syn[WEFT_TO_CLIENT].known && packet->src == flow->client &&
	    packet->seq == syn[WEFT_TO_SERVER].isn_seq + 1) {
		syn[WEFT_TO_CLIENT].known = true;
		syn[WEFT_TO_CLIENT].isn_seq = packet->ack - 1;
	}
	wf_tcp_init_handshake(&flow->tcp, syn);
}

struct wf_flow *wf_open_from_handshake(struct wf_conns *conns, struct wf_handshake *handshake,
				       const struct wf_packet *packet, uint64_t now_ns)
{
	const struct new_flow args = {
		.key = &handshake->key,
		.hash = handshake->hash,
		.client = handshake->client,
		.ip_version = handshake->ip_version,
		.iface = packet ? packet->iface : 0,
		.is_bare = packet && is_bare(packet),
		/*
		 * without a segment after the SYN, no flow is evicted, because the SYN may be
		 * forged
		 */
		.may_evict = packet != NULL,
		.now_ns = now_ns,
	};
	struct wf_flow *flow = add_flow(conns, &args);

	if (!flow) {
		if (packet)
			wf_handshake_note_loss(handshake, packet);
		return NULL;
	}
	init_tcp(flow, handshake, packet);
	flow->start_ns = handshake->start_ns + conns->skew_ns;
	flow->last_ns = handshake->start_ns;
	if (!packet)
		flow->flags |= WF_FLOW_NEW;
	for (uint8_t side = 0; side < 2; side++) {
		enum weft_dir dir = wf_flow_dir(flow, side);

		flow->packets[dir] = handshake->side[side].packets;
		flow->bytes[dir] = handshake->side[side].bytes;
		flow->tcp_flags[dir] = handshake->side[side].tcp_flags;
	}
	begin_flow(conns, flow);
	if (packet && !handshake->side[!packet->src].packets)
		wf_events_split(conns, flow, now_ns);
	for (uint8_t side = 0; side < 2; side++) {
		take_loss(conns, flow, handshake, side);
		take_syn_data(conns, flow, handshake, side, packet);
	}
	wf_half_open_remove(&conns->half_open, handshake);
	return flow;
}

void wf_open_fail(struct wf_conns *conns, struct wf_handshake *handshake,
		  enum weft_close_reason reason, uint64_t now_ns)
{
	struct wf_flow *flow = NULL;

	if ((handshake->side[0].data || handshake->side[1].data) &&
	    !wf_flow_table_find(&conns->table, &handshake->key, handshake->hash))
		flow = wf_open_from_handshake(conns, handshake, NULL, now_ns);
	if (flow)
		wf_close_flow(conns, flow, reason, now_ns);
	else
		wf_half_open_remove(&conns->half_open, handshake);
}

/* ---- midstream ------------------------------------------------------------------- */

struct wf_flow *wf_open_midstream(struct wf_conns *conns, const struct wf_packet *packet)
{
	const struct new_flow args = {
		.key = &packet->key,
		.hash = packet->hash,
		.client = wf_flow_key_guess_client(&packet->key, packet->src),
		.ip_version = packet->ip_version,
		.iface = packet->iface,
		.is_bare = is_bare(packet),
		.may_evict = true,
		.now_ns = packet->time_ns,
	};
	struct wf_flow *flow;

	if (conns->opts->midstream == WEFT_OFF || conns->refuse_midstream) {
		wf_metric_inc(conns->metrics, flows_refused_flows);
		if (conns->opts->midstream != WEFT_OFF)
			wf_metric_inc(conns->metrics, relief_refused_flows);
		return NULL;
	}
	flow = add_flow(conns, &args);
	if (!flow)
		return NULL;
	wf_tcp_init_midstream(&flow->tcp);
	flow->flags |= WF_FLOW_MIDSTREAM;
	begin_flow(conns, flow);
	return flow;
}
