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
#include "tcp/tcp_expected.h"
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

static void take_piece(const struct wf_half *half, struct wf_data *data)
{
	if (!wf_data_pass_on(half, data))
		wf_data_take(half, data);
}

/*
 * Take the payload of a packet of several segments (GSO, IPv6 jumbograms) in pieces that fit in a
 * page. The last piece is left in @data for the caller.
 */
static __attribute__((noinline)) void take_pieces(const struct wf_half *half, struct wf_data *data)
{
	while (data->captured_bytes > WF_STREAM_SEGMENT_MAX_BYTES) {
		struct wf_data piece = *data;

		piece.len_bytes = WF_STREAM_SEGMENT_MAX_BYTES;
		piece.captured_bytes = WF_STREAM_SEGMENT_MAX_BYTES;
		take_piece(half, &piece);
		data->off += WF_STREAM_SEGMENT_MAX_BYTES;
		data->bytes += WF_STREAM_SEGMENT_MAX_BYTES;
		data->len_bytes -= WF_STREAM_SEGMENT_MAX_BYTES;
		data->captured_bytes -= WF_STREAM_SEGMENT_MAX_BYTES;
		data->jumped = false;
	}
}

static inline struct wf_data data_of(const struct wf_packet *packet,
				     const struct wf_tcp_result *result)
{
	return (struct wf_data){
		.off = (uint64_t)result->off,
		.bytes = packet->payload,
		.len_bytes = result->len_bytes,
		.captured_bytes = packet->payload_captured_bytes,
		.time_ns = packet->time_ns,
		.page = packet->page,
		.is_lent = packet->is_lent,
		.jumped = result->jumped,
	};
}

/* The part of take_payload() for payload that is too large for a page, or not next in order. */
static __attribute__((noinline)) void insert_payload(const struct wf_half *half,
						     const struct wf_packet *packet,
						     struct wf_tcp_result result)
{
	struct wf_data data = data_of(packet, &result);

	if (wf_unlikely(data.captured_bytes > data.len_bytes)) {
		wf_metric_add(half->conns->metrics, payload_out_of_window_bytes,
			      data.captured_bytes - data.len_bytes);
		data.captured_bytes = data.len_bytes;
	}
	if (wf_unlikely(result.off < 0) && !cut_before_start(half, &data, (uint64_t)-result.off))
		return;
	if (wf_unlikely(data.captured_bytes > WF_STREAM_SEGMENT_MAX_BYTES))
		take_pieces(half, &data);
	take_piece(half, &data);
}

/*
 * Process the payload, except the parts after the FIN and before the start of the stream. @result
 * is passed on by value, so that the compiler can keep it in registers.
 */
static inline __attribute__((always_inline)) void take_payload(const struct wf_half *half,
							       const struct wf_packet *packet,
							       const struct wf_tcp_result *result)
{
	const struct wf_data data = data_of(packet, result);

	if (wf_unlikely(data.captured_bytes > WF_STREAM_SEGMENT_MAX_BYTES ||
			!wf_data_pass_on(half, &data)))
		insert_payload(half, packet, *result);
}

static __attribute__((noinline)) void update_peer(const struct wf_half *half, uint64_t now_ns)
{
	const struct wf_half peer = wf_half_peer(half);

	if (!wf_wait_is_idle(&peer))
		wf_wait_update(&peer, now_ns);
}

/*
 * Update the other direction, which may be waiting for the acknowledgement. @acked: it acknowledges
 * more than all earlier ones.
 */
static inline void take_ack(const struct wf_half *half, const struct wf_packet *packet, bool acked)
{
	const struct wf_flow *flow = half->flow;

	if (acked && (flow->ext || flow->stream[!half->dir].extents))
		update_peer(half, packet->time_ns);
}

/*
 * Process the FIN (@is_first: no FIN was known before), or a segment after it, which may bring or
 * acknowledge the last missing bytes. This may close the flow, or make its idle deadline earlier;
 * the latter only if the other side has sent a FIN, too, or no segment at all.
 */
static __attribute__((noinline)) void take_fin(const struct wf_half *half,
					       const struct wf_packet *packet, bool is_first)
{
	bool has_both_fins = wf_tcp_knows(&half->flow->tcp.dir[!half->dir], WF_TCP_KNOWS_FIN);
	bool is_alone = !half->flow->packets[!half->dir];

	if (is_first)
		wf_wait_update(half, packet->time_ns);
	if (has_both_fins && wf_close_if_done(half->conns, half->flow, packet->time_ns))
		return;
	if (has_both_fins || (is_alone && (is_first || packet->payload_bytes)))
		wf_wait_arm(half->conns, half->flow, packet->time_ns);
}

static void count_rejected(const struct wf_half *half, const struct wf_packet *packet)
{
	wf_metric_add(half->conns->metrics, payload_out_of_window_bytes,
		      packet->payload_captured_bytes);
}

/* ---- one function for each verdict -------------------------------------------------- */

static __attribute__((noinline)) void take_keepalive(const struct wf_half *half,
						     const struct wf_packet *packet, bool acked)
{
	wf_metric_add(half->conns->metrics, payload_duplicate_bytes,
		      packet->payload_captured_bytes);
	take_ack(half, packet, acked);
	wf_close_if_done(half->conns, half->flow, packet->time_ns);
}

/*
 * Return true if the segment may be a keep-alive probe at the offset of a byte that was lost for
 * lack of memory. The probe's byte may be garbage. It must not replace the lost byte, which the
 * receiver has acknowledged already.
 */
static inline bool is_probe_of_lost_byte(const struct wf_half *half, const struct wf_packet *packet,
					 const struct wf_tcp_result *result)
{
	const uint32_t any = WF_FLOW_LOST_MEMORY(0) | WF_FLOW_LOST_MEMORY(1);

	if (wf_likely(!(half->flow->flags & any)))
		return false;
	return half->flow->flags & WF_FLOW_LOST_MEMORY(half->dir) && result->len_bytes == 1 &&
	       result->off >= 0 && wf_half_acked_off(half) > (uint64_t)result->off &&
	       wf_tcp_check_is_keepalive(half->tcp, packet) &&
	       wf_hole_is_memory_lost(half, (uint64_t)result->off);
}

static inline __attribute__((always_inline)) void accept(const struct wf_half *half,
							 const struct wf_packet *packet,
							 const struct wf_tcp_result *result)
{
	if (wf_unlikely(is_probe_of_lost_byte(half, packet, result))) {
		take_keepalive(half, packet, result->acked);
		return;
	}
	if (wf_unlikely(result->moved_bytes))
		wf_stream_move_start(half->stream, &half->conns->stream_env, result->moved_bytes);
	take_ack(half, packet, result->acked);
	if (packet->payload_bytes)
		take_payload(half, packet, result);
	if (wf_unlikely(wf_half_knows(half, WF_TCP_KNOWS_FIN)))
		take_fin(half, packet, result->fin);
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

static void take_verdict(const struct wf_half *half, const struct wf_packet *packet,
			 struct wf_tcp_result *result)
{
	switch (result->verdict) {
	case WF_TCP_ACCEPT:
		accept(half, packet, result);
		return;
	case WF_TCP_KEEPALIVE:
		take_keepalive(half, packet, result->acked);
		return;
	case WF_TCP_RESET:
		take_reset(half, packet);
		return;
	case WF_TCP_SYN_LATE:
		take_late_syn(half, packet, result);
		return;
	case WF_TCP_IGNORE:
	case WF_TCP_SYN_OTHER:
		count_rejected(half, packet);
		return;
	}
}

/* Process a segment that needs all checks. */
static __attribute__((noinline)) void take_unexpected(const struct wf_half *half,
						      const struct wf_packet *packet)
{
	struct wf_flow *flow = half->flow;
	const uint64_t next_off[2] = {flow->stream[0].next_off, flow->stream[1].next_off};
	struct wf_tcp_result result;

	wf_tcp_track(&flow->tcp, half->dir, packet, next_off, &result);
	if (result.anomalies)
		report_anomalies(half, packet, &result);
	take_verdict(half, packet, &result);
}

void wf_segment_process(struct wf_conns *conns, struct wf_flow *flow,
			const struct wf_packet *packet)
{
	const struct wf_half half = wf_half_of(conns, flow, wf_flow_dir(flow, packet->src));
	struct wf_tcp_dir *peer = wf_half_peer_tcp(&half);
	struct wf_tcp_result result;

	if (wf_unlikely(packet->checksum == WF_CHECKSUM_WRONG))
		note_wrong_checksum(&half, packet);
	if (wf_unlikely(wf_bypass_is_possible(&half)))
		wf_bypass_segment(&half, packet);
	count_packet(&half, packet);
	if (wf_unlikely(!wf_tcp_is_expected(half.tcp, peer, packet))) {
		take_unexpected(&half, packet);
		return;
	}
	wf_tcp_take_expected(half.tcp, peer, packet, half.stream->next_off, &result);
	accept(&half, packet, &result);
}
