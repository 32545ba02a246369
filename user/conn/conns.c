// SPDX-License-Identifier: BSD-2-Clause
/*
 * conns.c - matches each packet with its flow and processes it, and acts on deadlines.
 */
#include "conn/conns.h"

#include "base/assert.h"
#include "base/clock.h"
#include "conn/close.h"
#include "conn/match.h"
#include "conn/open.h"
#include "conn/segment.h"
#include "conn/wait.h"
#include "packet/packet.h"
#include "reassembly/stream.h"

/*
 * Silence after which the last timestamp of a connection can't be compared any more: the time in
 * which the fastest clock in use, of 1 MHz, counts to 2^31. Linux does the same for clocks of any
 * speed (TCP_PAWS_WRAP); RFC 7323, 5.5 allows 24 days for a clock of 1 kHz.
 */
#define PAWS_VALID_NS (2147 * WF_NS_PER_SEC)

/* Number of flows with expired timers that are processed together. */
enum { DUE_GROUP = 16 };

/* @flow: the flow with the four-tuple of @packet; NULL if there is none. */
static inline void process(struct wf_conns *conns, struct wf_flow *flow,
			   const struct wf_packet *packet)
{
	flow = wf_match_packet(conns, flow, packet);
	if (wf_likely(flow))
		wf_segment_process(conns, flow, packet);
}

void wf_conns_packet_unhinted(struct wf_conns *conns, const struct wf_packet *packet)
{
	process(conns, wf_flow_table_find(&conns->table, &packet->key, packet->hash), packet);
}

void wf_conns_packet_hinted(struct wf_conns *conns, const struct wf_packet *packet,
			    const struct wf_flow_hint *hint)
{
	process(conns, wf_flow_table_find_hinted(&conns->table, &packet->key, packet->hash, hint),
		packet);
}

/*
 * Times of day have moved by @step_ns against the monotonic time, because a packet was late, the
 * clock was set, or the capture was suspended. After a suspension, the timestamps of all flows may
 * be too old for PAWS.
 */
static void change_skew(struct wf_conns *conns, int64_t step_ns)
{
	if (step_ns > (int64_t)PAWS_VALID_NS)
		conns->paws_expired_ns = conns->now_ns;
	conns->skew_ns += (uint64_t)step_ns;
}

void wf_conns_clock_irregular(struct wf_conns *conns, struct wf_packet *packet)
{
	if (packet->time_ns < conns->now_ns) {
		packet->skew_ns -= conns->now_ns - packet->time_ns;
		packet->time_ns = conns->now_ns;
	}
	conns->now_ns = packet->time_ns;
	if (packet->skew_ns != conns->skew_ns)
		change_skew(conns, (int64_t)(packet->skew_ns - conns->skew_ns));
}

void wf_conns_pass(struct wf_conns *conns, uint64_t now_ns)
{
	if (now_ns > conns->now_ns)
		conns->now_ns = now_ns;
}

void wf_conns_expire_handshakes(struct wf_conns *conns, uint64_t now_ns)
{
	struct wf_handshake *handshake;

	while ((handshake = wf_half_open_oldest_over(&conns->half_open, now_ns)))
		wf_open_fail(conns, handshake, WEFT_CLOSE_TIMEOUT,
			     wf_half_open_deadline(&conns->half_open, handshake));
}

/* ---- prefetching --------------------------------------------------------------------- */

/*
 * Prefetch what the processing of a segment of @flow, which has an extension, reads beside the flow
 * itself: first the extension and the first held data, then, with prefetch_refs(), data whose
 * addresses are in these.
 */
static void prefetch_held(const struct wf_conns *conns, const struct wf_flow *flow)
{
	wf_flow_table_prefetch_ext(&conns->table, flow);
	for (int dir = 0; dir < WEFT_DIR_COUNT; dir++)
		wf_stream_prefetch(&flow->stream[dir], &conns->stream_env);
}

static void prefetch_refs(const struct wf_conns *conns, const struct wf_flow *flow)
{
	wf_flow_table_prefetch_late(&conns->table, flow);
	for (int dir = 0; dir < WEFT_DIR_COUNT; dir++)
		wf_stream_prefetch_ends(&flow->stream[dir], &conns->stream_env);
}

/*
 * Each step reads only what the step before it has prefetched:
 *
 *                the segment's flow is known           there is no flow, or the segment is a SYN
 *   first step   bucket of the index of flows          bucket of the index of flows
 *   second step  the flow                              buckets of `half_open` and `recent`
 *   third step   extension, first held data            the handshake
 *   fourth step  data to which these refer
 *
 * If the segment may end the flow, the second step for a FIN or RST, else the third step,
 * prefetches the bucket of `recent` and the timer, the third step what else is read at the end, and
 * the fourth step the neighbours in the timer wheel. The first step is wf_conns_prefetch_bucket().
 */

/* Return true if @packet has a flag that may end its connection. */
static bool has_end(const struct wf_packet *packet)
{
	return packet->tcp_flags & (WF_TCP_FIN | WF_TCP_RST);
}

/* Return true if @packet may end @flow. The last acknowledgement follows both FINs. */
static bool may_end(const struct wf_packet *packet, const struct wf_flow *flow)
{
	return has_end(packet) ||
	       flow->tcp.dir[0].flags & flow->tcp.dir[1].flags & WF_TCP_KNOWS_FIN;
}

/* Return true if the processing of @packet looks for a handshake. */
static bool needs_handshake(const struct wf_packet *packet, const struct wf_flow *flow)
{
	return !flow || packet->tcp_flags & WF_TCP_SYN;
}

static void prefetch_end(const struct wf_conns *conns, const struct wf_packet *packet,
			 const struct wf_flow *flow)
{
	wf_flow_table_prefetch_timer(flow);
	wf_recent_prefetch(&conns->recent, packet->hash);
}

static struct wf_flow_hint second_step(const struct wf_conns *conns, const struct wf_packet *packet)
{
	const struct wf_flow_hint hint = wf_flow_table_prefetch_flow(&conns->table, packet->hash);

	if (wf_unlikely(needs_handshake(packet, hint.flow))) {
		wf_half_open_prefetch(&conns->half_open, packet);
		wf_recent_prefetch(&conns->recent, packet->hash);
	} else if (wf_unlikely(has_end(packet))) {
		prefetch_end(conns, packet, hint.flow);
	}
	return hint;
}

/* Return true if the processing of a segment of @flow is likely to read the extension. */
static bool needs_ext(const struct wf_flow *flow)
{
	return flow->ext &&
	       (wf_flow_waits(flow) || flow->stream[0].extents || flow->stream[1].extents);
}

/* Return @flow if its fourth step prefetches something, else NULL. */
static const struct wf_flow *third_step(const struct wf_conns *conns,
					const struct wf_packet *packet, const struct wf_flow *flow)
{
	bool is_waiting, is_ending;

	if (wf_unlikely(needs_handshake(packet, flow)))
		wf_half_open_prefetch_entry(&conns->half_open, packet);
	if (!flow)
		return NULL;
	is_waiting = needs_ext(flow);
	is_ending = may_end(packet, flow);
	if (wf_unlikely(is_waiting))
		prefetch_held(conns, flow);
	if (wf_unlikely(is_ending)) {
		if (!has_end(packet))
			prefetch_end(conns, packet, flow);
		wf_flow_table_prefetch_end(&conns->table, flow);
	}
	return is_waiting || is_ending ? flow : NULL;
}

static void fourth_step(const struct wf_conns *conns, const struct wf_packet *packet,
			const struct wf_flow *flow)
{
	if (needs_ext(flow))
		prefetch_refs(conns, flow);
	if (may_end(packet, flow))
		wf_flow_table_prefetch_neighbours(&conns->table, flow);
}

void wf_conns_prefetch(const struct wf_conns *conns, const struct wf_packet *const *packets,
		       uint32_t count, struct wf_flow_hint *ret_hints)
{
	const struct wf_flow *flows[WF_CONNS_GROUP];

	wf_assert(count <= WF_CONNS_GROUP);
	for (uint32_t i = 0; i < count; i++)
		ret_hints[i] = second_step(conns, packets[i]);
	/*
	 * The other lines of the flows follow in a loop of their own: if an address is not in the
	 * TLB, its prefetch waits for the page tables, and the second step's waits so overlap.
	 */
	for (uint32_t i = 0; i < count; i++)
		if (wf_likely(ret_hints[i].flow != NULL))
			wf_flow_prefetch(ret_hints[i].flow);
	for (uint32_t i = 0; i < count; i++)
		flows[i] = third_step(conns, packets[i], ret_hints[i].flow);
	for (uint32_t i = 0; i < count; i++)
		if (wf_unlikely(flows[i] != NULL))
			fourth_step(conns, packets[i], flows[i]);
}

/* ---- deadlines ----------------------------------------------------------------------- */

/*
 * Act on the deadlines of @flows, whose timers have expired. All are prefetched first, so that
 * their cache misses overlap.
 */
static void run_due(struct wf_conns *conns, struct wf_flow *const *flows, uint32_t count,
		    uint64_t now_ns)
{
	for (uint32_t i = 0; i < count; i++)
		if (flows[i]->ext)
			prefetch_held(conns, flows[i]);
	for (uint32_t i = 0; i < count; i++)
		if (flows[i]->ext)
			prefetch_refs(conns, flows[i]);
	for (uint32_t i = 0; i < count; i++)
		if (!wf_close_if_due(conns, flows[i], now_ns))
			wf_wait_arm(conns, flows[i], now_ns);
}

void wf_conns_tick(struct wf_conns *conns, uint64_t now_ns)
{
	struct wf_flow *flows[DUE_GROUP];
	uint32_t count;

	if (now_ns > conns->paws_expired_ns + PAWS_VALID_NS)
		conns->paws_expired_ns = now_ns - PAWS_VALID_NS;
	wf_conns_expire_handshakes(conns, now_ns);
	while ((count = wf_flow_table_pop_due_group(&conns->table, now_ns, flows, DUE_GROUP)))
		run_due(conns, flows, count, now_ns);
}

void wf_conns_flush(struct wf_conns *conns)
{
	struct wf_handshake *handshake;
	struct wf_flow *flow;

	wf_conns_tick(conns, conns->now_ns);
	/* This finds every flow, because each has a timer, and all timers are due at UINT64_MAX. */
	while ((flow = wf_flow_table_pop_due(&conns->table, UINT64_MAX))) {
		if (!wf_close_if_due(conns, flow, conns->now_ns))
			wf_close_late(conns, flow, WEFT_CLOSE_END, conns->now_ns);
	}
	while ((handshake = wf_half_open_oldest_over(&conns->half_open, UINT64_MAX)))
		wf_open_fail(conns, handshake, WEFT_CLOSE_END, conns->now_ns);
}
