// SPDX-License-Identifier: BSD-2-Clause
/*
 * conn_open.c - which connection is this segment of, and is it one at all?
 *
 *   known flow                          → its segment
 *   SYN, SYN-ACK                        → a handshake (embryonic.h), no flow yet
 *   first segment that fits a handshake → a flow, with both initial numbers
 *   data of nothing known               → a flow picked up midstream, from this byte on
 *   late segment of an ended connection → counted, nothing else
 *
 * A SYN on the four-tuple of a live flow does not end it: anybody can forge one. It
 * starts a handshake beside the flow. Only when the other side has answered that
 * one, and its first segment comes, is the four-tuple reused. Where no answer can
 * be seen (one side visible), or the flow is silent or closing anyway, the exact
 * continuation of the SYN is enough, unless the flow itself goes on just there.
 */
#include "conn/conn.h"

#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "packet/packet.h"
#include "flow/evict.h"
#include "flow/expire.h"
#include "packet/flow_key.h"
#include "metrics/metrics.h"
#include "tcp/tcp_start.h"

/* A flow silent for so long yields to the exact continuation of a SYN. */
#define SILENCE_NS WF_NS_PER_SEC

static void refuse(struct wf_conns *conns, const struct wf_packet *packet)
{
	wf_metric_add(conns->metrics, payload_bytes, packet->payload_captured_bytes);
	wf_metric_add(conns->metrics, payload_no_flow_bytes, packet->payload_captured_bytes);
}

/* ---- a new flow ------------------------------------------------------------------ */

static bool prefix_matches(const struct weft_prefix *prefix, const uint8_t addr[16])
{
	unsigned int bytes = prefix->bits / 8;
	unsigned int rest = prefix->bits % 8;

	if (memcmp(prefix->addr, addr, bytes))
		return false;
	return !rest || !((prefix->addr[bytes] ^ addr[bytes]) >> (8 - rest));
}

/* How the host @receiver treats overlapping data: the longest prefix decides. */
static enum weft_overlap policy_for(const struct weft_opts *opts, const uint8_t receiver[16])
{
	enum weft_overlap policy = opts->overlap;
	int best_bits = -1;

	for (size_t i = 0; i < opts->overlap_rules_count; i++) {
		const struct weft_overlap_rule *rule = &opts->overlap_rules[i];

		if (rule->prefix.bits <= best_bits || !prefix_matches(&rule->prefix, receiver))
			continue;
		best_bits = rule->prefix.bits;
		policy = rule->policy;
	}
	return policy;
}

/* Who a new flow is of. */
struct newcomer {
	const struct wf_flow_key *key;
	uint32_t hash;
	uint8_t client;
	uint8_t ip_version;
	bool may_evict; /* another flow, if there is no room */
	uint64_t now_ns;
};

static struct wf_flow *add_flow(struct wf_conns *conns, const struct newcomer *who)
{
	struct wf_flow *flow = wf_flow_table_add(&conns->table, who->key, who->hash, who->client);
	struct wf_flow *victim;

	if (wf_unlikely(!flow && who->may_evict)) {
		victim = wf_flow_evict_choose(&conns->table, NULL, who->now_ns);
		if (victim) {
			wf_metric_inc(conns->metrics, flows_evicted_flows);
			wf_conn_close(conns, victim, WEFT_CLOSE_EVICTED, who->now_ns);
			flow = wf_flow_table_add(&conns->table, who->key, who->hash, who->client);
		}
	}
	if (!flow) {
		wf_metric_inc(conns->metrics, flows_refused_flows);
		return NULL;
	}
	flow->start_ns = who->now_ns + conns->skew_ns;
	flow->last_ns = who->now_ns;
	flow->use = wf_recent_uses(&conns->recent, who->key, who->hash, who->now_ns) + 1;
	if (who->ip_version == 6)
		flow->flags |= WF_FLOW_IPV6;
	flow->policies = (uint8_t)(policy_for(conns->opts, who->key->addr[!who->client]) |
				   policy_for(conns->opts, who->key->addr[who->client]) << 4);
	wf_metric_set(conns->metrics, flows_active_flows, wf_flow_table_count(&conns->table));
	return flow;
}

static void begin_flow(struct wf_conns *conns, struct wf_flow *flow)
{
	wf_flow_table_arm(&conns->table, flow, flow->last_ns,
			  wf_flow_idle_deadline(flow, &conns->timeouts));
	wf_conn_tell_open(conns, flow, flow->start_ns - conns->skew_ns);
	wf_assert_valid(wf_flow_is_valid(flow));
}

/* ---- out of a handshake ---------------------------------------------------------- */

/* Payload that came with the SYN of @side, as far as the receiver took it. */
static void take_syn_data(struct wf_conns *conns, struct wf_flow *flow,
			  const struct wf_embryo *embryo, uint8_t side,
			  const struct wf_packet *packet)
{
	struct wf_syn_data *data = wf_embryonic_data(&conns->embryonic, embryo, side, packet);
	enum weft_dir dir = wf_flow_dir(flow, side);
	struct wf_conn_payload payload;
	uint32_t captured;

	if (!data || !data->accepted_bytes)
		return;
	captured = data->captured_bytes < data->accepted_bytes ? data->captured_bytes
							       : data->accepted_bytes;
	payload = (struct wf_conn_payload){
		.bytes = data->bytes,
		.len_bytes = data->accepted_bytes,
		.captured_bytes = captured,
		.time_ns = data->time_ns,
		.page = data->page,
	};
	wf_metric_add(conns->metrics, payload_unaccepted_bytes, data->captured_bytes - captured);
	wf_embryonic_data_taken(&conns->embryonic, data);
	flow->tcp.dir[dir].snd_nxt += payload.len_bytes;
	wf_conn_payload(conns, flow, dir, &payload);
}

/*
 * What both SYNs told, by direction. If the client's was seen and @packet is its very next
 * segment, what it acknowledges is the server's first number.
 */
static void init_tcp(struct wf_flow *flow, const struct wf_embryo *embryo,
		     const struct wf_packet *packet)
{
	struct wf_tcp_syn syn[2];

	for (uint8_t side = 0; side < 2; side++)
		wf_embryo_syn(embryo, side, &syn[wf_flow_dir(flow, side)]);
	if (packet && !syn[WEFT_TO_CLIENT].known && packet->src == flow->client &&
	    packet->seq == syn[WEFT_TO_SERVER].isn_seq + 1) {
		syn[WEFT_TO_CLIENT].known = true;
		syn[WEFT_TO_CLIENT].isn_seq = packet->ack - 1;
	}
	wf_tcp_init_handshake(&flow->tcp, syn);
}

/* @packet: the one that fits; NULL: none came. */
static struct wf_flow *open_from_handshake(struct wf_conns *conns, struct wf_embryo *embryo,
					   const struct wf_packet *packet, uint64_t now_ns)
{
	const struct newcomer who = {
		.key = &embryo->key,
		.hash = embryo->hash,
		.client = embryo->client,
		.ip_version = embryo->ip_version,
		.may_evict = packet != NULL, /* a SYN alone is worth less than any flow */
		.now_ns = now_ns,
	};
	struct wf_flow *flow = add_flow(conns, &who);

	if (!flow)
		return NULL;
	init_tcp(flow, embryo, packet);
	flow->start_ns = embryo->start_ns + conns->skew_ns;
	flow->last_ns = embryo->start_ns;
	if (!packet)
		flow->flags |= WF_FLOW_NEW;
	for (uint8_t side = 0; side < 2; side++) {
		enum weft_dir dir = wf_flow_dir(flow, side);

		flow->packets[dir] = embryo->side[side].packets;
		flow->bytes[dir] = embryo->side[side].bytes;
		flow->tcp_flags[dir] = embryo->side[side].tcp_flags;
	}
	begin_flow(conns, flow);
	for (uint8_t side = 0; side < 2; side++)
		take_syn_data(conns, flow, embryo, side, packet);
	wf_embryonic_remove(&conns->embryonic, embryo);
	return flow;
}

/*
 * Data on a SYN that nobody was seen to answer, nor to refuse: of a one-sided capture
 * it may be all there is.
 */
void wf_conn_end_handshake(struct wf_conns *conns, struct wf_embryo *embryo,
			   enum weft_close_reason reason, uint64_t now_ns)
{
	struct wf_flow *flow = NULL;

	if ((embryo->side[0].data || embryo->side[1].data) &&
	    !wf_flow_table_find(&conns->table, &embryo->key, embryo->hash))
		flow = open_from_handshake(conns, embryo, NULL, now_ns);
	if (flow)
		wf_conn_close(conns, flow, reason, now_ns);
	else
		wf_embryonic_remove(&conns->embryonic, embryo);
}

/* The sender of @packet is known, and one side's SYN was answered by the other's. */
static bool is_agreed(const struct wf_embryo *embryo, const struct wf_packet *packet)
{
	return embryo->side[packet->src].flags & WF_EMBRYO_KNOWN &&
	       (embryo->side[0].flags | embryo->side[1].flags) & WF_EMBRYO_ANSWERED;
}

/*
 * Both sides agreed on it, or nothing speaks against: a SYN that came into a live connection may be
 * forged, and what seems to continue it a late segment of that one.
 */
static bool may_begin(const struct wf_conns *conns, const struct wf_embryo *embryo,
		      enum wf_embryo_fit fit, const struct wf_packet *packet)
{
	return (fit == WF_EMBRYO_FIT_BOTH && is_agreed(embryo, packet)) ||
	       !wf_recent_is_late_since(&conns->recent, packet, embryo->start_ns);
}

/* May the connection of @embryo, into which @packet fits, take the four-tuple of @flow? */
static bool may_replace(const struct wf_flow *flow, const struct wf_embryo *embryo,
			enum wf_embryo_fit fit, const struct wf_packet *packet)
{
	const struct wf_embryo_side *self = &embryo->side[packet->src];
	enum weft_dir dir = wf_flow_dir(flow, packet->src);

	if (fit == WF_EMBRYO_FIT_BOTH && is_agreed(embryo, packet))
		return true;
	if (!(self->flags & WF_EMBRYO_SEEN) || packet->seq != self->isn_seq + 1)
		return false;
	/* The receiver takes no SYN inside its window (RFC 5961, 4): nothing begins behind one. */
	if (wf_tcp_is_within(&flow->tcp, dir, packet->seq, packet->ack))
		return false;
	return !flow->packets[!dir] || packet->time_ns >= flow->last_ns + SILENCE_NS ||
	       wf_tcp_knows(&flow->tcp.dir[0], WF_TCP_KNOWS_FIN) ||
	       wf_tcp_knows(&flow->tcp.dir[1], WF_TCP_KNOWS_FIN);
}

/* ---- midstream ------------------------------------------------------------------- */

/*
 * Only data shows a connection; an empty segment may be the last of one that ended before
 * the capture began. Even without ACK flag, which no receiver takes: captures
 * that were made by hand have nothing better. Where a handshake is known, they lie; and where
 * both sides agreed on one, all that does not fit it: the receiver answers with a reset.
 */
static bool shows_connection(const struct wf_packet *packet, const struct wf_embryo *embryo)
{
	if (!packet->payload_bytes || packet->tcp_flags & (WF_TCP_RST | WF_TCP_SYN))
		return false;
	if (!embryo)
		return true;
	return packet->tcp_flags & WF_TCP_ACK &&
	       (!is_agreed(embryo, packet) || wf_embryo_is_before(embryo, packet));
}

static struct wf_flow *open_midstream(struct wf_conns *conns, const struct wf_embryo *embryo,
				      const struct wf_packet *packet)
{
	const struct newcomer who = {
		.key = &packet->key,
		.hash = packet->hash,
		.client = wf_flow_key_guess_client(&packet->key, packet->src),
		.ip_version = packet->ip_version,
		.may_evict = true,
		.now_ns = packet->time_ns,
	};
	struct wf_flow *flow;

	if (!shows_connection(packet, embryo) || wf_recent_is_late(&conns->recent, packet))
		return NULL;
	if (conns->opts->no_midstream || conns->refuse_midstream) {
		wf_metric_inc(conns->metrics, flows_refused_flows);
		if (!conns->opts->no_midstream)
			wf_metric_inc(conns->metrics, relief_refused_flows);
		return NULL;
	}
	flow = add_flow(conns, &who);
	if (!flow)
		return NULL;
	wf_tcp_init_midstream(&flow->tcp);
	flow->flags |= WF_FLOW_MIDSTREAM;
	begin_flow(conns, flow);
	return flow;
}

/* ---- everything but the next segment of a known flow ----------------------------- */

static bool is_of_flow(const struct wf_flow *flow, const struct wf_packet *packet)
{
	return wf_tcp_start_is_syn_of(&flow->tcp.dir[wf_flow_dir(flow, packet->src)], packet);
}

/* The handshake of @packet's four-tuple that is still under way. */
static struct wf_embryo *find_handshake(struct wf_conns *conns, const struct wf_packet *packet)
{
	struct wf_embryo *embryo = wf_embryonic_find(&conns->embryonic, &packet->key, packet->hash);
	uint64_t deadline_ns;

	if (!embryo)
		return NULL;
	deadline_ns = wf_embryonic_deadline(&conns->embryonic, embryo);
	if (packet->time_ns < deadline_ns)
		return embryo;
	wf_conn_end_handshake(conns, embryo, WEFT_CLOSE_TIMEOUT, deadline_ns);
	return NULL;
}

static void take_syn(struct wf_conns *conns, struct wf_flow *flow, const struct wf_packet *packet)
{
	if (packet->tcp_flags & (WF_TCP_FIN | WF_TCP_RST) ||
	    (!flow && wf_recent_is_late(&conns->recent, packet))) {
		refuse(conns, packet);
		return;
	}
	if (flow && is_of_flow(flow, packet)) {
		wf_conn_segment(conns, flow, packet);
		return;
	}
	find_handshake(conns, packet);
	if (!wf_embryonic_syn(&conns->embryonic, packet) || !flow)
		return;
	flow->flags |= WF_FLOW_HAS_HANDSHAKE;
	if (flow->flags & WF_FLOW_TOLD_SYN)
		return;
	flow->flags |= WF_FLOW_TOLD_SYN;
	wf_conn_tell_anomaly(conns, flow, wf_flow_dir(flow, packet->src),
			     WEFT_ANOMALY_SYN_IN_CONNECTION, 0, 0, packet->time_ns);
}

/* Both sides answered and data came with a SYN: a stream, also if a reset ends it now. */
static bool has_stream(struct wf_conns *conns, const struct wf_embryo *embryo,
		       const struct wf_packet *packet)
{
	for (uint8_t side = 0; side < 2; side++) {
		const struct wf_syn_data *data =
			wf_embryonic_data(&conns->embryonic, embryo, side, packet);

		if (data && data->accepted_bytes && embryo->side[!side].flags & WF_EMBRYO_SEEN)
			return true;
	}
	return false;
}

/* The flow of @packet: @flow (may be NULL), or a new one. NULL: none. */
static struct wf_flow *find_or_open(struct wf_conns *conns, struct wf_flow *flow,
				    const struct wf_packet *packet)
{
	struct wf_embryo *embryo = find_handshake(conns, packet);

	if (packet->tcp_flags & WF_TCP_RST) {
		if (!embryo || !wf_embryo_is_reset_by(embryo, packet))
			return flow;
		if (!flow && has_stream(conns, embryo, packet))
			return open_from_handshake(conns, embryo, packet, packet->time_ns);
		wf_embryonic_remove(&conns->embryonic, embryo);
	} else if (embryo) {
		enum wf_embryo_fit fit = wf_embryo_fits(embryo, packet);

		if (fit != WF_EMBRYO_FIT_NONE && (flow ? may_replace(flow, embryo, fit, packet)
						       : may_begin(conns, embryo, fit, packet))) {
			if (flow)
				wf_conn_close(conns, flow, WEFT_CLOSE_REUSED, packet->time_ns);
			return open_from_handshake(conns, embryo, packet, packet->time_ns);
		}
	} else if (flow) {
		flow->flags &= (uint16_t)~WF_FLOW_HAS_HANDSHAKE;
	}
	return flow ? flow : open_midstream(conns, embryo, packet);
}

static void take_first(struct wf_conns *conns, struct wf_flow *flow, const struct wf_packet *packet)
{
	flow = find_or_open(conns, flow, packet);
	if (flow)
		wf_conn_segment(conns, flow, packet);
	else
		refuse(conns, packet);
}

void wf_conn_packet(struct wf_conns *conns, const struct wf_packet *packet)
{
	struct wf_flow *flow = wf_flow_table_find(&conns->table, &packet->key, packet->hash);

	if (flow && wf_conn_run_timers(conns, flow, packet->time_ns))
		flow = NULL;
	if (wf_likely(flow && !(packet->tcp_flags & WF_TCP_SYN) &&
		      !(flow->flags & WF_FLOW_HAS_HANDSHAKE)))
		wf_conn_segment(conns, flow, packet);
	else if (packet->tcp_flags & WF_TCP_SYN)
		take_syn(conns, flow, packet);
	else
		take_first(conns, flow, packet);
}
