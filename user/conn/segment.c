// SPDX-License-Identifier: BSD-2-Clause
/*
 * conn_segment.c - one segment of a known flow: count it, judge it, use it.
 *
 * The acknowledgement acts on the other direction first, then the data on this
 * one: so events come in the order of cause and effect.
 */
#include "conn/conn.h"

#include "base/assert.h"
#include "packet/packet.h"
#include "conn/shunt.h"
#include "metrics/metrics.h"

static void count_packet(struct wf_flow *flow, enum weft_dir dir, const struct wf_packet *packet)
{
	flow->packets[dir]++;
	flow->bytes[dir] += packet->ip_bytes;
	flow->tcp_flags[dir] |= packet->tcp_flags;
	if (packet->time_ns > flow->last_ns)
		flow->last_ns = packet->time_ns;
}

static void tell_anomalies(struct wf_conns *conns, const struct wf_flow *flow, enum weft_dir dir,
			   const struct wf_packet *packet, const struct wf_tcp_result *result)
{
	uint64_t off = result->off < 0 ? 0 : (uint64_t)result->off;

	for (uint32_t left = result->anomalies; left; left &= left - 1)
		wf_conn_tell_anomaly(conns, flow, dir, (enum weft_anomaly)__builtin_ctz(left), off,
				     packet->payload_bytes, packet->time_ns);
}

/* Payload of an acceptable segment, less what lies behind the FIN or before the stream. */
static void take_payload(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
			 const struct wf_packet *packet, const struct wf_tcp_result *result)
{
	struct wf_conn_payload payload = {
		.off = (uint64_t)result->off,
		.bytes = packet->payload,
		.len_bytes = result->len_bytes,
		.captured_bytes = packet->payload_captured_bytes,
		.time_ns = packet->time_ns,
		.page = packet->page,
		.jumped = result->jumped,
	};

	if (wf_unlikely(payload.captured_bytes > payload.len_bytes)) {
		wf_metric_add(conns->metrics, payload_out_of_window_bytes,
			      payload.captured_bytes - payload.len_bytes);
		payload.captured_bytes = payload.len_bytes;
	}
	if (wf_unlikely(result->off < 0)) {
		uint64_t before = (uint64_t)-result->off;
		uint32_t cut =
			before < payload.captured_bytes ? (uint32_t)before : payload.captured_bytes;

		if (wf_tcp_knows(&flow->tcp.dir[dir], WF_TCP_GUESSED))
			wf_metric_add(conns->metrics, payload_before_start_bytes, cut);
		else
			wf_metric_add(conns->metrics, payload_duplicate_bytes, cut);
		if (before >= payload.len_bytes)
			return;
		payload.off = 0;
		payload.bytes += cut;
		payload.captured_bytes -= cut;
		payload.len_bytes -= (uint32_t)before;
	}
	wf_conn_payload(conns, flow, dir, &payload);
}

/* What @packet acknowledges of the other direction may be what that waits for. */
static void take_ack(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
		     const struct wf_packet *packet, const struct wf_tcp_result *result)
{
	enum weft_dir other = (enum weft_dir) !dir;

	if (result->acked && (flow->stream[other].extents || flow->rare))
		wf_conn_progress(conns, flow, other, packet->time_ns);
}

static void accept_segment(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
			   const struct wf_packet *packet, const struct wf_tcp_result *result)
{
	if (wf_unlikely(result->moved_bytes))
		wf_stream_move_start(&flow->stream[dir], &conns->stream_env, result->moved_bytes);
	take_ack(conns, flow, dir, packet, result);
	if (packet->payload_bytes)
		take_payload(conns, flow, dir, packet, result);
	if (wf_unlikely(result->fin)) {
		wf_conn_progress(conns, flow, dir, packet->time_ns);
		wf_conn_rearm(conns, flow, packet->time_ns);
	}
	if (wf_unlikely(wf_tcp_knows(&flow->tcp.dir[0], WF_TCP_KNOWS_FIN) &&
			wf_tcp_knows(&flow->tcp.dir[1], WF_TCP_KNOWS_FIN)))
		wf_conn_close_if_done(conns, flow, packet->time_ns);
}

/* The start of @dir is known now: what waited for it goes on. */
static void take_late_syn(struct wf_conns *conns, struct wf_flow *flow, enum weft_dir dir,
			  const struct wf_packet *packet, const struct wf_tcp_result *result)
{
	struct wf_tcp_result accepted = *result;

	wf_stream_move_start(&flow->stream[dir], &conns->stream_env, result->moved_bytes);
	accepted.off = 0;
	if (packet->payload_bytes)
		take_payload(conns, flow, dir, packet, &accepted);
	wf_conn_progress(conns, flow, dir, packet->time_ns);
	wf_conn_close_if_done(conns, flow, packet->time_ns);
}

void wf_conn_segment(struct wf_conns *conns, struct wf_flow *flow, const struct wf_packet *packet)
{
	enum weft_dir dir = wf_flow_dir(flow, packet->src);
	struct wf_tcp_result result;
	uint64_t next_off[2];

	if (wf_unlikely(flow->flags & (WF_FLOW_SHUNTED(dir) | WF_FLOW_RESUMED(dir))))
		wf_shunt_segment(conns, flow, dir, packet);
	next_off[0] = flow->stream[0].next_off;
	next_off[1] = flow->stream[1].next_off;
	count_packet(flow, dir, packet);
	wf_metric_add(conns->metrics, payload_bytes, packet->payload_captured_bytes);
	wf_tcp_track(&flow->tcp, dir, packet, next_off, &result);
	if (wf_unlikely(result.anomalies))
		tell_anomalies(conns, flow, dir, packet, &result);

	switch (result.verdict) {
	case WF_TCP_ACCEPT:
		accept_segment(conns, flow, dir, packet, &result);
		return;
	case WF_TCP_KEEPALIVE:
		wf_metric_add(conns->metrics, payload_duplicate_bytes,
			      packet->payload_captured_bytes);
		take_ack(conns, flow, dir, packet, &result);
		wf_conn_close_if_done(conns, flow, packet->time_ns);
		return;
	case WF_TCP_RESET:
		wf_metric_add(conns->metrics, payload_out_of_window_bytes,
			      packet->payload_captured_bytes);
		flow->flags |= WF_FLOW_CLOSED;
		wf_conn_close(conns, flow, WEFT_CLOSE_RST, packet->time_ns);
		return;
	case WF_TCP_SYN_LATE:
		take_late_syn(conns, flow, dir, packet, &result);
		return;
	case WF_TCP_IGNORE:
	case WF_TCP_SYN_OTHER:
		wf_metric_add(conns->metrics, payload_out_of_window_bytes,
			      packet->payload_captured_bytes);
		return;
	}
}
