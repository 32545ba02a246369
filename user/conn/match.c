// SPDX-License-Identifier: BSD-2-Clause
/*
 * match.c - finds the connection that a segment belongs to.
 */
#include "conn/match.h"

#include "base/assert.h"
#include "base/clock.h"
#include "conn/close.h"
#include "conn/events.h"
#include "conn/open.h"
#include "metrics/metrics.h"
#include "packet/packet.h"
#include "tcp/tcp_start.h"

/*
 * After a flow was silent for this time, another connection with the same four-tuple may replace
 * it: a segment that directly follows the SYN of that connection is then sufficient.
 */
#define SILENCE_NS WF_NS_PER_SEC

static void reject(struct wf_conns *conns, const struct wf_packet *packet)
{
	wf_metric_add(conns->metrics, payload_bytes, packet->payload_captured_bytes);
	wf_metric_add(conns->metrics, payload_no_flow_bytes, packet->payload_captured_bytes);
}

/*
 * Return true if the ISN of the sender of @packet is known, and a SYN of the handshake was answered
 * by the other side.
 */
static bool is_agreed(const struct wf_handshake *handshake, const struct wf_packet *packet)
{
	return handshake->side[packet->src].flags & WF_HANDSHAKE_KNOWN &&
	       (handshake->side[0].flags | handshake->side[1].flags) & WF_HANDSHAKE_ANSWERED;
}

/*
 * Return true if @packet may begin the connection of @handshake. A SYN inside a live connection may
 * be forged, and a segment that seems to follow that SYN may be a late segment of that live
 * connection. So unless both sides agreed on the handshake, a late segment of a connection that
 * ended after the SYN does not begin one.
 */
static bool may_begin(const struct wf_conns *conns, const struct wf_handshake *handshake,
		      enum wf_handshake_fit fit, const struct wf_packet *packet)
{
	return (fit == WF_HANDSHAKE_FIT_BOTH && is_agreed(handshake, packet)) ||
	       !wf_recent_is_late_since(&conns->recent, packet, handshake->start_ns);
}

/* Return true if the connection of @handshake, which @packet fits, may replace @flow. */
static bool may_replace(const struct wf_flow *flow, const struct wf_handshake *handshake,
			enum wf_handshake_fit fit, const struct wf_packet *packet)
{
	const struct wf_handshake_side *self = &handshake->side[packet->src];
	enum weft_dir dir = wf_flow_dir(flow, packet->src);

	if (fit == WF_HANDSHAKE_FIT_BOTH && is_agreed(handshake, packet))
		return true;
	if (!(self->flags & WF_HANDSHAKE_SEEN) || packet->seq != self->isn_seq + 1)
		return false;
	/*
	 * A receiver rejects a SYN inside its window (RFC 5961, 4), so no connection can begin with
	 * such a SYN.
	 */
	if (wf_tcp_is_within(&flow->tcp, dir, packet->seq, packet->ack))
		return false;
	return !flow->packets[!dir] || packet->time_ns >= flow->last_ns + SILENCE_NS ||
	       wf_tcp_knows(&flow->tcp.dir[0], WF_TCP_KNOWS_FIN) ||
	       wf_tcp_knows(&flow->tcp.dir[1], WF_TCP_KNOWS_FIN);
}

/*
 * Return true if @packet opens a flow although its handshake was not seen. Only a segment with data
 * does: an empty one may be the last of a connection that ended before the capture began. Data
 * without the ACK flag is accepted too unless a handshake of the four-tuple is known: receivers
 * reject such data, but hand-made captures contain it. If both sides have agreed on a handshake,
 * only a segment that may follow it (wf_handshake_is_before()) opens a flow, because the receiver
 * answers others with a reset.
 */
static bool shows_connection(const struct wf_packet *packet, const struct wf_handshake *handshake)
{
	if (!packet->payload_bytes || packet->tcp_flags & (WF_TCP_RST | WF_TCP_SYN))
		return false;
	if (!handshake)
		return true;
	return packet->tcp_flags & WF_TCP_ACK &&
	       (!is_agreed(handshake, packet) || wf_handshake_is_before(handshake, packet));
}

static bool is_of_flow(const struct wf_flow *flow, const struct wf_packet *packet)
{
	return wf_tcp_start_is_syn_of(&flow->tcp.dir[wf_flow_dir(flow, packet->src)], packet);
}

/* End @handshake if it has timed out. Return: NULL if it was ended. */
static struct wf_handshake *unless_due(struct wf_conns *conns, struct wf_handshake *handshake,
				       const struct wf_packet *packet)
{
	uint64_t deadline_ns = wf_half_open_deadline(&conns->half_open, handshake);

	if (packet->time_ns < deadline_ns)
		return handshake;
	wf_open_fail(conns, handshake, WEFT_CLOSE_TIMEOUT, deadline_ns);
	return NULL;
}

/*
 * Return the handshake of @packet's four-tuple, or NULL. A handshake that has timed out is ended.
 */
static inline struct wf_handshake *find_handshake(struct wf_conns *conns,
						  const struct wf_packet *packet)
{
	struct wf_handshake *handshake =
		wf_half_open_find(&conns->half_open, &packet->key, packet->hash);

	return handshake ? unless_due(conns, handshake, packet) : NULL;
}

/*
 * Record the SYN @packet as a handshake. @flow, if not NULL, is another connection with the same
 * four-tuple.
 */
static void take_syn(struct wf_conns *conns, struct wf_flow *flow, const struct wf_packet *packet)
{
	struct wf_handshake *handshake = find_handshake(conns, packet);
	struct wf_half half;

	if (!wf_half_open_syn(&conns->half_open, handshake, packet) || !flow)
		return;
	flow->flags |= WF_FLOW_HAS_HANDSHAKE;
	if (flow->flags & WF_FLOW_REPORTED_SYN)
		return;
	flow->flags |= WF_FLOW_REPORTED_SYN;
	half = wf_half_of(conns, flow, wf_flow_dir(flow, packet->src));
	wf_events_anomaly(&half, WEFT_ANOMALY_SYN_IN_CONNECTION, 0, 0, packet->time_ns);
}

/*
 * Return the flow to which the SYN @packet belongs; NULL if the SYN was counted for a handshake, or
 * for no connection.
 */
static struct wf_flow *match_syn(struct wf_conns *conns, struct wf_flow *flow,
				 const struct wf_packet *packet)
{
	if (packet->tcp_flags & (WF_TCP_FIN | WF_TCP_RST) ||
	    (!flow && wf_recent_is_late(&conns->recent, packet))) {
		reject(conns, packet);
		return NULL;
	}
	if (flow && is_of_flow(flow, packet))
		return flow;
	take_syn(conns, flow, packet);
	return NULL;
}

/*
 * Return true if a SYN carried accepted data and the other side's SYN was seen. Then there is a
 * stream to report, even if a reset ends the connection now.
 */
static bool has_stream(struct wf_conns *conns, const struct wf_handshake *handshake,
		       const struct wf_packet *packet)
{
	for (uint8_t side = 0; side < 2; side++) {
		const struct wf_syn_data *data =
			wf_syn_data_find(&conns->half_open.syn_data, handshake, side, packet);

		if (data && data->accepted_bytes &&
		    handshake->side[!side].flags & WF_HANDSHAKE_SEEN)
			return true;
	}
	return false;
}

/*
 * Return the flow of @packet, which is not a SYN: @flow (may be NULL), or a new one, or NULL if it
 * belongs to no connection.
 */
static struct wf_flow *find_or_open(struct wf_conns *conns, struct wf_flow *flow,
				    const struct wf_packet *packet)
{
	struct wf_handshake *handshake = find_handshake(conns, packet);

	if (packet->tcp_flags & WF_TCP_RST) {
		if (!handshake || !wf_handshake_is_reset_by(handshake, packet))
			return flow;
		if (!flow && has_stream(conns, handshake, packet))
			return wf_open_from_handshake(conns, handshake, packet, packet->time_ns);
		wf_half_open_remove(&conns->half_open, handshake);
	} else if (handshake) {
		enum wf_handshake_fit fit = wf_handshake_fits(handshake, packet);

		if (fit != WF_HANDSHAKE_FIT_NONE &&
		    (flow ? may_replace(flow, handshake, fit, packet)
			  : may_begin(conns, handshake, fit, packet))) {
			if (flow)
				wf_close_flow(conns, flow, WEFT_CLOSE_REUSED, packet->time_ns);
			return wf_open_from_handshake(conns, handshake, packet, packet->time_ns);
		}
	} else if (flow) {
		flow->flags &= (uint16_t)~WF_FLOW_HAS_HANDSHAKE;
	}
	if (flow)
		return flow;
	if (!shows_connection(packet, handshake) || wf_recent_is_late(&conns->recent, packet))
		return NULL;
	return wf_open_midstream(conns, packet);
}

/* Count a segment of a direction that the application or a rule excluded from tracking. */
static void ignore(struct wf_conns *conns, struct wf_flow *flow, const struct wf_packet *packet)
{
	enum weft_dir dir = wf_flow_dir(flow, packet->src);

	flow->packets[dir]++;
	flow->bytes[dir] += packet->link_bytes;
	flow->tcp_flags[dir] |= packet->tcp_flags;
	flow->last_ns = packet->time_ns;
	wf_metric_add(conns->metrics, payload_bytes, packet->payload_captured_bytes);
	wf_metric_add(conns->metrics, payload_ignored_bytes, packet->payload_captured_bytes);
}

/* Return true if @packet opens another connection after @flow, which the application has ended. */
static bool is_after_end(const struct wf_flow *flow, const struct wf_packet *packet)
{
	return flow->flags & WF_FLOW_ENDED && packet->tcp_flags & WF_TCP_SYN &&
	       !is_of_flow(flow, packet);
}

struct wf_flow *wf_match_unusual(struct wf_conns *conns, struct wf_flow *flow,
				 const struct wf_packet *packet)
{
	if (flow && wf_close_may_be_due(conns, flow, packet->time_ns) &&
	    wf_close_if_due(conns, flow, packet->time_ns))
		flow = NULL;
	if (flow && wf_match_is_usual(flow, packet))
		return flow;
	if (flow && is_after_end(flow, packet)) {
		wf_close_flow(conns, flow, WEFT_CLOSE_REUSED, packet->time_ns);
		flow = NULL;
	}
	if (flow && flow->flags & WF_FLOW_IGNORED(wf_flow_dir(flow, packet->src))) {
		ignore(conns, flow, packet);
		return NULL;
	}
	if (packet->tcp_flags & WF_TCP_SYN)
		return match_syn(conns, flow, packet);
	flow = find_or_open(conns, flow, packet);
	if (!flow)
		reject(conns, packet);
	return flow;
}
