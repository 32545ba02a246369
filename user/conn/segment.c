// SPDX-License-Identifier: BSD-2-Clause
/*
 * segment.c - processes one segment of a known flow.
 *
 * The acknowledgement is applied to the other direction before the payload is inserted, so that
 * events are reported in the order of cause and effect. wf_segment_process() calls the steps in
 * order; the steps that change streams, states and deadlines are in files of their own.
 */
#include "conn/segment.h"

#include "base/assert.h"
#include "conn/close.h"
#include "conn/data.h"
#include "conn/events.h"
#include "conn/hole.h"
#include "conn/bypass.h"
#include "conn/wait.h"
#include "metrics/metrics.h"
#include "packet/packet.h"
#include "reassembly/stream_gap.h"
#include "tcp/tcp_check.h"
#include "tcp/tcp_track.h"

static void count_packet(const struct wf_half *half, const struct wf_packet *packet)
{
	struct wf_flow *flow = half->flow;

	flow->packets[half->dir]++;
	flow->bytes[half->dir] += packet->link_bytes;
	flow->tcp_flags[half->dir] |= packet->tcp_flags;
	if (wf_unlikely(flow->last_ns <= half->conns->paws_expired_ns))
		wf_tcp_forget_timestamps(&flow->tcp);
	flow->last_ns = packet->time_ns;
	wf_metric_add(half->conns->metrics, payload_bytes, packet->payload_captured_bytes);
}

static void track(const struct wf_half *half, const struct wf_packet *packet,
		  struct wf_tcp_result *ret_result)
{
	const uint64_t next_off[2] = {half->flow->stream[0].next_off,
				      half->flow->stream[1].next_off};

	wf_tcp_track(&half->flow->tcp, half->dir, packet, next_off, ret_result);
}

static void report_anomalies(const struct wf_half *half, const struct wf_packet *packet,
			     const struct wf_tcp_result *result)
{
	uint64_t off = result->off < 0 ? 0 : (uint64_t)result->off;

	for (uint32_t left = result->anomalies; left; left &= left - 1)
		wf_events_anomaly(half, (enum weft_anomaly)__builtin_ctz(left), off,
				  packet->payload_bytes, packet->time_ns);
}

/* Remove the part of @data before the start of the stream. Return: false if nothing is left. */
static bool cut_before_start(const struct wf_half *half, struct wf_data *data,
			     uint64_t before_bytes)
{
	uint32_t cut =
		before_bytes < data->captured_bytes ? (uint32_t)before_bytes : data->captured_bytes;

	if (wf_half_knows(half, WF_TCP_GUESSED))
		wf_metric_add(half->conns->metrics, payload_before_start_bytes, cut);
	else
		wf_metric_add(half->conns->metrics, payload_duplicate_bytes, cut);
	if (before_bytes >= data->len_bytes)
		return false;
	data->off = 0;
	data->bytes += cut;
	data->captured_bytes -= cut;
	data->len_bytes -= (uint32_t)before_bytes;
	return true;
}

/*
 * Pass the payload of a packet of several segments (GSO, IPv6 jumbograms) to wf_data_take(), in
 * pieces that fit in a page. The last piece is left in @data for the caller.
 */
static __attribute__((noinline)) void take_pieces(const struct wf_half *half, struct wf_data *data)
{
	while (data->captured_bytes > WF_STREAM_SEGMENT_MAX_BYTES) {
		struct wf_data piece = *data;

		piece.len_bytes = WF_STREAM_SEGMENT_MAX_BYTES;
		piece.captured_bytes = WF_STREAM_SEGMENT_MAX_BYTES;
		wf_data_take(half, &piece);
		data->off += WF_STREAM_SEGMENT_MAX_BYTES;
		data->bytes += WF_STREAM_SEGMENT_MAX_BYTES;
		data->len_bytes -= WF_STREAM_SEGMENT_MAX_BYTES;
		data->captured_bytes -= WF_STREAM_SEGMENT_MAX_BYTES;
		data->jumped = false;
	}
}

/* Process the payload, except the parts after the FIN and before the start of the stream. */
static void take_payload(const struct wf_half *half, const struct wf_packet *packet,
			 const struct wf_tcp_result *result)
{
	struct wf_data data = {
		.off = (uint64_t)result->off,
		.bytes = packet->payload,
		.len_bytes = result->len_bytes,
		.captured_bytes = packet->payload_captured_bytes,
		.time_ns = packet->time_ns,
		.page = packet->page,
		.is_lent = packet->is_lent,
		.jumped = result->jumped,
	};

	if (wf_unlikely(data.captured_bytes > data.len_bytes)) {
		wf_metric_add(half->conns->metrics, payload_out_of_window_bytes,
			      data.captured_bytes - data.len_bytes);
		data.captured_bytes = data.len_bytes;
	}
	if (wf_unlikely(result->off < 0) && !cut_before_start(half, &data, (uint64_t)-result->off))
		return;
	if (wf_unlikely(data.captured_bytes > WF_STREAM_SEGMENT_MAX_BYTES))
		take_pieces(half, &data);
	wf_data_take(half, &data);
}

/* Update the other direction, which may be waiting for this acknowledgement. */
static void take_ack(const struct wf_half *half, const struct wf_packet *packet,
		     const struct wf_tcp_result *result)
{
	struct wf_half peer;

	if (!result->acked ||
	    (!half->flow->stream[!half->dir].extents && wf_likely(!half->flow->ext)))
		return;
	peer = wf_half_peer(half);
	if (!wf_wait_is_idle(&peer))
		wf_wait_update(&peer, packet->time_ns);
}

/*
 * Process the FIN, or a segment after it, which may bring or acknowledge the last missing bytes.
 * This may close the flow, or make its idle deadline earlier; the latter only if the other side has
 * sent a FIN, too, or no segment at all.
 */
static void take_fin(const struct wf_half *half, const struct wf_packet *packet,
		     const struct wf_tcp_result *result)
{
	bool has_both_fins = wf_tcp_knows(&half->flow->tcp.dir[!half->dir], WF_TCP_KNOWS_FIN);
	bool is_alone = !half->flow->packets[!half->dir];

	if (result->fin)
		wf_wait_update(half, packet->time_ns);
	if (has_both_fins && wf_close_if_done(half->conns, half->flow, packet->time_ns))
		return;
	if (has_both_fins || (is_alone && (result->fin || packet->payload_bytes)))
		wf_wait_arm(half->conns, half->flow, packet->time_ns);
}

static void count_rejected(const struct wf_half *half, const struct wf_packet *packet)
{
	wf_metric_add(half->conns->metrics, payload_out_of_window_bytes,
		      packet->payload_captured_bytes);
}

/* ---- one function for each verdict -------------------------------------------------- */

static void take_keepalive(const struct wf_half *half, const struct wf_packet *packet,
			   const struct wf_tcp_result *result)
{
	wf_metric_add(half->conns->metrics, payload_duplicate_bytes,
		      packet->payload_captured_bytes);
	take_ack(half, packet, result);
	wf_close_if_done(half->conns, half->flow, packet->time_ns);
}

/*
 * Return true if the segment may be a keep-alive probe at the offset of a byte that was lost for
 * lack of memory. The probe's byte may be garbage. It must not replace the lost byte, which the
 * receiver has acknowledged already.
 */
static bool is_probe_of_lost_byte(const struct wf_half *half, const struct wf_packet *packet,
				  const struct wf_tcp_result *result)
{
	if (wf_likely(!(half->flow->flags & WF_FLOW_LOST_MEMORY(half->dir))))
		return false;
	return result->len_bytes == 1 && result->off >= 0 &&
	       wf_half_acked_off(half) > (uint64_t)result->off &&
	       wf_tcp_check_is_keepalive(half->tcp, packet) &&
	       wf_hole_is_memory_lost(half, (uint64_t)result->off);
}

static void accept(const struct wf_half *half, const struct wf_packet *packet,
		   const struct wf_tcp_result *result)
{
	if (wf_unlikely(is_probe_of_lost_byte(half, packet, result))) {
		take_keepalive(half, packet, result);
		return;
	}
	if (wf_unlikely(result->moved_bytes))
		wf_stream_move_start(half->stream, &half->conns->stream_env, result->moved_bytes);
	take_ack(half, packet, result);
	if (packet->payload_bytes)
		take_payload(half, packet, result);
	if (wf_unlikely(wf_half_knows(half, WF_TCP_KNOWS_FIN)))
		take_fin(half, packet, result);
}

static void take_reset(const struct wf_half *half, const struct wf_packet *packet)
{
	count_rejected(half, packet);
	half->flow->flags |= WF_FLOW_CLOSED;
	wf_close_flow(half->conns, half->flow, WEFT_CLOSE_RST, packet->time_ns);
}

/*
 * Process a SYN that was recorded after data of its stream, or after an acknowledgement of it: the
 * start is now known, so deliver the data that waited for it.
 */
static void take_late_syn(const struct wf_half *half, const struct wf_packet *packet,
			  struct wf_tcp_result *result)
{
	wf_stream_move_start(half->stream, &half->conns->stream_env, result->moved_bytes);
	if (wf_half_is(half, WF_HALF_STARTING))
		wf_half_enter(half, WF_HALF_IN_ORDER);
	result->off = 0;
	if (packet->payload_bytes)
		take_payload(half, packet, result);
	wf_wait_update(half, packet->time_ns);
	wf_close_if_done(half->conns, half->flow, packet->time_ns);
}

/* Record that the sender's wrong checksums are accepted; report the first one as an anomaly. */
static void note_wrong_checksum(const struct wf_half *half, const struct wf_packet *packet)
{
	uint16_t flag = WF_FLOW_WRONG_CHECKSUMS(half->dir);

	wf_metric_inc(half->conns->metrics, wrong_checksums_accepted_segments);
	if (half->flow->flags & flag)
		return;
	half->flow->flags |= flag;
	wf_events_anomaly(half, WEFT_ANOMALY_WRONG_CHECKSUMS, 0, 0, packet->time_ns);
}

/* Process a segment with another verdict than WF_TCP_ACCEPT. */
static __attribute__((noinline)) void take_other(const struct wf_half *half,
						 const struct wf_packet *packet,
						 struct wf_tcp_result *result)
{
	switch (result->verdict) {
	case WF_TCP_KEEPALIVE:
		take_keepalive(half, packet, result);
		return;
	case WF_TCP_RESET:
		take_reset(half, packet);
		return;
	case WF_TCP_SYN_LATE:
		take_late_syn(half, packet, result);
		return;
	case WF_TCP_ACCEPT:
	case WF_TCP_IGNORE:
	case WF_TCP_SYN_OTHER:
		count_rejected(half, packet);
		return;
	}
}

void wf_segment_process(struct wf_conns *conns, struct wf_flow *flow,
			const struct wf_packet *packet)
{
	const struct wf_half half = wf_half_of(conns, flow, wf_flow_dir(flow, packet->src));
	struct wf_tcp_result result;

	if (wf_unlikely(packet->checksum == WF_CHECKSUM_WRONG))
		note_wrong_checksum(&half, packet);
	if (wf_unlikely(wf_bypass_is_possible(&half)))
		wf_bypass_segment(&half, packet);
	count_packet(&half, packet);
	track(&half, packet, &result);
	if (wf_unlikely(result.anomalies))
		report_anomalies(&half, packet, &result);

	if (wf_likely(result.verdict == WF_TCP_ACCEPT))
		accept(&half, packet, &result);
	else
		take_other(&half, packet, &result);
}
