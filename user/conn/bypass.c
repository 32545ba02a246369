// SPDX-License-Identifier: BSD-2-Clause
/*
 * bypass.c - begins and ends the bypass of a direction, and processes segments that arrive during
 * it.
 */
#include "conn/bypass.h"

#include <errno.h>

#include "conn/events.h"
#include "conn/hole.h"
#include "conn/limit.h"
#include "conn/wait.h"
#include "metrics/metrics.h"
#include "packet/packet.h"
#include "reassembly/stream_gap.h"

/* ---- requests of the application and of rules, and results of all requests --------------- */

int wf_bypass_prepare(const struct wf_half *half, enum weft_verdict verdict,
		      struct wf_kernel_request *ret_request)
{
	uint64_t depth_bytes = wf_half_depth_bytes(half);
	uint64_t near_off = 0;

	/* The extension is needed because it records cut_off, the limit in state CUT. */
	if (!wf_half_need_ext(half))
		return -ENOMEM;
	if (verdict == WEFT_VERDICT_STEER) {
		wf_wait_update(half, half->conns->now_ns);
		near_off = wf_half_is_blind(half) ? wf_kernel_estimate_off(half)
						  : half->stream->next_off;
		if (depth_bytes && near_off >= depth_bytes)
			return -EALREADY;
	}
	*ret_request = (struct wf_kernel_request){
		.key = half->flow->key,
		.hash = half->flow->hash,
		.id = half->flow->id,
		.dir = half->dir,
		.verdict = verdict,
		.near_off = near_off,
	};
	return 0;
}

void wf_bypass_request(const struct wf_half *half, enum weft_verdict verdict)
{
	struct wf_kernel *requests = half->conns->requests;

	if (requests->count == WF_KERNEL_REQUESTS ||
	    wf_bypass_prepare(half, verdict, &requests->requests[requests->count])) {
		wf_metric_inc(half->conns->metrics, shunts_failed_directions);
		return;
	}
	requests->count++;
	half->conns->wants_verdict = true;
}

/*
 * Count @request, which set a verdict other than STEER, in a metric, unless the direction already
 * had this verdict.
 */
static void count_set(const struct wf_half *half, const struct wf_kernel_request *request,
		      const struct wf_kept *kept)
{
	struct wf_metrics *metrics = half->conns->metrics;
	struct wf_flow_ext *ext = wf_half_ext(half);
	bool was_set = ext && ext->was_bypassed[half->dir];

	if (ext)
		ext->was_bypassed[half->dir] = true;
	if (kept && kept->was[wf_kernel_endpoint(half->flow, half->dir)] == request->verdict)
		return;
	if (was_set)
		wf_metric_inc(metrics, shunts_repeated_directions);
	else
		wf_metric_inc(metrics, shunts_set_directions);
}

/* Deliver the held data that is in order, and set the limit of the direction after it. */
static void cut(const struct wf_half *half)
{
	wf_hole_drain_all(half);
	wf_limit_cut(half);
}

/*
 * Record that the data of @half is not wanted. If a kernel program steers the segments, weft no
 * longer gets them, nor the acknowledgements in them for which the other direction may wait.
 */
static void begin(const struct wf_half *half)
{
	struct wf_half peer = wf_half_peer(half);

	if (wf_half_is(half, WF_HALF_LIMITED))
		wf_tcp_set_bypassed(half->tcp, wf_half_kernel(half));
	else
		cut(half);
	wf_wait_update(&peer, half->conns->now_ns);
}

void wf_bypass_done(struct wf_conns *conns, const struct wf_kernel_request *request, int err,
		    const struct wf_kept *kept)
{
	struct wf_flow *flow = wf_flow_table_find(&conns->table, &request->key, request->hash);
	struct wf_flow_ext *ext;
	struct wf_half half;

	if (!flow || flow->id != request->id)
		return;
	half = wf_half_of(conns, flow, request->dir);
	ext = wf_half_need_ext(&half);
	if (ext)
		ext->bypass[half.dir].last_ns = conns->now_ns;
	if (err) {
		wf_metric_inc(conns->metrics, shunts_failed_directions);
		return;
	}
	if (ext)
		ext->verdict[half.dir] = (uint8_t)request->verdict;
	if (kept)
		wf_kernel_follow(conns, flow, kept);
	if (request->verdict == WEFT_VERDICT_STEER) {
		wf_limit_resume(&half, request->near_off, conns->now_ns);
		return;
	}
	count_set(&half, request, kept);
	if (!wf_half_is_bypassed(&half) && !wf_half_is(&half, WF_HALF_CUT))
		begin(&half);
}

void wf_bypass_in_user_space(struct wf_flow *flow, const struct wf_kernel_request *request,
			     struct wf_kept *ret_kept)
{
	uint16_t ignored = WF_FLOW_IGNORED(request->dir);

	*ret_kept = (struct wf_kept){.was = {WEFT_VERDICT_STEER, WEFT_VERDICT_STEER}};
	if (request->verdict == WEFT_VERDICT_PASS)
		flow->flags |= ignored;
	else
		flow->flags &= (uint16_t)~ignored;
}

/* ---- segments ------------------------------------------------------------------------ */

/*
 * Continue the stream at offset @off with @packet. @is_blind: acknowledgements of the bytes before
 * @off were not seen, so the peer's last known acknowledgement may be lower than @off by 2 GiB or
 * more.
 */
static void go_on_at(const struct wf_half *half, const struct wf_packet *packet, uint64_t off,
		     bool is_blind)
{
	struct wf_tcp *tcp = &half->flow->tcp;
	struct wf_chunk gap;

	wf_stream_skip(half->stream, &half->conns->stream_env, off, &gap);
	wf_tcp_note_unseen(tcp, half->dir, packet->seq);
	if (is_blind)
		wf_tcp_forget_acks(tcp, half->dir);
}

/*
 * Advance the stream to the offset of the FIN or RST @packet, which shows the end of the stream.
 * The kernel has bypassed the data before it.
 */
static void go_to_end(const struct wf_half *half, const struct wf_packet *packet)
{
	bool is_blind = wf_half_is_blind(half);
	uint64_t near_off = half->stream->next_off;
	int64_t off;

	if (!wf_half_knows(half, WF_TCP_KNOWS_IRS) || wf_half_knows(half, WF_TCP_KNOWS_FIN))
		return;
	if (is_blind)
		near_off = wf_kernel_estimate_off(half);
	off = wf_tcp_off(half->tcp, packet->seq, near_off);
	/*
	 * If acknowledgements are seen and have shown the window, a FIN or RST beyond the window is
	 * ignored.
	 */
	if (!is_blind && wf_half_knows(half, WF_TCP_KNOWS_WND) &&
	    wf_seq_gt(packet->seq, half->tcp->rcv_wnd_end))
		return;
	if (off > (int64_t)half->stream->next_off)
		go_on_at(half, packet, (uint64_t)off, is_blind);
}

/* Process the first segment after a bypass ended: the bytes before it are a gap. */
static void resume(const struct wf_half *half, const struct wf_packet *packet)
{
	uint64_t near_off = wf_half_ext(half)->bypass[half->dir].cut_off;
	uint64_t next_off = half->stream->next_off;
	uint64_t limit = wf_limit_off(half);
	uint64_t end_off;
	int64_t off;

	wf_half_enter(half, WF_HALF_IN_ORDER);
	if (!wf_half_knows(half, WF_TCP_KNOWS_IRS))
		return;
	off = wf_tcp_off(half->tcp, packet->seq, near_off);
	if (off <= (int64_t)next_off)
		return;
	go_on_at(half, packet, (uint64_t)off, near_off > next_off);
	/*
	 * The part beyond the depth limit is reported by wf_limit_report() when the connection
	 * ends.
	 */
	end_off = (uint64_t)off < limit ? (uint64_t)off : limit;
	if (end_off > next_off)
		wf_events_gap(half, next_off, end_off - next_off, WEFT_GAP_SHUNTED,
			      packet->time_ns);
}

void wf_bypass_segment(const struct wf_half *half, const struct wf_packet *packet)
{
	if (wf_half_is(half, WF_HALF_RESUMED))
		resume(half, packet);
	else if (packet->tcp_flags & (WF_TCP_FIN | WF_TCP_RST))
		go_to_end(half, packet);
	else if (packet->payload_bytes && !(packet->tcp_flags & WF_TCP_SYN))
		wf_kernel_note_late(half, packet);
}
